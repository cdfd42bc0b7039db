"""Searches that wait for their pattern: whoever replies to the bot's question gives it."""

from dataclasses import dataclass
from datetime import timedelta

from services.domain.plans import Place
from services.logs.search.hits import SearchQuestion
from services.ports import Clock, Put, Store
from services.store.records import Codec

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Prompt:
    asker: int
    question: SearchQuestion


class Prompts:
    """By the message that asks. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._codec = Codec(_Prompt)

    async def keep(self, place: Place, question: SearchQuestion, *, asker: int) -> None:
        """`place`: of the message that asks the person with this id."""
        value = self._codec.pack(_Prompt(asker, question))
        await self._store.write(Put(_key(place), value, self._clock.now() + KEPT))

    async def of(self, place: Place, *, by: int) -> SearchQuestion | None:
        """What was asked there of this very person; it may be answered more than once."""
        value = await self._store.get(_key(place))
        prompt = self._codec.unpack(value) if value is not None else None
        return prompt.question if prompt and prompt.asker == by else None


def _key(place: Place) -> str:
    return f"prompt/{place.chat}/{place.message}"
