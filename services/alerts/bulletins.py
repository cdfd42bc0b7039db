"""From incidents to what one message shows: the alerts that its chat takes, worst first, with their evidence."""

import asyncio
import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.alerts.dispatching import NAMED, Look
from services.alerts.ledger import SLICE, Ledger
from services.alerts.policy import Policy
from services.alerts.silences import spans
from services.domain.alerts import Alert
from services.domain.posts import Bulletin, Destination, Post, Ring, Ringing, Shown

LATE = timedelta(seconds=60)
WITH_EVIDENCE = 3  # of so many alerts at most the evidence is looked for
_IN_A_RING = 3


class Bulletins:
    """Reads what a message needs; the view puts words to it."""

    def __init__(self, ledger: Ledger, policy: Policy, scale: float = 1) -> None:
        self._ledger = ledger
        self._policy = policy
        self._late = LATE * scale

    async def of(
        self,
        to: Destination,
        looks: Sequence[Look],
        now: datetime,
        post: Post | None,
        *,
        compact: bool = False,
    ) -> Bulletin:
        """`looks`: the incidents of one message; `post`: as it is, None before it is sent."""
        digest = len(looks) > 1
        shown, everything = [], []
        for each in looks:
            alerts = await self._alerts(each)
            everything += alerts
            evidence = None
            if not digest:
                for alert in alerts[:WITH_EVIDENCE]:
                    evidence = evidence or await self._ledger.evidence(alert.fingerprint)
            chart = None if digest else self._policy.charts.of(alerts)
            shown.append(Shown(each.incident, each.tally, tuple(alerts[:NAMED]), evidence, chart))
        first = looks[0].incident
        menu = post.menu if post and post.menu and post.menu.until > now and not digest else None
        return Bulletin(
            to=to,
            shown=tuple(shown),
            at=now,
            post=post.id if post else "",
            roll=tuple(await worst_first(everything)) if len(everything) > NAMED else (),
            menu=menu,
            spans=spans(first, shown[0].alerts) if menu else (),
            delayed=post.delayed if post and post.sent else self._delay(looks, now),
            instead_of=Destination.of(post.instead_of[0]).chat if post and post.instead_of else None,
            silent=not any(each.tally.firing for each in looks),
            compact=compact and len(everything) > NAMED,
        )

    async def ring(self, look: Look, why: Ringing, now: datetime) -> Ring:
        post = look.post
        assert post is not None
        alerts = await self._alerts(look)
        firing = [alert for alert in alerts if alert.firing]
        if why is Ringing.NEW_ALERT:
            told = post.rung or post.sent or now
            firing = [alert for alert in firing if alert.heard > told] or firing
        elif why is Ringing.REMIND:
            firing = [alert for alert in firing if alert.number > look.incident.covered] or firing
        shown = Shown(look.incident, look.tally, tuple(alerts[:NAMED]))
        return Ring(why, shown, now, len(firing), tuple(firing[:_IN_A_RING]))

    async def _alerts(self, look: Look) -> list[Alert]:
        """Those that the chat takes, worst first."""
        alerts = [alert async for alert in self._ledger.alerts(look.incident.id)]
        if len(look.incident.tallies) > 1 and look.tally != look.incident.total:
            alerts = [alert for alert in alerts if any(self._policy.sends(alert, key) for key in look.keys)]
        return await worst_first(alerts)

    def _delay(self, looks: Sequence[Look], sent: datetime) -> timedelta | None:
        """How late the oldest news is, when that is over a minute. What quiet hours held back is not late."""
        delays = []
        for each in looks:
            incident = each.incident
            since = max(incident.received, incident.held_until or incident.received)
            if incident.episode == 1:
                delays.append(sent - since)
        longest = max(delays, default=timedelta())
        return longest if longest > self._late else None


async def worst_first(alerts: list[Alert]) -> list[Alert]:
    """Firing before resolved, the severe before the mild, the older first; in turns with the event loop."""
    if len(alerts) <= SLICE:
        return sorted(alerts, key=_rank)
    runs = []
    for start in range(0, len(alerts), SLICE):
        runs.append(sorted(alerts[start : start + SLICE], key=_rank))
        await asyncio.sleep(0)
    merged: list[Alert] = []
    for number, alert in enumerate(heapq.merge(*runs, key=_rank), 1):
        merged.append(alert)
        if number % SLICE == 0:
            await asyncio.sleep(0)
    return merged


def _rank(alert: Alert) -> tuple[bool, int, datetime, str]:
    return not alert.firing, -alert.severity, alert.starts, alert.fingerprint
