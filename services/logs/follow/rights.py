"""Whether one who follows logs may still see them, asked before each showing."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from services.domain.access import Action, Actor, Target, may
from services.errors import HostError
from services.fleet.fleet import Fleet
from services.logs.follow.tap import Tap

# One list of a host's containers, which takes milliseconds. A host that is slower than this shows nothing new either.
DEADLINE = 0.5

# Who a person is by the settings of this moment, where he acts: None for a stranger.
Judge = Callable[[Actor], Actor | None]


class Rights:
    """Of one asker. What was in scope when the follow began is the most there is."""

    def __init__(self, fleet: Fleet, by: Actor, judge: Judge) -> None:
        self._fleet, self._by, self._judge = fleet, by, judge

    @property
    def actor(self) -> Actor | None:
        """The asker of this moment."""
        now = self._judge(self._by)
        return replace(now, scope=now.scope & self._by.scope) if now else None

    async def withdrawn(self, taps: Iterable[Tap]) -> list[Tap]:
        """Those that the asker may not see any more: he may not, or the container has a name that he may not."""
        actor = self.actor
        lost, by_host = [], defaultdict[str, list[Tap]](list)
        for tap in taps:
            target = Target(tap.standing.host, tap.standing.name)
            if actor is None or may(actor, Action.READ, target):
                lost.append(tap)
            else:
                by_host[tap.standing.host].append(tap)
        if actor:
            found = await asyncio.gather(
                *(self._renamed(host, each, actor) for host, each in by_host.items())
            )
            lost += [tap for each in found for tap in each]
        return lost

    async def _renamed(self, host: str, taps: Sequence[Tap], actor: Actor) -> list[Tap]:
        try:
            rows = await self._fleet.engine(host).containers(deadline=DEADLINE)
        except HostError:
            return []
        hidden = {row.id for row in rows if not actor.scope.covers(host, row.name)}
        return [tap for tap in taps if tap.container in hidden]
