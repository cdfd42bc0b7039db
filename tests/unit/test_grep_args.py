"""What people type behind /grep, on phones and keyboards."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.args import Usage, UsageError
from handlers.grep_args import in_quotes, search_question, span_of
from services.domain.logs import Stream
from services.logs.search.hits import SearchQuestion
from services.logs.text.levels import Level

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


def asked(text: str | None) -> SearchQuestion:
    return search_question(text, NOW, UTC)


@pytest.mark.parametrize(
    ("text", "pattern", "names"),
    [
        (None, "", ()),
        ("  ", "", ()),
        ("error", "error", ()),
        ("error n8n", "error", ("n8n",)),
        ("error n8n,directus server2/*", "error", ("n8n", "directus", "server2/*")),
        ('"connection refused" n8n', "connection refused", ("n8n",)),
        ("'connection refused'", "connection refused", ()),
        ("“connection refused” n8n", "connection refused", ("n8n",)),
        ("«connection refused» n8n", "connection refused", ("n8n",)),
        (r"\d+\.\d+\s n8n", r"\d+\.\d+\s", ("n8n",)),
        ('"level":50 n8n', '"level":50', ("n8n",)),
        ('\'"level":"a b"\' n8n', '"level":"a b"', ("n8n",)),
        (r'"say \"hi\" now" n8n', r"say \"hi\" now", ("n8n",)),
        ("can't n8n", "can't", ("n8n",)),
        ("-- -foo n8n", "-foo", ("n8n",)),
        ("— -foo n8n", "-foo", ("n8n",)),
        ('"-foo" n8n', "-foo", ("n8n",)),
        ("ошибка|error н8н", "ошибка|error", ("н8н",)),
        ("level=error n8n", "level=error", ("n8n",)),
        ("foo 50", "foo", ()),
        ('"a" "b c"', "a", ("b", "c")),
        ('""', "", ()),
        ("5", "5", ()),
        ("30m", "30m", ()),  # the first word is the pattern, whatever it looks like
    ],
)
def test_the_first_word_is_the_pattern_the_others_are_names(
    text: str | None, pattern: str, names: tuple[str, ...]
) -> None:
    question = asked(text)
    assert (question.pattern, question.names) == (pattern, names)


@pytest.mark.parametrize(
    "text", ["x -i -v -C 3", "-v x —C 3 -i", "x -iv -C3", "–i x –v -c 3", "x --i --v -3", "x -C 3 -vi -E"]
)
def test_options_stand_anywhere_and_survive_a_phone(text: str) -> None:
    question = asked(text)
    assert (question.pattern, question.ignore_case, question.invert, question.context) == ("x", True, True, 3)


@pytest.mark.parametrize(
    "text",
    ["x n8n 2h level>=warn stderr", "x stderr level>=warn n8n 2h", "level>=warn x n8n since 2h stderr"],
)
def test_time_level_and_stream_narrow_it(text: str) -> None:
    question = asked(text)
    assert (question.pattern, question.names) == ("x", ("n8n",))
    assert question.span.since == NOW - timedelta(hours=2)
    assert (question.sieve.least, question.sieve.stream) == (Level.WARN, Stream.STDERR)


def test_a_level_alone_needs_no_pattern() -> None:
    question = asked("level>=error")
    assert (question.pattern, question.sieve.least) == ("", Level.ERROR)


def test_half_an_hour_is_another_one_later() -> None:
    question = asked("x n8n 30m")
    later = NOW + timedelta(hours=1)
    assert span_of(question, later, UTC).since == later - timedelta(minutes=30)
    fixed = asked("x 2026-11-23 10:00..11:00")
    assert span_of(fixed, later, UTC) == fixed.span
    assert span_of(asked("x"), later, UTC) == asked("x").span


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("status 500 n8n 2h", '"status 500" n8n 2h'),
        ("-i tick 5", '-i "tick 5"'),
        ("connection error", '"connection error"'),
        ("don't panic n8n", '"don\'t panic" n8n'),
        ('say"hi 5', "'say\"hi 5'"),
        ("error n8n 50", ""),
        ("error 30 min n8n", ""),
        ("error 30m", ""),
        ("error level>=warn", ""),
        ('"connection" 5', ""),
        ("error -C 3 5", ""),
        ("error", ""),
    ],
)
def test_a_number_or_a_level_behind_the_pattern_may_belong_to_it(text: str, quoted: str) -> None:
    assert asked(text).quoted == quoted


def test_a_number_with_its_unit_is_a_time() -> None:
    assert asked("error 30 min n8n") == replace(asked("error 30m n8n"), when="30 min n8n")


@pytest.mark.parametrize(
    ("text", "unknown", "quoted"),
    [
        ("connection refused n8n 2h", {"refused"}, '"connection refused" n8n 2h'),
        ("connection refused by peer n8n", {"refused", "by", "peer"}, '"connection refused by peer" n8n'),
        ("-v x nosuch", {"nosuch"}, '-v "x nosuch"'),
        ("x n8n,nosuch", {"nosuch"}, '"x n8n,nosuch"'),
        ('"two words" nosuch', {"nosuch"}, ""),
        ("x -i nosuch", {"nosuch"}, ""),
        ("x n8n", set(), ""),
        (None, {"x"}, ""),
    ],
)
def test_names_that_there_are_not_may_be_part_of_the_pattern(
    text: str | None, unknown: set[str], quoted: str
) -> None:
    assert in_quotes(text, unknown) == quoted


@pytest.mark.parametrize(
    ("text", "usage", "word"),
    [
        ("-x foo", Usage.OPTION, "-x"),
        ("foo -A 3", Usage.OPTION, "-A"),
        ("foo --context 3", Usage.OPTION, "--context"),
        ("foo -C 11", Usage.CONTEXT, "11"),
        ("foo -C", Usage.CONTEXT, "-C"),
        ("foo -C n8n", Usage.CONTEXT, "n8n"),
        ("foo -C ٣", Usage.CONTEXT, "٣"),
        ('"foo n8n', Usage.QUOTE, '"foo n8n'),
        ("foo 'n8n", Usage.QUOTE, "'n8n"),
        ("foo 99:99", Usage.SPAN, "99:99"),
        ("foo level>=loud", Usage.LEVEL, "loud"),
    ],
)
def test_a_mistake_is_named(text: str, usage: Usage, word: str) -> None:
    with pytest.raises(UsageError) as refused:
        asked(text)
    assert (refused.value.usage, refused.value.text) == (usage, word)


@given(st.text("ab \"'-\\iC3,—“»", max_size=30))
def test_whatever_is_typed_is_taken_or_refused(text: str) -> None:
    with suppress(UsageError):
        asked(text)
