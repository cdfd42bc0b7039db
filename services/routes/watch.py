"""The watch over routes that should work: drift becomes a finding, unless the container behind it explains it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import timedelta

from services.alerts.rounds import Rounds, Seen
from services.domain.alerts import Severity
from services.domain.containers import Container, Health, State
from services.domain.findings import ROUTE_DRIFT, Finding
from services.domain.routes import DEAF, Route, RouteFault
from services.errors import HostError, StoreError
from services.ports import Clock
from services.routes.survey import Survey, Surveyor

log = logging.getLogger(__name__)

EVERY = 30.0
DEADLINE, INSPECT_DEADLINE = 5.0, 2.0
# After its start a container is given so long until its route must work.
SETTLING = timedelta(minutes=1)
_TOLD = DEAF | {RouteFault.WRONG_SERVICE, RouteFault.WRONG_PORT, RouteFault.NO_TLS, RouteFault.NO_REDIRECT}


class RouteWatch:
    """Critical is what leaves people without an answer; the rest is a warning.

    What cannot be judged stays as it is: the host or its Traefik cannot be asked, or a container of the route does not
    run, which has an alert of its own or a reason, or has not settled since its start.
    """

    def __init__(self, surveyor: Surveyor, clock: Clock) -> None:
        self._surveyor, self._clock = surveyor, clock
        active = [each.host for each in surveyor.expected if each.active]
        self._hosts = [host for host in surveyor.hosts if host in active]
        self._names: dict[tuple[str, str], str] = {}  # of containers, as last known: a finding keeps its own

    def rounds(
        self,
        report: Callable[[Finding], Awaitable[None]],
        open_of: Callable[[Collection[str]], Awaitable[Sequence[Finding]]],
    ) -> Rounds:
        """report, open_of: the relay's."""
        return Rounds([ROUTE_DRIFT], self.look, report, open_of, self._clock, every=EVERY)

    async def look(self) -> Seen:
        try:
            surveys = await asyncio.gather(
                *(self._surveyor.survey(host, deadline=DEADLINE) for host in self._hosts)
            )
        except StoreError as error:
            log.warning("routes are not judged while the store is away: %s", error)
            return Seen((), lambda _finding: True)
        unknown = {each.host for each in surveys if each.trouble or each.silence}
        pairs = [
            (survey, route)
            for survey in surveys
            if survey.host not in unknown
            for route in survey.routes
            if route.expected and route.expected.active
        ]
        settled = await asyncio.gather(*(self._is_settled(survey, route) for survey, route in pairs))
        known = [pair for pair, is_settled in zip(pairs, settled, strict=True) if is_settled]
        undecided = {(route.host, route.domain) for _, route in pairs}
        undecided -= {(route.host, route.domain) for _, route in known}
        return Seen(
            [self._finding(survey, route) for survey, route in known if _TOLD.intersection(route.faults)],
            lambda finding: finding.host in unknown or (finding.host, finding.subject) in undecided,
        )

    def _finding(self, survey: Survey, route: Route) -> Finding:
        known = next(_containers(survey, route), None)
        place = route.host, route.domain
        if known:
            self._names[place] = known.name
        faults = [fault for fault in route.faults if fault in _TOLD]
        return Finding(
            ROUTE_DRIFT,
            route.host,
            self._names.get(place, ""),
            Severity.CRITICAL if DEAF.intersection(faults) else Severity.WARNING,
            self._clock.now(),
            subject=route.domain,
            notes={"faults": ",".join(faults)},
        )

    async def _is_settled(self, survey: Survey, route: Route) -> bool:
        rows = list(_containers(survey, route))
        if not all(row.state is State.RUNNING and row.health is not Health.STARTING for row in rows):
            return False
        if not _TOLD.intersection(route.faults):
            return True
        return all(await asyncio.gather(*map(self._has_run, rows)))

    async def _has_run(self, row: Container) -> bool:
        """Asked after Traefik: it may have been stopped between the two."""
        engine = self._surveyor.engine(row.host)
        try:
            details = await engine.inspect(row.id, deadline=INSPECT_DEADLINE)
        except HostError:
            return False
        if details.state is not State.RUNNING or details.started is None:
            return False
        return self._clock.now() - details.started >= SETTLING


def _containers(survey: Survey, route: Route) -> Iterator[Container]:
    """That should be behind it, and that is."""
    found = [survey.containers.named(route.expected.service) if route.expected else None, route.container]
    yield from {each.container.id: each.container for each in found if each}.values()
