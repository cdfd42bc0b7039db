"""Which containers were last seen on each host, and when: what is unknown while a host is silent."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.errors import StoreUnavailable
from services.ports import Clock, Put, Store
from services.store.records import Codec

# How far the kept moment may lag behind while the names stay the same: what a restart may make "since" wrong by.
PRECISION = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Names in alphabetical order."""

    names: tuple[str, ...]
    at: datetime


class Sightings:
    """Noting must not get in the way of an answer: a failed write is logged, and tried again the next time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._codec = Codec(Sighting)
        self._latest: dict[str, Sighting] = {}
        self._kept: dict[str, Sighting] = {}

    async def note(self, host: str, names: Iterable[str]) -> None:
        """All containers of the host answered just now. Writes when the names changed, else once a minute."""
        seen = Sighting(tuple(sorted(names)), self._clock.now())
        self._latest[host] = seen
        kept = self._kept.get(host)
        if kept and kept.names == seen.names and seen.at - kept.at < PRECISION:
            return
        try:
            await self._store.write(Put(_key(host), self._codec.pack(seen)))
            self._kept[host] = seen
        except StoreUnavailable as error:
            log.warning("what was seen on %s could not be kept: %s", host, error)

    async def last(self, host: str) -> Sighting | None:
        """None when the host was never seen, in this run or an earlier one."""
        if host in self._latest:
            return self._latest[host]
        value = await self._store.get(_key(host))
        return None if value is None else self._codec.unpack(value)


def _key(host: str) -> str:
    return f"seen/{host}"
