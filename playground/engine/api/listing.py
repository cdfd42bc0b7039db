"""`GET /containers/json`: rows as the engine writes them, kept as text for as long as they stay true."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from playground.engine.api import filtering
from playground.engine.api.parameters import Filters
from playground.engine.clock import SECOND
from playground.engine.container import Container, Status, identity
from playground.engine.host import Host
from playground.engine.networks import HOST, NONE
from playground.engine.spec import Spec

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the engine says of a port; nothing listens there
GATEWAY = "172.18.0.1"


@dataclass(frozen=True, slots=True)
class Asked:
    """everything: those that do not run, too. limit: so many of the newest, whatever their state; 0: all."""

    everything: bool = False
    limit: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    """until: ns since 1970. events: how many the host had told."""

    text: bytes
    until: int
    events: int


class Listing:
    """Of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kept: dict[Asked, _Kept] = {}

    def text(self, asked: Asked, wanted: Filters) -> bytes:
        """JSON. Whatever changes a row is told by an event, but for the time that passes. Raises Refused."""
        if wanted:
            return self._write(asked, wanted)[0]
        now, events = self._host.clock.now(), self._host.events.count
        kept = self._kept.get(asked)
        if kept is None or kept.events != events or kept.until <= now:
            text, seconds = self._write(asked, wanted)
            kept = _Kept(text, now + int(min(seconds, 3600) * SECOND), events)
            if asked.limit == 0:
                self._kept[asked] = kept
        return kept.text

    def _write(self, asked: Asked, wanted: Filters) -> tuple[bytes, float]:
        filtering.check(wanted)
        chosen = [each for each in self._host if filtering.lets_container(wanted, each)]
        if not (asked.everything or asked.limit > 0 or wanted.keys() & {"status", "exited"}):
            chosen = [each for each in chosen if each.alive or each.status is Status.RESTARTING]
        chosen = sorted(chosen, key=lambda each: (each.created, each.number), reverse=True)
        return _rows(self._host, chosen[: asked.limit] if asked.limit > 0 else chosen)


def _rows(host: Host, chosen: Sequence[Container]) -> tuple[bytes, float]:
    now = host.clock.now()
    steady = float("inf")
    rows = []
    for container in chosen:
        words, seconds = container.describe(now)
        steady = min(steady, seconds)
        rows.append(row(host, container, words))
    return msgspec.json.encode(rows) + b"\n", steady


def row(host: Host, container: Container, status: str) -> dict[str, object]:
    spec = container.spec
    return {
        "Id": container.id,
        "Names": [f"/{spec.name}"],
        "Image": spec.image,
        "ImageID": container.image,
        "Command": " ".join(spec.command),
        "Created": container.created // SECOND,
        "Ports": ports(spec, running=container.alive),
        "Labels": spec.labels,
        "State": container.status,
        "Status": status,
        "HostConfig": {"NetworkMode": spec.network},
        "NetworkSettings": {"Networks": {spec.network: network(host, container)}},
        "Mounts": mounts(spec),
    }


def ports(spec: Spec, *, running: bool) -> list[dict[str, object]]:
    """None where nothing runs."""
    if not running:
        return []
    published = {inner for _, inner in spec.publishes}
    rows: list[dict[str, object]] = [
        {"PrivatePort": port, "Type": "tcp"} for port in spec.exposes if port not in published
    ]
    for outer, inner in spec.publishes:
        rows.append({"IP": EVERYWHERE, "PrivatePort": inner, "PublicPort": outer, "Type": "tcp"})
    return rows


def network(host: Host, container: Container) -> dict[str, object]:
    alive, own = container.alive, address(container)
    return {
        "NetworkID": identity(host.name, "network", container.spec.network),
        "EndpointID": container.id[::-1] if alive else "",
        "Gateway": GATEWAY if own else "",
        "IPAddress": own,
        "IPPrefixLen": 16 if own else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "MacAddress": f"02:42:ac:12:{container.number // 250:02x}:{container.number % 250 + 2:02x}"
        if own
        else "",
    }


def address(container: Container) -> str:
    """In its network, while it runs; that of the host itself has none for it."""
    number = container.number
    there = container.alive and container.spec.network not in (HOST, NONE)
    return f"172.18.{number // 250}.{number % 250 + 2}" if there else ""


def mounts(spec: Spec) -> list[dict[str, object]]:
    volumes: list[dict[str, object]] = [
        {
            "Type": "volume",
            "Name": volume,
            "Source": mountpoint(volume),
            "Destination": place,
            "Driver": "local",
            "Mode": "z",
            "RW": True,
            "Propagation": "",
        }
        for volume, place in spec.volumes.items()
    ]
    return volumes + [
        {
            "Type": "bind",
            "Source": bind.source,
            "Destination": bind.target,
            "Mode": "" if bind.writable else "ro",
            "RW": bind.writable,
            "Propagation": "rprivate",
        }
        for bind in spec.binds
    ]


def mountpoint(volume: str) -> str:
    return f"/var/lib/docker/volumes/{volume}/_data"
