"""Text behind `/grep` → what is to be searched for. Syntax only.

`PATTERN [NAMES…] [since] [-i] [-v] [-C 3] [level>=warn] [stdout|stderr]`: the first word is the pattern, the rest comes
in any order. Quotes stand around a pattern with blanks; no backslash is ever taken away, patterns need them. Behind
`--` nothing is an option.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from handlers.args import Usage, UsageError
from handlers.log_args import log_question
from services.domain.spans import TimeSpan
from services.logs.pages.questions import ALWAYS
from services.logs.search.hits import MOST_CONTEXT, SearchQuestion

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


@dataclass(slots=True)
class _Parsed:
    pattern: str | None = None
    ignore_case: bool = False
    invert: bool = False
    context: int = 0
    rest: list[str] = field(default_factory=list)


def search_question(args: str | None, now: datetime, zone: tzinfo) -> SearchQuestion:
    """With the pattern "" where none was typed. Raises UsageError."""
    parsed = _parsed((args or "").translate(_QUOTES))
    when = " ".join(parsed.rest)
    asked = log_question(f"* {when}", now, zone)
    assert asked is not None
    return SearchQuestion(
        pattern=parsed.pattern or "",
        names=asked.doubtful,
        ignore_case=parsed.ignore_case,
        invert=parsed.invert,
        context=parsed.context,
        span=asked.span,
        sieve=asked.sieve,
        when=when if asked.span != ALWAYS else "",
    )


def span_of(question: SearchQuestion, now: datetime, zone: tzinfo) -> TimeSpan:
    """Its stretch of time as the words for it mean it now: `30m` is always the last half hour."""
    asked = log_question(f"* {question.when}", now, zone) if question.when else None
    return asked.span if asked else question.span


def _parsed(text: str) -> _Parsed:
    parsed = _Parsed()
    options = True
    words = _words(text)
    for word, quoted in words:
        option = word if quoted else word.translate(_DASHES)
        if options and not quoted and option == "--":
            options = False
        elif options and not quoted and option.startswith("-"):
            _take_option(option, words, parsed)
        elif quoted or (parsed.pattern is None and not _LEVEL.fullmatch(word)):
            if parsed.pattern is not None:
                parsed.rest.append(word)
            else:
                parsed.pattern = word
        elif not _NUMBER.fullmatch(word):  # of hits, somebody may think
            parsed.rest.append(word)
    return parsed


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Each with whether it stood in quotes."""
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _WORD.match(text, at, end)
        if not found:
            raise UsageError(Usage.QUOTE, text[at:end].strip())
        at = found.end()
        plain = found["plain"]
        quoted = found["double"] if found["single"] is None else found["single"]
        yield (plain, False) if plain is not None else (quoted, True)


def _take_option(word: str, words: Iterator[tuple[str, bool]], parsed: _Parsed) -> None:
    found = _OPTION.fullmatch(word)
    if not found:
        raise UsageError(Usage.OPTION, word)
    if flags := found["flags"]:
        parsed.ignore_case |= "i" in flags
        parsed.invert |= "v" in flags
        return
    number = found["context"] or next(words, ("", False))[0]
    if not (number.isascii() and number.isdecimal() and int(number[:4]) <= MOST_CONTEXT):
        raise UsageError(Usage.CONTEXT, number or word)
    parsed.context = int(number)
