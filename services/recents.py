"""Which containers each person used last, so that a picker can offer them first."""

import logging
from collections.abc import Sequence

from services.errors import StoreUnavailable
from services.ports import Put, Store
from services.store.records import Codec

KEPT = 8

log = logging.getLogger(__name__)

Pairs = tuple[tuple[str, str], ...]


class Recents:
    """A comfort: of two uses at the same moment one may be forgotten, and a failed write is only logged."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._codec: Codec[Pairs] = Codec(Pairs)

    async def used(self, person: int, host: str, name: str) -> None:
        """`person`: the numeric id. Writes nothing when this was the last one already."""
        used = (host, name)
        try:
            before = await self.of(person)
            if before[:1] == (used,):
                return
            newest = (used, *(pair for pair in before if pair != used))[:KEPT]
            await self._store.write(Put(_key(person), self._codec.pack(newest)))
        except StoreUnavailable as error:
            log.warning("what %s used last could not be kept: %s", person, error)

    async def of(self, person: int) -> Sequence[tuple[str, str]]:
        """(host, name) pairs, newest first, at most eight; gone ones may be among them."""
        value = await self._store.get(_key(person))
        return () if value is None else self._codec.unpack(value)


def _key(person: int) -> str:
    return f"recent/{person}"
