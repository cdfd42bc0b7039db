"""Deep links: an address of Telegram's that opens the private chat with the bot and says there what it leads to.

A link tells nothing of rights: whoever follows one is judged as if he had asked by name.
"""

import asyncio
import logging
import re
from dataclasses import dataclass

from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError
from aiogram.types import Message
from aiogram.utils.deep_linking import create_deep_link

from services.domain.containers import Container, ContainerKey, key_of

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds, and only until it has been asked for once

LANGUAGE = "language"
_CONTAINER = re.compile(r"c_([a-z0-9-]{1,24})_([0-9a-f]{12})")
_INCIDENT = re.compile(r"i_([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class IncidentLink:
    """`id`: of the incident."""

    id: str


def parse_link(payload: str) -> ContainerKey | IncidentLink | str:
    """What stands behind `/start`: a container, an incident, or a word that may be one of those here; "" for none."""
    if found := _CONTAINER.fullmatch(payload):
        return ContainerKey(found[1], found[2])
    if found := _INCIDENT.fullmatch(payload):
        return IncidentLink(found[1])
    return payload if payload == LANGUAGE else ""


@dataclass(frozen=True, slots=True)
class Links:
    """`username`: the bot's."""

    username: str

    def container(self, host: str, name: str) -> str | None:
        """None for a host that no settings of ours could name."""
        payload = f"c_{host}_{key_of(host, name)}"
        return self._link(payload) if _CONTAINER.fullmatch(payload) else None

    def incident(self, identity: str) -> str:
        return self._link(f"i_{identity}")

    def language(self) -> str:
        return self._link(LANGUAGE)

    def _link(self, payload: str) -> str:
        return create_deep_link(self.username, "start", payload)


async def link_beside(message: Message, container: Container) -> str | None:
    """From a group to the container in private."""
    links = await links_beside(message)
    return links.container(container.host, container.name) if links else None


async def links_beside(message: Message) -> Links | None:
    """For an answer to `message`. None in private, where they would lead to where one is."""
    if message.chat.type == ChatType.PRIVATE or message.bot is None:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return Links((await message.bot.me()).username or "")
    except (AiogramError, TimeoutError) as error:  # a comfort; what was asked is answered all the same
        log.warning("no links: the bot's own name is not known now: %s", error)
        return None
