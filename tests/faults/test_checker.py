"""The checker complains of each thing that must not happen, and of nothing else: shown on histories made by hand."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from playground.telegram.parameters import Call
from tests.faults.checker import complaints, unfinished
from tests.faults.history import Fact, History, Press, Seen
from tests.faults.telling import End, allowed

OPS, NIGHT, MOVED, ADMIN, FALLBACK, STRANGER = -1, -2, -3, 1, 2, 6

FIRING = "🔥 box1n1 is full\nwarning · Group1 · since 14:02"
OVER = "✅ resolved: box1n1 is full · lasted 1 min\nwarning · Group1"
TAKEN = f"{FIRING}\n👤 Acknowledged: Dias, 14:03"


def seen(*texts: str, chat: int = OPS, id: int = 1, upto: int | None = 1, **more: Any) -> Seen:
    labels = ("Acknowledge", "Silence") if upto else ()
    return Seen(
        chat, id, texts or (FIRING,), **{"first_labels": labels, "labels": labels, "upto": upto} | more
    )


def history(*messages: Seen, firing: bool = True, chats: tuple[int, ...] = (OPS,), **more: Any) -> History:
    facts = {"box1n1": Fact("box1n1", chats, firing)}
    return History(
        FALLBACK, ADMIN, **{"facts": facts, "seen": messages, "strangers": frozenset({STRANGER})} | more
    )


def kinds(found: list[str]) -> list[str]:
    return [each.partition(":")[0].partition(" in ")[0] for each in found]


SHORTENED = "🔥 12 alerts: Group1 · 10 shown, all in the file\nwarning · Group1\n🟡 box1n2 is full"

BOTH = {box: Fact(box, (OPS,)) for box in ("box1n1", "box1n2")}

ring = seen("🔥 box1n1 is full · 2nd time since 14:02", id=3, upto=None, reply_to=1)
listing = seen("", id=4, upto=None, reply_to=1, file="1. Group1 · warning · firing\n   box1n1 is full\n")
released = replace(seen(TAKEN, upto=None), labels=("Release", "Silence"))
tap = Press("Acknowledge", 1, OPS, upto=1, answer="It is yours.")
in_vain = replace(
    tap, answer="The bot's store does not work; nothing was done. An admin must look at its log."
)


@pytest.mark.parametrize(
    "fine",
    [
        history(seen()),
        history(seen(), ring),
        history(seen(), listing),
        history(seen(FIRING, OVER, upto=None), firing=False),
        history(seen(OVER, upto=None), firing=False),
        history(released, presses=(tap,)),
        history(seen(), presses=(in_vain,), away=True),
        history(seen(chat=MOVED), moved={OPS: MOVED}),
        history(seen(id=1), seen(OVER, chat=MOVED, upto=None), moved={OPS: MOVED}, firing=False),
        history(seen(chat=FALLBACK), closed=frozenset({OPS})),
        history(seen(id=1), seen(id=2), allowed=Counter({OPS: 1})),
        history(seen(), seen("⚠️ Chat -1 does not let me write", chat=ADMIN, upto=None), closed=frozenset({OPS})),
        history(seen(OVER, upto=None), seen(SHORTENED, id=2), listing, allowed=Counter({OPS: 1}), facts=BOTH),
        history(seen(), moved={OPS: MOVED}, firing=False, presses=(replace(tap, label="1 h"),)),
        history(
            seen(FIRING, "⬇️ See the newer message", upto=None), seen(id=2), allowed=Counter({OPS: 1})
        ),
    ],
)  # fmt: skip
def test_what_is_well_is_not_complained_of(fine: History) -> None:
    assert complaints(fine) == []


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (history(), "lost"),
        (history(seen(), chats=(OPS, NIGHT)), "lost"),
        (history(seen(chat=FALLBACK)), "lost"),  # though its own chat was open
        (history(seen(), firing=False), "untrue"),
        (history(seen(FIRING, OVER, upto=None)), "untrue"),
        (history(seen(id=1, chat=OPS), seen(chat=MOVED), moved={OPS: MOVED}, firing=False), "untrue"),
        (history(seen(), presses=(tap,)), "forgotten"),
        (history(seen(), presses=(in_vain,)), "turned away"),
        (history(released), "invented"),
        (history(seen(), presses=(replace(tap, upto=0, answer=None),)), "unanswered"),
    ],
)
def test_what_is_lost_or_untrue(wrong: History, kind: str) -> None:
    """What more time might mend, too."""
    assert kind in kinds(complaints(wrong))
    assert kind in kinds(unfinished(wrong))


@pytest.mark.parametrize(
    "twice",
    [
        history(seen(id=1), seen(id=2)),
        history(seen(id=1), seen(id=2), allowed=Counter({NIGHT: 1})),  # an answer lost elsewhere
        history(seen(id=1), seen(id=2), seen(id=5), allowed=Counter({OPS: 1})),
        history(seen(), ring, replace(ring, id=5)),
        history(seen(), listing, replace(listing, id=5)),
    ],
)
def test_what_comes_twice(twice: History) -> None:
    found = complaints(twice)
    assert len(found) == 1
    assert found[0].startswith(f"twice in {OPS}")
    assert unfinished(twice) == []


@pytest.mark.parametrize(
    ("strange", "kind"),
    [
        (history(seen(), seen(chat=STRANGER)), "to a stranger"),
        (history(seen(), seen("Something broke here (ref 7f3a). It is in the log.", upto=None)), "broken"),
        (history(seen(), seen("Good morning", upto=None)), "unexplained"),
        (history(seen(), seen("⚠️ Chat -1 does not let me write", chat=ADMIN, upto=None)), "unexplained"),
        (history(seen(), seen("🔥 box9n9 is full\nwarning", id=2)), "never told"),
        (history(seen(), seen(chat=NIGHT)), "the wrong chat"),
        (history(seen(), refused=("sendMessage → 400",)), "refused"),
        (history(seen(), gave_up=("401",)), "Alertmanager gives up"),
        (history(seen(), troubles=("Traceback",)), "trouble"),
    ],
)
def test_what_nothing_explains(strange: History, kind: str) -> None:
    found = complaints(strange)
    assert [each for each in found if kind in each.partition(":")[0]], found


def call(at: float, description: str = "", status: int | None = 200, method: str = "sendMessage") -> Call:
    return Call(method, {"chat_id": OPS}, {}, at, status, description)


@pytest.mark.parametrize(
    ("calls", "ends", "count"),
    [
        ([call(1.0)], [], 0),
        ([call(1.0, "on order: lost")], [], 1),
        ([call(1.0, "on order: lost_502", 502)], [], 1),
        ([call(1.0, "on order: reset", None)], [], 0),  # it had no effect
        ([call(1.0, "on order: lost", method="editMessageText")], [], 0),
        ([call(1.0)], [End(1.02, 1.01, killed=True)], 1),
        ([call(1.0), call(1.005)], [End(1.02, 1.01, killed=True)], 1),  # of one chat only one is on its way
        ([call(1.0)], [End(1.5, 1.5, killed=True)], 0),  # time enough to write it down
        ([call(1.0)], [End(1.5, 0.9, killed=False)], 1),  # but nowhere to
    ],
)
def test_how_many_answers_were_lost(calls: list[Call], ends: list[End], count: int) -> None:
    assert allowed(calls, ends)[OPS] == count
