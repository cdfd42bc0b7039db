"""A host of the settings → the address that the fleet opens."""

from bot.settings import Host
from services.fleet.hosts import HostAddress
from services.fleet.link import TlsFiles


def host_address(name: str, host: Host) -> HostAddress:
    return HostAddress(
        name=name,
        address=host.address,
        identity_file=str(host.identity_file) if host.identity_file else None,
        known_hosts=str(host.known_hosts) if host.known_hosts else None,
        docker_socket=str(host.docker_socket),
        tls=TlsFiles(str(host.tls.ca), str(host.tls.cert), str(host.tls.key)) if host.tls else None,
    )
