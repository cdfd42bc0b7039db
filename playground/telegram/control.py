"""/control/…: acting as a person over HTTP, for tools in other processes. JSON in, JSON out.

    POST person   {id, first_name, last_name?, username?, language_code?, started?}
    POST group    {id, title?, members?: [id], admins?: [id], topics?: [id], bot?, basic?}
    POST says     {person, text, chat?, reply_to?, topic?, date?, anonymous?}          → message
    POST presses  {person, chat, message_id, label | data, wait?, timeout?}            → {text, show_alert}
    POST next     {chat, timeout?}                                                     → message
    POST fail     {method, kind, times?, retry_after?, seconds?, description?}
    POST update   any update, to be queued as it is                                    → {update_id}
    POST reset    forgets calls, refusals and floods
    GET  messages ?chat=&after=                                                        → [message]
    GET  calls    ?after=        (an index into all calls)                             → [call]
    GET  refusals, GET floods

A message is the Bot API's, with `deleted`, `silent` and `edits` (what it was, oldest first) added. What a person
could not do, an unknown chat, a missing field: 400 with {error}. There is no lock on the door: loopback only.
"""

import json
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from playground.telegram import wire
from playground.telegram.parameters import Call, Fields
from playground.telegram.people import Person
from playground.telegram.refusal import Refused, bad
from playground.telegram.server import Refusal
from playground.telegram.state import JSON, Chat, Message
from playground.telegram.telegram import Telegram

Action = Callable[[Fields], Awaitable[JSON]]


class Control:
    """Routes below /control for one Telegram; add them before it is entered."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    def attach(self, app: web.Application) -> None:
        acts: dict[str, Action] = {
            "person": self._person,
            "group": self._group,
            "says": self._says,
            "presses": self._presses,
            "next": self._next,
            "fail": self._fail,
            "update": self._update,
            "reset": self._reset,
        }
        looks: dict[str, Action] = {
            "messages": self._messages,
            "calls": self._calls,
            "refusals": self._refusals,
            "floods": self._floods,
        }
        for name, action in acts.items():
            app.router.add_post(f"/control/{name}", _handler(action))
        for name, action in looks.items():
            app.router.add_get(f"/control/{name}", _handler(action))

    def _chat_of(self, fields: Fields, name: str = "chat") -> Chat:
        chat = self._telegram.world.chats.get(fields.required_integer(name))
        if chat is None:
            raise bad(f"no chat {fields.text(name)}")
        return chat

    def _person_of(self, fields: Fields, name: str = "person") -> Person:
        chat = self._chat_of(fields, name)
        if chat.user is None:
            raise bad(f"{chat.id} is no person")
        return Person(self._telegram.world, chat.user, chat)

    def _message_of(self, fields: Fields, chat: Chat, name: str) -> Message:
        message = chat.messages.get(fields.required_integer(name))
        if message is None:
            raise bad(f"no message {fields.text(name)} in {chat}")
        return message

    async def _person(self, fields: Fields) -> JSON:
        names = {name: fields.text(name) for name in ("first_name", "last_name", "username", "language_code")}
        started = fields.flag("started") if "started" in fields else True
        person = self._telegram.person(fields.required_integer("id"), **names, started=started)
        return wire.user(person.user)

    async def _group(self, fields: Fields) -> JSON:
        members, admins = self._people(fields, "members"), self._people(fields, "admins")
        group = self._telegram.group(
            fields.required_integer("id"),
            fields.text("title") or "Group",
            members=members,
            admins=admins,
            topics=_integers(fields, "topics"),
            bot=fields.text("bot") or "member",
            basic=fields.flag("basic"),
        )
        return wire.chat(group)

    def _people(self, fields: Fields, name: str) -> list[Person]:
        return [self._person_of(Fields({"person": number}, name)) for number in _integers(fields, name)]

    async def _says(self, fields: Fields) -> JSON:
        person = self._person_of(fields)
        chat = self._chat_of(fields) if "chat" in fields else person.chat
        message = await person.says(
            fields.required_text("text"),
            chat=chat,
            reply_to=self._message_of(fields, chat, "reply_to") if "reply_to" in fields else None,
            topic=fields.integer("topic"),
            date=fields.integer("date"),
            anonymous=fields.flag("anonymous"),
        )
        return _shown(message)

    async def _presses(self, fields: Fields) -> JSON:
        message = self._message_of(fields, self._chat_of(fields), "message_id")
        person = self._person_of(fields)
        wait = fields.flag("wait") if "wait" in fields else True
        seconds = float(fields.text("timeout") or 5)
        if "data" in fields:
            answer = await person.presses_data(message, fields.text("data"), wait=wait, timeout=seconds)
        else:
            label = fields.required_text("label")
            answer = await person.presses(message, label, wait=wait, timeout=seconds)
        return {"text": answer.text, "show_alert": answer.show_alert}

    async def _next(self, fields: Fields) -> JSON:
        seconds = float(fields.text("timeout") or 5)
        return _shown(await self._telegram.next_message(self._chat_of(fields), seconds))

    async def _fail(self, fields: Fields) -> JSON:
        self._telegram.fail_next(
            fields.required_text("method"),
            fields.required_text("kind"),
            fields.integer("times") or 1,
            retry_after=fields.integer("retry_after") or 1,
            seconds=float(fields.text("seconds") or 1),
            description=fields.text("description") or "Forbidden: bot was blocked by the user",
        )
        return True

    async def _update(self, fields: Fields) -> JSON:
        return {"update_id": self._telegram.queue_raw(dict(fields.values()))}

    async def _reset(self, fields: Fields) -> JSON:
        for kept in (self._telegram.calls, self._telegram.refusals, self._telegram.floods):
            kept.clear()
        return True

    async def _messages(self, fields: Fields) -> JSON:
        after = fields.integer("after") or 0
        return [_shown(m) for m in self._chat_of(fields).messages.values() if m.id > after]

    async def _calls(self, fields: Fields) -> JSON:
        return [_call(call) for call in self._telegram.calls[fields.integer("after") or 0 :]]

    async def _refusals(self, fields: Fields) -> JSON:
        return _refused(self._telegram.refusals)

    async def _floods(self, fields: Fields) -> JSON:
        return _refused(self._telegram.floods)


def _handler(action: Action) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            given = (
                json.loads(await request.read() or b"{}") if request.method == "POST" else dict(request.query)
            )
            return web.json_response(await action(Fields(given, "request")))
        except (AssertionError, Refused, ValueError) as exc:
            return web.json_response({"error": str(exc)}, status=400)

    return handle


def _integers(fields: Fields, name: str) -> list[int]:
    value = fields.json(name) or []
    if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
        raise bad(f"{name} must be an Array of Integer")
    return [item for item in value if isinstance(item, int)]


def _shown(message: Message) -> dict[str, JSON]:
    edits: list[JSON] = [
        {
            **wire.content(edit.content),
            **({"reply_markup": wire.keyboard(edit.keyboard)} if edit.keyboard else {}),
            "until": edit.until,
        }
        for edit in message.edits
    ]
    return {**wire.message(message), "deleted": message.deleted, "silent": message.silent, "edits": edits}


def _call(call: Call) -> dict[str, JSON]:
    return {
        "method": call.method,
        "params": call.params,
        "files": [upload.filename for upload in call.files.values()],
        "at": call.at,
        "status": call.status,
        "description": call.description,
    }


def _refused(refusals: Iterable[Refusal]) -> JSON:
    return [
        {"method": method, "params": dict(params), "status": status, "description": description}
        for method, params, status, description in refusals
    ]
