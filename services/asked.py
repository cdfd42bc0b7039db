"""What buttons stand for where 64 bytes do not hold it: a question, kept for as long as people may press."""

import secrets
from datetime import timedelta
from typing import Generic, TypeVar

from services.errors import Forgotten
from services.ports import Clock, Put, Store
from services.store.records import Codec

T = TypeVar("T")

KEPT = timedelta(days=7)


class Asked(Generic[T]):
    """Questions of one kind, each under a token of eight characters that nobody can guess.

    A token tells nothing of rights: whoever brings one is judged as if he asked anew.
    """

    def __init__(self, kind: type[T], name: str, store: Store, clock: Clock) -> None:
        self._codec = Codec(kind)
        self._name, self._store, self._clock = name, store, clock

    async def keep(self, question: T) -> str:
        """Its token. Raises StoreUnavailable."""
        token = secrets.token_urlsafe(6)
        until = self._clock.now() + KEPT
        await self._store.write(Put(self._key(token), self._codec.pack(question), until))
        return token

    async def of(self, token: str) -> T:
        """Raises Forgotten, StoreUnavailable."""
        value = await self._store.get(self._key(token))
        if value is None:
            raise Forgotten
        return self._codec.unpack(value)

    def _key(self, token: str) -> str:
        return f"asked/{self._name}/{token}"
