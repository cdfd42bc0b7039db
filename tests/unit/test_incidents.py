"""What notifications make of an incident: tallies that always agree with its alerts, episodes, acknowledgements."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.incidents import Count, acknowledged, changed, opened, outlived, released
from services.alerts.policy import Policy, Route
from services.alerts.stages import Case, Scene, decide
from services.domain.alerts import Ack, Alert, Incident, Notification, Origin, Report, Status
from tests.alerts import NOW, OPS, report

POLICY = Policy(routes=(Route(OPS),))


class Story:
    """An incident with its alerts as the desk would keep them."""

    def __init__(self) -> None:
        empty = Notification(Origin.ALERTMANAGER, "k", NOW, (report(),))
        self.incident = opened(empty, "0a1b2c3d")
        self.alerts: dict[str, Alert] = {}

    def hears(self, *reports: Report, at: datetime) -> None:
        scene = Scene(POLICY, "k", at)
        cases = [decide(Case(each, self.alerts.get(each.fingerprint)), scene) for each in reports]
        change = changed(self.incident, cases, at)
        self.incident = change.incident
        self.alerts |= {each.fingerprint: each for each in change.alerts}

    def counted(self) -> Incident:
        count = Count(self.incident.covered)
        for alert in self.alerts.values():
            count.add(alert, [OPS.key])
        return count.of(self.incident)


def over(name: str = "HighCPU", **more: object) -> Report:
    return replace(report(name), status=Status.RESOLVED, **more)  # type: ignore[arg-type]


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def test_fires_ends_and_fires_again() -> None:
    story = Story()
    story.hears(report(), at=NOW)
    assert (story.incident.total.firing, story.incident.episode, story.incident.resolved) == (1, 1, None)
    story.hears(over(), at=minutes(5))
    assert (story.incident.total.firing, story.incident.resolved) == (0, minutes(5))
    assert not outlived(story.incident, minutes(35))
    assert outlived(story.incident, minutes(35.1))
    story.hears(replace(report(), starts=minutes(20)), at=minutes(20))
    assert (story.incident.episode, story.incident.resolved, story.incident.opened) == (2, None, minutes(20))


def test_a_retry_changes_nothing_and_a_repeat_only_counts() -> None:
    story = Story()
    story.hears(report(), at=NOW)
    before = story.incident
    story.hears(report(), at=minutes(0.9))
    assert story.incident == before
    story.hears(report(), at=minutes(5))
    assert story.incident == before
    assert next(iter(story.alerts.values())).repeats == 1


def test_a_repeat_that_reads_differently_is_shown() -> None:
    story = Story()
    story.hears(report(), at=NOW)
    story.hears(replace(report(), annotations={"summary": "now 97 %"}), at=minutes(5))
    assert story.incident.revision == 2


def test_an_acknowledgement_covers_what_it_saw() -> None:
    story = Story()
    story.hears(report("A"), report("B"), report("C"), at=NOW)
    taken = acknowledged(story.incident, Ack(1002, "Dias", NOW, upto=3))
    assert taken.acknowledged
    story.incident = taken
    story.hears(report("D"), at=minutes(1))
    assert (story.incident.total.uncovered, story.incident.total.firing) == (1, 4)
    assert not story.incident.acknowledged
    assert released(story.incident).total.uncovered == 4


def test_one_that_fires_again_is_not_covered_any_more() -> None:
    story = Story()
    story.hears(report("A"), report("B"), at=NOW)
    story.incident = acknowledged(story.incident, Ack(1002, "Dias", NOW, upto=2))
    story.hears(over("A"), at=minutes(2))
    story.hears(replace(report("A"), starts=minutes(4)), at=minutes(4))
    assert story.incident.total.uncovered == 1


def test_an_end_takes_the_acknowledgement_with_it() -> None:
    story = Story()
    story.hears(report(), at=NOW)
    story.incident = acknowledged(story.incident, Ack(1002, "Dias", NOW, upto=1))
    story.hears(over(), at=minutes(2))
    assert story.incident.acks
    story.hears(replace(report(), starts=minutes(4)), at=minutes(4))
    assert not story.incident.acks


def test_heard_of_only_when_it_was_over() -> None:
    story = Story()
    story.hears(over(ends=minutes(4)), at=minutes(5))
    assert (story.incident.episode, story.incident.total.resolved, story.incident.resolved) == (
        1,
        1,
        minutes(4),
    )


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ABCD"),
        st.sampled_from(["critical", "warning", "info"]),
        st.booleans(),
        st.integers(0, 3),
        st.floats(0, 90),
    ),
    max_size=30,
)


@given(EVENTS, st.integers(0, 5))
def test_tallies_agree_with_the_alerts_whatever_comes(
    events: list[tuple[str, str, bool, int, float]], upto: int
) -> None:
    story = Story()
    at = NOW
    for number, (name, severity, firing, start, later) in enumerate(events):
        at += timedelta(seconds=later)
        made = report(name, starts=minutes(start), fingerprint=name, labels={"severity": severity})
        story.hears(replace(made, status=Status.FIRING if firing else Status.RESOLVED), at=at)
        if number == upto and story.incident.total.firing:
            story.incident = acknowledged(story.incident, Ack(1, "A", at, story.incident.numbers))
        again = story.counted()
        assert story.incident.total == replace(again.total, newest=story.incident.total.newest)
        assert (story.incident.resolved is None) is (story.incident.total.firing > 0)
