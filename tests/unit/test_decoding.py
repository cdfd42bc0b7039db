"""Alertmanager's webhook JSON: what is odd gets a default, and nothing but `Undecodable` is ever raised."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import thread_time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alertmanager import fingerprint
from services.alerts.decoding import MOST_ALERTS, Flaw, Undecodable, encode, head, reports
from services.domain.alerts import Notification, Origin, Report, Status

RECEIVED = datetime(2026, 11, 23, 14, tzinfo=UTC)
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "ServiceDown", "host": "server1"},
    "annotations": {"summary": "directus is down"},
    "startsAt": "2026-11-23T19:59:58.123456789+06:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "00112233445566aa",
}
BODY: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="ServiceDown"}',
    "truncatedAlerts": 3,
    "receiver": "vakhta",
    "groupLabels": {"alertname": "ServiceDown"},
    "externalURL": "http://alertmanager",
    "alerts": [ALERT],
}


def decoded(body: bytes) -> list[Report | Flaw]:
    return list(reports(head(body), RECEIVED))


def body_of(*alerts: object, **more: object) -> bytes:
    return json.dumps(BODY | {"alerts": alerts} | more).encode()


def only(alert: object) -> Report:
    (report,) = decoded(body_of(alert))
    assert isinstance(report, Report)
    return report


def test_a_notification_as_alertmanager_sends_it() -> None:
    top = head(body_of(ALERT))
    assert (top.key, top.receiver, top.url) == (BODY["groupKey"], "vakhta", "http://alertmanager")
    assert (top.labels, top.truncated) == ({"alertname": "ServiceDown"}, 3)
    report = only(ALERT)
    assert report.starts == datetime(2026, 11, 23, 13, 59, 58, 123456, tzinfo=UTC)
    assert report.starts.tzinfo is UTC
    assert (report.ends, report.status, report.fingerprint) == (
        None,
        Status.FIRING,
        fingerprint(ALERT["labels"]),
    )
    assert (report.labels, report.annotations) == (ALERT["labels"], ALERT["annotations"])


@pytest.mark.parametrize(
    "start",
    ["", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "2026-02-30T00:00:00Z", "soon", 17, None, [],
     "9999-12-31T23:59:59-10:00", "2026-01-01T25:00:00Z", "\ud800"],
)  # fmt: skip
def test_a_start_that_cannot_be_is_when_it_came(start: object) -> None:
    assert only(ALERT | {"startsAt": start}).starts == RECEIVED


def test_an_alert_without_anything() -> None:
    assert only({}) == Report(fingerprint({}), {}, {}, Status.FIRING, RECEIVED)


@pytest.mark.parametrize("given", ["", "short", "00112233445566aa", "../../../../../..", 5, None])
def test_the_fingerprint_is_ours_whatever_the_sender_says(given: object) -> None:
    assert only(ALERT | {"fingerprint": given}).fingerprint == fingerprint(ALERT["labels"])


def test_huge_labels_without_a_fingerprint_do_not_hold_the_loop() -> None:
    began = thread_time()
    one = only({"labels": {"a": "x" * 5_000_000}})
    assert thread_time() - began < 1
    assert one.fingerprint == only({"labels": {"a": "x" * 5_000_000}}).fingerprint
    assert one.fingerprint != only({"labels": {"a": "y" * 5_000_000}}).fingerprint


def test_values_that_are_no_text_become_their_json() -> None:
    body = (
        b'{"alerts": [{"labels": {"a": 1e999, "b": null, "c": [1, {"d": true}], "e": "f", "g": '
        + b"9" * 5000
        + b'}, "annotations": 7, "status": {}}]}'
    )
    (report,) = decoded(body)
    assert isinstance(report, Report)
    assert report.labels == {"a": "1e999", "b": "null", "c": '[1, {"d": true}]', "e": "f", "g": "9" * 5000}
    assert (report.annotations, report.status) == ({}, Status.FIRING)


@pytest.mark.parametrize(
    "value", [r"a\ud800b", "a\x00b", r"a\u0000b", b"a\xffb", r"\u001b\n\u202e", r"\ud83d\ude00"]
)
def test_any_text_can_be_stored_as_utf_8(value: str | bytes) -> None:
    octets = value if isinstance(value, bytes) else value.encode()
    body = b'{"groupKey": "k%b", "alerts": [{"labels": {"alertname": "%b"}}, {"labels": {"x": "y"}}]}'
    found = decoded(body % (octets, octets))
    assert [type(each) for each in found] == [Report, Report]
    msgspec.json.encode(found)
    assert head(body % (octets, octets)).key.startswith("k")


def test_the_last_of_equal_keys_counts() -> None:
    (report,) = decoded(b'{"alerts": [], "alerts": [{"labels": {"a": "1", "a": "2"}}]}')
    assert isinstance(report, Report)
    assert report.labels == {"a": "2"}


def test_a_flaw_stops_no_other() -> None:
    found = decoded(body_of(5, ALERT, None, "x", [], ALERT))
    assert [each.index for each in found if isinstance(each, Flaw)] == [0, 2, 3, 4]
    assert sum(isinstance(each, Report) for each in found) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"<html>", b"{}", b'{"alerts": null}', b'{"alerts": {}}', b"\xff\xfe",
     b'{"alerts": [' + b"[" * 100_000, b'{"alerts": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", b"9" * 5000],
)  # fmt: skip
def test_what_is_no_notification(body: bytes) -> None:
    with pytest.raises(Undecodable) as raised:
        head(body)
    assert raised.value.reason


def test_an_alert_that_is_nested_deeply_is_no_harm() -> None:
    deep = b"[" * 900 + b"]" * 900
    assert len(decoded(b'{"alerts": [{"labels": {"a": %b}}, {}]}' % deep)) == 2


@pytest.mark.parametrize("element", [b"{}", b"1"])
@pytest.mark.parametrize("number", [MOST_ALERTS + 1, 8_000_000])
def test_too_many_alerts(element: bytes, number: int) -> None:
    with pytest.raises(Undecodable):
        head(b'{"alerts": [' + (element + b",") * (number - 1) + element + b"]}")


def test_a_body_full_of_commas_is_read() -> None:
    (report,) = decoded(body_of(ALERT | {"annotations": {"summary": "," * 2_000_000}}))
    assert isinstance(report, Report)


def test_the_largest_body_does_not_hold_the_loop() -> None:
    alert = json.dumps(ALERT | {"annotations": {"summary": "x" * 100, "description": "y, " * 60}}).encode()
    body = b'{"alerts": [' + b",".join([alert] * ((32 << 20) // (len(alert) + 1) - 1)) + b"]}"
    times = []
    for _ in range(3):
        began = thread_time()
        top = head(body)
        times.append(thread_time() - began)
    assert min(times) < 0.2  # measured: 0.04
    assert isinstance(next(reports(top, RECEIVED)), Report)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=4,
)
FIELDS = ("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint")
TOPS = ("groupKey", "receiver", "groupLabels", "externalURL", "truncatedAlerts")


def some(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), JSON, max_size=4)


def is_harmless(body: bytes) -> None:
    """Whatever comes out can be stored."""
    try:
        top = head(body)
    except Undecodable:
        return
    found = list(reports(top, RECEIVED))
    msgspec.json.encode([top.key, top.labels, top.receiver, top.url, top.truncated])
    for each in found:
        msgspec.json.encode(each)
        assert isinstance(each, Flaw) or each.starts.tzinfo is UTC


@settings(max_examples=1000, deadline=None)
@given(some(TOPS), st.lists(some(FIELDS) | JSON, max_size=2))
def test_any_json(top: dict[str, Any], alerts: list[Any]) -> None:
    is_harmless(json.dumps(top | {"alerts": alerts}).encode())


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes(body: bytes) -> None:
    is_harmless(body)


@settings(max_examples=1200, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_any_damage(at: int, junk: bytes) -> None:
    body = body_of(ALERT)
    is_harmless(body[:at] + junk + body[at + len(junk) :])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LABELS = st.dictionaries(TEXT, TEXT, max_size=3)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(8999, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))  # noqa: DTZ001 # hypothesis wants them naive
REPORTS = st.builds(
    Report,
    fingerprint=st.just(""),
    labels=LABELS,
    annotations=LABELS,
    status=st.sampled_from(Status),
    starts=TIMES,
    ends=st.none() | TIMES,
    generator=TEXT,
)
NOTIFICATIONS = st.builds(
    Notification,
    origin=st.just(Origin.WATCH),
    key=TEXT.filter(bool),
    received=st.just(RECEIVED),
    reports=st.lists(REPORTS, max_size=3).map(tuple),
    labels=LABELS,
    receiver=TEXT,
    url=TEXT,
    truncated=st.integers(0, 10**6),
)


@settings(max_examples=300, deadline=None)
@given(NOTIFICATIONS)
def test_there_and_back(told: Notification) -> None:
    top = head(encode(told))
    signed = [replace(each, fingerprint=fingerprint(each.labels)) for each in told.reports]
    assert list(reports(top, RECEIVED + timedelta(days=1))) == signed
    assert (top.key, top.labels, top.receiver) == (told.key, told.labels, told.receiver)
    assert (top.url, top.truncated) == (told.url, told.truncated)


def test_encoding_takes_what_is_no_text() -> None:
    report = Report("0" * 16, {"a": "\ud800"}, {}, Status.FIRING, RECEIVED)
    assert head(encode(Notification(Origin.WATCH, "\udfff", RECEIVED, (report,)))).key == "\ufffd"
