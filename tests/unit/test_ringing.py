"""The rules of ringing, a row each: what stands in the chat, what happened, and whether it makes a sound now."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from services.alerts.ringing import APART, Due, due
from services.domain.alerts import Quiet, Severity, Tally
from services.domain.posts import Ringing
from tests.alerts import NOW, incident, post

REMIND = timedelta(minutes=15)
WARN = Tally(warning=1, uncovered=1, audible=1, newest=1)
CRIT = Tally(critical=1, uncovered=1, audible=1, newest=1)
TAKEN = Tally(critical=1, audible=1, newest=1)
OVER = Tally(resolved=1, newest=1)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@dataclass(frozen=True)
class Row:
    """`after`: minutes since the first message. `expected`: why it rings, or minutes until to look again, or None."""

    name: str
    tally: Tally
    after: float
    expected: Ringing | float | None
    post: dict[str, Any] = field(default_factory=dict)
    incident: dict[str, Any] = field(default_factory=dict)


CRITICAL_SEEN = {"worst": Severity.CRITICAL}

TABLE = (
    Row("a first message rings by itself, nothing more", WARN, 1, None),
    Row("a warning is never reminded of", WARN, 600, None),
    Row("an edit does not ring: fewer fire, nothing is new", Tally(warning=1, resolved=2, newest=1), 3, None),
    Row("a new alert right after the first message", Tally(warning=2, uncovered=2, newest=2), 1, 5),
    Row("a new alert in the group", Tally(warning=2, uncovered=2, newest=2), 5, Ringing.NEW_ALERT),
    Row("a new alert that is acknowledged already", Tally(warning=2, newest=2), 1, None),
    Row("severity raised", Tally(critical=1, uncovered=1, newest=1), 1, Ringing.WORSE),
    Row("severity raised, though taken by somebody", Tally(critical=1, newest=1), 1, Ringing.WORSE),
    Row("severity lowered", Tally(warning=1, uncovered=1, newest=1), 1, None, CRITICAL_SEEN),
    Row("firing again right after the first message", WARN, 1, 5, incident={"episode": 2}),
    Row("firing again after its end", WARN, 5, Ringing.AGAIN, incident={"episode": 2}),
    Row("again and worse: again tells more", CRIT, 5, Ringing.AGAIN, incident={"episode": 2}),
    Row("critical, not taken, before the time", CRIT, 14, 15, CRITICAL_SEEN),
    Row("critical, not taken, at the time", CRIT, 15, Ringing.REMIND, CRITICAL_SEEN),
    Row("and once more, but not before", CRIT, 29, 30, CRITICAL_SEEN | {"reminded": NOW + minutes(15)}),
    Row("and once more", CRIT, 30, Ringing.REMIND, CRITICAL_SEEN | {"reminded": NOW + minutes(15)}),
    Row("another ring puts the reminder off", CRIT, 20, 22, CRITICAL_SEEN | {"rung": NOW + minutes(7)}),
    Row("critical and taken", TAKEN, 100, None, CRITICAL_SEEN),
    Row(
        "taken but for a later one",
        Tally(critical=2, uncovered=1, newest=2),
        15,
        Ringing.REMIND,
        CRITICAL_SEEN | {"known": 2},
    ),
    Row("too soon after the last ring", Tally(warning=2, uncovered=2, newest=2), 6, 7, {"rung": NOW + minutes(2)}),
    Row(
        "late enough after the last ring",
        Tally(warning=2, uncovered=2, newest=2),
        7,
        Ringing.NEW_ALERT,
        {"rung": NOW + minutes(2)},
    ),
    Row("put off, and then no reason is left", WARN, 7, None, {"rung": NOW + minutes(2)}),
    Row("silenced", CRIT, 100, 120, CRITICAL_SEEN, {"quiet": Quiet("x", NOW + minutes(120), "Dias", "directus")}),
    Row(
        "the silence has ended",
        CRIT,
        121,
        Ringing.REMIND,
        CRITICAL_SEEN,
        {"quiet": Quiet("x", NOW + minutes(120), "Dias", "directus")},
    ),
    Row("held back by quiet hours", WARN, 5, 60, incident={"episode": 2, "held_until": NOW + minutes(60)}),
    Row("over while the message is young: the edit tells", OVER, 9, None),
    Row("over below an old message: a silent reply", OVER, 10, Ringing.OVER),
    Row("over and told", OVER, 11, None, {"over_told": True}),
    Row("not sent yet", CRIT, 100, None, {"sent": None}),
)  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_ringing(row: Row) -> None:
    now = NOW + minutes(row.after)
    found = due(
        incident(tally=row.tally, **row.incident), row.tally, post(**row.post), remind=REMIND, now=now
    )
    match row.expected:
        case Ringing():
            assert found == Due(row.expected)
        case None:
            assert found == Due()
        case at:
            assert found == Due(at=NOW + minutes(at))


def test_no_two_rings_of_a_message_within_five_minutes_but_reminders() -> None:
    """A group in which a new alert comes every 20 s for an hour: at most one ring in five minutes."""
    rung = None
    rings = []
    known = 1
    for step in range(180):
        now = NOW + timedelta(seconds=20 * step)
        tally = Tally(warning=step + 2, uncovered=step + 2, newest=step + 2)
        found = due(incident(tally=tally), tally, post(rung=rung, known=known), remind=REMIND, now=now)
        if found.why:
            rings.append(now)
            rung, known = now, tally.newest
    assert len(rings) == 11
    assert all(later - earlier >= APART for earlier, later in pairwise(rings))


def test_without_a_time_nobody_is_reminded() -> None:
    found = due(incident(tally=CRIT), CRIT, post(**CRITICAL_SEEN), remind=timedelta(), now=NOW + minutes(600))
    assert found == Due()
