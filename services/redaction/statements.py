"""Secrets among the values and the parameters of a statement, which stand far from the names of their columns. Pure."""

import re
from collections.abc import Iterator

from services.redaction.looks import LOGIN_WORD, is_blank

Span = tuple[int, int]

# RE2: up to the first value of an INSERT into columns of which one sounds secret; no placeholder is looked at.
INSERT = (
    r"\b(?:insert|replace)[ \t]+(?:ignore[ \t]+)?into[ \t]+[^\s(]+[ \t]*"
    r"\([^()]*(?:pass|pwd|secret|token|key|salt|otp)[^()]*\)[ \t]*values?[ \t]*\([^$?:%]"
)
# RE2: up to the first parameter of a statement, as PostgreSQL, MyBatis, SQLAlchemy and others write them.
PARAMETERS = (
    r"\b(?:params?|parameters|bindings?|binds|args)\\*\"?[ \t]*[:=]?[ \t]*(?:\[|\(|\$1 = )|\bParameters: "
    r"|\[(?:generated|cached|no key|raw sql)[^\]]{0,60}\] \("
)

_COLUMN = rf"(?:{LOGIN_WORD}|pwd|pass|secret|token|api_?key|private_?key|salt|otp)(?:_?(?:hash|digest|encrypted|enc))?"
_SECRET_COLUMN = re.compile(rf"(?i).*{_COLUMN}[`\"'\\\]\s]*".encode())
# A value of a list, and what ends it.
_VALUE = re.compile(
    rb"\s*(?:[NEXBUnexbu]?'((?:[^'\\]|''|\\.)*)'?|\\*\"((?:[^\"\\])*)\\*\"?"
    rb"|[^,()\[\]'\"]*(?:\([^()]*\))?[^,()\[\]'\"]*)\s*([,)\]]?)"
)
_NEXT_TUPLE = re.compile(rb"\s*,\s*\(")
_PLACE = re.compile(
    rf"(?i)(?P<secret>{_COLUMN}[`\"'\\\]]*\s*(?:=|<>|like)\s*)?(?:\$(?P<number>\d{{1,4}})|\?|%s)".encode()
)
_COLUMNS = re.compile(rb"(?i)\binto\s+[^\s(]+\s*\(([^()]*)\)\s*values?\s*\(")
_NUMBERED = re.compile(rb"\$(\d{1,4}) = '((?:[^']|'')*)'")
_TYPED = re.compile(rb"([^,]*(?:,(?! )[^,]*)*)\([A-Z]\w*\)(?:, |\s*$)|null(?:, |\s*$)")
_MOST_VALUES, _LONGEST_STATEMENT, _LONGEST_LINE = 2_000, 4_096, 16_384


def inserted(data: bytes, start: int, end: int) -> Iterator[Span]:
    """In order; from `start` to `end` goes what `INSERT` matches."""
    columns = data[data.index(b"(", start) + 1 : end].partition(b")")[0]
    secret = _secret_columns(columns)
    for number, value in _values(data, end - 1, line_end(data, end)) if secret else ():
        if number in secret:
            yield from _texts(value)


def bound(data: bytes, start: int, end: int) -> Iterator[Span]:
    """In order; from `start` to `end` goes what `PARAMETERS` matches. The statement is before it, or a line above."""
    line = data.rfind(b"\n", 0, start) + 1
    above = data.rfind(b"\n", 0, max(line - 1, 0)) + 1
    head, last = data[start:end], line_end(data, end)
    statement = data[max(above, start - _LONGEST_STATEMENT) : line if head.startswith(b"[") else start]
    places = _secret_places(statement)
    if not places:
        return
    if head.endswith(b"$1 = "):
        found = ((int(value[1]) - 1, value.span(2)) for value in _NUMBERED.finditer(data, end - 5, last))
        yield from (span for number, span in found if number in places)
    elif head == b"Parameters: " and b"Preparing:" in statement:
        typed = enumerate(_TYPED.finditer(data, end, last))
        yield from (value.span(1) for number, value in typed if number in places and value[1])
    elif not head.startswith(b"[") or b"sqlalchemy" in statement:
        for number, value in _values(data, end, last):
            if number in places:
                yield from _texts(value)


def _secret_columns(columns: bytes) -> set[int]:
    return {number for number, name in enumerate(columns.split(b",")) if _SECRET_COLUMN.fullmatch(name)}


def _secret_places(statement: bytes) -> set[int]:
    """The numbers, from 0, of the parameters that a secret column takes or is compared with."""
    found = set()
    for ordinal, place in enumerate(_PLACE.finditer(statement)):
        if place["secret"]:
            found.add(int(place["number"]) - 1 if place["number"] else ordinal)
    columns = _COLUMNS.search(statement)
    secret = _secret_columns(columns[1]) if columns else set()
    for number, value in _values(statement, columns.end(), len(statement)) if columns and secret else ():
        placed = _PLACE.match(value[0].strip())
        if number in secret and placed:
            found.add(int(placed["number"]) - 1 if placed["number"] else number)
    return found


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


def _texts(value: re.Match[bytes]) -> Iterator[Span]:
    return (value.span(group) for group in (1, 2) if value[group] and not is_blank(value[group]))


def line_end(data: bytes, position: int) -> int:
    """Or as far as a line is looked at."""
    end = data.find(b"\n", position, position + _LONGEST_LINE)
    return end if end >= 0 else min(len(data), position + _LONGEST_LINE)
