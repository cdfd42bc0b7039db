"""What is decided about a finding of ours, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.alertmanager import fingerprint
from services.alerts.relay_words import annotations_of, labels_of, notification
from services.alerts.relaying import Act, Relayed, Verdict, answered, heard, inhibits, next_step, taken
from services.domain.alerts import Evidence, Report, Status
from services.domain.findings import SEVERITIES, Finding

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def finding(name: str = "service_down", container: str = "directus", **more: Any) -> Finding:
    fields: dict[str, Any] = {"host": "server2", "severity": SEVERITIES[name], "started": ago(100)}
    return Finding(name, container=container, **(fields | more))


def relayed(known: Finding | None = None, **more: Any) -> Relayed:
    known = known or finding()
    return Relayed(known, fingerprint(labels_of(known, "telegram")), **more)


def ended(seconds: float, **more: Any) -> Relayed:
    return relayed(finding(ended=ago(seconds)), over=ago(seconds), **more)


def report(status: Status = Status.FIRING) -> Report:
    return Report("", {}, {}, status, NOW)


OPEN = {
    "new: to Alertmanager first": (relayed(), Act.POST, 0),
    "it did not take it": (relayed(tried=ago(0)), Act.TELL, 0),
    "it took it: the webhook is waited for": (relayed(tried=ago(4), handed=ago(4)), Act.WAIT, 6),
    "no webhook in 10 s": (relayed(tried=ago(10), handed=ago(10)), Act.ASK, 0),
    "asked before those 10 s were over": (
        relayed(tried=ago(10), handed=ago(10), asked=ago(11), verdict=Verdict.SUPPRESSED),
        Act.ASK,
        0,
    ),
    "silenced there: it rules": (
        relayed(tried=ago(20), handed=ago(20), asked=ago(10), verdict=Verdict.SUPPRESSED),
        Act.WAIT,
        40,
    ),
    "silenced, a minute later": (
        relayed(tried=ago(10), handed=ago(99), asked=ago(60), verdict=Verdict.SUPPRESSED),
        Act.ASK,
        0,
    ),
    "active there and not brought": (
        relayed(tried=ago(11), handed=ago(11), asked=ago(1), verdict=Verdict.ACTIVE),
        Act.TELL,
        0,
    ),
    "forgotten there": (
        relayed(tried=ago(11), handed=ago(11), asked=ago(1), verdict=Verdict.UNKNOWN),
        Act.TELL,
        0,
    ),
    "gone away since": (
        relayed(tried=ago(11), handed=ago(11), asked=ago(1), verdict=Verdict.UNREACHABLE),
        Act.TELL,
        0,
    ),
    "the webhook brought it": (relayed(tried=ago(20), handed=ago(20), heard=ago(19)), Act.WAIT, 40),
    "kept alive": (relayed(tried=ago(60), handed=ago(500), heard=ago(499)), Act.POST, 0),
    "told directly; handed over later": (relayed(tried=ago(60), told=ago(60)), Act.POST, 0),
    "told, and in Alertmanager since": (
        relayed(tried=ago(30), handed=ago(30), told=ago(90)),
        Act.WAIT,
        30,
    ),
    "changed just now": (relayed(tried=ago(30), heard=ago(30), changed=True), Act.WAIT, 30),
    "changed, and no longer a retry": (relayed(tried=ago(30), heard=ago(61), changed=True), Act.TELL, 0),
}


@pytest.mark.parametrize("case", OPEN)
def test_while_it_is_open(case: str) -> None:
    record, act, seconds = OPEN[case]
    step = next_step(record, NOW, alertmanager=True, inhibited=False)
    assert step.act is act
    if act is Act.WAIT:
        assert step.until == NOW + timedelta(seconds=seconds)


ENDED = {
    "told directly: at once": (ended(0, told=ago(50)), Act.TELL_OVER),
    "told directly, handed over later": (ended(0, told=ago(50), handed=ago(9)), Act.TELL_OVER),
    "then Alertmanager": (ended(0, told=ago(50), told_over=NOW, handed=ago(9)), Act.CLOSE),
    "brought by the webhook": (ended(0, handed=ago(50), heard=ago(49)), Act.CLOSE),
    "its end is waited for": (
        ended(9, handed=ago(50), heard=ago(49), close_tried=ago(9), closed=ago(9)),
        Act.WAIT,
    ),
    "no end in 30 s": (
        ended(30, handed=ago(50), heard=ago(49), close_tried=ago(30), closed=ago(30)),
        Act.ASK,
    ),
    "a rule says that it still fires": (
        ended(
            35,
            handed=ago(50),
            heard=ago(49),
            close_tried=ago(35),
            closed=ago(35),
            asked=ago(5),
            verdict=Verdict.ACTIVE,
        ),
        Act.WAIT,
    ),
    "a minute later": (
        ended(
            100,
            handed=ago(150),
            heard=ago(149),
            close_tried=ago(100),
            closed=ago(100),
            asked=ago(60),
            verdict=Verdict.ACTIVE,
        ),
        Act.ASK,
    ),
    "not listed any more": (
        ended(
            31,
            handed=ago(50),
            heard=ago(49),
            close_tried=ago(31),
            closed=ago(31),
            asked=ago(1),
            verdict=Verdict.UNKNOWN,
        ),
        Act.TELL_OVER,
    ),
    "Alertmanager died": (
        ended(
            31, handed=ago(50), heard=ago(49), close_tried=ago(31), asked=ago(1), verdict=Verdict.UNREACHABLE
        ),
        Act.TELL_OVER,
    ),
    "the webhook told the end": (
        ended(9, handed=ago(50), heard=ago(49), heard_over=ago(1), close_tried=ago(9), closed=ago(9)),
        Act.DROP,
    ),
    "its end could not be posted": (
        ended(9, handed=ago(50), told=ago(49), told_over=ago(8), close_tried=ago(9)),
        Act.WAIT,
    ),
    "it is tried again": (
        ended(60, handed=ago(99), told=ago(99), told_over=ago(59), close_tried=ago(60)),
        Act.CLOSE,
    ),
    "but not for ever": (
        ended(600, handed=ago(999), told=ago(999), told_over=ago(599), close_tried=ago(60)),
        Act.DROP,
    ),
    "over before it was delivered anywhere": (ended(0), Act.TELL),
    "and then its end": (ended(1, told=ago(0)), Act.TELL_OVER),
    "handed over, not brought yet: is it silenced?": (ended(0, handed=ago(1)), Act.ASK),
    "it is: nobody hears of it": (
        ended(1, handed=ago(2), asked=ago(0), verdict=Verdict.SUPPRESSED),
        Act.CLOSE,
    ),
    "and it is forgotten": (
        ended(9, handed=ago(19), asked=ago(9), verdict=Verdict.SUPPRESSED, close_tried=ago(8), closed=ago(8)),
        Act.DROP,
    ),
    "not silenced: the webhook may bring it": (
        ended(9, handed=ago(19), asked=ago(9), verdict=Verdict.ACTIVE, close_tried=ago(9), closed=ago(9)),
        Act.WAIT,
    ),
    "it did not": (
        ended(30, handed=ago(40), asked=ago(30), verdict=Verdict.ACTIVE, close_tried=ago(30), closed=ago(30)),
        Act.TELL,
    ),
    "cannot be asked": (
        ended(1, handed=ago(5), asked=ago(0), verdict=Verdict.UNREACHABLE, close_tried=ago(0)),
        Act.TELL,
    ),
    "another finding said it all": (ended(9, hushed=True), Act.DROP),
    "the webhook told the end before we saw it": (
        ended(
            9, handed=ago(19), lapsed=ago(10), asked=ago(9), verdict=Verdict.UNKNOWN, close_tried=ago(9), closed=ago(9)
        ),
        Act.DROP,
    ),
    "lingers a moment for what it holds back": (ended(2, told=ago(9), told_over=ago(2)), Act.WAIT),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDED)
def test_at_its_end(case: str) -> None:
    record, act = ENDED[case]
    step = next_step(record, NOW, alertmanager=True, inhibited=False)
    assert step.act is act
    assert (step.until > NOW) is (act is Act.WAIT)


ALONE = {
    "new": (relayed(), Act.TELL),
    "told": (relayed(told=ago(500)), Act.WAIT),
    "brought by a webhook all the same": (relayed(heard=ago(9)), Act.WAIT),
    "over": (ended(0, told=ago(500)), Act.TELL_OVER),
    "forgotten": (ended(9, told=ago(500), told_over=ago(9)), Act.DROP),
    "handed over when there was one": (ended(9, handed=ago(50), told=ago(50), told_over=ago(9)), Act.DROP),
}


@pytest.mark.parametrize("case", ALONE)
def test_without_alertmanager(case: str) -> None:
    record, act = ALONE[case]
    assert next_step(record, NOW, alertmanager=False, inhibited=False).act is act


def test_what_another_finding_says_is_kept_back_but_handed_over() -> None:
    assert next_step(relayed(), NOW, alertmanager=False, inhibited=True).act is Act.WAIT
    assert next_step(relayed(), NOW, alertmanager=True, inhibited=True).act is Act.POST
    assert next_step(relayed(tried=ago(1)), NOW, alertmanager=True, inhibited=True).act is Act.WAIT


HOST = finding("host_unreachable", "")
FALL = finding(container="", containers=("n8n", "redis", "directus"))
INHIBITS = [
    (HOST, finding(), True),
    (HOST, FALL, True),
    (HOST, replace(finding(), host="server1"), False),
    (HOST, HOST, False),
    (finding(), HOST, False),
    (finding(), finding("oom_killed"), True),
    (finding(), finding("unhealthy"), True),
    (finding(), finding("crash_loop"), True),
    (finding(), finding("oom_killed", "n8n"), False),
    (FALL, finding("unhealthy", "redis"), True),
    (FALL, finding("unhealthy", "traefik"), False),
    (FALL, finding(container="redis"), False),
    (finding("oom_killed"), finding(), False),
]


@pytest.mark.parametrize(("strong", "weak", "expected"), INHIBITS)
def test_what_says_all_of_what(strong: Finding, weak: Finding, expected: bool) -> None:
    assert inhibits(relayed(strong), relayed(weak), NOW) is expected
    assert not inhibits(relayed(replace(strong, ended=ago(9)), over=ago(9)), relayed(weak), NOW)


def test_a_host_that_is_back_holds_back_for_a_moment() -> None:
    assert inhibits(relayed(replace(HOST, ended=ago(2)), over=ago(2)), relayed(), NOW)


def take(known: Relayed | None, found: Finding, *, inhibited: bool = False) -> Relayed | None:
    return taken(known, found, "telegram", NOW, inhibited=inhibited)


def test_what_is_reported_again() -> None:
    evidence = Evidence(NOW, 137)
    first = take(None, finding(evidence=evidence))
    assert first == relayed()
    assert take(None, finding(ended=NOW)) is None
    assert take(first, finding(started=NOW, evidence=evidence)) == first
    over = take(first, finding(ended=ago(3)), inhibited=True)
    assert over == replace(first, finding=finding(ended=ago(3)), over=NOW, hushed=True)
    assert take(over, finding(ended=NOW)) is None
    assert take(over, finding(started=ago(1))) == relayed(finding(started=ago(1)))


def test_more_containers_are_news() -> None:
    known = relayed(FALL, tried=ago(9), handed=ago(9), heard=ago(8))
    wider = replace(FALL, containers=(*FALL.containers, "traefik"))
    found = take(known, wider)
    assert found == replace(known, finding=wider, changed=True, tried=None)
    assert take(known, replace(FALL, containers=())) == known


def test_a_hosts_clock_may_be_wrong() -> None:
    first = take(None, finding(started=NOW + timedelta(hours=1)))
    assert first is not None
    assert first.finding.started == NOW
    over = take(first, finding(ended=NOW + timedelta(hours=1)))
    assert over is not None
    assert over.finding.ended == NOW
    early = take(first, finding(ended=ago(999)))
    assert early is not None
    assert early.finding.ended == NOW


def test_an_end_that_is_none_is_told_anew() -> None:
    known = relayed(tried=ago(30), handed=ago(90), heard=ago(89), told=ago(95))
    lapsed = heard(known, report(Status.RESOLVED), NOW)
    assert next_step(lapsed, NOW, alertmanager=True, inhibited=False).act is Act.POST
    assert lapsed.delivered is None
    posted = replace(lapsed, tried=NOW)
    in_time = next_step(posted, NOW, alertmanager=True, inhibited=False)
    assert (in_time.act, in_time.until) == (Act.WAIT, NOW + timedelta(seconds=10))
    assert heard(posted, report(), NOW) == replace(posted, heard=NOW, lapsed=None)


def test_a_silence_is_honoured_while_alertmanager_is_briefly_away() -> None:
    silenced = answered(relayed(handed=ago(90)), Verdict.SUPPRESSED, ago(60))
    assert answered(silenced, Verdict.UNREACHABLE, NOW).verdict is Verdict.SUPPRESSED
    assert answered(silenced, Verdict.ACTIVE, NOW).verdict is Verdict.ACTIVE
    later = NOW + timedelta(minutes=4)
    assert answered(silenced, Verdict.UNREACHABLE, later).verdict is Verdict.UNREACHABLE


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (finding(), "directus is down on server2"),
        (FALL, "n8n, redis, directus are down on server2"),
        (replace(FALL, containers=("a", "b", "c", "d", "e")), "a, b, c and 2 more are down on server2"),
        (HOST, "server2 does not answer"),
        (finding("oom_killed"), "directus ran out of memory on server2"),
        (finding("unhealthy"), "directus is unhealthy on server2"),
        (finding("crash_loop"), "directus keeps crashing on server2"),
    ],
)
def test_its_words(found: Finding, words: str) -> None:
    assert annotations_of(found)["summary"] == words


def test_as_an_alert() -> None:
    one = notification(finding(), "telegram", NOW, over=False)
    assert one.key == "watch/service_down/server2/directus"
    labels = {
        "alertname": "service_down",
        "severity": "critical",
        "host": "server2",
        "container": "directus",
        "channels": "telegram",
    }
    (told,) = one.reports
    assert (told.labels, told.fingerprint) == (labels, fingerprint(labels))
    assert (told.status, told.starts, told.ends) == (Status.FIRING, ago(100), None)
    fall, host = (notification(each, "telegram", NOW, over=False) for each in (FALL, HOST))
    assert fall.key == host.key == "watch/host/server2"
    assert fall.labels == {"host": "server2"}
    assert "container" not in fall.reports[0].labels
    assert fall.reports[0].annotations["containers"] == "n8n, redis, directus"
    (over,) = notification(finding(ended=NOW), "telegram", NOW, over=True).reports
    assert (over.status, over.ends) == (Status.RESOLVED, NOW)
