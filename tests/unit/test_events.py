"""The engine's events: lines cut anywhere, lines that are odd, and a stream that goes quiet."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.containers import Health
from services.domain.events import Event, EventAction
from services.fleet import answers
from services.fleet.streams import JSON_LIMIT, Lines, Response, endless_lines
from tests.unit.test_streams import Tape, pieces

ID = "c6" * 32


def line(action: str, /, **attributes: str) -> bytes:
    """As 20.10 writes it."""
    facts = {"image": "directus:11", "name": "directus", **attributes}
    actor = {"ID": ID, "Attributes": facts}
    event: dict[str, Any] = {"status": action, "id": ID, "from": "directus:11", "Type": "container"}
    event |= {"Action": action, "Actor": actor, "scope": "local"}
    return json.dumps({**event, "time": 1795488376, "timeNano": 1795488376891439894}).encode()


def told(action: str, /, **attributes: str) -> Event:
    event = answers.event("server2", line(action, **attributes))
    assert event is not None
    return event


def test_what_an_event_tells() -> None:
    assert told("die", exitCode="137", **{"vakhta.expected": "false", "maintainer": "x" * 9999}) == Event(
        host="server2",
        action=EventAction.DIE,
        container_id=ID,
        name="directus",
        at=datetime(2026, 11, 24, 2, 46, 16, 891439, tzinfo=UTC),
        exit_code=137,
        labels={"vakhta.expected": "false"},
    )
    assert told("kill", signal="15").signal == 15
    assert told("kill", signal="SIGTERM").signal == 0
    assert told("health_status: unhealthy").health is Health.UNHEALTHY
    assert told("health_status: odd").health is None
    assert (told("rename", oldName="/n8n").old_name, told("rename").name) == ("n8n", "directus")
    assert told("start", name="../etc").name == ID[:12], "what is no name is not shown"


@pytest.mark.parametrize(
    "odd",
    [
        b"", b"[]", b"\xff", b'"text"', b"{" * 100_000, line("exec_start: sh"), line("attach"),
        line("die", exitCode="x"), line("die", exitCode="9" * 99),
        line("die").replace(ID.encode(), b"x"), line("die").replace(b'"Actor"', b'"B"'),
        line("die").replace(b"1795488376891439894", b"-99999999999999999999999"),
        line("die").replace(b"1795488376891439894", b"99999999999999999999"),
    ],
    ids=lambda odd: odd[:30].decode(errors="replace"),
)  # fmt: skip
def test_an_odd_line_is_passed_over_and_logged(odd: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert answers.event("server2", odd) is None
    assert caplog.records[0].levelno == logging.WARNING
    assert len(caplog.messages[0]) < 500


def test_what_is_about_no_container_is_no_odd_line(caplog: pytest.LogCaptureFixture) -> None:
    assert answers.event("server2", b'{"Type":"network","Action":"connect"}') is None
    assert not caplog.records


def test_what_an_engine_is_asked() -> None:
    at = datetime(2026, 11, 24, 2, 46, 16, 891439, tzinfo=UTC)
    asked = parse_qs(urlsplit(answers.events_query(at)).query)
    filters = json.loads(asked["filters"][0])
    assert filters["type"] == ["container"]
    assert {"die", "oom", "health_status"} <= set(filters["event"])
    assert asked["since"] == ["1795488376.891439"]
    assert "since" not in answers.events_query(None)


@given(
    st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"")), max_size=8),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_lines_cut_anywhere(written: list[bytes], where: list[int]) -> None:
    lines = Lines()
    stream = b"".join(each + b"\n" for each in written)
    assert [each for piece in pieces(stream, where) for each in lines.feed(piece)] == written


def test_an_overlong_line_is_left_out_and_not_kept() -> None:
    lines = Lines()
    assert lines.feed(b"one\n" + b"x" * JSON_LIMIT) == [b"one"]
    for _ in range(5):
        assert lines.feed(b"x" * JSON_LIMIT) == []
        assert len(lines._begun) <= JSON_LIMIT
    assert lines.feed(b"x\ntwo\n") == [b"two"]


class Quiet(Tape):
    """A channel that says what it has, and then nothing."""

    ended = False

    async def read(self) -> bytes:
        if not self.buffers:
            await asyncio.Event().wait()
        return await super().read()


async def test_a_quiet_stream_is_doubted_until_the_doubt_says_no() -> None:
    doubts = 0

    async def doubt() -> None:
        nonlocal doubts
        doubts += 1
        if doubts == 2:
            channel.buffers.append(b"o\nthree\n")
        if doubts == 4:
            raise ConnectionResetError("it is dead")

    channel = Quiet(b"tw")
    read = []
    with pytest.raises(ConnectionResetError):
        async for each in endless_lines(Response(channel, 200, {}, b"one\n"), 0.02, doubt):
            read.append(each)
    assert (read, doubts) == ([b"one", b"two", b"three"], 4)


async def test_the_end_of_what_has_no_end() -> None:
    async def doubt() -> None:
        raise AssertionError("it was not quiet")

    read = []
    with pytest.raises(ConnectionError):
        async for each in endless_lines(Response(Tape(b"two\nthr"), 200, {}, b"one\n"), 5, doubt):
            read.append(each)
    assert read == [b"one", b"two"]
