"""What is not quite JSON is read all the same, however long it is."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from services.alerts import decoding, mending
from services.alerts.decoding import Head, Undecodable, head, patient_head, reports
from services.alerts.mending import AT_ONCE, mended, mended_in_parts
from services.domain.alerts import Report
from tests.hostile import Drawing

RECEIVED = datetime(2026, 11, 23, 14, tzinfo=UTC)


def flawed(*alerts: object, **more: object) -> bytes:
    """With NaN at the top, so that no reader by the book takes it."""
    told: dict[str, Any] = {"truncatedAlerts": float("nan"), "alerts": alerts, **more}
    return json.dumps(told).encode()


def names(top: Head) -> list[str]:
    found = [each for each in reports(top, RECEIVED) if isinstance(each, Report)]
    return [report.labels["alertname"] for report in found]


async def test_every_alert_of_a_long_body_is_read() -> None:
    alerts = [
        {"labels": {"alertname": f"a{place}"}, "annotations": {"\ud83d": "я" * 10_000}}
        for place in range(300)
    ]
    body = flawed(*alerts)
    assert len(body) > 10 * AT_ONCE
    with pytest.raises(decoding.TooLongToMend):
        head(body)
    assert names(await patient_head(body)) == [f"a{place}" for place in range(300)]


@pytest.mark.parametrize("window", [150_000, 400_000])
async def test_in_parts_as_in_one_go(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    drawing = Drawing(7)
    bodies = [drawing.notification() for _ in range(300)]
    monkeypatch.setattr(mending, "AT_ONCE", window)
    for body in bodies:
        assert json.loads(await mended_in_parts(body)) == json.loads(mended(body))


async def test_whatever_the_window_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        b' { "a" : 12345 , "b":true,\n"alerts" : [ {"x":\t[1, 2]} , -12.5e3,"\\ud83d\\ude00" ] , "c" :null } '
    )
    for window in range(16, 90):
        monkeypatch.setattr(mending, "AT_ONCE", window)
        assert json.loads(await mended_in_parts(body)) == json.loads(mended(body))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"{}x", b'{"a"}', b'{"a":}', b'{"a":1,}', b'{"a":1 "b":2}', b'{"a":1}}', b"{1:2}"),
        *(b'{"alerts":[1,]}', b'{"alerts":[1}', b'{"alerts":[1', b'{"alerts":[' + b"[" * 100_000),
    ],
)
async def test_what_nobody_can_read_stays_so(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        mended(body)
    with pytest.raises((ValueError, RecursionError)):
        await mended_in_parts(body)


async def test_odd_bytes_anywhere_raise_nothing_else() -> None:
    draw = random.Random(3)
    good = flawed({"labels": {"alertname": "a"}}, {"labels": {"alertname": "б"}}, x=[1, {"y": "z"}])
    for _ in range(3_000):
        body = bytearray(good)
        for _ in range(draw.choice((1, 2, 5))):
            body[draw.randrange(len(body))] = draw.randrange(256)
        try:
            whole = mended(bytes(body))
        except (ValueError, RecursionError):
            with pytest.raises((ValueError, RecursionError)):
                await mended_in_parts(bytes(body))
        else:
            assert json.loads(await mended_in_parts(bytes(body))) == json.loads(whole)


async def test_a_hopeless_long_body_is_undecodable() -> None:
    with pytest.raises(Undecodable):
        await patient_head(flawed("x" * 2 * AT_ONCE)[:-1])
    with pytest.raises(Undecodable):
        await patient_head(b'{"alerts":[' + b"[" * 2 * AT_ONCE)
