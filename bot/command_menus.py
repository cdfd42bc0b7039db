"""The menu of commands that Telegram offers beside the input field: to each person his own, in his own language.

Strangers are offered nothing: there is no default menu and none of a group. In a group of the settings each known
person has a menu of his own, in a group that is only sent alerts nobody has one.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2s

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    BotCommandScopeDefault,
    BotCommandScopeUnion,
)
from aiogram.utils.i18n import gettext as _

from bot.container import Services
from bot.courier import background
from bot.middlewares.locale import speaking
from handlers.declare import offered
from services.domain.access import Role
from services.errors import StoreError
from services.ports import Delete, Put

log = logging.getLogger(__name__)

# Seconds. Telegram tells no limit for these calls; nobody waits for them.
APART = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0
LOOK_EVERY = 3600.0  # people join groups, and write to the bot for the first time

Menu = tuple[tuple[str, str], ...]
"""Commands and what they do; an empty one is no menu at all."""


@dataclass(frozen=True, slots=True)
class MenuPlace:
    """Where a menu shows: to one member of a group, in one private chat, or, without both, by default."""

    chat: int = 0
    member: int = 0

    @property
    def key(self) -> str:
        return f"{self.chat}/{self.member}"

    @classmethod
    def of(cls, key: str) -> "MenuPlace":
        chat, _slash, member = key.partition("/")
        return cls(int(chat), int(member))

    @property
    def scope(self) -> BotCommandScopeUnion:
        if self.member:
            return BotCommandScopeChatMember(chat_id=self.chat, user_id=self.member)
        return BotCommandScopeChat(chat_id=self.chat) if self.chat else BotCommandScopeDefault()


class CommandMenus:
    """Telegram keeps menus, so only what has changed since the last time is told; digests are kept to know it.

    moved: groups that have become supergroups, old id to new. scale: what the pauses are multiplied by.
    """

    def __init__(self, bot: Bot, services: Services, moved: Mapping[int, int], *, scale: float = 1) -> None:
        self._bot = bot
        self._services = services
        self._moved = moved
        self._scale = scale
        self._prefix = f"menu/{bot.id}/"
        self._woken = asyncio.Event()

    def wake(self, _person: int | None = None) -> None:
        """Something has changed that menus depend on."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. What goes wrong is logged, and tried again when it may help."""
        pause = FIRST_PAUSE
        with background():
            while True:
                self._woken.clear()
                try:
                    await self._round()
                except (AiogramError, StoreError) as error:
                    patience = max(pause, error.retry_after if isinstance(error, TelegramRetryAfter) else 0)
                    log.warning("the menus of commands wait %.0f s: %s", patience, error)
                    await asyncio.sleep(patience * self._scale)
                    pause = min(pause * 2, LONGEST_PAUSE)
                else:
                    pause = FIRST_PAUSE
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY * self._scale):
                            await self._woken.wait()

    async def _round(self) -> None:
        """Raises StoreError, and AiogramError where the fault is not the place's own."""
        kept = await self._services.store.scan(self._prefix)
        digests = {MenuPlace.of(key.removeprefix(self._prefix)): value for key, value in kept.items()}
        wanted = await self._wanted()
        for place in dict.fromkeys([*wanted, *digests]):
            menu = wanted.get(place, ())
            digest = _digest(menu)
            if digests.get(place) == digest:
                continue
            key = self._prefix + place.key
            if place not in wanted:
                await self._tell(place, menu)
                await self._services.store.write(Delete(key))
            elif await self._tell(place, menu):
                await self._services.store.write(Put(key, digest))
            await asyncio.sleep(APART * self._scale)

    async def _wanted(self) -> dict[MenuPlace, Menu]:
        roster, moved = self._services.roster, self._moved
        groups = dict.fromkeys(moved.get(group, group) for group in roster.groups)
        found: dict[MenuPlace, Menu] = {MenuPlace(): ()}
        for person in roster.people:
            menu = self._menu(person.role, await self._services.languages.of_chat(person.id))
            found |= dict.fromkeys(
                [MenuPlace(person.id), *(MenuPlace(group, person.id) for group in groups)], menu
            )
        return found

    def _menu(self, role: Role, language: str) -> Menu:
        services = self._services
        with speaking(services.catalogues, services.timezone, language):
            return tuple((each.name, _(each.about)) for each in offered(services.declarations, role))

    async def _tell(self, place: MenuPlace, menu: Menu) -> bool:
        """False where there can be no menu: somebody never wrote to the bot, or is not in the group."""
        commands = [BotCommand(command=name, description=about) for name, about in menu]
        try:
            if commands:
                await self._bot.set_my_commands(commands, scope=place.scope)
            else:
                await self._bot.delete_my_commands(scope=place.scope)
        except (TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat) as error:
            log.info("no menu at %s: %s", place.key, error)
            return False
        return True


def _digest(menu: Menu) -> bytes:
    return blake2s(json.dumps(menu).encode(), digest_size=16).digest()
