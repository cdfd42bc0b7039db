"""Secrets among the values of an INSERT, which stand far from the names of their columns."""

import re
from collections.abc import Iterator
from functools import cache

import re2

from services.logs.judgements import LOGIN_WORD, is_blank

_SECRET_COLUMN = re.compile(
    rf"(?i).*(?:{LOGIN_WORD}|pwd|pass|secret|token|api_?key|private_?key|salt|otp)"
    r"(?:_?(?:hash|digest|encrypted|enc))?[`\"'\\\]]*".encode()
)
# A value of a tuple, and what ends it.
_VALUE = re.compile(
    rb"\s*(?:[NEXBnexb]?'((?:[^'\\]|''|\\.)*)'?|\\*\"((?:[^\"\\])*)\\*\"?|[^,()'\"]*(?:\([^()]*\))?[^,()'\"]*)\s*([,)]?)"
)
_NEXT_TUPLE = re.compile(rb"\s*,\s*\(")
_MOST_VALUES = 2_000


def inserted(data: bytes) -> Iterator[tuple[int, int]]:
    """Where they stand, in order."""
    position = 0
    while match := _insert().search(data, position):
        position = match.end()
        columns = [column.strip() for column in match.group(1).split(b",")]
        secret = {number for number, column in enumerate(columns) if _SECRET_COLUMN.fullmatch(column)}
        end = data.find(b"\n", position)
        for number, value in _values(data, position, end if end >= 0 else len(data)):
            if number in secret:
                yield from _text(value)


def _values(data: bytes, position: int, end: int) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Of one tuple after the other, each with the number of its column."""
    number = 0
    for _ in range(_MOST_VALUES):
        value = _VALUE.match(data, position, end)
        assert value is not None  # it may be nothing
        yield number, value
        position, number = value.end(), number + 1
        if value[3] == b")":
            following = _NEXT_TUPLE.match(data, position, end)
            if not following:
                return
            position, number = following.end(), 0
        elif value[3] != b",":
            return


def _text(value: re.Match[bytes]) -> Iterator[tuple[int, int]]:
    for group in (1, 2):
        if value[group] and not is_blank(value[group]):
            yield value.span(group)


@cache
def _insert() -> "re2._Regexp":
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(
        rb"(?i)\b(?:insert|replace)[ \t]+(?:ignore[ \t]+)?into[ \t]+[^\s(]+[ \t]*"
        rb"\(([^()]*(?:passw|pwd|pass|secret|token|key|salt|otp)[^()]*)\)[ \t]*values?[ \t]*\(",
        options,
    )
