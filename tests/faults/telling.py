"""From the world's own records to a `History`."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from handlers.callbacks import Ack
from playground.telegram import Message
from playground.telegram.parameters import Call
from playground.telegram.state import CallbackAnswer
from tests.bots import AIGERIM, DIAS, STRANGER, STUDENT
from tests.faults.history import History, Press, Seen

if TYPE_CHECKING:
    from tests.faults.world import World

_SENDS = ("sendMessage", "sendDocument")
_LOST = ("on order: lost", "on order: lost_502", "on order: slow")
_HARMLESS = ("message is not modified", "query is too old", "group chat was upgraded")
RECORDED_AFTER = 0.1  # seconds after which a bot that got an answer has written it down, also when busy
_IN_BUFFERS = 0.03  # what the dead had said is heard so much later
_TICK, _CAUGHT_UP = 0.05, 0.2  # around the end of a stall
_FORGOTTEN_AFTER = 3.0  # seconds in which a bot that was killed may run into a flood: it forgot what it sent
_AWAY = ("StoreUnavailable",)


class End(NamedTuple):
    """Of a bot that had no time to write down what it knew: what it was told since `since` may be lost on it.

    at: when it was surely dead. since: when it was killed, or earlier, when its store went away.
    """

    at: float
    since: float
    killed: bool


def history_of(world: "World") -> History:
    server = world.telegram.server
    chats = world.telegram.world.chats.values()
    log = world.log.read_text()
    old = [chat for chat in chats if chat.migrated_to]
    return History(
        fallback=DIAS,
        admin=AIGERIM,
        facts=world.sender.facts,
        seen=tuple(seen_in(each) for chat in chats for each in chat.sent),
        presses=tuple(_with_answer(press, query.answer) for press, query in world.presses),
        allowed=allowed(server.calls, world.ends, world.stalls),
        closed=frozenset(chat_of(call) for call in server.calls if call.description == "on order: 403"),
        moved={chat.id: chat.migrated_to for chat in old if chat.migrated_to},
        strangers=frozenset({STRANGER, STUDENT}),
        refused=tuple(_refusals(world)),
        gave_up=tuple(world.sender.gave_up),
        troubles=(*world.troubles, *_tracebacks(log, away=world.away)),
        unasked=log.count("it is set aside"),
        away=world.away,
    )


def report_of(world: "World") -> str:
    """What people see, the calls that led to it, and what the bot wrote."""
    zero = world.telegram.calls[0].at if world.telegram.calls else 0.0
    calls = [each for each in world.telegram.calls if each.method != "getUpdates"]
    lines = [f"{each.at - zero:7.3f} {each}" for each in calls[-60:]]
    lines += [
        f"{end.at - zero:7.3f} {'killed' if end.killed else 'stopped without a store'}" for end in world.ends
    ]
    history = history_of(world)
    parts = {
        "truth": [f"{fact.box}: {'firing' if fact.firing else 'over'}" for fact in history.facts.values()],
        "seen": [f"{each.chat}/{each.id} {list(each.labels)} {each.texts}" for each in history.seen],
        "presses": [str(each) for each in history.presses],
        "calls": lines,
        "log": world.log.read_text().splitlines()[-60:],
    }
    return "\n".join(f"{name}:\n  " + "\n  ".join(lines) for name, lines in parts.items())


def seen_in(message: Message) -> Seen:
    revisions = [
        *((each.content, each.keyboard) for each in message.edits),
        (message.content, message.keyboard),
    ]
    labels = [
        tuple(button.text for row in keyboard.rows for button in row) if keyboard else ()
        for _, keyboard in revisions
    ]
    return Seen(
        message.chat.id,
        message.id,
        tuple(content.body.text for content, _ in revisions),
        labels[0],
        labels[-1],
        upto_of(message),
        message.document.content.decode() if message.document else "",
        message.reply_to.id if message.reply_to else None,
    )


def upto_of(message: Message) -> int | None:
    """What a press of Acknowledge would cover."""
    for row in message.keyboard.rows if message.keyboard else ():
        for button in row:
            if button.data.startswith(f"{Ack.__prefix__}:"):
                return Ack.unpack(button.data).upto
    return None


def allowed(calls: Iterable[Call], ends: Iterable[End], stalls: Sequence[float] = ()) -> Counter[int]:
    """By chat: sends that took effect, and whose sender cannot know it or could not write it down."""
    sends = [each for each in calls if each.method in _SENDS]
    lost = {id(each): chat_of(each) for each in sends if each.description in _LOST}
    for end in ends:
        cut = [
            each
            for each in sends
            if each.status in (200, None)
            and not each.description
            and end.since - RECORDED_AFTER < each.at < end.at + _IN_BUFFERS
        ]
        latest = {chat_of(each): id(each) for each in cut}
        lost |= {number: chat for chat, number in latest.items()}
    late = [each for each in sends if any(stall - _TICK < each.at < stall + _CAUGHT_UP for stall in stalls)]
    lost |= {id(each): chat_of(each) for each in late}
    return Counter(lost.values())


def chat_of(call: Call) -> int:
    """Also of a call whose parameters have not been looked at yet; 0 where it names none."""
    return int(call.chat_id or 0)


def _with_answer(press: Press, answer: asyncio.Future[CallbackAnswer]) -> Press:
    press.answer = answer.result().text if answer.done() else None
    return press


def _refusals(world: "World") -> Iterable[str]:
    for call in world.telegram.server.calls:
        if call.status is None or not 400 <= call.status < 500 or call.description.startswith("on order"):
            continue
        if any(words in call.description for words in _HARMLESS):
            continue
        forgot = any(0 <= call.at - end.at < _FORGOTTEN_AFTER for end in world.ends)
        forgot = forgot or any(0 <= call.at - stall + _TICK < _FORGOTTEN_AFTER for stall in world.stalls)
        if not (call.status == 429 and forgot):
            yield str(call)


def _tracebacks(log: str, *, away: bool) -> Iterable[str]:
    """Where the store has been away, its errors are what the bot is to say."""
    for line in log.splitlines():
        if "Traceback" in line and not (away and any(each in line.rpartition("⏎")[2] for each in _AWAY)):
            yield line
