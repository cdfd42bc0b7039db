"""What `/follow` takes, and what it looks like."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.follow import _question
from handlers.views import follow as views
from handlers.views.answer import MESSAGE_UNITS, Answer, units
from handlers.words import catalogues
from services.domain.logs import Stream, stamp_of
from services.domain.plans import Place
from services.errors import EngineRefused, HostSilent, LogsUnreadable, Silence
from services.logs.follow.following import (
    End,
    Finish,
    FollowQuestion,
    LeftOver,
    Missed,
    Running,
    Snapshot,
    Standing,
)
from services.logs.text.presenter import ShownLine

NOW = datetime(2026, 11, 23, 14, 7, 31, tzinfo=UTC)
N8N = Standing("server1", "n8n")
REDIS = Standing("server1", "redis")


@pytest.fixture(params=["en", "ru"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with speaking(catalogues("en"), ZoneInfo("UTC"), request.param):
        yield request.param


@pytest.fixture
def _english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("UTC"), "en"):
        yield


def line(text: str, seconds: float = 0, name: str = "n8n") -> ShownLine:
    return ShownLine("server1", name, stamp_of(NOW - timedelta(seconds=seconds)), Stream.STDOUT, text)


def snapshot(*rows: ShownLine | Missed, **more: Any) -> Snapshot:
    fields: dict[str, Any] = {
        "number": 0x7F, "token": "abcdefgh", "standings": (N8N,), "rows": rows, "came": len(rows),
        "fresh": len(rows), "total": len(rows), "matched": 0, "began": NOW - timedelta(minutes=5), "at": NOW,
    }  # fmt: skip
    return Snapshot(**{**fields, **more})


def shown(answer: Answer) -> str:
    text: str = answer.text.render()[0]
    buttons = [" ".join(f"[{each.text}]" for each in row) for row in answer.rows]
    return "\n".join([text, *buttons])


def notes(answer: Answer) -> list[str]:
    """The lines between the title and the block."""
    return shown(answer).splitlines()[1:-2]


@pytest.mark.usefixtures("_english")
def test_live_lines_and_how_many_more_there_were() -> None:
    answer = views.follow(snapshot(line("one"), line("two"), came=1242, total=5310), "3e9")
    assert shown(answer) == ("n8n on server1 · live · 14:07:31\n+1,240 lines\none\ntwo\n[Stop following]")


@pytest.mark.usefixtures("_english")
def test_a_quiet_log_says_so() -> None:
    assert shown(views.follow(snapshot(), "3e9")).splitlines()[1] == "No lines yet."


@pytest.mark.usefixtures("_english")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end": End(NOW, 137)}, "🔴 n8n ended, exit 137, 14:07"),
        ({"end": End(NOW, 137, out_of_memory=True)}, "🔴 n8n ended, exit 137, out of memory, 14:07"),
        ({"end": End(NOW, 0)}, "⚪ n8n ended, exit 0, 14:07"),
        ({"end": End(NOW, 1), "awaited": True}, "🔴 n8n ended, exit 1, 14:07 · it is being restarted"),
        (
            {"end": End(NOW - timedelta(minutes=1), 1), "back": NOW},
            "🟢 n8n runs again since 14:07 (exit 1, 14:06)",
        ),
        ({"end": End(None, None), "back": NOW}, "🟢 n8n runs again since 14:07"),
        ({"end": End(None, None), "back": NOW, "renewed": True}, "🟢 n8n was made anew and runs since 14:07"),
        ({"gone": True}, "⚪ n8n is not there any more."),
        ({"fast": 51_234.0}, "⚠️ n8n: too fast to be read whole, about 50,000 lines a second"),
        (
            {"silence": HostSilent("server1", Silence.TIMEOUT, NOW - timedelta(minutes=5))},
            "⚠️ server1: no contact since 14:02",
        ),
        (
            {"failure": LogsUnreadable("server1", "n8n", "none")},
            '⚠️ n8n keeps no readable log: its log driver is "none".',
        ),
        ({"failure": EngineRefused("server1", 500, "boom")}, "⚠️ Docker on server1 says: boom"),
    ],
)
def test_how_a_container_stands(changes: dict[str, Any], expected: str) -> None:
    answer = views.follow(snapshot(line("x"), standings=(replace(N8N, **changes),)), "3e9")
    assert notes(answer) == [expected]


@pytest.mark.usefixtures("_english")
def test_each_host_is_silent_once_and_one_that_was_left_out_as_well() -> None:
    silence = HostSilent("server1", Silence.TIMEOUT, NOW)
    away = HostSilent("server2", Silence.LOGIN, NOW)
    standings = (replace(N8N, silence=silence), replace(REDIS, silence=silence))
    answer = views.follow(snapshot(line("x"), standings=standings, silent=(away,)), "3e9")
    assert notes(answer) == [
        "⚠️ server2: no contact since 14:07: SSH login refused",
        "⚠️ server1: no contact since 14:07",
    ]


@pytest.mark.usefixtures("_english")
def test_several_are_named_and_what_was_left_out_is_in_its_place() -> None:
    gap = Missed("server1", "redis", NOW - timedelta(seconds=20), NOW - timedelta(seconds=10), fast=True)
    others = tuple(Standing("server1", f"web-{number}") for number in range(3))
    rows = (line("one", 30, "redis"), gap, line("two", 5))
    answer = views.follow(snapshot(*rows, standings=(N8N, REDIS, *others), came=2, fresh=2), "3e9")
    assert shown(answer).splitlines()[:4] == [
        "n8n, redis, web-0 +2 · live · 14:07:31",
        "redis│ one",
        "— redis: 14:07:11–14:07:21 left out: too fast —",
        "n8n│ two",
    ]


@pytest.mark.usefixtures("_english")
@pytest.mark.parametrize(
    ("finish", "by", "expected"),
    [
        (Finish.STOPPED, "", "Stopped."),
        (Finish.STOPPED, "Aigerim", "👤 Stopped: Aigerim"),
        (Finish.TIME, "", "No longer live: the time is over."),
        (Finish.BOT_STOPS, "", "No longer live: the bot is being stopped."),
        (Finish.BROKEN, "", "⚠️ Something broke here; it is in the log."),
    ],
)
def test_the_last_word(finish: Finish, by: str, expected: str) -> None:
    answer = views.follow(snapshot(line("x"), finish=finish, by=by, total=5310, missed=True), "3e9")
    assert shown(answer) == (
        f"n8n on server1 · 5,310 lines in 5 min · 14:07\n{expected}\n"
        "⚠️ There were more: some came too fast to be read.\nx\n[Go on] [Logs]"
    )


@pytest.mark.usefixtures("_english")
def test_the_end_of_the_container_is_the_last_word() -> None:
    ended = replace(N8N, end=End(NOW, 137))
    answer = views.follow(snapshot(line("x"), standings=(ended,), finish=Finish.ENDED), "3e9")
    assert notes(answer) == ["🔴 n8n ended, exit 137, 14:07"]


@pytest.mark.usefixtures("_english")
def test_several_lead_to_no_log() -> None:
    answer = views.follow(snapshot(standings=(N8N, REDIS), finish=Finish.TIME), "3e9")
    assert shown(answer).splitlines()[-1] == "[Go on]"


def test_all_of_it_fits_a_message_however_much_there_is(language: str) -> None:
    texts = ["🔥" * 3000, "x" * 3000, *[f"line {number} " + "слово " * 20 for number in range(60)]]
    standings = tuple(
        replace(
            Standing("server1", f"a-rather-long-name-of-a-container-{number}"),
            end=End(NOW, 137, out_of_memory=True),
            awaited=True,
        )
        for number in range(10)
    )
    for finish in (None, *Finish):
        for rows in (texts, texts[:1], texts[:2], texts[2:]):
            answer = views.follow(
                snapshot(
                    *map(line, rows), standings=standings, pattern="f" * 256, finish=finish, total=10**9,
                    came=10**9, missed=True,
                ),
                "3e9",
            )  # fmt: skip
            assert units(answer.text.render()[0]) <= MESSAGE_UNITS
            assert answer.keyboard is not None


def test_every_word_is_there_in_both_languages(language: str) -> None:
    left = LeftOver(1, Place(1, 2), False, 1001, (("server1", "n8n"),), "abcdefgh")
    running = [Running(number, 1001, "Aigerim", ("n8n",), drafted=False) for number in (1, 2)]
    for answer in (
        views.left_over(left),
        views.which_one(running, "3e9"),
        views.stopped(running),
        views.stopped([]),
    ):
        assert (language == "ru") is any("а" <= letter <= "я" for letter in shown(answer).lower())


@pytest.mark.usefixtures("_english")
def test_of_the_same_containers_the_pattern_tells_them_apart() -> None:
    running = [
        Running(number, 1001, "Aigerim", ("n8n",), drafted=False, pattern=pattern)
        for number, pattern in enumerate(("", "ERROR"))
    ]
    assert shown(views.which_one(running, "3e9")) == (
        "Stop following which one?\n[n8n]\n[n8n · ERROR]\n[All of them]"
    )


@pytest.mark.usefixtures("_english")
def test_one_that_was_left_over_can_be_gone_on_with() -> None:
    left = LeftOver(1, Place(1, 2), False, 1001, (("server1", "n8n"),), "abcdefgh")
    assert shown(views.left_over(left)) == (
        "n8n on server1\nNo longer live: the bot was restarted.\n[Go on] [Logs]"
    )


@pytest.mark.parametrize(
    ("typed", "names", "pattern", "ignore_case"),
    [
        ("n8n", ("n8n",), "", False),
        ("n8n,directus", ("n8n", "directus"), "", False),
        ("n8n , server2/*  connection refused ", ("n8n", "server2/*"), "connection refused", False),
        ("n8n “level: 50”", ("n8n",), "level: 50", False),
        ("n8n -i error|fatal", ("n8n",), "error|fatal", True),
        ("n8n -i", ("n8n",), "", True),
        ("n8n -inf", ("n8n",), "-inf", False),
        ('n8n "level":"error"', ("n8n",), '"level":"error"', False),
        ("n8n 'it is'", ("n8n",), "it is", False),
    ],
)
def test_names_come_first_and_all_the_rest_is_the_pattern(
    typed: str, names: tuple[str, ...], pattern: str, ignore_case: bool
) -> None:
    assert _question(typed) == FollowQuestion(names, pattern, ignore_case)


@pytest.mark.parametrize("typed", [None, "", "  ", ",", '""'])
def test_without_a_name_there_is_nothing_to_follow(typed: str | None) -> None:
    assert _question(typed) is None
