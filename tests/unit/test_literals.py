"""Whenever RE2 finds a match in a line, one of the pattern's literals is in the engine's own record of that line."""

import re
import sys
from collections.abc import Callable

import pytest
import re2
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from services.logs.search.literals import (
    LONGEST_PATTERN,
    MOST_BYTES,
    MOST_LITERALS,
    SHORTEST,
    required_literals,
)

# What an engine writes for a character instead of it; `encoded` is held against a real one in tests/lab.
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPED = re.compile('["\\\\<>&\x00-\x1f\u2028\u2029\ufffd]')


def encoded(text: str) -> bytes:
    """As the json-file driver writes it."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", text).encode()


def matcher(pattern: str, *, ignore_case: bool = False) -> "Callable[[str], bool]":
    """Whether RE2 finds it in a line, set as the search sets it. Raises re2.error."""
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    options.case_sensitive = not ignore_case
    compiled = re2.compile(pattern.encode(), options)
    return lambda line: compiled.search(line.encode()) is not None


def texts(pattern: str, *, ignore_case: bool = False) -> list[str] | None:
    literals = required_literals(pattern, ignore_case=ignore_case)
    return None if literals is None else [literal.decode() for literal in literals]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("timeout", ["timeout"]),
        (r"user=\w+ failed", [" failed"]),
        (r"GET /api/v\d/items", ["GET /api/v"]),
        ("timeout|refused", ["timeout", "refused"]),
        ("(?:GET|POST) /items", [" /items"]),
        ("x(?:GET|POST)x", ["GET", "POST"]),
        ("(GET|a+)", None),
        ("GET|", None),
        (r"10\.0\.0\.1", ["10.0.0.1"]),
        (r"\Qa.b+c\E+", ["a.b+c"]),
        (r"\x41\x{42}C", ["ABC"]),
        ("(?P<verb>PUT)", ["PUT"]),
        ("[Ee]rror", ["Error", "error"]),
        ("fatal[: ]", ["fatal:", "fatal "]),
        ("abc?", None),
        ("abcd?", ["abc"]),
        ("abcd*ef", ["abc"]),
        ("ab+cdef", ["bcdef"]),
        ("(?:abc)+d", ["abcd"]),
        ("(?:abc)?def", ["def"]),
        ("(?:abc){0,2}def", ["def"]),
        ("(?:abc){2}def", ["abcabcdef"]),
        ("ab{3}", ["abbb"]),
        ("ab{0}cd", ["acd"]),
        ("ab{,3}", ["ab{,3}"]),
        ("^abc$", ["abc"]),
        (r"abc\bdef", ["abcdef"]),
        ("abc.def", ["def"]),
        ("abc[[:alpha:]]d", ["abc"]),
        ("abc[]x]d", ["abc"]),
        (r"abc\pLd", ["abc"]),
        ("ab", None),
        ("a.b.c", None),
        ("ошибка", ["ошибка"]),
        ("日本語", ["日本語"]),
        # What the file escapes cuts a literal; what an engine writes into every record is worth nothing.
        ('"level":"error"', ["error"]),
        ("<b>bold</b>", ["bold"]),
        (r"C:\\temp\\x", ["temp"]),
        ("a\ufffdbc", None),
        ("err", None),
        ("stdout", None),
        ("time", None),
        ("timed out", ["timed out"]),
        ("2026-11-23", None),
        ("2026", None),
        ("14:02:11", None),
        ("404", ["404"]),
    ],
)
def test_examples(pattern: str, found: list[str] | None) -> None:
    matcher(pattern)
    assert texts(pattern) == found


def test_case_that_is_ignored_is_spelled_out() -> None:
    assert texts("(?i)dig") == ["dig", "diG", "dIg", "dIG", "Dig", "DiG", "DIg", "DIG"]
    assert texts("dig", ignore_case=True) == texts("(?i)dig")
    assert texts("(?i:d)ig") == ["dig", "Dig"]
    assert texts("(?i)d(?-i)ig") == ["dig", "Dig"]
    assert texts("((?i)d)ig") == ["dig", "Dig"]
    assert texts("dig|(?i)up!") == ["dig", "up!", "uP!", "Up!", "UP!"]
    assert "kiſ" in (texts("(?i)kis") or ())
    assert "\u212ais" in (texts("(?i)kis") or ())
    assert {"шибка", "Шибка", "ШИБКА"} <= {*(texts("(?i)ошибка") or ())}
    assert texts("(?i)été") is None, "cases that are not known here"


def test_all_cases_that_re2_takes_for_the_same_are_known() -> None:
    """Of every character of ASCII and the Cyrillic block; RE2 itself is asked about all characters that there are."""
    points = (point for point in range(1, sys.maxunicode + 1) if not 0xD800 <= point < 0xE000)
    everything = "".join(map(chr, points)).encode()
    options = re2.Options()
    options.log_errors = False
    for sign in map(chr, (*range(0x20, 0x80), *range(0x400, 0x500))):
        quoted = re2.compile(f"(?i)\\Q{sign}\\E".encode(), options)
        same = {found.decode() for found in quoted.findall(everything)}
        literals = texts(f"(?i)\\Q{sign}\\E!!")
        assert literals is None if _ESCAPED.match(sign) else same <= {text[0] for text in literals or ()}, (
            sign
        )


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 200 + "abc" + ")" * 200,
        "(?i)" + "kiss" * 200,
        "(?:" * 20 + "abc" + "){40}" * 20,
        "(?i)" + "a{64}" * 50,
        "|".join(f"word{n}" for n in range(100)),
        "x" * (LONGEST_PATTERN + 1),
        "x" * LONGEST_PATTERN,
    ],
)
def test_hostile_patterns_cost_little(pattern: str) -> None:
    literals = required_literals(pattern) or ()
    assert len(literals) <= MOST_LITERALS
    assert sum(map(len, literals)) + len(literals) <= MOST_BYTES


# Patterns together with a text that each matches, so that most lines are hits.
_LETTERS = st.sampled_from([*"abkKsSо", "В", "é", "日", " ", "7", ":", '"', "<", "\\", ".", "{", "]", "-"])


def _quoted(sign: str) -> str:
    return f"\\{sign}" if sign.isascii() and not sign.isalnum() and sign != " " else sign


_PLAIN = st.lists(_LETTERS, min_size=1, max_size=6).map(
    lambda signs: ("".join(map(_quoted, signs)), "".join(signs))
)
_OTHER = st.sampled_from(
    [
        (".", "x"), (r"\d", "5"), (r"\w", "b"), ("[^a]", "b"), ("[ab]", "b"), ("[a-c]", "c"), ("^", ""), ("$", ""),
        (r"\b", ""), (r"[[:upper:]]", "K"), (r"[\].]", "."), (r"\pL", "о"), (r"\x61", "a"), (r"\Qa*\E", "a*"),
        ("(?i)", ""), ("(?-i)", ""), ("(?s)", ""), ("", ""), ("{,2}", "{,2}"), ("[]b]", "]"), (r"\C", "q"),
    ]
)  # fmt: skip
Sample = tuple[str, str]


def _repeats(inner: "st.SearchStrategy[Sample]") -> "st.SearchStrategy[Sample]":
    quantifiers = st.sampled_from(
        [("*", 0), ("*", 2), ("+", 1), ("+?", 3), ("?", 0), ("?", 1), ("{2}", 2), ("{0,2}", 0), ("{1,}", 2)]
    )
    return st.tuples(inner, quantifiers).map(
        lambda each: (f"(?:{each[0][0]}){each[1][0]}", each[0][1] * each[1][1])
    )


def _compounds(inner: "st.SearchStrategy[Sample]") -> "st.SearchStrategy[Sample]":
    sequences = st.lists(inner, min_size=1, max_size=4).map(
        lambda parts: ("".join(part[0] for part in parts), "".join(part[1] for part in parts))
    )
    choices = st.tuples(st.lists(inner, min_size=1, max_size=3), st.integers(0, 2)).map(
        lambda each: (f"({'|'.join(part[0] for part in each[0])})", each[0][each[1] % len(each[0])][1])
    )
    groups = st.tuples(st.sampled_from(["(", "(?:", "(?i:", "(?-i:", "(?P<n>"]), inner).map(
        lambda each: (f"{each[0]}{each[1][0]})", each[1][1])
    )
    return st.one_of(sequences, choices, groups, _repeats(inner))


SAMPLES = st.recursive(st.one_of(_PLAIN, _OTHER), _compounds, max_leaves=12)
NOISE = st.text(
    st.one_of(_LETTERS, st.characters(exclude_characters="\n", exclude_categories=["Cs"])), max_size=5
)


# Many a sample holds no literal: how many are passed over before one does is luck.
@settings(max_examples=1000, suppress_health_check=[HealthCheck.filter_too_much])
@given(sample=SAMPLES, before=NOISE, after=NOISE, ignore_case=st.booleans(), swap=st.booleans())
@example(sample=("(?i)k+", "\u212a\u212a\u212a"), before="", after="", ignore_case=False, swap=False)
def test_a_line_that_matches_holds_a_literal(
    sample: Sample, before: str, after: str, ignore_case: bool, swap: bool
) -> None:
    pattern, text = sample
    try:
        matches = matcher(pattern, ignore_case=ignore_case)
    except re2.error:
        assume(False)
    literals = required_literals(pattern, ignore_case=ignore_case)
    assume(literals)
    line = before + (text.swapcase() if swap else text) + after
    if matches(line.replace("\n", "")):
        record = encoded(line.replace("\n", ""))
        assert any(literal in record for literal in literals or ()), (pattern, line, literals)
    for literal in literals or ():
        assert len(literal.decode()) >= SHORTEST
        assert not _ESCAPED.search(literal.decode())


_SYNTAX = st.sampled_from(
    [*"abkо|()[]{}*+?^$.-\\,12:iP<>QE", "(?", "(?:", "(?i)", "[^", "[:", ":]", "{2}", "{0,1}", "{1,", r"\Q", r"\E"]
)  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(parts=st.lists(_SYNTAX, min_size=1, max_size=12), line=st.lists(_SYNTAX, min_size=1, max_size=12))
def test_whatever_re2_takes_is_read_as_re2_reads_it(parts: list[str], line: list[str]) -> None:
    """Patterns put together blindly: what is refused by RE2 may be anything, but must not break."""
    pattern, text = "".join(parts), "".join(line)
    literals = required_literals(pattern)
    try:
        matches = matcher(pattern)
    except re2.error:
        return
    for candidate in (text, pattern, f"abc{text}", pattern.replace("\\", "")):
        if literals and matches(candidate):
            assert any(literal in encoded(candidate) for literal in literals), (pattern, candidate)
