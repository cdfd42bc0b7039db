"""Secrets out of log text: what is hidden reads `•••`, what it belongs to stays readable.

One alternation of RE2 runs over the text, so the time is linear in it whatever it holds. What it finds
is judged one by one, which is the dear part, so a text has only so many judgements: they go to its newest
lines, and what is left without one is withheld, never shown as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import re2

from services.logs.secrets import RULES, Finding, Rule

HIDDEN = "•••"
# A shorter value could not be told from ordinary text.
SHORTEST_EXTRA = 6
# Of one text: about a quarter of a second.
MOST_JUDGEMENTS = 20_000
# Bytes of whole lines, or one longer line, that are shown or withheld together.
_BLOCK = 16 * 2**10
# How much of the line before a match its judgement sees, in bytes.
_BEFORE = 160

_KEY_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = r"[ \t]*[A-Za-z0-9+/=]{16,}[ \t\r]*"
_KEY_HEADER = r"(?:Proc-Type|DEK-Info): [^\n\\]*|[ \t\r]*"
_KEY_LINES_BEHIND = re.compile(rf"(?:(?:\n|(?:\\r)?\\n)(?:{_KEY_LINE}|{_KEY_HEADER})(?![^\n\\]))+")
_WHOLE_KEY_LINE = re.compile(_KEY_LINE)
_LAST_KEY_LINE = re.compile(r"[ \t]*[A-Za-z0-9+/=]+[ \t\r]*")
# An RSA key of 16,384 bits is half of this.
_LONGEST_KEY = 25_000


@dataclass(frozen=True, slots=True)
class Redacted:
    """`withheld`: instead of the oldest lines stands one line `•••`, for there was too much to judge."""

    text: str
    withheld: bool = False


def redact(text: str, extra: Sequence[str] = ()) -> str:
    """`text` with its secrets hidden; doing so twice changes nothing.

    `extra`: values to hide wherever they stand, such as a container's own environment; those
    shorter than six characters are left alone.
    """
    for value in sorted(extra, key=len, reverse=True):
        if len(value) >= SHORTEST_EXTRA:
            text = text.replace(value, HIDDEN)
    return redacted(text).text


def redacted(text: str) -> Redacted:
    """As `redact`, and whether something was withheld."""
    data = _without_private_keys(text).encode(errors="replace")
    pieces: list[bytes] = []
    judgements, end = MOST_JUDGEMENTS, len(data)
    while end:
        start = _block_start(data, end)
        secrets, judgements = _secrets(data[start:end], judgements)
        if judgements < 0:
            pieces.append(HIDDEN.encode() + b"\n" * data.endswith(b"\n", 0, end))
            break
        pieces.append(_hide(data[start:end], secrets))
        end = start
    return Redacted(b"".join(reversed(pieces)).decode(), judgements < 0)


def _block_start(data: bytes, end: int) -> int:
    if end <= _BLOCK:
        return 0
    return (data.find(b"\n", end - _BLOCK, end - 1) + 1) or (data.rfind(b"\n", 0, end - _BLOCK) + 1)


def _hide(data: bytes, secrets: Sequence[tuple[int, int]]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for start, end in secrets:
        pieces += data[done:start], HIDDEN.encode()
        done = end
    return b"".join((*pieces, data[done:]))


def _secrets(data: bytes, judgements: int) -> tuple[Sequence[tuple[int, int]], int]:
    """Where they stand, in order, and how many judgements are left: below zero when there were too few."""
    pattern, rule_of_group = _alternation()
    secrets: list[tuple[int, int]] = []
    position = 0
    while judgements >= 0 and (match := pattern.search(data, position)):
        judgements -= 1
        group = match.lastindex
        start, end = match.span(group)
        head = data[match.start() : start]
        secret = data[start:end]
        judge = rule_of_group[group].is_secret
        before = data[max(0, match.start() - _BEFORE) : match.start()].rpartition(b"\n")[2]
        if secret and (judge is None or judge(Finding(before, head, secret, data[end : end + 1]))):
            secrets.append((start, end))
            position = end
        else:
            # What was taken for a secret may hold one.
            position = max(start, match.start() + 1)
    return secrets, judgements


@cache
def _alternation() -> tuple["re2._Regexp", tuple[Rule, ...]]:
    """The one pattern, and the rule by number of group (0 is the whole match)."""
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    # Byte by byte: the rules speak ASCII, and a negated class passes over UTF-8 whole; a tenth of the program.
    options.encoding = re2.Options.Encoding.LATIN1
    rule_of_group = [RULES[0]]
    for rule in RULES:
        rule_of_group += [rule] * re2.compile(rule.pattern.encode(), options).groups
    whole = "(?m)" + "|".join(f"(?:{rule.pattern})" for rule in RULES)
    return re2.compile(whole.encode(), options), tuple(rule_of_group)


def _without_private_keys(text: str) -> str:
    """Line for line, since keys span lines and the alternation does not."""
    if " PRIVATE KEY" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for start, end in _private_keys(text):
        pieces += text[done:start], re.sub(r"[^\n]+", HIDDEN, text[start:end])
        done = end
    return "".join((*pieces, text[done:]))


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    """What stands between the marks; beside a mark whose other one was cut off, the lines that look like a key."""
    after_last = 0
    opened: re.Match[str] | None = None
    for mark in _KEY_MARK.finditer(text):
        if mark[1] == "BEGIN":
            if opened:
                yield _lines_behind(text, opened.end())
            opened = mark
        elif opened and mark.start() - opened.end() <= _LONGEST_KEY:
            yield opened.end(), mark.start()
            opened = None
        else:
            if opened:
                yield _lines_behind(text, opened.end())
                opened = None
            yield _lines_before(text, mark.start(), after_last)
        after_last = mark.end()
    if opened:
        yield _lines_behind(text, opened.end())


def _lines_behind(text: str, position: int) -> tuple[int, int]:
    lines = _KEY_LINES_BEHIND.match(text, position)
    return position, lines.end() if lines else position


def _lines_before(text: str, position: int, floor: int) -> tuple[int, int]:
    start = position
    shape = _LAST_KEY_LINE
    while start > floor:
        line = text.rfind("\n", floor, start - 1) + 1 or floor
        if not shape.fullmatch(text, line, start - 1):
            break
        start, shape = line, _WHOLE_KEY_LINE
    return start, position
