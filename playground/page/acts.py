"""What a person at the screen does: POST /api/… with JSON in and out.

    say       {person, chat, text, reply_to?, topic?}    → {message_id}
    press     {person, chat, message, data}              → {text, show_alert}, or {expired: true}
    react     {person, chat, message, emojis}
    stop      {person, draft}
    language  {person, language}      of that person's app, from now on

GET /api/commands?person=&chat= is the command menu. What a person could not do, an unknown chat, a missing field:
400 with {error}.
"""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from playground.page import shown
from playground.telegram.parameters import Fields
from playground.telegram.people import Person
from playground.telegram.refusal import Refused, bad
from playground.telegram.state import JSON, Chat, Message
from playground.telegram.text import units
from playground.telegram.world import World

PATIENCE = 20.0  # seconds that a press waits for its answer, somewhat longer than it can be answered
LONGEST = 4096

Action = Callable[[Fields], Awaitable[JSON]]


class Acts:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        acts: dict[str, Action] = {
            "say": self._say,
            "press": self._press,
            "react": self._react,
            "stop": self._stop,
            "language": self._language,
        }
        return [
            *(web.post(f"/api/{name}", _handler(act)) for name, act in acts.items()),
            web.get("/api/commands", _handler(self._commands)),
        ]

    async def _say(self, fields: Fields) -> JSON:
        person, chat = self._person(fields), self._chat(fields, "chat")
        text = fields.required_text("text").strip()
        if not 0 < units(text) <= LONGEST:
            raise bad("a message has 1 to 4096 characters")
        reply_to = self._message(fields, chat, "reply_to") if "reply_to" in fields else None
        message = await person.says(text, chat=chat, reply_to=reply_to, topic=fields.integer("topic"))
        return {"message_id": message.id}

    async def _press(self, fields: Fields) -> JSON:
        message = self._message(fields, self._chat(fields, "chat"), "message")
        person, data = self._person(fields), fields.required_text("data")
        try:
            answer = await person.presses_data(message, data, timeout=PATIENCE)
        except AssertionError as error:
            if "no answer" in str(error):
                return {"expired": True}
            raise
        return {"text": answer.text, "show_alert": answer.show_alert}

    async def _react(self, fields: Fields) -> JSON:
        message = self._message(fields, self._chat(fields, "chat"), "message")
        emojis = fields.json("emojis")
        if not isinstance(emojis, list):
            raise bad("emojis must be an Array")
        await self._person(fields).reacts(message, *map(str, emojis))
        return {}

    async def _stop(self, fields: Fields) -> JSON:
        await self._person(fields).stops(fields.required_integer("draft"))
        return {}

    async def _language(self, fields: Fields) -> JSON:
        self._person(fields).speaks(fields.required_text("language"))
        return {}

    async def _commands(self, fields: Fields) -> JSON:
        person, chat = self._person(fields), self._chat(fields, "chat")
        return shown.commands(self._world, person.user, chat)

    def _chat(self, fields: Fields, name: str) -> Chat:
        chat = self._world.chats.get(fields.required_integer(name))
        if chat is None:
            raise bad(f"no chat {fields.text(name)}")
        return chat

    def _person(self, fields: Fields) -> Person:
        chat = self._chat(fields, "person")
        if chat.user is None:
            raise bad(f"{chat.id} is no person")
        return Person(self._world, chat.user, chat)

    def _message(self, fields: Fields, chat: Chat, name: str) -> Message:
        message = chat.messages.get(fields.required_integer(name))
        if message is None:
            raise bad(f"no message {fields.text(name)} in {chat}")
        return message


def _handler(action: Action) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            given = json.loads(await request.read()) if request.method == "POST" else dict(request.query)
            if not isinstance(given, dict):
                raise bad("an object is expected")
            return web.json_response(await action(Fields(given, "request")))
        except (AssertionError, Refused, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle
