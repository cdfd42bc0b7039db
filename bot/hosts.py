"""A host of the settings → the address that the fleet opens, and its fast lane, its Traefik and its Netdata."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.server import Host
from bot.settings import Settings
from services.fleet.forwarded import host_and_port
from services.fleet.hosts import HostAddress
from services.fleet.lane import FastLane
from services.fleet.link import TlsFiles
from services.fleet.login import SshLogin
from services.netdatas import NetdataAddress
from services.outside.dial import Gateway
from services.traefiks import TraefikAddress


def host_address(name: str, host: Host, *, hide_emails: bool = False) -> HostAddress:
    return HostAddress(
        name=name,
        address=host.address,
        identity_file=str(host.identity_file) if host.identity_file else None,
        known_hosts=str(host.known_hosts) if host.known_hosts else None,
        docker_socket=str(host.docker_socket),
        tls=TlsFiles(str(host.tls.ca), str(host.tls.cert), str(host.tls.key)) if host.tls else None,
        hide_emails=hide_emails,
    )


def fast_lanes(hosts: Mapping[str, Host]) -> dict[str, FastLane]:
    """Of those that have one. Nothing is connected until somebody searches, and nothing needs closing."""
    return {name: FastLane(name, login) for name, host in hosts.items() if (login := lane_login(host))}


def traefik_addresses(
    hosts: Mapping[str, Host], gateways: Mapping[str, Gateway]
) -> dict[str, TraefikAddress]:
    """Of those that have one. gateways: their engines."""
    return {
        name: TraefikAddress(
            traefik.url,
            *traefik.login,
            gateway=gateways[name] if traefik.via_ssh else None,
            metrics_url=traefik.metrics_url or "",
        )
        for name, host in hosts.items()
        if (traefik := host.traefik)
    }


def netdata_addresses(
    hosts: Mapping[str, Host], gateways: Mapping[str, Gateway]
) -> dict[str, NetdataAddress]:
    """As `traefik_addresses`."""
    return {
        name: NetdataAddress(netdata.url, *netdata.login, gateway=gateways[name] if netdata.via_ssh else None)
        for name, host in hosts.items()
        if (netdata := host.netdata)
    }


def forwarded_addresses(name: str, settings: Settings) -> tuple[str, ...]:
    """HOST:PORT each: what the settings want to reach through the SSH connection to this host, beside Docker's socket.

    Its key must permit them."""
    host = settings.hosts[name]
    urls = [api.url for api in (host.traefik, host.netdata) if api and api.via_ssh]
    if host.traefik and host.traefik.via_ssh and host.traefik.metrics_url:
        urls.append(host.traefik.metrics_url)
    urls += [probe.url or f"tcp://{probe.address}" for probe in settings.probes if probe.via == name]
    return tuple(dict.fromkeys(map(_address_of, urls)))


def _address_of(url: str) -> str:
    parts = urlsplit(url)
    return host_and_port(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def lane_login(host: Host) -> SshLogin | None:
    """None where the settings name no fast lane."""
    lane = host.fast_lane
    if lane is None:
        return None
    url = urlsplit(lane.address or host.address)
    return SshLogin(
        username=(url.username if lane.address else None) or "root",
        host=url.hostname or "",
        port=url.port or 22,
        identity_file=str(lane.identity_file),
        known_hosts=str(lane.known_hosts or host.known_hosts),
    )


def own_addresses(hosts: Mapping[str, Host]) -> dict[str, tuple[str, ...]]:
    """By which a host's published ports are reached, beside the usual names of oneself."""
    return {
        name: tuple(filter(None, (urlsplit(host.address).hostname, *host.aliases)))
        for name, host in hosts.items()
    }
