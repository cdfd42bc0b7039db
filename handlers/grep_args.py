"""Text behind `/grep` → what is to be searched for. Syntax only.

`PATTERN [NAMES…] [since] [-i] [-v] [-C 3] [level>=warn] [stdout|stderr]`: the first word is the pattern, the rest comes
in any order. Quotes stand around a pattern with blanks; no backslash is ever taken away, patterns need them. Behind
`--` nothing is an option.

Who forgets the quotes, as in `/grep connection refused n8n` or `/grep status 500`, may still mean one pattern:
`in_quotes` and `SearchQuestion.quoted` are what was typed with them.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import takewhile, zip_longest

from handlers.args import Usage, UsageError
from handlers.log_args import log_question
from handlers.spans import parse_span
from services.domain.spans import TimeSpan
from services.logs.pages.questions import ALWAYS
from services.logs.search.hits import MOST_CONTEXT, SearchQuestion
from services.logs.text.levels import parse_level

_QUOTES = str.maketrans({**dict.fromkeys("“”„«»", '"'), **dict.fromkeys("‘’", "'")})
_DASHES = str.maketrans({"—": "--", "–": "-"})
_WORD = re.compile(
    r"""\s*(?:
      (?P<plain> "[^\s"]*+"[^\s]+ | '[^\s']*+'[^\s]+ | [^\s"'][^\s]*)      # "level":50 is no quoted word
    | "(?P<double>(?:\\.|[^"\\]|"(?!\s|$))*)"(?=\s|$)
    | '(?P<single>(?:\\.|[^'\\]|'(?!\s|$))*)'(?=\s|$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPTION = re.compile(r"-{1,2}(?:(?P<flags>[ivE]+)|[cC]?(?P<context>\d{1,3})|(?P<c>[cC]))")
# As the first word `level=error` is a pattern: many logs are written like that.
_LEVEL = re.compile(r"(?:level|lvl|уровень)(?:>=?|=>|<=?|=<|[≥⩾≤⩽]).+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Word:
    """quoted: whether it stood in quotes. start, end: where, in the text."""

    text: str
    quoted: bool
    start: int
    end: int


@dataclass(slots=True)
class _Parsed:
    """first: the word that is the pattern; behind: those right behind it, up to an option or a quote."""

    first: _Word | None = None
    behind: list[_Word] = field(default_factory=list)
    ignore_case: bool = False
    invert: bool = False
    context: int = 0
    rest: list[_Word] = field(default_factory=list)


def search_question(args: str | None, now: datetime, zone: tzinfo) -> SearchQuestion:
    """With the pattern "" where none was typed. Raises UsageError."""
    text = (args or "").translate(_QUOTES)
    parsed = _parsed(text)
    passed_over = _passed_over(parsed.rest, now, zone)
    when = " ".join(word.text for word in parsed.rest if word not in passed_over)
    asked = log_question(f"* {when}", now, zone)
    assert asked is not None
    no_names = list(
        takewhile(lambda word: word in passed_over or parse_level(word.text.lower()), parsed.behind)
    )
    return SearchQuestion(
        pattern=parsed.first.text if parsed.first else "",
        names=asked.doubtful,
        ignore_case=parsed.ignore_case,
        invert=parsed.invert,
        context=parsed.context,
        span=asked.span,
        sieve=asked.sieve,
        when=when if asked.span != ALWAYS else "",
        quoted=_quoted(text, parsed, no_names[-1]) if no_names else "",
    )


def in_quotes(args: str | None, unknown: Collection[str]) -> str:
    """The same with quotes from the pattern up to the last of the `unknown` names; "" where that cannot be."""
    text = (args or "").translate(_QUOTES)
    parsed = _parsed(text)
    meant = [word for word in parsed.behind if not {*word.text.split(",")}.isdisjoint(unknown)]
    return _quoted(text, parsed, meant[-1]) if meant else ""


def span_of(question: SearchQuestion, now: datetime, zone: tzinfo) -> TimeSpan:
    """Its stretch of time as the words for it mean it now: `30m` is always the last half hour."""
    asked = log_question(f"* {question.when}", now, zone) if question.when else None
    return asked.span if asked else question.span


def _quoted(text: str, parsed: _Parsed, last: _Word) -> str:
    """`text` with quotes around all from the pattern to `last`."""
    first = parsed.first
    if first is None or first.quoted:
        return ""
    phrase = text[first.start : last.end]
    quote = next((each for each in "\"'" if each not in phrase), "")
    return f"{text[: first.start]}{quote}{phrase}{quote}{text[last.end :]}" if quote else ""


def _passed_over(rest: Sequence[_Word], now: datetime, zone: tzinfo) -> list[_Word]:
    """Numbers, of hits somebody may think; not that of `30 min`."""
    return [
        word
        for word, unit in zip_longest(rest, rest[1:])
        if not word.quoted
        and _NUMBER.fullmatch(word.text)
        and not (unit and parse_span(f"{word.text} {unit.text}", now, zone))
    ]


def _parsed(text: str) -> _Parsed:
    parsed = _Parsed()
    options = unbroken = True
    words = _words(text)
    for word in words:
        option = word.text if word.quoted else word.text.translate(_DASHES)
        if options and not word.quoted and option == "--":
            options = False
        elif options and not word.quoted and option.startswith("-"):
            _take_option(option, words, parsed)
            unbroken = unbroken and parsed.first is None
        elif parsed.first is None and (word.quoted or not _LEVEL.fullmatch(word.text)):
            parsed.first = word
        else:
            unbroken = unbroken and not word.quoted and parsed.first is not None
            parsed.behind += [word] if unbroken else []
            parsed.rest.append(word)
    return parsed


def _words(text: str) -> Iterator[_Word]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _WORD.match(text, at, end)
        if not found:
            raise UsageError(Usage.QUOTE, text[at:end].strip())
        at = found.end()
        plain = found["plain"]
        quoted = found["double"] if found["single"] is None else found["single"]
        start = found.start("plain") if plain is not None else found.start()
        yield _Word(quoted if plain is None else plain, plain is None, start, at)


def _take_option(word: str, words: Iterator[_Word], parsed: _Parsed) -> None:
    found = _OPTION.fullmatch(word)
    if not found:
        raise UsageError(Usage.OPTION, word)
    if flags := found["flags"]:
        parsed.ignore_case |= "i" in flags
        parsed.invert |= "v" in flags
        return
    following = None if found["context"] else next(words, None)
    number = found["context"] or (following.text if following else "")
    if not (number.isascii() and number.isdecimal() and int(number[:4]) <= MOST_CONTEXT):
        raise UsageError(Usage.CONTEXT, number or word)
    parsed.context = int(number)
