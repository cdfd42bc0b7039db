"""Where private keys stand in a text: they span lines, which the rules of `secrets` do not."""

import re
from collections.abc import Iterator

# What every text with a mark holds, one or the other.
TRACES = b" PRIVATE KEY", b"Static key V1", b"Private-Lines: "

_MARK = re.compile(
    r"-----(BEGIN|END) (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----"
    r"|---- (BEGIN|END) SSH2 ENCRYPTED PRIVATE KEY ----"
    r"|^(Private)-Lines: \d+$",  # PuTTY
    re.M,
)
_LINE = r"[ \t]*[A-Za-z0-9+/=]{16,}[ \t\r]*"
_HEADER = r"(?:Proc-Type|DEK-Info|Comment): [^\n\\]*|[ \t\r]*"
_BREAK = r"(?:\n|(?:\\+r)?\\+n)"
_LINES_BEHIND = re.compile(rf"(?:{_BREAK}(?:{_LINE}|{_HEADER})(?![^\n\\]))+")
_WHOLE_LINE = re.compile(_LINE)
_LAST_LINE = re.compile(r"[ \t]*[A-Za-z0-9+/=]+[ \t\r]*")
_DIGIT = re.compile(r"[0-9]")
# An RSA key of 16,384 bits is half of this.
_LONGEST = 25_000
_MOST_LINES = 400


def private_keys(text: str) -> Iterator[tuple[int, int]]:
    """What stands between the marks; beside a mark whose other one was cut off, the lines that look like a key."""
    after_last = 0
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        if (mark[1] or mark[2] or mark[3]) != "END":
            if opened:
                yield _lines_behind(text, opened)
            opened = mark
        elif opened and mark.start() - opened.end() <= _LONGEST:
            yield opened.end(), mark.start()
            opened = None
        else:
            if opened:
                yield _lines_behind(text, opened)
                opened = None
            yield _lines_before(text, mark.start(), after_last)
        after_last = mark.end()
    if opened:
        yield _lines_behind(text, opened)


def _lines_behind(text: str, mark: re.Match[str]) -> tuple[int, int]:
    """Each may have before it what the mark's own line has, as compose and loggers put it."""
    lines = _LINES_BEHIND.match(text, mark.end())
    if lines:
        return mark.end(), lines.end()
    prefix = _shape(text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()][-200:])
    end = text.find("\n", mark.end())
    if end < 0 or text[mark.end() : end].strip():
        return mark.end(), mark.end()
    last = mark.end()
    for _ in range(_MOST_LINES):
        line_end = text.find("\n", end + 1)
        line = text[end + 1 : line_end if line_end >= 0 else len(text)]
        if _shape(line[: len(prefix)]) != prefix or not _WHOLE_LINE.fullmatch(line, len(prefix)):
            break
        last = end + 1 + len(line)
        if line_end < 0:
            break
        end = line_end
    return mark.end(), last


def _shape(prefix: str) -> str:
    return _DIGIT.sub("0", prefix)


def _lines_before(text: str, position: int, floor: int) -> tuple[int, int]:
    start = position
    shape = _LAST_LINE
    while start > floor:
        line = text.rfind("\n", floor, start - 1) + 1 or floor
        if not shape.fullmatch(text, line, start - 1):
            break
        start, shape = line, _WHOLE_LINE
    return start, position
