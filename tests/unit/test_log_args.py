"""What people type behind `/logs`, on whatever keyboard."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.args import Usage, UsageError
from handlers.log_args import log_question
from handlers.spans import is_relative
from services.domain.logs import Stream
from services.domain.spans import TimeSpan
from services.logs.pages.questions import ALL, ALWAYS, LogQuestion, Sieve
from services.logs.text.levels import Level

ALMATY = ZoneInfo("Asia/Almaty")
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)  # 14:30


def asked(text: str) -> LogQuestion:
    question = log_question(text, NOW, ALMATY)
    assert question is not None
    return question


@pytest.mark.parametrize("text", [None, "", "  ", "“”", ",", " , ,"])
def test_nothing_asks_for_the_picker(text: str | None) -> None:
    assert log_question(text, NOW, ALMATY) is None


def test_a_name_alone() -> None:
    assert asked("n8n") == LogQuestion(("n8n",), 50, text="n8n")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n8n,directus", ("n8n", "directus")),
        ("n8n, directus", ("n8n", "directus")),
        ("n8n ,directus,", ("n8n", "directus")),
        ("n8n,n8n", ("n8n",)),
        ("server2/*", ("server2/*",)),
        ("“n8n”", ("n8n",)),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    question = asked(text + " 100")
    assert (question.names, question.lines, question.doubtful) == (names, 100, ())


@pytest.mark.parametrize(
    "text", ["100 n8n", "n8n --tail 100", "--tail=100 n8n", "n8n -n 100", "n8n —tail 100"]
)
def test_the_number_first_and_docker_s_own_ways(text: str) -> None:
    question = asked(text)
    assert (question.names, question.lines, question.doubtful) == (("n8n",), 100, ())


def test_the_rest_in_any_order() -> None:
    for words in permutations(["200", "30m", "level>=warn", "stderr"]):
        question = asked(" ".join(["n8n", *words]))
        assert (question.lines, question.step) == (200, 200)
        assert question.span == TimeSpan(NOW - timedelta(minutes=30))
        assert question.sieve == Sieve(Level.WARN, None, Stream.STDERR)


@pytest.mark.parametrize(
    ("text", "sieve"),
    [
        ("level>=warn", Sieve(Level.WARN)),
        ("level≥warn", Sieve(Level.WARN)),
        ("Level >= Warn", Sieve(Level.WARN)),
        ("level=>error", Sieve(Level.ERROR)),
        ("level>warn", Sieve(Level.ERROR)),
        ("level=error", Sieve(Level.ERROR, Level.ERROR)),
        ("level:warn", Sieve(Level.WARN, Level.WARN)),
        ("level<=info", Sieve(None, Level.INFO)),
        ("lvl<info", Sieve(None, Level.DEBUG)),
        ("level=fatal", Sieve(Level.FATAL, Level.FATAL)),
        ("уровень>=ошибка", Sieve(Level.ERROR)),
        ("warn", Sieve(Level.WARN)),
        ("warn+", Sieve(Level.WARN)),
        ("level warn", Sieve(Level.WARN)),
        ("ошибки", Sieve(Level.ERROR)),
        ("stdout", Sieve(stream=Stream.STDOUT)),
        ("STDERR error", Sieve(Level.ERROR, None, Stream.STDERR)),
        ("level>=trace", ALL),
    ],
)
def test_levels_and_streams(text: str, sieve: Sieve) -> None:
    assert asked("n8n " + text).sieve == sieve


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("14:00", TimeSpan(at(14, 0))),
        ("since 14:00", TimeSpan(at(14, 0))),
        ("с 14:00", TimeSpan(at(14, 0))),
        ("за 30м", TimeSpan(NOW - timedelta(minutes=30))),
        ("2026-11-23 14:00..14:20", TimeSpan(at(14, 0), at(14, 20))),
        ("14:00–14:20", TimeSpan(at(14, 0), at(14, 20))),
        ("14:00-14:20", TimeSpan(at(14, 0), at(14, 20))),
        ("14:00—14:20", TimeSpan(at(14, 0), at(14, 20))),
    ],
)
def test_times(text: str, span: TimeSpan) -> None:
    question = asked("n8n " + text)
    assert question.span == span
    assert (question.lines, question.step) == (5000, 50)  # all of it; further pages as usual


@pytest.mark.parametrize(
    ("text", "usage", "word"),
    [
        ("0", Usage.LINES, "0"),
        ("5001", Usage.LINES, "5001"),
        ("-1", Usage.LINES, "-1"),
        ("٣", Usage.LINES, "٣"),
        ("50 60", Usage.LINES, "60"),
        ("9" * 500, Usage.LINES, "9" * 500),
        ("level>=wran", Usage.LEVEL, "wran"),
        ("level>=", Usage.LEVEL, ""),
        ("level>fatal", Usage.LEVEL, "fatal"),
        ("25:00", Usage.SPAN, "25:00"),
        ("35mni", Usage.SPAN, "35mni"),
        ("14:20..14:00..", Usage.SPAN, "14:20..14:00.."),
    ],
)
def test_mistakes_name_the_word(text: str, usage: Usage, word: str) -> None:
    with pytest.raises(UsageError) as mistake:
        asked("n8n " + text)
    assert (mistake.value.usage, mistake.value.text) == (usage, word)


def test_what_may_be_a_further_name_is_left_to_the_service() -> None:
    assert asked("n8n directus 20").doubtful == ("directus",)
    assert asked("n8n directus 20").span == ALWAYS


def test_whether_the_time_moves_on() -> None:
    assert is_relative("n8n 30m") and is_relative("n8n 2ч 50") and is_relative("n8n 2 часа назад")
    assert not any(map(is_relative, ("n8n 14:00", "app30m", "30m", "n8n 50 с 14:00")))


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    try:
        question = log_question(text, NOW, ALMATY)
    except UsageError:
        return
    assert question is None or (question.names and 1 <= question.lines <= 5000)
