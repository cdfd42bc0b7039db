"""What happens in the chats, told to every open page as it happens: server-sent events."""

import asyncio
import json
from collections.abc import Iterator
from typing import NamedTuple

from aiohttp import web

from playground.page import shown
from playground.page.about import About
from playground.telegram.state import JSON, Message
from playground.telegram.world import World

NEWEST = 300  # messages of a chat that a page is told of
TOGETHER = 0.03  # seconds in which several changes become one event
HEARTBEAT = 15.0


class Look(NamedTuple):
    """Tells two states of a message apart."""

    edits: int
    deleted: bool
    reactions: tuple[tuple[int, tuple[str, ...]], ...]


def _look(message: Message) -> Look:
    return Look(len(message.edits), message.deleted, tuple(message.reactions.items()))


class Difference:
    """What one page has not been told yet."""

    def __init__(self, world: World, about: About) -> None:
        self._world, self._about = world, about
        self._looks: dict[tuple[int, int], Look] = {}
        self._rest: dict[str, str] = {}

    def take(self) -> dict[str, JSON]:
        """about, people, chats and messages, each only where it is new or has changed.

        about.awake: whether the bot has come. about.menus: becomes another text when some command menu does.
        """
        news: dict[str, JSON] = {}
        for name, value in self._overview():
            text = json.dumps(value)
            if self._rest.get(name) != text:
                self._rest[name], news[name] = text, value
        if messages := list(self._messages()):
            news["messages"] = messages
        return news

    def _overview(self) -> Iterator[tuple[str, JSON]]:
        world, about = self._world, self._about
        yield "people", shown.people(world, about)
        bot: dict[str, JSON] = {
            "id": world.bot.id,
            "name": world.bot.first_name,
            "username": world.bot.username,
        }
        places: list[JSON] = [{"name": place.name, "real": place.real} for place in about.places]
        menus = hash(frozenset((scope, tuple(menu)) for scope, menu in world.commands.items()))
        yield "about", {"bot": bot, "places": places, "awake": world.updates.polls > 0, "menus": str(menus)}
        yield "chats", [shown.chat(chat, world.bot) for chat in world.chats.values()]

    def _messages(self) -> Iterator[JSON]:
        for chat in list(self._world.chats.values()):
            for message in list(chat.messages.values())[-NEWEST:]:
                key, look = (chat.id, message.id), _look(message)
                if self._looks.get(key) != look:
                    self._looks[key] = look
                    yield shown.message(message)


class Live:
    """Tells open pages until it is closed."""

    def __init__(self, world: World, about: About) -> None:
        self._world, self._about = world, about
        self._closed = False

    def close(self) -> None:
        """Lets all pages go."""
        self._closed = True
        self._world.changes.notify()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        difference = Difference(self._world, self._about)
        try:
            await response.prepare(request)
            while not self._closed:
                told = self._world.changes.count
                if news := difference.take():
                    await response.write(b"data: " + json.dumps(news).encode() + b"\n\n")
                await asyncio.sleep(TOGETHER)
                if not await self._change(told):
                    await response.write(b": alive\n\n")
        except ConnectionError:
            pass  # it has been closed
        return response

    async def _change(self, told: int) -> bool:
        """Whether there was one, or the end, before the next heartbeat."""
        try:
            async with asyncio.timeout(HEARTBEAT):
                while self._world.changes.count == told and not self._closed:
                    await self._world.changes.next()
        except TimeoutError:
            return False
        return True
