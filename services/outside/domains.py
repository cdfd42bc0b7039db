"""The domains that people outside know: those of the settings, and those that containers ask for."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from services.domain.access import Actor, Scope
from services.domain.certificates import Domain, Domains
from services.domain.containers import Container
from services.domain.probes import ProbeSpec
from services.domain.reports import FleetReport
from services.domain.routes import ExpectedRoute, Route, RoutesReport
from services.domain.routing import Protocol as RouteProtocol
from services.errors import NotConfigured, TargetRefused
from services.fleet.fleet import Fleet
from services.outside.addresses import kind_of
from services.outside.targets import host_of, read_target

_OWN_NAMES = ("localhost", "localdomain")  # what names of this machine's own end with


class KnownDomains(Protocol):
    async def of(self, by: Actor) -> Domains:
        """Wildcards are none: nobody can ask them. Raises StoreError."""
        ...


class FoundRoutes(Protocol):
    """`services.routes.routes.Routes`."""

    async def report(self, *, by: Actor) -> RoutesReport: ...


class TeamDomains:
    """expected, probes: of the settings. found: what the Traefiks say; None where there is none.

    Planned routes are left out until they are there.
    """

    def __init__(
        self,
        expected: Sequence[ExpectedRoute],
        probes: Sequence[ProbeSpec],
        fleet: Fleet,
        found: FoundRoutes | None = None,
    ) -> None:
        self._routes = [route for route in expected if route.active]
        self._probes = [probe for probe in probes if not probe.via and probe.kind.speaks_http]
        self._fleet, self._found = fleet, found

    async def of(self, by: Actor) -> Domains:
        report, routed = await asyncio.gather(self._fleet.overview(by=by), self._routed(by))
        # With very many containers their labels would hold the event loop.
        rows = await asyncio.to_thread(self._joined, report, routed, by.scope)
        return Domains(rows, tuple(host.host for host in report.hosts if host.silence))

    def _joined(self, report: FleetReport, routed: Sequence[Domain], scope: Scope) -> tuple[Domain, ...]:
        """The settings' word counts most, and a label's least."""
        containers = [row.container for host in report.hosts for row in host.containers]
        found: dict[str, Domain] = {}
        written = [*self._expected(containers, scope), *self._probed(scope)]
        labels = [*routed, *_asked_for(containers)]
        for domain in (*written, *(each for each in labels if _is_outside(each.domain))):
            if _can_be_asked(domain.domain):
                found.setdefault(domain.domain, domain)
        return tuple(sorted(found.values(), key=lambda row: row.domain))

    async def _routed(self, by: Actor) -> Sequence[Domain]:
        """What Traefik itself tells; where it does not answer, the labels of its containers must do."""
        if self._found is None:
            return ()
        try:
            report = await self._found.report(by=by)
        except NotConfigured:
            return ()
        routes = [route for host in report.hosts if not host.trouble for route in host.routes]
        return [
            _domain_of(route)
            for route in routes
            if route.router and route.domain and route.protocol is RouteProtocol.HTTP
        ]

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
            if "." in name and scope.covers_subject(probe.host, probe.container):
                try:
                    url = read_target(probe.address)
                except TargetRefused:  # written in a way that only the probe itself reads
                    continue
                own = "" if (url.secure, url.port, url.path) == (True, 443, "/") else probe.address
                yield Domain(url.host, probe.host, probe.container, own, url.secure)


def _domain_of(route: Route) -> Domain:
    secure = route.router is not None and route.router.tls is not None
    container = route.container.container.name if route.container else ""
    name = route.domain.lower().rstrip(".")
    return Domain(name, route.host, container, "" if secure else f"http://{name}/", secure)


def _can_be_asked(domain: str) -> bool:
    """Labels are anybody's text, and a wildcard is a name that nobody can ask."""
    try:
        return host_of(domain) == domain
    except TargetRefused:
        return False


def _is_outside(domain: str) -> bool:
    """Labels are anybody's text: an address of a network behind, or this machine's own name, would be a way inside."""
    try:
        return kind_of(domain) is None
    except ValueError:  # a name
        return "." in domain and domain.rpartition(".")[2] not in _OWN_NAMES


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
