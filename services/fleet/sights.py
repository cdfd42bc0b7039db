"""One host's answer as one person may see it, and the report that is made of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.domain.access import Scope
from services.domain.containers import Condition, Container, Details, Stop, diagnose
from services.domain.reports import HostReport, Observed
from services.errors import DeadlineExceeded, EngineRefused, HostError, HostSilent, Silence
from services.fleet import names
from services.sightings import Sighting

# Judging a hundred containers takes some 0.2 ms; after so many, others have their turn.
JUDGED_AT_A_TIME = 1000

_WORST_FIRST = {Condition.DOWN: 0, Condition.UNWELL: 1, Condition.WELL: 2, Condition.STOPPED: 3}


@dataclass(frozen=True, slots=True)
class Sight:
    """One host's raw answer within a scope: its containers, or the silence and the names last seen.

    whole: nothing of it is out of scope.
    """

    host: str
    containers: Sequence[Container] = ()
    silence: HostSilent | None = None
    unknown: tuple[str, ...] = ()
    whole: bool = False

    def visible(self, scope: Scope) -> bool:
        """A host of which nothing is in scope is not shown, dead or alive."""
        return bool(self.containers or self.unknown) or scope.covers_host(self.host)


def sight_of(
    host: str, found: Sequence[Container] | HostError, last: Sighting | None, scope: Scope, now: datetime
) -> Sight:
    if isinstance(found, HostError):
        unknown = tuple(name for name in last.names if scope.covers(host, name)) if last else ()
        silence = _as_silence(found, now)
        silence.seen = last.at if last else None
        return Sight(host, silence=silence, unknown=unknown)
    if scope.covers_host(host):
        return Sight(host, found, whole=True)
    return Sight(host, tuple(row for row in found if scope.covers(host, row.name)))


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a report was made of, and the report."""

    rows: Sequence[Container]
    details: Mapping[str, Details]
    stops: Mapping[str, Stop]
    report: HostReport


class Judge:
    """Makes reports of sights. Of a host that has not changed since, the one made last is given again."""

    def __init__(self) -> None:
        self._last: dict[str, _Judged] = {}

    async def reports(
        self,
        sights: Sequence[Sight],
        details: Sequence[Mapping[str, Details]],
        stops: Mapping[tuple[str, str], Stop],
    ) -> list[HostReport]:
        """stops: by (host, name)."""
        by_host: dict[str, dict[str, Stop]] = {}
        for (host, name), stop in stops.items():
            by_host.setdefault(host, {})[name] = stop
        made = []
        judged = 0
        for sight, known in zip(sights, details, strict=True):
            report, anew = self._report(sight, known, by_host.get(sight.host, {}))
            made.append(report)
            judged += len(sight.containers) if anew else 1
            if judged > JUDGED_AT_A_TIME:
                judged = 0
                await asyncio.sleep(0)
        return made

    def _report(
        self, sight: Sight, details: Mapping[str, Details], stops: Mapping[str, Stop]
    ) -> tuple[HostReport, bool]:
        """And whether it was made anew."""
        if sight.silence:
            return HostReport(sight.host, silence=sight.silence, unknown=sight.unknown), True
        last = self._last.get(sight.host)
        if last and last.rows is sight.containers and last.details == details and last.stops == stops:
            return last.report, False
        report = _judged(sight, details, stops)
        if sight.whole:
            self._last[sight.host] = _Judged(sight.containers, details, stops, report)
        return report, True


def _judged(sight: Sight, details: Mapping[str, Details], stops: Mapping[str, Stop]) -> HostReport:
    rows = [
        Observed(row, diagnose(row, details.get(row.id), stops.get(row.name))) for row in sight.containers
    ]
    rows.sort(key=lambda row: (_WORST_FIRST[row.diagnosis.condition], row.container.name))
    return HostReport(sight.host, tuple(rows))


def silences(sights: Sequence[Sight], words: Sequence[str]) -> tuple[HostSilent, ...]:
    """Of those hosts that may have something of what the words mean."""
    return tuple(
        sight.silence
        for sight in sights
        if sight.silence and any(names.may_mean(word, sight.host, sight.unknown) for word in words)
    )


def _as_silence(error: HostError, now: datetime) -> HostSilent:
    match error:
        case HostSilent():
            return error
        case EngineRefused():
            return HostSilent(error.host, Silence.ENGINE, detail=error.message)
        case DeadlineExceeded():
            return HostSilent(error.host, Silence.TIMEOUT, since=now)
        case _:
            return HostSilent(error.host, Silence.UNREACHABLE)
