"""What a person has been shown and may confirm: kept for two minutes, and spent once, by the asker alone."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from services.domain.access import Actor
from services.errors import NotYourPlan, PlanGone
from services.ports import Delete, Put, Store, Write
from services.store.records import Codec

VALID = timedelta(seconds=120)


class Confirmable(Protocol):
    """token: what the buttons below the question carry. asker: a person's id."""

    @property
    def token(self) -> str: ...
    @property
    def asker(self) -> int: ...
    @property
    def asker_name(self) -> str: ...
    @property
    def asked(self) -> datetime: ...


T = TypeVar("T", bound=Confirmable)


class Confirmations(Generic[T]):
    """Of one kind, in the store at `prefix` and the token.

    All calls raise StoreUnavailable when the store does: then nothing was spent.
    """

    def __init__(self, store: Store, kind: type[T], prefix: str) -> None:
        self._store, self._codec, self._prefix = store, Codec(kind), prefix

    async def offer(self, plan: T) -> None:
        key = self._prefix + plan.token
        await self._store.write(Put(key, self._codec.pack(plan), plan.asked + VALID))

    async def peek(self, token: str, by: Actor) -> T:
        """Still unspent. Raises PlanGone, and NotYourPlan for anybody but the asker."""
        plan, _ = await self._own(token, by)
        return plan

    async def spend(
        self, token: str, by: Actor, writes: Callable[[T], Iterable[Write]] = lambda plan: ()
    ) -> T:
        """Of any number of presses one gets it, and its writes are made in the same step. Raises as `peek`."""
        plan, kept = await self._own(token, by)
        key = self._prefix + token
        if not await self._store.write(Delete(key), *writes(plan), expect={key: kept}):
            raise PlanGone
        return plan

    async def _own(self, token: str, by: Actor) -> tuple[T, bytes]:
        kept = await self._store.get(self._prefix + token)
        if kept is None:
            raise PlanGone
        plan = self._codec.unpack(kept)
        if plan.asker != by.id:
            raise NotYourPlan(plan.asker_name)
        return plan, kept
