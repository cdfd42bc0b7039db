"""How the hosts kept the standard on the days before, in the store: `standards/<host>/<day>`, for five weeks."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.ports import Clock, Put, Store

KEPT = timedelta(days=35)
WEEK = timedelta(days=7)


class Past:
    """One figure a host and day, the last one of the day. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._noted: dict[str, tuple[date, int]] = {}

    async def note(self, host: str, score: int, *, on: date | None = None) -> None:
        """on: None for today."""
        day = on or self._clock.now().date()
        if self._noted.get(host) == (day, score):
            return
        await self._store.write(Put(_key(host, day), str(score).encode(), self._clock.now() + KEPT))
        self._noted[host] = day, score

    async def scores(self, hosts: Sequence[str]) -> Mapping[str, int]:
        """A week ago, or on the last day before that was noted; of a host that is not known so long, none."""
        today = self._clock.now().date()
        days = [today - WEEK - timedelta(days=more) for more in range(7)]
        found = await self._store.get_many([_key(host, day) for host in hosts for day in days])
        scores = {}
        for host in hosts:
            values = [found[key] for day in days if (key := _key(host, day)) in found]
            if values and values[0].isdigit():
                scores[host] = int(values[0])
        return scores


def _key(host: str, day: date) -> str:
    return f"standards/{host}/{day.isoformat()}"
