"""Log lines as a chat shows them, and as a file has them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers.views.answer import units
from handlers.views.log_lines import Seam, labels_of, log_block, log_file
from handlers.words import catalogues
from services.domain.logs import Stream, stamp_of
from services.logs.text.levels import inherited
from services.logs.text.presenter import ShownLine

NOW = datetime(2026, 11, 23, 9, 2, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty")):
        yield


def said(*texts: str, name: str = "n8n", host: str = "server1", at: datetime = NOW) -> list[ShownLine]:
    """One a second."""
    stamps = [stamp_of(at + timedelta(seconds=second)) for second in range(len(texts))]
    return [
        ShownLine(host, name, stamp, Stream.STDOUT, text, level)
        for stamp, text, level in zip(stamps, texts, inherited(texts), strict=True)
    ]


def shown(lines: Sequence[ShownLine | Seam], *, times: bool = False) -> list[str]:
    return log_block(lines, 4000, times=times).text.split("\n")


def test_what_needs_somebody_is_marked_and_named_once() -> None:
    lines = said(
        "ready on :5678",
        "WARN slow query",
        "ERROR connect ECONNREFUSED",
        "    at TCPConnectWrap",
        "17:M 23 Nov 2026 09:02:11.123 # no config file",
        "FATAL gone",
    )
    assert shown(lines) == [
        "ready on :5678",
        "🟨 WARN slow query",
        "🟥 ERROR connect ECONNREFUSED",
        "    at TCPConnectWrap",
        "🟨 WARN 17:M 23 Nov 2026 09:02:11.123 # no config file",
        "🟥 FATAL gone",
    ]


def test_lines_of_several_containers_bear_names_and_a_trace_stays_without_a_mark_of_its_own() -> None:
    n8n = said("ERROR no", "  at here", name="n8n")
    redis = said("ready", name="redis")
    assert shown([n8n[0], *redis, n8n[1]]) == ["🟥 n8n│ ERROR no", "redis│ ready", "n8n│   at here"]


def test_hosts_are_named_where_names_coincide() -> None:
    labels = labels_of([("server1", "traefik"), ("server2", "traefik"), ("server1", "n8n")])
    assert sorted(labels.values()) == ["n8n", "server1/traefik", "server2/traefik"]
    assert labels_of([("server1", "n8n"), ("server1", "n8n")]) == {}


def test_times_are_the_teams_own_and_instead_of_the_lines() -> None:
    lines = said("2026-11-23 09:02:11.004 UTC [17] LOG:  ready", "plain", "[09:02:13] [info] up")
    assert shown(lines, times=True) == [
        "14:02:11 [17] LOG:  ready",
        "14:02:12 plain",
        "14:02:13 [info] up",
    ]


def test_another_day_is_said() -> None:
    lines = said("late", at=NOW - timedelta(hours=20)) + said("early")
    assert shown(lines, times=True) == ["18:02:11 late", "— 23 Nov —", "14:02:11 early"]


def test_the_newest_are_kept_and_counted_and_seams_stand_between() -> None:
    lines = said("one", "two", "three")
    block = log_block([*lines[:2], Seam("restarted"), lines[2]], units("two\n— restarted —\nthree"))
    assert block.text == "two\n— restarted —\nthree"
    assert (block.shown, block.total, block.whole) == (2, 3, False)
    first = log_block(lines, len("one\ntwo"), keep_first=True)
    assert (first.text, first.shown) == ("one\ntwo", 2)


def test_of_a_line_too_long_by_itself_its_beginning_is_shown() -> None:
    block = log_block(said("older", "ERROR " + "😀" * 500), 300)
    assert block.text.startswith("🟥 ERROR 😀😀") and block.text.endswith("…")
    assert block.shown == 1


@given(st.lists(st.text(max_size=300), max_size=40), st.integers(0, 900), st.booleans())
def test_the_room_is_never_exceeded(texts: list[str], room: int, times: bool) -> None:
    with speaking(catalogues("en"), ZoneInfo("UTC")):
        block = log_block(said(*texts), room, times=times)
    assert units(block.text) <= room
    assert block.shown <= block.total == len(texts)


def test_a_file_has_what_was_written_and_of_several_containers_whence_it_came() -> None:
    n8n, redis = said("ERROR no", '{"a":1}'), said("ready", name="redis", host="server2")
    assert log_file(n8n) == b'ERROR no\n{"a":1}\n'
    assert log_file([n8n[0], *redis]).decode().splitlines() == [
        "2026-11-23 14:02:11.000+05:00 server1/n8n stdout ERROR no",
        "2026-11-23 14:02:11.000+05:00 server2/redis stdout ready",
    ]


def test_json_is_told_in_words_and_stays_json_in_a_file() -> None:
    line = '{"level":50,"time":1795424530000,"msg":"connect failed","err":{"code":"ECONNREFUSED"}}'
    assert shown(said(line)) == ["🟥 14:02:10 ERROR connect failed · err.code=ECONNREFUSED"]
    assert shown(said(line), times=True) == ["🟥 14:02:11 ERROR connect failed · err.code=ECONNREFUSED"]
    assert log_file(said(line)).decode() == line + "\n"


def test_in_brief_an_error_is_one_line_without_its_stack() -> None:
    error = '{"level":50,"msg":"no","err":{"message":"no","stack":"Error: no\\n    at connect (net:12)"}}'
    whole, brief = (log_block(said(error), 1000, brief=each).text for each in (False, True))
    assert whole.count("\n") >= 1
    assert brief == whole.split("\n")[0] + " ⋯"
