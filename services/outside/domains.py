"""The domains that people outside know: those of the settings, and those that containers ask for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from services.domain.access import Actor, Scope
from services.domain.certificates import Domain, Domains
from services.domain.containers import Container
from services.domain.probes import ProbeKind, ProbeSpec
from services.domain.routes import ExpectedRoute
from services.fleet.fleet import Fleet
from services.outside.targets import read_target

_PLAIN = (ProbeKind.TCP, ProbeKind.POSTGRES, ProbeKind.REDIS)


class KnownDomains(Protocol):
    async def of(self, by: Actor) -> Domains:
        """Wildcards are none: nobody can ask them. Raises StoreError."""
        ...


class TeamDomains:
    """routes, probes: of the settings. Planned routes are left out until they are there."""

    def __init__(self, routes: Sequence[ExpectedRoute], probes: Sequence[ProbeSpec], fleet: Fleet) -> None:
        self._routes = [route for route in routes if route.active]
        self._probes = [probe for probe in probes if not probe.via and probe.kind not in _PLAIN]
        self._fleet = fleet

    async def of(self, by: Actor) -> Domains:
        report = await self._fleet.overview(by=by)
        containers = [row.container for host in report.hosts for row in host.containers]
        found: dict[str, Domain] = {}
        for domain in (
            *self._expected(containers, by.scope),
            *self._probed(by.scope),
            *_asked_for(containers),
        ):
            found.setdefault(domain.domain, domain)
        rows = sorted((each for each in found.values() if "*" not in each.domain), key=lambda row: row.domain)
        return Domains(tuple(rows), tuple(host.host for host in report.hosts if host.silence))

    def _expected(self, containers: Sequence[Container], scope: Scope) -> Iterator[Domain]:
        services = _by_service(containers)
        for route in self._routes:
            container = services.get((route.host, route.service))
            if container is not None:
                yield Domain(route.domain, route.host, container.name)
            elif scope.covers(route.host, route.service):
                yield Domain(route.domain, route.host, route.service)

    def _probed(self, scope: Scope) -> Iterator[Domain]:
        for probe in self._probes:
            name = urlsplit(probe.address).hostname or ""
            if "." in name and _covers(scope, probe):
                url = read_target(probe.address)
                own = "" if (url.secure, url.port, url.path) == (True, 443, "/") else probe.address
                yield Domain(url.host, probe.host, probe.container, own, url.secure)


def _covers(scope: Scope, probe: ProbeSpec) -> bool:
    if not probe.host:
        return scope.covers_everything()
    if not probe.container:
        return scope.covers_host(probe.host)
    return scope.covers(probe.host, probe.container)


def _by_service(containers: Sequence[Container]) -> Mapping[tuple[str, str], Container]:
    """A container's name wins over another one's compose service."""
    services = {(each.host, each.service): each for each in containers if each.service}
    return services | {(each.host, each.name): each for each in containers}


def _asked_for(containers: Sequence[Container]) -> Iterator[Domain]:
    for each in containers:
        secure = any(_is_of_tls(label, value) for label, value in each.labels.items())
        for domain in each.domains:
            name = domain.lower().rstrip(".")
            yield Domain(name, each.host, each.name, "" if secure else f"http://{name}/", secure)


def _is_of_tls(label: str, value: str) -> bool:
    """Of its own Traefik labels, one that makes a router speak TLS."""
    if not label.startswith("traefik.http.routers."):
        return False
    part = label.split(".", 4)[4:]
    return bool(part) and part[0].startswith("tls") and value.strip().lower() != "false"
