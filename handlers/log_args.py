"""Text behind `/logs` → what is to be read. Syntax only.

`NAME[,NAME…] [N] [since] [level>=warn] [stdout|stderr]`: the names first, the rest in any order. A NAME may be a glob,
a compose project or a host. A level alone (`warn`) means it and what is graver. Docker's own `--tail 50` is 50.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from handlers.args import DEFAULT_LINES, MOST_LINES, Usage, UsageError, as_typed, words
from handlers.spans import take_span
from services.domain.logs import Stream
from services.domain.spans import TimeSpan
from services.logs.pages.questions import ALWAYS, LogQuestion, Sieve
from services.logs.text.levels import Level, parse_level

_COMMA = re.compile(r"\s*[,;]\s*(?!\d+(?:\s|$))")
_LOST_COMMA = re.compile(r"[,;](?=\s*\d+(?:\s|$))")
# `14:00-14:20`, as people write it, is `14:00..14:20`.
_DASH = re.compile(r"(?<=\d)(?:[–—-]|--)(?=\d{1,2}:\d\d)")
_DOCKERS = re.compile(r"(?:^|(?<=\s))(?:-n|--?tail|--since)(?:=|\s+)")
_LEVEL = re.compile(r"\b(?:level|lvl|уровень)\s*(>=|=>|≥|⩾|<=|=<|≤|⩽|==|[>=:<])\s*", re.IGNORECASE)
_BOUND = re.compile(r"level([≥>≤<=])(.*)", re.DOTALL)
_SIGNS = {">=": "≥", "=>": "≥", "⩾": "≥", "<=": "≤", "=<": "≤", "⩽": "≤", "==": "=", ":": "="}
_NUMBER = re.compile(r"[-+]?\d+")
_TIME_LIKE = re.compile(r"\d+[^\W\d_]{1,4}|.*\d[:.]\d.*|.*\d\.\..*|\d+-.*")
_FILLERS = frozenset(("since", "from", "last", "level", "с", "за", "последние", "последних", "уровень"))
_STREAMS = {stream.name.lower(): stream for stream in Stream}
_BOUNDS: dict[str, Callable[[int], tuple[int, int]]] = {
    "≥": lambda level: (level, Level.FATAL),
    ">": lambda level: (level + 1, Level.FATAL),
    "≤": lambda level: (Level.TRACE, level),
    "<": lambda level: (Level.TRACE, level - 1),
    "=": lambda level: (level, level),
}


@dataclass
class _Parsed:
    lines: int | None = None
    span: TimeSpan | None = None
    least: Level | None = None
    most: Level | None = None
    stream: Stream | None = None
    doubtful: list[str] = field(default_factory=list)


def log_question(args: str | None, now: datetime, zone: tzinfo) -> LogQuestion | None:
    """None: nothing was typed. In a stretch of time all lines are meant unless a number says so. Raises UsageError."""
    text = _DASH.sub("..", _LEVEL.sub(lambda found: f"level{_SIGNS.get(found[1], found[1])}", as_typed(args)))
    text = _COMMA.sub(",", _LOST_COMMA.sub(" ", _DOCKERS.sub(" ", text)))
    typed = [word for word in words(text) if word.strip(",")]
    if not typed:
        return None
    if typed[0].isdecimal() and not _NUMBER.fullmatch("".join(typed[1:2]) or "0"):
        typed[:2] = reversed(typed[:2])
    parsed = _Parsed()
    parsed.span, rest = take_span(typed[1:], now, zone)
    for word in rest:
        _take(word, parsed)
    return LogQuestion(
        names=_names(typed[0]),
        lines=parsed.lines or (MOST_LINES if parsed.span else DEFAULT_LINES),
        step=parsed.lines or DEFAULT_LINES,
        span=parsed.span or ALWAYS,
        sieve=Sieve(parsed.least, parsed.most, parsed.stream),
        doubtful=tuple(parsed.doubtful),
        text=args or "",
    )


def _names(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, word.split(","))))


def _take(word: str, parsed: _Parsed) -> None:
    lower = word.lower()
    if _NUMBER.fullmatch(word):
        if parsed.lines or not (word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= MOST_LINES):
            raise UsageError(Usage.LINES, word)
        parsed.lines = int(word)
    elif bound := _BOUND.fullmatch(lower):
        _take_level(bound[1], bound[2], parsed)
    elif lower in _STREAMS:
        parsed.stream = _STREAMS[lower]
    elif parse_level(lower.rstrip("+")):
        _take_level("≥", lower.rstrip("+"), parsed)
    elif _TIME_LIKE.fullmatch(word):
        raise UsageError(Usage.SPAN, word)
    elif lower not in _FILLERS:
        parsed.doubtful += _names(word)


def _take_level(sign: str, word: str, parsed: _Parsed) -> None:
    level = parse_level(word)
    least, most = _BOUNDS[sign](level) if level else (0, 0)
    if not Level.TRACE <= least <= most <= Level.FATAL:
        raise UsageError(Usage.LEVEL, word)
    parsed.least = Level(least) if least > Level.TRACE or sign == "=" else parsed.least
    parsed.most = Level(most) if most < Level.FATAL or sign == "=" else parsed.most
