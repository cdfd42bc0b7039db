"""Which containers were last seen on each host, and when: what is unknown while a host is silent."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.errors import StoreUnavailable
from services.ports import Clock, Put, Store
from services.store.records import Codec

# How far the kept moment may lag behind while the names stay the same: what a restart may make "since" wrong by.
PRECISION = timedelta(minutes=1)
_AT_ONCE = 50  # hosts in one write: others want the store too

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

    async def note(self, seen: Mapping[str, Iterable[str]]) -> None:
        """All containers of these hosts, which answered just now.

        Writes what has changed, and of the rest what was written a minute ago; at once for all hosts.
        """
        now = self._clock.now()
        fresh: dict[str, Sighting] = {}
        for host, names in seen.items():
            sighting = self._latest[host] = Sighting(tuple(sorted(names)), now)
            kept = self._kept.get(host)
            if not kept or kept.names != sighting.names or now - kept.at >= PRECISION:
                fresh[host] = sighting
        hosts = list(fresh)
        for batch in (hosts[start : start + _AT_ONCE] for start in range(0, len(hosts), _AT_ONCE)):
            await self._keep({host: fresh[host] for host in batch})

    async def _keep(self, fresh: Mapping[str, Sighting]) -> None:
        try:
            await self._store.write(*(Put(_key(host), self._codec.pack(fresh[host])) for host in fresh))
            self._kept |= fresh
        except StoreUnavailable as error:
            log.warning("what was seen on %s could not be kept: %s", ", ".join(fresh), error)

    async def last(self, hosts: Sequence[str]) -> dict[str, Sighting]:
        """Of those hosts that were ever seen, in this run or an earlier one."""
        found = {host: self._latest[host] for host in hosts if host in self._latest}
        keys = {_key(host): host for host in hosts if host not in found}
        kept = await self._store.get_many(list(keys)) if keys else {}
        return found | {keys[key]: self._codec.unpack(value) for key, value in kept.items()}


def _key(host: str) -> str:
    return f"seen/{host}"
