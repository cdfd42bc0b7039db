"""Which language is spoken to whom.

In private a person's own choice rules, else the language of the person's Telegram, else the default. What stands in
a group is read by everybody there, so the group's setting rules, else the default, whoever asks.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.errors import StoreUnavailable
from services.ports import Delete, Put, Store
from services.roster import Roster

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """own: what the person has chosen; client: what the person's Telegram speaks, when it is one of ours."""

    own: str | None = None
    client: str | None = None


class Languages:
    """`known`: the languages that there are words for. A private chat is known by its person's id.

    changed: told of each person who is spoken to in another language from now on.
    """

    def __init__(self, store: Store, roster: Roster, *, known: Sequence[str], default: str) -> None:
        self._store = store
        self._roster = roster
        self._known = tuple(known)
        self._heard: dict[int, str] = {}
        self._choices: dict[int, Choice] = {}  # of people of the settings, as the store has them
        self._chosen = 0  # times that one was made anew
        self.default = default
        self.changed: Callable[[int], None] = lambda _person: None

    async def of_chat(self, chat: int, tag: str | None = None) -> str:
        """`tag`: of whoever speaks there now, as Telegram tells it; it matters in private, where nothing is kept yet.

        Never raises: while the store does not work a choice is not known.
        """
        if chat < 0:
            group = self._roster.chat(chat)
            return (group.language if group else None) or self.default
        try:
            choice = await self.choice(chat)
        except StoreUnavailable as error:
            log.warning("the language of %s is not known now: %s", chat, error)
            choice = Choice()
        return choice.own or choice.client or self._ours(tag) or self.default

    async def choice(self, person: int) -> Choice:
        """Raises StoreUnavailable."""
        if person in self._choices:
            return self._choices[person]
        own, client, chosen = _own_key(person), _client_key(person), self._chosen
        kept = await self._store.get_many([own, client])
        choice = Choice(self._read(kept.get(own)), self._read(kept.get(client)))
        if self._roster.actor(person) is not None and chosen == self._chosen:
            self._choices[person] = choice
        return choice

    async def choose(self, person: int, language: str | None) -> None:
        """None: as the person's Telegram says. Raises StoreUnavailable."""
        key = _own_key(person)
        await self._store.write(Delete(key) if language is None else Put(key, language.encode()))
        self._forget(person)
        self.changed(person)

    async def hear(self, person: int, tag: str | None) -> None:
        """Remember what the person's Telegram speaks, for what is said to him unasked. Of strangers nothing is kept.

        `tag`: an IETF language tag (`ru`, `pt-br`), or None where Telegram tells none. Never raises.
        """
        if self._heard.get(person) == (tag or "") or self._roster.actor(person) is None:
            return
        try:
            kept = await self._store.get(_client_key(person))
            client = (self._ours(tag) or "").encode()
            news = kept is None or (tag is not None and kept != client)
            if news:
                await self._store.write(Put(_client_key(person), client))
                self._forget(person)
        except StoreUnavailable as error:
            log.warning("the language of %s could not be kept: %s", person, error)
            return
        self._heard[person] = tag or ""
        if news:
            self.changed(person)

    def _forget(self, person: int) -> None:
        self._chosen += 1
        self._choices.pop(person, None)

    def _ours(self, tag: str | None) -> str | None:
        language = (tag or "").partition("-")[0].lower()
        return language if language in self._known else None

    def _read(self, kept: bytes | None) -> str | None:
        """What a newer version kept may be none of ours."""
        return self._ours(kept.decode(errors="replace")) if kept else None


def _own_key(person: int) -> str:
    return f"language/own/{person}"


def _client_key(person: int) -> str:
    return f"language/client/{person}"
