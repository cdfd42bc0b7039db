"""Secrets apart from what says what they are: on a line below it, in YAML, in dialogues of mail, in what installers
print; far behind it in a statement of SQL; between the marks of a private key.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

import re2

from services.redaction.looks import LOGIN_WORD, is_blank, is_made_up
from services.redaction.private_keys import BEGIN, END, Span, key_before, key_behind
from services.redaction.statements import INSERT, PARAMETERS, bound, inserted, line_end


@dataclass(frozen=True, slots=True)
class _Line:
    """A line below: where its own words begin, without what compose or a logger put before this one and the first.

    depth: how much further to the right they begin than those of the first.
    """

    start: int
    words: bytes
    depth: int

    def span(self, word: bytes) -> Span:
        start = self.start + self.words.index(word)
        return start, start + len(word)


# Of the lines below, where secrets stand; it stops as soon as there can be none.
Finder = Callable[[bytes, Iterable[_Line]], Iterator[Span]]


def _indented(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
    for line in below:
        word = line.words.strip()
        if word and line.depth <= 0:
            return
        if word:
            yield line.span(word)


def _encoded(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
    """The values of a Secret of Kubernetes: base64, which those of a ConfigMap are not."""
    for line in below:
        if line.depth <= 0:
            return
        value = re.fullmatch(rb"\s+[\w.-]+: ([A-Za-z0-9+/]{4,}={0,2})\s*", line.words)
        if value and len(value[1]) % 4 == 0 and re.search(rb"=|[A-Z].*[0-9]|[0-9].*[A-Z]", value[1]):
            yield line.span(value[1])


def _code_list(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
    code = re.compile(rb"(?:\d+[.)] )?([A-Za-z0-9]{3,12}(?:[- ][A-Za-z0-9]{3,12}){0,3})")
    for line in below:
        found = code.fullmatch(line.words.strip(b"-*\"', \t"))
        if not found or not re.search(rb"\d", found[1]):
            return
        yield line.span(found[1])


def _beginning(shape: bytes) -> Finder:
    """The one group of what each line begins with, as long as they do."""
    pattern = re.compile(shape)

    def find(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
        for line in below:
            found = pattern.match(line.words)
            if not found:
                return
            if found[1] != b"default" and not is_blank(found[1]):
                yield line.start + found.start(1), line.start + found.end(1)

    return find


def _reply(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
    """What a client of SMTP answers when it is asked for anything but its name."""
    if re.search(rb"(?i)VXNlcm5hbWU|dXNlcm5hbWU", first):
        return
    for line in below:
        answer = re.fullmatch(
            rb"(?:[A-Za-z]{0,7}[:<>-]+[ \t]*)?b?['\"]?([A-Za-z0-9+/]{4,}={0,2})(?:\\r\\n)?['\"]?\s*",
            line.words,
        )
        if answer:
            yield line.start + answer.start(1), line.start + answer.end(1)


def _whole(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
    """The first line that is not empty."""
    word = next((line for line in below if line.words.strip()), None)
    if word and not word.words.startswith(b"--"):
        yield word.span(word.words.strip())


_WORD = re.compile(rb"[^\s/=][^\s\"'{}<>,=]{5,127}=*(?<!:)")


_LIST = re.compile("(?i:(?:recovery|backup)[ _-]?codes?)|(?:р|Р)езервные коды".encode())
_TOPIC = re.compile("(?i:passw|secret|token|key|code)|(?:п|П)арол|(?:к|К)люч|(?:т|Т)окен|(?:к|К)од".encode())


def _announced(first: bytes, below: Iterable[_Line]) -> Iterator[Span]:
    """What a sentence ends with a colon for: a list of codes, one word that looks made up, a quoted text."""
    if _LIST.search(first, max(0, len(first) - 120)):
        yield from _code_list(first, below)
    elif _TOPIC.search(first, max(0, len(first) - 120)):
        yield from _single_word(islice(below, 3))


def _single_word(below: Iterable[_Line]) -> Iterator[Span]:
    """The first line that is not empty, when it is one word that looks made up, or a quoted text further right."""
    line = next((line for line in below if line.words.strip()), None)
    word = line.words.strip(b"\"'`*, \t\r") if line else b""
    quoted = line and line.depth > 0 and re.fullmatch(rb"\s*(\"[^\"]+\"|'[^']+'),?\s*", line.words)
    if line and (quoted or (_WORD.fullmatch(word) and is_made_up(word))):
        yield line.span(word)


@dataclass(frozen=True, slots=True)
class _Row:
    """`ending`: RE2 for the end of a line that says what comes below. most: lines that are looked at."""

    ending: str
    find: Finder
    most: int = 3


_KEY = rf"(?:{LOGIN_WORD}|pwd|(?:\b|_)pass|secret|token|(?:api|access|private|encryption)[_-]?key)"
_ROWS = (
    _Row(rf"{_KEY}[\"']?:[ \t]*(?:[!&][\w!]+[ \t]+)*[|>][+-]?\d?", _indented, 200),
    _Row(r"\b(?:string)?data:", _encoded, 40),
    _Row(
        rf"\bname[\"']?[:=][ \t]*[\"']?[\w.-]*{_KEY}[\"']?,?",
        _beginning(rb"\s*[\"']?value[\"']?[:=]\s*[\"']?([^\s\"',]+)"),
        1,
    ),
    _Row(r"(?:^|['\"]|[:<>|\]-][ \t]+)334(?: [\w+/=]*)?(?:\\r\\n)?['\"]?", _reply, 1),
    _Row(r"\"(?:auth|requirepass|masterauth)\"", _beginning(rb"\s*(?:\d+\) )?\"((?:[^\"\\]|\\.)+)"), 2),
    _Row(rf"\[\"[\w.-]*{_KEY}\"\][ \t]*=>", _beginning(rb"\s*string\(\d+\) \"([^\"]+)"), 1),
    _Row(rf"\bform-data;[ \t]*name=\\*\"[\w.-]*{_KEY}\\*\"", _whole, 2),
    _Row(
        rf"{LOGIN_WORD}\b[^:]{{0,80}}\b(?:reset|changed|generated|updated)[.!]?",
        _beginning(rb"(?i)\s*(?:(?:new|generated|temporary)\s+)?(?:value|password)(?::|\s+is)\s+(\S+)"),
        1,
    ),
    _Row(r":", _announced, 20),
)


def sequels(data: bytes) -> Iterator[Span]:
    """Where they stand, in order."""
    position = floor = 0
    asked = 0  # up to the end of this line: its parameters are looked at once
    while match := _alternation().search(data, position):
        start, position = match.span()
        number = match.lastindex - 1
        if number == _PARAMETERS:
            if start < asked:
                continue
            asked = line_end(data, start)
        for span in _spans(data, number, start, position, floor):
            yield span
            floor = span[1]
        position = floor = max(position, floor)


_PARAMETERS = len(_ROWS) + 1


def _spans(data: bytes, number: int, start: int, end: int, floor: int) -> Iterator[Span]:
    """Of a match of the row `number`, or of what stands behind the rows; none of them ends before `floor`."""
    if number < len(_ROWS):
        row = _ROWS[number]
        line = data.rfind(b"\n", 0, start) + 1
        below = _below(data, end, data[line:end], start - line)
        return row.find(data[line:end], islice(below, row.most))
    beyond = number - len(_ROWS)
    if beyond == 3:
        return key_before(data, start, floor)
    return (inserted, bound, key_behind)[beyond](data, start, end)


def _below(data: bytes, position: int, first: bytes, column: int) -> Iterator[_Line]:
    """column: where in the first line its own words begin at the latest."""
    while position := data.find(b"\n", position) + 1:
        end = data.find(b"\n", position)
        line = data[position : end if end >= 0 else len(data)]
        skipped = _shared(first[:column], line)
        words = line[skipped:]
        yield _Line(position + skipped, words, _indentation(words) - _indentation(first[skipped:]))


_FIGURES = bytes.maketrans(b"123456789", b"000000000")


def _shared(one: bytes, other: bytes) -> int:
    """Bytes that two lines begin with alike but for their figures, up to the end of a word or a sign."""
    one, other = one[:160].translate(_FIGURES), other[:160].translate(_FIGURES)
    length = bisect_left(range(min(len(one), len(other))), True, key=lambda n: one[: n + 1] != other[: n + 1])
    return max(one.rfind(sign, 0, length) for sign in (b" ", b"|", b"]", b"\t")) + 1


def _indentation(words: bytes) -> int:
    return len(words) - len(words.lstrip(b" \t-"))


@cache
def _alternation() -> "re2._Regexp":
    """The number of its last group is the row's, from 1; behind them come INSERT, PARAMETERS, BEGIN, END."""
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    endings = "|".join(f"(?:{row.ending})()" for row in _ROWS)
    whole = rf"(?m)(?i:(?:{endings})[ \t\r]*$|{INSERT}()|(?:{PARAMETERS})())|(?:{BEGIN})()|(?:{END})()"
    return re2.compile(whole.encode(), options)
