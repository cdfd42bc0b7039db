"""What a chat is shown next, and in which order."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.alerts import dispatching
from services.alerts.dispatching import EDITS_APART, SPACING, Look, Need, Step, choose, combined, look
from services.domain.alerts import Quiet, Severity, Tally
from services.domain.posts import Menu, Post, Ringing
from tests.alerts import NOW, incident, post

REMIND = timedelta(minutes=15)
WARN, CRIT = (
    Tally(warning=1, uncovered=1, audible=1, newest=1),
    Tally(critical=1, uncovered=1, audible=1, newest=1),
)
OVER = Tally(resolved=1, newest=1)


def seen(tally: Tally = WARN, shown: Post | None = None, *, now: datetime = NOW, **fields: object) -> Look:
    return look(Look(incident(tally=tally, **fields), tally, shown), remind=REMIND, now=now)


def test_a_new_incident_is_to_be_told() -> None:
    assert seen().need is Need.NEW
    assert seen(OVER).need is Need.NEW_OVER
    assert seen(Tally()).need is None


def test_what_is_held_back_waits() -> None:
    until = NOW + timedelta(hours=3)
    held = seen(held_until=until)
    assert (held.need, held.at) == (None, until)
    assert seen(held_until=until, now=until).need is Need.NEW


def test_an_edit_waits_a_moment_unless_somebody_does() -> None:
    soon = seen(shown=post(), revision=2)
    assert (soon.need, soon.at) == (None, NOW + EDITS_APART)
    assert seen(shown=post(), revision=2, now=NOW + EDITS_APART).need is Need.EDIT
    assert seen(OVER, post(), revision=2, now=NOW + EDITS_APART).need is Need.OVER
    assert seen(shown=post(urgent=True)).need is Need.ANSWER


def test_the_edit_comes_before_the_ring_below_it() -> None:
    later = NOW + timedelta(minutes=6)
    again = seen(shown=post(changed=later), revision=2, episode=2, now=later)
    assert again.need is Need.EDIT
    rung = seen(shown=post(shown={"0a1b2c3d": 2}), revision=2, episode=2, now=later)
    assert (rung.need, rung.ringing) == (Need.RING, Ringing.AGAIN)


def test_more_than_can_be_named_gets_a_file_once() -> None:
    many = Tally(warning=11, uncovered=11, newest=11)
    shown = post(known=11)
    later = NOW + EDITS_APART
    assert seen(many, shown).need is Need.FILE
    assert seen(many, replace(shown, file=8, filed=11), now=later).need is None
    assert (
        seen(replace(many, warning=12, newest=12), replace(shown, file=8, filed=11, known=12), now=later).need
        is Need.FILE
    )


def test_a_question_folds_up_and_a_silence_ends_in_the_message() -> None:
    until = NOW + timedelta(minutes=2)
    asked = post(menu=Menu(until))
    assert seen(shown=asked).at == until
    assert seen(shown=asked, now=until).need is Need.EDIT
    quiet = Quiet("x", until, "Dias", "directus")
    assert seen(shown=post(), quiet=quiet).at == until
    assert seen(shown=post(), quiet=quiet, now=until).need is Need.EDIT


def test_what_was_refused_is_tried_again_when_it_has_changed() -> None:
    refused = post(message=None, chat=None, sent=None)
    assert seen(shown=refused).need is None
    assert seen(shown=refused, revision=2).need is Need.NEW


def fresh(count: int, tally: Tally = WARN) -> list[Look]:
    return [
        look(Look(incident(id=f"{number:08x}", tally=tally), tally), remind=REMIND, now=NOW)
        for number in range(count)
    ]


def test_few_are_told_one_by_one_and_many_in_a_digest() -> None:
    one = choose(fresh(3), [], NOW)
    assert isinstance(one, Step) and len(one.looks) == 1
    many = choose(fresh(4), [], NOW)
    assert isinstance(many, Step) and len(many.looks) == 4


def test_large_groups_count_with_their_files() -> None:
    step = choose(fresh(2, Tally(warning=300, newest=300)), [], NOW)
    assert isinstance(step, Step) and len(step.looks) == 2


def test_five_new_messages_in_a_minute_at_most() -> None:
    """However fast new incidents come."""
    now, sent = NOW, list[datetime]()
    while now < NOW + timedelta(seconds=59):
        step = choose(fresh(1), sent[-len(SPACING) :], now)
        if isinstance(step, Step):
            sent.append(now)
            now += timedelta(milliseconds=100)
        else:
            now = step
    assert len(sent) == 5
    assert sent[3] - sent[2] >= SPACING[-1]


def test_order() -> None:
    warning, critical = fresh(1)[0], fresh(1, CRIT)[0]
    answer = replace(warning, need=Need.ANSWER)
    ring, edit, over = (replace(warning, need=need) for need in (Need.RING, Need.EDIT, Need.OVER))
    everything = [edit, over, ring, warning, critical, answer]
    order = []
    while everything:
        step = choose(everything, [], NOW)
        assert isinstance(step, Step)
        order.append(step.looks[0])
        everything.remove(step.looks[0])
    assert order == [answer, critical, warning, ring, over, edit]


def test_while_new_messages_must_wait_edits_go_on() -> None:
    edit = replace(fresh(1)[0], need=Need.EDIT)
    busy = [NOW] * len(SPACING)
    step = choose([*fresh(5), edit], busy, NOW)
    assert isinstance(step, Step) and step.need is Need.EDIT
    assert choose(fresh(5), busy, NOW) == NOW + SPACING[-1]


def test_a_digest_is_judged_as_one() -> None:
    shown = post(incidents=("a", "b"), shown={"a": 1, "b": 1}, known=2, episode=2, worst=Severity.CRITICAL)
    one = Look(incident(id="a", tally=CRIT), CRIT, shown)
    other = Look(incident(id="b"), WARN, shown)
    whole = look(combined([one, other]), remind=REMIND, now=NOW + timedelta(minutes=1))
    assert (whole.need, whole.at, whole.tally.firing) == (None, NOW + REMIND, 2)
    other = Look(incident(id="b", revision=2), WARN, shown)
    assert look(combined([one, other]), remind=REMIND, now=NOW + timedelta(minutes=1)).need is Need.EDIT
    assert dispatching.combined([one, other]).all == (one, other)
