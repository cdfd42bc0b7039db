"""What goes through the Traefiks of all hosts, as one person may see it.

Prometheus tells it where it scrapes them, else each Traefik itself: twice, a while apart. A service is about the
container behind it; one that leads to none of a person's own is seen by whoever sees its host.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.domain.access import Actor, Scope
from services.domain.containers import Container
from services.domain.metrics import Source
from services.domain.routes import Route, route_key
from services.domain.routing import Protocol
from services.domain.traffic import Flow, HostTraffic, ServiceTraffic, TrafficReport, word_key
from services.errors import NoSuchHost, NoSuchService, NotConfigured, VakhtaError
from services.fleet.names import MOST_SUGGESTIONS, nearest, service_names
from services.metrics.traffic_sources import OfPrometheus, OfTraefiks, Told
from services.outcomes import settled
from services.ports import Clock
from services.routes.survey import Survey, Surveyor

# In seconds, for what stands behind the services.
SURVEY_DEADLINE = 1.4

_NOTHING = Flow({}, {})


@dataclass(frozen=True, slots=True)
class _Behind:
    """What is known of a service beside its figures."""

    container: Container | None = None
    route: Route | None = None


class Traffics:
    """hosts: all of the settings. prometheus: None without one."""

    def __init__(
        self,
        hosts: Sequence[str],
        prometheus: OfPrometheus | None,
        traefiks: OfTraefiks,
        surveyor: Surveyor,
        clock: Clock,
    ) -> None:
        self._hosts = hosts
        self._prometheus = prometheus
        self._traefiks = traefiks
        self._surveyor = surveyor
        self._clock = clock

    async def find(self, word: str | None, *, by: Actor) -> TrafficReport:
        """Of everything, a host or a service, whichever the word names; a host wins.

        Raises NoSuchService, and what `report` raises. A host out of sight is not told from a word that names nothing,
        not even by the time it takes.
        """
        if word is None:
            return await self.report(by=by)
        host = word.lower()
        if host in self._hosts and by.scope.covers_host(host):
            return await self.report(by=by, host=host)
        report = await self.report(by=by)
        if any(each.host == host for each in report.hosts):
            return replace(_only(report, host), host=host)
        return _narrowed(report, word_key(word), word)

    async def report(self, *, by: Actor, host: str = "", key: str = "") -> TrafficReport:
        """host, key: as in the report that a button stands below. Raises NotConfigured, NoSuchHost, NoSuchService."""
        if self._prometheus is None and not self._traefiks.hosts:
            raise NotConfigured("hosts.*.traefik")
        if host and host not in self._hosts:
            raise NoSuchHost(host)
        if host and by.scope.covers_host(host):
            wanted: Sequence[str] = (host,)
        else:
            wanted = self._hosts
        if self._prometheus is None and not set(wanted) & set(self._traefiks.hosts):
            raise NotConfigured(f"hosts.{host}.traefik")
        told, surveys = await asyncio.gather(self._told(wanted), asyncio.gather(*map(self._survey, wanted)))
        rows = (
            self._of_host(each, told[each], survey, by.scope)
            for each, survey in zip(wanted, surveys, strict=True)
            if each in told
        )
        charted = tuple(each for each, said in told.items() if said.source is Source.PROMETHEUS)
        report = TrafficReport(
            tuple(row for row in rows if row), self._clock.now(),
            charted=tuple(each for each in charted if by.scope.covers_host(each)),
        )  # fmt: skip
        if host:
            report = replace(_only(report, host), host=host)
        return _narrowed(report, key) if key else report

    async def _told(self, hosts: Sequence[str]) -> Mapping[str, Told]:
        """By host; without those that have neither a Traefik in the settings nor one that is scraped."""
        found: dict[str, Told] = {}
        failure: VakhtaError | None = None
        if self._prometheus is not None:
            answer = await settled(self._prometheus.told)
            if isinstance(answer, VakhtaError):
                failure = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found = {host: said for host, said in answer.items() if host in hosts}
        rest = [host for host in self._traefiks.hosts if host in hosts and host not in found]
        told = await asyncio.gather(*map(self._traefiks.told, rest))
        found |= {host: replace(each, failure=failure) for host, each in zip(rest, told, strict=True)}
        if failure and not found:
            raise failure
        if len(hosts) == 1 and not found:
            raise NotConfigured(f"hosts.{hosts[0]}.traefik")
        return found

    async def _survey(self, host: str) -> Survey | None:
        if host not in self._surveyor.hosts:
            return None
        return await self._surveyor.survey(host, deadline=SURVEY_DEADLINE)

    def _of_host(self, host: str, told: Told, survey: Survey | None, scope: Scope) -> HostTraffic | None:
        """None where nothing of it is for these eyes."""
        behind = _behind(survey) if survey else {}
        services = {*told.flows, *(name for name, known in behind.items() if known.route)}
        rows = [
            _row(host, name, told.flows.get(name, _NOTHING), behind.get(name, _Behind()))
            for name in services
            if not name.endswith("@internal")
        ]
        whole = scope.covers_host(host)
        seen = [row for row in rows if whole or (row.container and scope.covers(host, row.container))]
        if not whole and not seen:
            return None
        kept = () if told.trouble else tuple(seen)
        return HostTraffic(host, kept, told.source, told.window, told.trouble, told.failure)


def _behind(survey: Survey) -> Mapping[str, _Behind]:
    """By service: what its routes lead to, else the container whose labels define it."""
    found: dict[str, _Behind] = {}
    for route in survey.routes:
        service = route.service
        if service is None or service.protocol is not Protocol.HTTP:
            continue
        known = found.get(service.name)
        if known is None or (known.route and not known.route.domain and route.domain):
            found[service.name] = _Behind(route.container.container if route.container else None, route)
    for each in survey.containers.all:
        for name in _labelled(each.container):
            known = found.get(name, _Behind())
            if known.container is None:
                found[name] = replace(known, container=each.container)
    return found


def _labelled(container: Container) -> set[str]:
    """Services that its labels define."""
    prefix = "traefik.http.services."
    parts = (label.lower() for label in container.labels)
    return {
        f"{part.removeprefix(prefix).partition('.')[0]}@docker" for part in parts if part.startswith(prefix)
    }


def _row(host: str, service: str, flow: Flow, behind: _Behind) -> ServiceTraffic:
    container, route = behind.container, behind.route
    names = set()
    if container:
        names |= {container.name, container.full_name, *service_names(container)}
    if route and route.domain:
        names.add(route.domain)
    return ServiceTraffic(
        host,
        service,
        flow,
        container.name if container else "",
        frozenset(name.lower() for name in names),
        route.domain if route else "",
        route_key(route) if route else "",
    )


def _only(report: TrafficReport, host: str) -> TrafficReport:
    hosts = tuple(each for each in report.hosts if each.host == host)
    if not hosts:
        raise NoSuchHost(host)
    return replace(report, hosts=hosts)


def _narrowed(report: TrafficReport, key: str, word: str = "") -> TrafficReport:
    """To the services that the key stands for. Raises NoSuchService, with what was typed."""
    hosts = [
        replace(host, services=tuple(each for each in host.services if each.answers_to(key)))
        for host in report.hosts
    ]
    found = tuple(host for host in hosts if host.services)
    if not found:
        if word and (troubled := [host.trouble for host in report.hosts if host.trouble]):
            raise troubled[0]
        known = {each.name for host in report.hosts for each in host.services}
        raise NoSuchService(word, tuple(nearest(word, known)[:MOST_SUGGESTIONS]) if word else ())
    return replace(report, hosts=found, key=key)
