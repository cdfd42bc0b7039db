"""The one place where people, chats, files and updates meet: looked up with Telegram's rules of access, and changed."""

import asyncio
import mimetypes
import secrets
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playground.telegram import wire
from playground.telegram.parameters import Call, Upload
from playground.telegram.refusal import Refused, bad, forbidden
from playground.telegram.state import (
    JSON,
    CallbackAnswer,
    Chat,
    Command,
    Content,
    File,
    Keyboard,
    Message,
    Revision,
    User,
)
from playground.telegram.updates import Updates

ADMINISTRATORS = ("administrator", "creator")
PRESENT = (*ADMINISTRATORS, "member", "restricted")
ANONYMOUS = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
RELAY = User(777000, "Telegram")
FIRST_UPDATE = 100_000_001
_DAY = 86400


@dataclass(slots=True)
class Query:
    """A press that waits for its answer; dead `at` + `World.callback_life` seconds."""

    id: str
    presser: User
    message: Message
    data: str
    at: float
    answer: asyncio.Future[CallbackAnswer]


class Changes:
    """Wakes those who wait for the world to change. count: how many times it has changed."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        self.count += 1
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def next(self) -> None:
        """Until the next change; bound the wait with a timeout of your own."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future


class World:
    """`clock` gives message dates in Unix seconds. Ids of messages begin behind `ids_from`."""

    def __init__(
        self,
        bot: User,
        *,
        privacy: bool,
        clock: Callable[[], float],
        callback_life: float,
        ids_from: int = 0,
    ) -> None:
        self.bot = bot
        self.privacy = privacy
        self.clock = clock
        self.callback_life = callback_life
        self.users: dict[int, User] = {bot.id: bot, ANONYMOUS.id: ANONYMOUS, RELAY.id: RELAY}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}
        self.queries: dict[str, Query] = {}
        self.commands: dict[tuple[str, int, int, str], list[Command]] = {}
        self.changes = Changes()
        self.updates = Updates(self.changes.notify, FIRST_UPDATE + ids_from)
        self.ids_from = ids_from
        self._last_private_id = ids_from

    def now(self) -> int:
        return int(self.clock())

    # Looking up, with Telegram's refusals

    def chat_of(self, call: Call, *, write: bool = False) -> Chat:
        """The call's chat. `write`: the bot must be able to send there, otherwise to see it."""
        given = call.chat_id
        if given is None:
            raise bad("chat_id is empty")
        chat = self.find_chat(given)
        if chat is None or (chat.private and chat.bot == "left"):
            if chat and self._shares_group(chat):
                raise forbidden("bot can't initiate conversation with a user")
            raise bad("chat not found")
        if chat.migrated_to and write:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )
        kind = "supergroup" if chat.type == "supergroup" else "group"
        if not chat.private and chat.bot == "kicked":
            raise forbidden(f"bot was kicked from the {kind} chat")
        if not chat.private and chat.bot == "left":
            raise forbidden(f"bot is not a member of the {kind} chat")
        if chat.private and chat.bot == "kicked" and write:
            raise forbidden("bot was blocked by the user")
        return chat

    def find_chat(self, given: int | str) -> Chat | None:
        if isinstance(given, int):
            return self.chats.get(given)
        name = given.removeprefix("@").lower()
        return next((c for c in self.chats.values() if c.username.lower() == name and not c.private), None)

    def _shares_group(self, chat: Chat) -> bool:
        return any(chat.id in group.members for group in self.chats.values() if not group.private)

    def message_of(self, call: Call, chat: Chat, what: str) -> Message:
        """The call's message; `what` for the refusal: "message to edit"."""
        if "message_id" not in call:
            raise bad("message identifier is not specified")
        message = chat.messages.get(call.integer("message_id"))
        if message is None or message.deleted:
            raise bad(f"{what} not found")
        return message

    def file_of(self, call: Call, value: JSON, kind: str) -> File:
        """A file parameter: the upload named by attach://, or by the parameter itself, or a known file_id."""
        named = str(value or "")
        upload = call.files.get(named.removeprefix("attach://") if named.startswith("attach://") else kind)
        if upload:
            return self.keep(upload, kind)
        if not named:
            raise bad(f"there is no {kind} in the request")
        if named.startswith(("http://", "https://")):
            raise bad("failed to get HTTP URL content")
        known = self.files.get(named)
        if known is None:
            raise bad("wrong file identifier/HTTP URL specified")
        if known.kind != kind:
            raise bad(f"type of file mismatch: {known.kind} is no {kind}")
        return known

    def keep(self, upload: Upload, kind: str) -> File:
        """An upload becomes a file with an id; `kind` is document or photo."""
        if not upload.content:
            raise bad("file must be non-empty")
        number = len(self.files) + 1
        mime = mimetypes.guess_type(upload.filename)[0] or "application/octet-stream"
        width, height = _size_of_picture(upload.content) if kind == "photo" else (0, 0)
        token = secrets.token_urlsafe(24)
        path = f"{kind}s/file_{number}{'.jpg' if kind == 'photo' else ''}"
        file = File(
            f"BQ{token}", f"Ag{number:06}", kind, upload.filename, mime, upload.content, path, width, height
        )
        self.files[file.id] = file
        return file

    # Changing

    def new_id(self, chat: Chat) -> int:
        """Supergroups count for themselves, all other chats of the bot together."""
        if chat.type == "supergroup":
            chat.last_id += 1
            return chat.last_id
        self._last_private_id += 1
        return self._last_private_id

    def add(self, message: Message) -> Message:
        chat = message.chat
        chat.messages[message.id] = message
        if message.sender is self.bot:
            chat.sent.append(message)
            if not message.content.service:
                chat.drafts.clear()
        self.changes.notify()
        return message

    def revise(self, message: Message, content: Content, keyboard: Keyboard | None) -> None:
        message.edits.append(Revision(message.content, message.keyboard, self.now()))
        message.content, message.keyboard, message.edited = content, keyboard, self.now()
        self.changes.notify()

    def publish(self, kind: str, payload: dict[str, JSON]) -> int | None:
        return self.updates.put(kind, payload)

    def publish_message(self, message: Message, kind: str = "message") -> int | None:
        """Unless the bot may not see it (privacy mode, not there) or it is older than a day."""
        date = message.edited or message.date
        if date <= self.now() - _DAY or not self.sees(message):
            self.changes.notify()
            return None
        return self.publish(kind, wire.message(message))

    def sees(self, message: Message) -> bool:
        """Privacy mode: in groups commands, mentions and answers to the bot; everything for an admin."""
        chat = message.chat
        if chat.private:
            return chat.bot != "kicked"
        if chat.bot not in PRESENT:
            return False
        if not self.privacy or chat.bot in ADMINISTRATORS or message.content.service:
            return True
        if message.reply_to and message.reply_to.sender is self.bot:
            return True
        return any(self._calls_bot(message, kind, text) for kind, text in _called(message))

    def _calls_bot(self, message: Message, kind: str, text: str) -> bool:
        name = self.bot.username.lower()
        if kind == "mention":
            return text.lower() == f"@{name}"
        _, _, addressee = text.partition("@")
        return kind == "bot_command" and addressee.lower() in ("", name)

    def set_bot_status(self, chat: Chat, status: str, by: User) -> None:
        """Changes what the bot is in a chat; it is told by my_chat_member."""
        before, chat.bot = chat.bot, status
        payload: dict[str, JSON] = {
            "chat": wire.chat(chat),
            "from": wire.user(by),
            "date": self.now(),
            "old_chat_member": wire.member(self.bot, before),
            "new_chat_member": wire.member(self.bot, status),
        }
        self.publish("my_chat_member", payload)

    def serve(
        self, chat: Chat, sender: User, service: Mapping[str, JSON], date: int | None = None
    ) -> Message:
        """A service message (member joined, message pinned, …) in the chat, and its update."""
        message = Message(self.new_id(chat), chat, sender, date or self.now(), Content(service=service))
        self.add(message)
        self.publish_message(message)
        return message

    def query(self, presser: User, message: Message, data: str) -> Query:
        answer: asyncio.Future[CallbackAnswer] = asyncio.get_running_loop().create_future()
        query = Query(str(secrets.randbits(62)), presser, message, data, time.monotonic(), answer)
        self.queries[query.id] = query
        payload: dict[str, JSON] = {
            "id": query.id,
            "from": wire.user(presser),
            "message": wire.message(message),
            "chat_instance": str(abs(message.chat.id) * 7919),
            "data": data,
        }
        self.publish("callback_query", payload)
        return query


def _called(message: Message) -> list[tuple[str, str]]:
    """The commands and mentions in a message, as (type, text)."""
    encoded = message.content.body.text.encode("utf-16-le")
    return [
        (e.type, encoded[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le"))
        for e in message.content.body.entities
        if e.type in ("bot_command", "mention")
    ]


def _size_of_picture(content: bytes) -> tuple[int, int]:
    """Of a PNG; a JPEG, GIF or WebP is taken without measuring."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 24:
        width, height = struct.unpack(">II", content[16:24])
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
        return width, height
    if content.startswith((b"\xff\xd8\xff", b"GIF8")) or content[8:12] == b"WEBP":
        return 640, 480
    raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
