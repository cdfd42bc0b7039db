"""Patterns: exactly the lines, whatever they are made of; refusals that help; nothing that stalls."""

import asyncio
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Fault, PatternRefused
from services.logs.patterns import MOST_CHARACTERS, Pattern

# What RE2 and Python's engine read alike.
ALIKE = [
    "a",
    "^",
    "$",
    "^$",
    "b+",
    "[^a]",
    r"\s",
    r"\bab\b",
    "a|b",
    "(?i)ж",
    "я.б",
    ".",
    "",
    "a.*b",
    r"\d",
    "(?s)a.b",
]
WORDS = st.sampled_from(["a", "b", "ab", " ", "Ж", "ж", "яж", "😀", "7", "\t", ""])
LINES = st.lists(st.lists(WORDS, max_size=6).map("".join), max_size=30)


def lines_in(pattern: str, *lines: str, ignore_case: bool = False) -> list[int]:
    text = "".join(line + "\n" for line in lines).encode()
    return Pattern.of(pattern, ignore_case=ignore_case).lines_in(text)


@given(st.sampled_from([each for each in ALIKE if each]), LINES)
def test_exactly_the_lines_that_match_by_themselves(pattern: str, lines: list[str]) -> None:
    flags = re.MULTILINE if "ж" in pattern else re.MULTILINE | re.ASCII  # as RE2 takes \b, \d and \s
    expected = [number for number, line in enumerate(lines) if re.search(pattern, line, flags)]
    assert lines_in(pattern, *lines) == expected


@given(st.sampled_from(["a", "x$", "^", "[^y]+$"]), st.lists(st.integers(0, 9000), max_size=12))
def test_lines_of_any_length(pattern: str, lengths: list[int]) -> None:
    """The text is looked through in pieces, and a line may be longer than one."""
    lines = ["ax"[number % 2] * length for number, length in enumerate(lengths)]
    expected = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    assert lines_in(pattern, *lines) == expected


@pytest.mark.parametrize(
    ("pattern", "lines", "expected"),
    [
        (r"a\sb|c[^x]d", ["a", "b", "a b", "c", "d"], [2]),  # a newline joins nothing
        (r"\Aa\z", ["ba", "a", "ab"], [1]),  # the text's ends are the line's
        ("(?-m)^b", ["a", "b"], [1]),
        ("(?-ms:^b)", ["a", "b"], [1]),
        ("(?s)a.*b", ["a", "b", "axb"], [2]),
        ("[$^]", ["$", "a"], [0]),
        (r"\Qa.\E", ["ab", "a."], [1]),
        ("x", ["" for _ in range(3)], []),
    ],
)
def test_a_line_at_a_time(pattern: str, lines: list[str], expected: list[int]) -> None:
    assert lines_in(pattern, *lines) == expected


@pytest.mark.parametrize(
    "between",
    [
        *(
            r"\n",
            r"[\n]",
            r"\x0a",
            r"\x{a}",
            r"[[:space:]]",
            r"\pC",
            r"\p{Cc}",
            r"\PL",
            r"\W",
            r"\D",
            r"\S?\s",
            r"\C",
            r"\C?\n",
        ),
        *(
            "(?s).",
            r"(?s:.)",
            "\n",
            "[^x]",
            "[\n]",
            "(?:.|\n)",
            r"\C+",
            r"(?i)\s",
            r"[\x00-\x{10FFFF}]",
            r"$\n^",
            r"\z\A",
        ),
    ],
)
def test_nothing_reaches_from_a_line_into_the_next(between: str) -> None:
    assert lines_in(f"a{between}b", "a", "b", "xa", "bx") == []


def test_case_is_ignored_in_any_alphabet() -> None:
    assert lines_in("ошибка|error", "ОШИБКА", "Error", "ok", ignore_case=True) == [0, 1]
    assert lines_in("ошибка", "ОШИБКА") == []


def test_nothing_is_looked_at_once_it_is_not_wanted() -> None:
    text = b"a\n" * 100_000
    looks = iter([True, True])
    found = Pattern.of("a").lines_in(text, lambda: next(looks, False))
    assert found == list(range(len(found)))
    assert 0 < len(found) < 20_000


@pytest.mark.parametrize(
    ("pattern", "fault", "part", "place", "plainer"),
    [
        ("", Fault.EMPTY, "", 0, ""),
        ("a" * (MOST_CHARACTERS + 1), Fault.TOO_LONG, "", 0, ""),
        ("foo(?=bar)", Fault.LOOK_AHEAD, "(?=", 4, "foo(?:bar)"),
        ("foo(?!bar)", Fault.NOT_AHEAD, "(?!", 4, ""),
        ("(?<=a)b", Fault.LOOK_BEHIND, "(?<=", 1, "(?:a)b"),
        ("(?<!a)b", Fault.NOT_BEHIND, "(?<!", 1, ""),
        ("(?>a+)b", Fault.ATOMIC, "(?>", 1, "(?:a+)b"),
        ("a++b", Fault.POSSESSIVE, "++", 2, "a+b"),
        ("a{2}+", Fault.POSSESSIVE, "{2}+", 2, "a{2}"),
        (r"(\w+) \1", Fault.BACKREFERENCE, r"\1", 7, ""),
        ("(?P<n>a)(?P=n)", Fault.BACKREFERENCE, "(?P", 1, ""),
        (r"\k<n>", Fault.BACKREFERENCE, r"\k", 1, ""),
        ("(?#comment)a", Fault.GROUP, "(?#", 1, ""),
        (r"end\Z", Fault.ESCAPE, r"\Z", 4, r"end\z"),
        (r"\u043e", Fault.ESCAPE, r"\u", 1, r"\x{043e}"),
        (r"a\X", Fault.ESCAPE, r"\X", 2, ""),
        ("ab(c[)]", Fault.NOT_CLOSED, "(", 3, ""),
        ("(?i)(a", Fault.NOT_CLOSED, "(", 5, ""),
        ("x[abc", Fault.NOT_CLOSED, "[", 2, ""),
        ("(a))", Fault.NOT_OPENED, ")", 4, ""),
        ("*a", Fault.NOTHING_TO_REPEAT, "*", 1, ""),
        ("a**", Fault.REPEATED_TWICE, "**", 2, "a*"),
        ("a{1001}", Fault.REPEATED_TOO_OFTEN, "{1001}", 2, ""),
        ("(x{1000}){10}", Fault.REPEATED_TOO_OFTEN, "{10}", 10, ""),
        ("[z-a]", Fault.RANGE, "z-a", 2, ""),
        ("a\\", Fault.TRAILING_BACKSLASH, "", 0, ""),
        (r"\pL{1000}", Fault.TOO_LARGE, "", 0, ""),
        ("(?=a)(?<=b)c++\\Z", Fault.LOOK_AHEAD, "(?=", 1, "(?:a)(?:b)c+\\z"),
        ("a" + "+" * 200, Fault.POSSESSIVE, "++", 2, "a+"),
        ("(?P<n", Fault.OTHER, "(?P<n", 1, ""),
        ("half \ud800 of a pair", Fault.OTHER, "", 0, ""),
    ],
)
def test_what_is_not_understood_is_explained(
    pattern: str, fault: Fault, part: str, place: int, plainer: str
) -> None:
    with pytest.raises(PatternRefused) as refused:
        Pattern.of(pattern)
    error = refused.value
    assert (error.fault, error.part, error.place, error.plainer) == (fault, part, place, plainer)
    if plainer:
        Pattern.of(plainer)


@given(st.text("ab()[]{}|*+?^$.\\1,-=!<>:iPns", max_size=60))
def test_every_pattern_is_taken_or_explained(pattern: str) -> None:
    try:
        found = Pattern.of(pattern)
    except PatternRefused as refused:
        assert refused.place <= max(len(pattern), 1)
        if refused.plainer:
            Pattern.of(refused.plainer)
    else:
        found.lines_in(b"ab\n\nba\n")


HOSTILE = [
    "(a+)+$",
    "(?:a?){200}a{200}",
    "(x+x+)+y",
    "(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]$",
    "|".join(f"a{number}b" for number in range(50)),
    ".{1000}.{1000}.{900}z",
    "(?:.?.?.?){300}q",
    r"(?:\w?\s?\w?){600}q",
    r"(?i)(?:(?:а|б|в)?.?){200}Q",
    r"(?:(?:\w*\s?\w*){0,30}){0,30}$",
    "(" * 120 + "a" + ")" * 120,
    "(?:a{0,31}){0,31}b",
]


@pytest.mark.parametrize("pattern", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_pattern_keeps_the_event_loop_from_its_work(pattern: str) -> None:
    """Nor does it go on for long once nobody wants it any more. The slowest takes half a second for a piece.

    All in the processor's own time: what else runs on the machine is no fault of ours.
    """
    chance = random.Random(1)
    lines = ("".join(chance.choices("abcdef ghij 0123ав", k=90)) + "a" * 40 + "\n" for _ in range(2000))
    text = "".join(lines).encode()
    end = time.process_time() + 1.0

    def work() -> None:
        Pattern.of(pattern).lines_in(text, lambda: time.process_time() < end)

    longest = 0.0
    with ThreadPoolExecutor(1) as thread:
        working = asyncio.get_running_loop().run_in_executor(thread, work)
        while not working.done():
            began = time.process_time()
            await asyncio.sleep(0.005)
            longest = max(longest, time.process_time() - began)
        await working
    assert longest < 0.2
    assert time.process_time() - end < 3.0


@pytest.mark.parametrize("pattern", ["a", "(", "(?:", "\\", "[", "+"])
def test_what_is_too_long_costs_nothing(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(PatternRefused):
        Pattern.of(pattern * 10_000)
    assert time.process_time() - began < 0.01


def test_a_refusal_is_found_fast_whatever_is_wrong() -> None:
    began = time.process_time()
    for pattern in (
        "(?=" * 80,
        "(" * 250,
        "[" * 250,
        "a" + "+" * 250,
        "[[:a:]" * 40,
        r"\u0041" * 42,
        "(?>" * 80 + ")" * 16,
    ):
        with pytest.raises(PatternRefused):
            Pattern.of(pattern)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("pattern", "parts", "fits"),
    [
        ("password", ["password=", ""], True),
        ("password=", ["password=", ""], True),
        ("password=$", ["password=", ""], False),  # there it goes on
        (r"=\b", ["password=", ""], False),
        (r"=\B", ["password=", ""], False),
        (r"\bx", ["a", "x y", ""], False),
        (r"\by\b", ["a", "x y z", ""], True),
        ("^x", ["a", "x"], False),
        ("password=($|hu)", ["password=", ""], False),
        (r"password=(\B|hu)", ["password=", ""], False),
        (r"password\b", ["password=", ""], True),
        ("^ok", ["", "ok"], False),
        ("^ok", ["ok", ""], True),
        ("ok$", ["", " ok"], True),
        ("=.{3}$", ["password=", ""], False),
        ("(...|hu)$", ["=", ""], False),
        ("a.*b", ["a ", " b"], False),
        ("x*", ["", ""], True),
        ("", ["", ""], True),
    ],
)
def test_what_is_hidden_is_no_part_of_a_match(pattern: str, parts: list[str], fits: bool) -> None:
    assert Pattern.of(pattern or "(?:)").fits(parts) is fits
