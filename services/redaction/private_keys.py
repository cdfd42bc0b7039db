"""Where private keys stand in a text: they span lines, which the rules of `secrets` do not."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_BLANK = r"(?: |\+|%20)"  # also as addresses have it
_NAMED = rf"(?:[A-Z0-9 +%]{{0,40}}PRIVATE{_BLANK}KEY(?:{_BLANK}BLOCK)?|OpenVPN{_BLANK}Static{_BLANK}key{_BLANK}V1)-----"
_SSH2 = r"SSH2 ENCRYPTED PRIVATE KEY ----"
# RE2, and `re`: the marks before and behind a key; what PuTTY writes above one.
BEGIN = rf"-----BEGIN{_BLANK}{_NAMED}|---- BEGIN {_SSH2}|^Private-Lines: \d+$"
END = rf"-----END{_BLANK}{_NAMED}|---- END {_SSH2}"

_MARK = re.compile(rf"(?m){BEGIN}|(?P<end>{END})".encode())
_LINE = r"[ \t]*[A-Za-z0-9+/=]{16,}[ \t\r]*"
_HEADER = r"(?:Proc-Type|DEK-Info|Comment): [^\n\\]*|[ \t\r]*"
_LINES_BEHIND = re.compile(
    rf"(?:(?:\n|(?:\\+r)?\\+n|(?:%0D)?%0A)(?:{_LINE}|{_HEADER})(?![^\n\\%]))+".encode()
)
_WHOLE_LINE = re.compile(_LINE.encode())
_LAST_LINE = re.compile(rb"[ \t]*[A-Za-z0-9+/=]+[ \t\r]*")
_WITHIN = re.compile(rb"[^\n]+")
_FIGURES = bytes.maketrans(b"123456789", b"000000000")
# An RSA key of 16,384 bits is half of this.
_LONGEST, _MOST_LINES = 25_000, 400


def key_behind(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Of a mark BEGIN at `start`: each line up to the mark END; where that was cut off, those of a key.

    Each line may have before it what the mark's own has, as compose and loggers put it, but for the figures.
    """
    prefix = data[max(data.rfind(b"\n", 0, start) + 1, start - 200) : start].translate(_FIGURES)
    following = _MARK.search(data, end, end + _LONGEST)
    if following and following["end"]:
        last = following.start()
    elif lines := _LINES_BEHIND.match(data, end):
        last = lines.end()
    else:
        last = _last_prefixed(data, end, prefix)
    for line in _WITHIN.finditer(data, end, last):
        first, stop = line.span()
        if first > end and data[first : first + len(prefix)].translate(_FIGURES) == prefix:
            first += len(prefix)
        if first < stop:
            yield first, stop


def key_before(data: bytes, start: int, floor: int) -> Iterator[Span]:
    """Of a mark END at `start` whose BEGIN was cut off: the lines that look like a key, down to `floor`."""
    first = data.rfind(b"\n", floor, start) + 1 or floor
    prefix = data[first:start][-200:].translate(_FIGURES)
    found: list[Span] = []
    shape = _LAST_LINE
    while first > floor:
        line = data.rfind(b"\n", floor, first - 1) + 1 or floor
        body = line + len(prefix)
        if data[line:body].translate(_FIGURES) != prefix or not shape.fullmatch(data, body, first - 1):
            break
        found.append((body, first - 1))
        first, shape = line, _WHOLE_LINE
    return reversed(found)


def _last_prefixed(data: bytes, end: int, prefix: bytes) -> int:
    last = end
    position = data.find(b"\n", end) + 1
    for _ in range(_MOST_LINES):
        line_end = data.find(b"\n", position) if position else -1
        line = data[position : line_end if line_end >= 0 else len(data)]
        alike = line[: len(prefix)].translate(_FIGURES) == prefix
        if not position or not alike or not _WHOLE_LINE.fullmatch(line, len(prefix)):
            break
        last, position = position + len(line), line_end + 1
    return last
