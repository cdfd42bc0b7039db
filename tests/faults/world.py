"""The world of one schedule: a bot that is killed and born again, its store, Alertmanager, Telegram, and people."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.telegram import Chat, Limits, Message, Person, Telegram
from playground.telegram.parameters import Call
from playground.telegram.world import Query
from tests.bots import AIGERIM, DIAS, STRANGER, TOKEN, USERS, Setup
from tests.faults import checker
from tests.faults.history import History, Press
from tests.faults.nursery import Bot, Nursery
from tests.faults.pace import Pace
from tests.faults.sender import Sender
from tests.faults.telling import End, chat_of, history_of, report_of, seen_in, upto_of
from tests.lab.redis import Redis

OPS, NIGHT, MOVED = -4001, -1004002, -1004003
HOOK_TOKEN = "a-token-of-the-fault-tests"
SETTLES = 0.5  # seconds
RESTARTED_AFTER = 0.05
PATIENCE = 20.0  # seconds in which everything must have come right
_TICK = 0.02
QUIET = 0.12  # seconds without a call of the bot's, after which it is taken to have said all


@dataclass(slots=True)
class World:
    """Steps are its methods; each returns when it has been done, not when the bot has reacted."""

    telegram: Telegram
    nursery: Nursery
    setup: Setup
    pace: Pace
    sender: Sender
    redis: Redis | None
    people: Mapping[int, Person]
    ops: Chat
    night: Chat
    log: Path
    bot: Bot | None = None
    wanted: bool = True  # the bot is to run
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # of whoever starts or ends it
    ends: list[End] = field(default_factory=list)  # sudden ones
    stalls: list[float] = field(default_factory=list)  # when each ended
    gone: float | None = None  # since when the store is away
    back: float | None = None  # since when it is being started again
    away: bool = False  # it has been
    presses: list[tuple[Press, Query]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    # What happens to the bot and to its store

    async def start(self) -> None:
        self.wanted = True
        async with self.turn:
            if self.bot is None or self.bot.code is not None:
                self.bot = await self.nursery.bear(self.setup.environment(), self.log, self.pace)

    async def kill(self) -> None:
        self.wanted = False
        async with self.turn:
            if self.bot is not None:
                now, gone = asyncio.get_running_loop().time(), self.storeless_since()
                await self.bot.kill()
                self.ends.append(
                    End(asyncio.get_running_loop().time(), now if gone is None else gone, killed=True)
                )
                self.bot = None

    async def stop(self) -> None:
        """In order, as `docker stop`."""
        self.wanted = False
        async with self.turn:
            if self.bot is not None:
                code = await self.bot.terminate()
                if (gone := self.storeless_since()) is not None:  # what it knew it could not write down
                    self.ends.append(End(asyncio.get_running_loop().time(), gone, killed=False))
                if code not in (0, -signal.SIGTERM) and not self.away:  # it may be too young to have ears
                    self.troubles.append(f"told to stop, the bot ended with {code}")
                self.bot = None

    async def stop_store(self) -> None:
        if self.redis is not None:
            self.away = True
            self.gone = self.storeless_since() or asyncio.get_running_loop().time()
            self.back = None
            self.redis.kill()

    async def start_store(self) -> None:
        if self.redis is not None:
            self.redis.start(wait=False)  # by this thread: it dies with the one that started it
            self.back = asyncio.get_running_loop().time()

    def storeless_since(self) -> float | None:
        """A store that has just been started is still loading, and the bot between two tries."""
        if self.back is not None and asyncio.get_running_loop().time() - self.back > SETTLES:
            self.gone = self.back = None
        return self.gone

    async def supervise(self) -> None:
        """As `restart: always` does: a bot that ends is started again. Only without its store it may end."""
        while True:
            await asyncio.sleep(RESTARTED_AFTER)
            if self.wanted and self.bot is not None and self.bot.code is not None:
                if not self.away:
                    self.troubles.append(f"the bot ended by itself with {self.bot.code}")
                    return
                await self.start()

    async def watch_the_clock(self) -> None:
        """Where this process was held up, Telegram's answers were too late, and nobody ordered it."""
        clock = asyncio.get_running_loop().time
        while True:
            before = clock()
            await asyncio.sleep(_TICK)
            if clock() - before - _TICK > self.pace.request / 2:
                self.stalls.append(clock())

    # What happens to Alertmanager

    async def fire(self, group: int, first: int, count: int, critical: bool) -> None:
        for number in range(first, first + count):
            severity = "critical" if critical else "warning"
            self.sender.fire(group, f"box{group}n{number}", severity, (OPS, NIGHT) if critical else (OPS,))

    async def fire_again(self, group: int, number: int, critical: bool) -> None:
        await self.fire(group, number, 1, critical)

    async def resolve(self, group: int, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.sender.resolve(group, f"box{group}n{number}")

    async def repeat(self, group: int) -> None:
        self.sender.repeat(group)

    # What happens to Telegram

    async def fail(self, method: str, kind: str, chat: int, times: int) -> None:
        """chat 0: whichever is next."""
        meant = {OPS: (OPS, MOVED), NIGHT: (NIGHT,)}.get(chat, ())
        slow = 2 * self.pace.request
        description = "Forbidden: bot was kicked from the group chat"

        def fits(call: Call) -> bool:
            return not meant or chat_of(call) in meant

        self.telegram.fail_next(method, kind, times, seconds=slow, description=description, when=fits)

    async def migrate(self) -> None:
        if self.ops.migrated_to is None:
            self.ops = self.telegram.migrate(self.ops, MOVED)

    # What people do

    async def press(self, label: str, which: int, who: int = DIAS) -> None:
        """The label below some message; nothing happens when there is none."""
        buttons = [(each, label) for each in self._messages() if label in _labels(each)]
        if buttons:
            message, _ = buttons[which % len(buttons)]
            self._tap(message, label, who)

    async def silence(self, which: int) -> None:
        """Silence, this group, for an hour: each tap as soon as its button is there, if it comes soon."""
        message = await self._choose("Silence", which)
        if message is None:
            return
        for label in (self._group_label(message), "1 h"):
            try:
                await self.telegram.until(lambda label=label: label in _labels(message), 0.3)  # type: ignore[misc]
            except AssertionError:
                return  # the bot is away, or slow
            self._tap(message, label, DIAS)

    async def _choose(self, label: str, which: int) -> Message | None:
        found = [each for each in self._messages() if label in _labels(each)]
        if not found:
            return None
        message = found[which % len(found)]
        self._tap(message, label, DIAS)
        return message

    def _messages(self) -> list[Message]:
        return [each for chat in (self.ops, self.night) for each in chat.sent if _group(each) is not None]

    def _group_label(self, message: Message) -> str:
        return f"Group{_group(message)}"

    def _tap(self, message: Message, label: str, who: int) -> None:
        group = _group(message)
        assert group is not None
        button = message.button(label)
        query = self.telegram.world.query(self.people[who].user, message, button.data)
        self.presses.append((Press(label, group, message.chat.id, upto_of(message)), query))

    # The end

    async def settle(self) -> list[str]:
        """All faults over, everything runs: what is wrong then, once it is quiet or `PATIENCE` is at its end."""
        self.telegram.server.faults.waiting.clear()
        await self.start_store()
        await self.start()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while loop.time() < deadline and not self.troubles:
            if self.sender.idle and not checker.unfinished(self.history()) and self._is_quiet(loop.time()):
                break
            await asyncio.sleep(0.02)
        else:
            if self.bot is not None:
                self.bot.ask()
                await asyncio.sleep(0.2)
        late = [] if self.sender.idle else ["Alertmanager is still not answered with 200"]
        return [*late, *checker.complaints(self.history())]

    def _is_quiet(self, now: float) -> bool:
        calls = [each for each in self.telegram.calls[-50:] if each.method != "getUpdates"]
        return not calls or (calls[-1].status is not None and now - calls[-1].at > QUIET)

    def history(self) -> History:
        return history_of(self)

    def report(self) -> str:
        """For whoever reads of a failure."""
        return report_of(self)


def _labels(message: Message) -> list[str]:
    return [label for row in message.buttons for label in row]


def _group(message: Message) -> int | None:
    """The one group that a message is about."""
    seen = seen_in(message)
    groups = seen.first_groups
    return next(iter(groups)) if len(groups) == 1 and not (seen.is_ring or seen.is_file) else None


@asynccontextmanager
async def world(
    home: Path, nursery: Nursery, redis: Redis | None, store: str, port: int, pace: Pace
) -> AsyncIterator[World]:
    """`store`: the settings' URL; `redis`: the server behind it, if it is one. `port`: where the bot listens."""
    async with Telegram(token=TOKEN, limits=Limits(scale=1 / pace.scale)) as telegram:
        people = {each["id"]: telegram.person(each["id"], first_name=each["name"]) for each in USERS}
        people[STRANGER] = telegram.person(STRANGER, first_name="Stranger")
        ops = telegram.group(OPS, "Ops", members=people.values(), basic=True)
        night = telegram.group(NIGHT, "Night", members=people.values())
        setup = Setup(home, telegram.url, more=_settings(store, port))
        sender = Sender(f"http://127.0.0.1:{port}/hooks/alertmanager", HOOK_TOKEN)
        made = World(telegram, nursery, setup, pace, sender, redis, people, ops, night, home / "bot.log")
        made.log.touch()
        async with asyncio.TaskGroup() as tasks:
            works = [tasks.create_task(work()) for work in (sender.run, made.supervise, made.watch_the_clock)]
            try:
                await made.start()
                yield made
            finally:
                for each in works:
                    each.cancel()
                await made.kill()


def _settings(store: str, port: int) -> dict[str, Any]:
    chats = [{"id": OPS}, {"id": NIGHT, "severities": ["critical"]}]
    alerts = {"webhook_token": HOOK_TOKEN, "chats": chats, "fallback_chat": DIAS}
    http = {"listen": f"127.0.0.1:{port}", "metrics_listen": "127.0.0.1:0"}
    return {"store": store, "http": http, "alerts": alerts, "chats": [{"id": OPS}, {"id": NIGHT}]}


ADMIN, FALLBACK = AIGERIM, DIAS
