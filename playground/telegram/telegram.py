"""`Telegram`: the stand-in as tests and the demo use it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Self

from aiohttp import web

from playground.telegram import bots, wire
from playground.telegram.faults import Fault, Kind
from playground.telegram.floods import Gate, Limits
from playground.telegram.parameters import Call
from playground.telegram.people import PATIENCE, Person
from playground.telegram.server import Refusal, Server
from playground.telegram.state import JSON, Chat, Command, Content, Message, User
from playground.telegram.text import clean
from playground.telegram.world import RELAY, World

Place = Chat | Person
_RECENT = 15


class Telegram:
    """A Bot API server for one bot, on loopback.

    `privacy`: the bot sees in groups what is meant for it only. `callback_life`: seconds in which a press can be
    answered. `clock`: Unix seconds, for the dates of messages. `port` 0 takes a free one. `ids_from`: ids of
    messages and updates begin behind it, for a bot whose store remembers an earlier stand-in.
    """

    def __init__(
        self,
        token: str = "1:test",  # noqa: S107
        limits: Limits | None = None,
        *,
        username: str = "vakhta_bot",
        privacy: bool = True,
        callback_life: float = 15.0,
        clock: Callable[[], float] = time.time,
        port: int = 0,
        ids_from: int = 0,
    ) -> None:
        bot = User(int(token.partition(":")[0]), "Vakhta", username=username, is_bot=True)
        self.token = token
        self.world = World(bot, privacy=privacy, clock=clock, callback_life=callback_life, ids_from=ids_from)
        self.server = Server(token, self.world, Gate(limits or Limits(), time.monotonic))
        self.app = self.server.application()
        self._port = port
        self._taken: dict[int, int] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(self.app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        self._stack.callback(self.server.close)
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._port)
            await site.start()
        except BaseException:
            await self._stack.aclose()
            raise
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def calls(self) -> list[Call]:
        """Every call so far, getUpdates too."""
        return self.server.calls

    @property
    def refusals(self) -> list[Refusal]:
        """Every 4xx that the stand-in gave of its own accord, 429 apart. A test that expects one clears it."""
        return self.server.refusals

    @property
    def floods(self) -> list[Refusal]:
        return self.server.floods

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # People and chats

    def person(
        self,
        user_id: int,
        first_name: str = "",
        *,
        last_name: str = "",
        username: str = "",
        language_code: str = "",
        started: bool = True,
    ) -> Person:
        """A person; with `started`, one who has opened the private chat, so that the bot may write there.

        A second call with the same id gives the same person.
        """
        if (known := self.world.chats.get(user_id)) and known.user:
            return Person(self.world, known.user, known)
        user = User(user_id, first_name or f"Person {user_id}", last_name, username, language_code)
        chat = Chat(user_id, "private", user=user, bot="member" if started else "left")
        self.world.users[user_id] = user
        self.world.chats[user_id] = chat
        return Person(self.world, user, chat)

    def group(
        self,
        chat_id: int,
        title: str = "Group",
        *,
        members: Iterable[Person] = (),
        admins: Iterable[Person] = (),
        topics: Iterable[int] | Mapping[int, str] = (),
        username: str = "",
        bot: str = "member",
        basic: bool = False,
    ) -> Chat:
        """A supergroup, or a basic group. `bot`: the bot's status: member, administrator, left or kicked.

        `topics`: makes it a forum with these message_thread_ids.
        """
        assert chat_id < 0 and chat_id not in self.world.chats, f"{chat_id} cannot be a new group"
        names = topics if isinstance(topics, Mapping) else {topic: f"Topic {topic}" for topic in topics}
        chat = Chat(chat_id, "group" if basic else "supergroup", title, username, bot=bot, topics=dict(names))
        chat.last_id = self.world.ids_from
        chat.members = {person.id: "member" for person in members} | {p.id: "administrator" for p in admins}
        self.world.chats[chat_id] = chat
        return chat

    def joins(self, person: Person, chat: Chat) -> None:
        chat.members[person.id] = "member"
        self.world.serve(chat, person.user, {"new_chat_members": [wire.user(person.user)]})

    def leaves(self, person: Person, chat: Chat) -> None:
        chat.members[person.id] = "left"
        self.world.serve(chat, person.user, {"left_chat_member": wire.user(person.user)})

    def add_bot(self, person: Person, chat: Chat, *, status: str = "member") -> None:
        """The person adds the bot to the group (or promotes it): my_chat_member."""
        self.world.set_bot_status(chat, status, person.user)

    def kick_bot(self, chat: Chat, person: Person | None = None) -> None:
        """From now on the bot gets 403 there; my_chat_member."""
        self.world.set_bot_status(chat, "kicked", person.user if person else RELAY)

    def migrate(self, chat: Chat, new_id: int) -> Chat:
        """The group becomes the supergroup `new_id`, which starts empty, with message ids of its own.

        Writing to the old id is 400 with parameters.migrate_to_chat_id; both service messages are queued.
        """
        fresh = self.group(new_id, chat.title, bot=chat.bot)
        fresh.members, fresh.topics = dict(chat.members), dict(chat.topics)
        self.world.serve(chat, RELAY, {"migrate_to_chat_id": new_id})
        chat.migrated_to = new_id
        self.world.serve(fresh, RELAY, {"migrate_from_chat_id": chat.id})
        return fresh

    def relay(self, chat: Chat, text: str, channel: str = "Channel") -> Message:
        """A post of the linked channel as it appears in the group: from 777000, which is no person."""
        source = Chat(-1009999999999, "channel", channel)
        message = Message(
            self.world.new_id(chat),
            chat,
            RELAY,
            self.world.now(),
            Content(clean(text)),
            sender_chat=source,
            relayed=True,
        )
        self.world.add(message)
        self.world.publish_message(message)
        return message

    def queue_raw(self, update: bytes | dict[str, JSON]) -> int:
        """Any update, decodable or not; its id. See `Updates.put_raw`."""
        return self.world.updates.put_raw(update)

    def menu(self, person: Person, chat: Chat | None = None) -> list[Command]:
        """The command menu that this person is offered there."""
        return bots.menu(self.world, person.user, chat or person.chat)

    # Trouble

    def fail_next(
        self,
        method: str,
        kind: Kind | str,
        times: int = 1,
        *,
        retry_after: int = 1,
        seconds: float = 1.0,
        description: str = "Forbidden: bot was blocked by the user",
        when: Callable[[Call], bool] | None = None,
    ) -> Fault:
        """The next `times` calls of the method ("*": of any) meet this fault. See `faults.Kind`."""
        fault = Fault(method, Kind(kind), times, retry_after, seconds, description, when)
        self.server.faults.waiting.append(fault)
        return fault

    # Waiting

    async def until(self, predicate: Callable[[], object], timeout: float = PATIENCE, what: str = "") -> None:  # noqa: ASYNC109
        """Until the predicate holds; it is asked again after each call and each change here."""
        try:
            async with asyncio.timeout(timeout):
                while not predicate():
                    await self.world.changes.next()
        except TimeoutError:
            raise AssertionError(
                f"not within {timeout} s: {what or 'the condition'}\n{self.report()}"
            ) from None

    async def next_message(self, place: Place, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109
        """The bot's next message in the chat after the last one taken; edits are no messages."""
        chat = _chat(place)
        taken = self._taken.get(chat.id, 0)
        await self.until(lambda: len(chat.sent) > taken, timeout, f"a message from the bot in {chat}")
        self._taken[chat.id] = taken + 1
        return chat.sent[taken]

    async def reply_to(self, message: Message, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109
        """The bot's first message that answers this one. It does not move `next_message`'s mark."""
        sent = message.chat.sent
        await self.until(lambda: any(m.reply_to is message for m in sent), timeout, f"a reply to {message}")
        return next(m for m in sent if m.reply_to is message)

    async def silence(self, place: Place, seconds: float = 0.3) -> None:
        """Asserts that the bot sends nothing in the chat for so long (beyond what was taken)."""
        chat = _chat(place)
        taken = self._taken.get(chat.id, 0)
        try:
            async with asyncio.timeout(seconds):
                while len(chat.sent) <= taken:
                    await self.world.changes.next()
        except TimeoutError:
            return
        raise AssertionError(f"the bot should be silent in {chat}: {chat.sent[taken:]}\n{self.report()}")

    def report(self) -> str:
        """The latest calls, all refusals and what still waits to be polled, for a failing test."""
        recent = [str(call) for call in self.calls if call.method != "getUpdates"][-_RECENT:]
        refused = [f"{r.method} → {r.status} {r.description}" for r in self.refusals + self.floods]
        pending = [update.decode(errors="replace")[:200] for update in self.world.updates.pending.values()]
        polls = f"{len(self.called('getUpdates'))} so far, one waiting: {self.world.updates.polled}"
        parts = {"polls": [polls], "calls": recent, "refusals": refused, "updates not confirmed": pending}
        return "\n".join(f"{name}:\n  " + "\n  ".join(lines or ["none"]) for name, lines in parts.items())


def _chat(place: Place) -> Chat:
    return place.chat if isinstance(place, Person) else place
