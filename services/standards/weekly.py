"""Once a week the admins are told how the servers keep the standard, and what changed since the week before."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from services.domain.access import Actor, Role, Scope
from services.domain.posts import Notice, Trouble
from services.domain.standards import HostAudit, StandardsReport, Weight
from services.ports import Clock, Put, Store

KEY = "standards-weekly"
MORNING = time(9)
_LOOK = 600.0  # seconds between two looks at the calendar
_WORST = 5
EVERYBODY = Actor(0, "", Role.ADMIN, Scope.of("*/*"))


class Audits(Protocol):
    """`services.standards.standards.Standards`."""

    async def report(self, host: str | None = None, *, by: Actor) -> StandardsReport: ...


class Weekly:
    """On Mondays from nine in the morning of `zone`; after an absence as soon as the bot is back."""

    def __init__(
        self,
        standards: Audits,
        store: Store,
        tell: Callable[[Notice, int], Awaitable[None]],
        admins: Sequence[Actor],
        clock: Clock,
        zone: ZoneInfo,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """tell: one of the admins, by id."""
        self._standards, self._store, self._tell, self._admins = standards, store, tell, admins
        self._clock, self._zone, self._sleep = clock, zone, sleep

    async def run(self) -> None:
        """Until cancelled. Raises StoreUnavailable."""
        while True:
            await self.look()
            await self._sleep(_LOOK)

    async def look(self) -> None:
        """Tell, if it is time. The first week, in which the bot was set up, passes in silence."""
        week = _week(self._clock.now().astimezone(self._zone))
        told = await self._store.get(KEY)
        if told == week:
            return
        if told is not None:
            report = await self._standards.report(by=EVERYBODY)
            if all(each.silent for each in report.hosts):
                return  # it is tried again: nothing would be told
            for admin in self._admins:
                await self._tell_one(admin, report)
        await self._store.write(Put(KEY, week))

    async def _tell_one(self, admin: Actor, whole: StandardsReport) -> None:
        """What is in scope, as `/standards` has it."""
        everything = admin.scope.covers_everything()
        report = whole if everything else await self._standards.report(by=admin)
        if not all(each.silent for each in report.hosts):
            await self._tell(_notice(report), admin.id)


def _week(now: datetime) -> bytes:
    """The Monday on whose morning the present week began."""
    day = now.date() if now.time() >= MORNING else now.date() - timedelta(days=1)
    return (day - timedelta(days=day.weekday())).isoformat().encode()


def _notice(report: StandardsReport) -> Notice:
    known = [each for each in report.hosts if not each.silent]
    subjects = sorted(
        (one for each in known for one in each.subjects if one.breaches),
        key=lambda one: (one.score, one.name),
    )
    weights = [breach.weight for one in subjects for breach in one.breaches]
    return Notice(
        Trouble.STANDARDS,
        report.at,
        {
            "hosts": ", ".join(_told(each, report) for each in known),
            "errors": str(sum(weight is Weight.ERROR for weight in weights)),
            "worst": ", ".join(f"{one.name or 'Docker'} {one.score}" for one in subjects[:_WORST]),
            "weight": max(weights, default=Weight.INFO).name.lower() if weights else "",
        },
    )


def _told(found: HostAudit, report: StandardsReport) -> str:
    """`server2 62 (58)`: now, and a week ago."""
    before = report.before.get(found.host)
    return f"{found.host} {found.score}" + (f" ({before})" if before is not None else "")
