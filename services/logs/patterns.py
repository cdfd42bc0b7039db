"""What people look for in logs: RE2's regular expressions, upon whole blocks of lines, a line at a time. Pure.

RE2 takes time linear in the text whatever the pattern, and what it would need much memory for is refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import re2

from services.errors import Fault, PatternRefused

MOST_CHARACTERS = 256
# Bytes. The first bounds the program: some 20,000 steps may be alive at each byte, which is 0.03 MB/s and the
# slowest that was measured. The second is what the automaton may take while it runs.
_PROGRAM = 512 * 2**10
_WORKING = 4 * 2**20
# Bytes that are looked through between two looks at whether it is still wanted.
_PIECE = 16 * 2**10

_TOKEN = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*+\]|\(\?[a-zA-Z]*-?[a-zA-Z]*[:)]|.", re.DOTALL
)
_WORD_BOUNDARIES = frozenset({r"\b", r"\B"})
# What would mean the text's ends means the line's; a byte of any kind, a newline, too, means any character.
_OF_A_LINE = {r"\A": "^", r"\z": "$", r"\C": "."}


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text`: as it was typed."""

    text: str
    ignore_case: bool
    _regexp: "re2._Regexp" = field(repr=False, compare=False)
    _looks_around: bool = field(repr=False, compare=False)

    @classmethod
    def of(cls, text: str, *, ignore_case: bool = False) -> "Pattern":
        """Takes up to some 30 ms, so it belongs into a thread. Raises PatternRefused."""
        if not text:
            raise PatternRefused(Fault.EMPTY)
        if len(text) > MOST_CHARACTERS:
            raise PatternRefused(Fault.TOO_LONG)
        tokens = _TOKEN.findall(text)
        whole = f"{'(?im)' if ignore_case else '(?m)'}(?:{''.join(map(_by_line, tokens))})"
        try:
            _compiled(text, _PROGRAM)  # by itself: what stands around it must not lend it a bracket
            _compiled(whole, _PROGRAM)
            regexp = _compiled(whole, _WORKING)
        except re2.error as error:
            raise _refusal(text, _words_of(error)) from None
        except UnicodeEncodeError:
            raise PatternRefused(Fault.OTHER) from None
        return cls(text, ignore_case, regexp, not _WORD_BOUNDARIES.isdisjoint(tokens))

    def lines_in(self, text: bytes, wanted: Callable[[], bool] = lambda: True) -> list[int]:
        """The numbers, from 0, of the lines that it matches. `text`: UTF-8, a newline behind each line.

        Not all of them once it is no longer `wanted`.
        """
        return list(self._lines_in(text, wanted))

    def _lines_in(self, text: bytes, wanted: Callable[[], bool]) -> Iterator[int]:
        search, find = self._regexp.search, text.find
        line = counted = 0
        for start, end in _pieces(text):
            if not wanted():
                return
            at = start
            while at <= end and (match := search(text, at, end)):
                found = match.start()
                line += text.count(b"\n", counted, found)
                counted = found
                yield line
                at = find(b"\n", found) + 1 or end + 1

    def fits(self, parts: Sequence[str]) -> bool:
        """Whether it matches within one of the `parts` of a line, whatever stands between them.

        What stands there must not bear on the answer. So where the pattern asks for the borders of words, a place
        beside it does not count.
        """
        last = len(parts) - 1
        return any(self._fits(part, number > 0, number < last) for number, part in enumerate(parts))

    def place_in(self, line: str) -> int:
        """In characters from the line's begin; 0 also where it is nowhere."""
        data = line.encode()
        match = self._regexp.search(data)
        return len(data[: match.start()].decode()) if match else 0

    def _fits(self, part: str, hidden_before: bool, hidden_behind: bool) -> bool:
        margins = [0, 0]
        if self._looks_around and (hidden_before or hidden_behind):
            if not part:
                return False
            margins = [hidden_before * len(part[0].encode()), hidden_behind * len(part[-1].encode())]
        # The line does not begin or end there.
        data = b"." * hidden_before + part.encode() + b"." * hidden_behind
        start, end = hidden_before + margins[0], len(data) - hidden_behind - margins[1]
        return start <= end and self._regexp.search(data, start, end) is not None


def _pieces(text: bytes) -> Iterator[tuple[int, int]]:
    """Whole lines: where each piece begins and ends, its last newline left out."""
    start = 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + _PIECE)
        end = end if end >= 0 else text.find(b"\n", start)
        end = end if end >= 0 else len(text)
        yield start, end
        start = end + 1


def _compiled(pattern: str, memory: int) -> "re2._Regexp":
    options = re2.Options()
    options.max_mem = memory
    options.never_nl = True
    options.never_capture = True
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    finally:
        re2.purge()  # it would keep the last 128 with all that they need


def _words_of(error: re2.error) -> str:
    words = error.args[0]
    return words.decode(errors="replace") if isinstance(words, bytes) else str(words)


def _by_line(token: str) -> str:
    """Many lines are looked through at a time, and nothing may reach beyond its own."""
    if token.startswith("(?") and "-" in token:
        on, _, off = token[2:-1].partition("-")
        off = off.replace("m", "")
        flags = on + (f"-{off}" if off else "")
        return f"(?{flags}{token[-1]}" if flags or token[-1] == ":" else ""
    return _OF_A_LINE.get(token, token)


# Why RE2 does not take a pattern, by its own words.
_FAULTS = {
    "invalid escape sequence": Fault.ESCAPE,
    "invalid perl operator": Fault.GROUP,
    "bad repetition operator": Fault.REPEATED_TWICE,
    "no argument for repetition operator": Fault.NOTHING_TO_REPEAT,
    "invalid repetition size": Fault.REPEATED_TOO_OFTEN,
    "invalid character class range": Fault.RANGE,
    "unexpected )": Fault.NOT_OPENED,
    "missing )": Fault.NOT_CLOSED,
    "missing ]": Fault.NOT_CLOSED,
    "trailing \\": Fault.TRAILING_BACKSLASH,
    "pattern too large - compile failed": Fault.TOO_LARGE,
}
# What other engines know, and what says nearly the same.
_GROUPS = {
    "(?=": (Fault.LOOK_AHEAD, "(?:"),
    "(?!": (Fault.NOT_AHEAD, None),
    "(?<=": (Fault.LOOK_BEHIND, "(?:"),
    "(?<!": (Fault.NOT_BEHIND, None),
    "(?>": (Fault.ATOMIC, "(?:"),
    "(?P": (Fault.BACKREFERENCE, None),
}
_ESCAPES = {r"\Z": r"\z", r"\h": r"[ \t]", r"\R": "", r"\K": "", r"\G": "^", r"\e": r"\x1b"}
_CODE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_MOST_CHANGES = 16


def _refusal(pattern: str, words: str) -> PatternRefused:
    """With the pattern that says nearly the same, as far as there is one."""
    refused = _explained(pattern, words)
    plainer = refused.plainer
    for _ in range(_MOST_CHANGES):
        if not plainer:
            break
        try:
            _compiled(plainer, _PROGRAM)
        except re2.error as error:
            plainer = _explained(plainer, _words_of(error)).plainer
        else:
            return PatternRefused(refused.fault, refused.part, refused.place, plainer)
    return PatternRefused(refused.fault, refused.part, refused.place)


def _explained(pattern: str, words: str) -> PatternRefused:
    """Its `plainer` has one objection less."""
    words, _, part = words.partition(": ")
    fault = _FAULTS.get(words, Fault.OTHER)
    place = pattern.find(part) + 1 if part else 0
    match fault:
        case Fault.GROUP if part in _GROUPS:
            fault, change = _GROUPS[part]
            return PatternRefused(fault, part, place, pattern.replace(part, change) if change else "")
        case Fault.ESCAPE if part[1:].isdecimal() or part == r"\k":
            return PatternRefused(Fault.BACKREFERENCE, part, place)
        case Fault.ESCAPE if part in _ESCAPES:
            return PatternRefused(fault, part, place, pattern.replace(part, _ESCAPES[part]))
        case Fault.ESCAPE if (plainer := _CODE.sub(r"\\x{\1}", pattern)) != pattern:
            return PatternRefused(fault, part, place, plainer)
        case Fault.REPEATED_TWICE:
            fault = Fault.POSSESSIVE if part.endswith("+") else fault
            return PatternRefused(fault, part, place, pattern.replace(part, part[:-1]))
        case Fault.NOT_CLOSED:
            place = _unclosed(pattern)
            return PatternRefused(fault, pattern[place - 1], place)
        case Fault.NOT_OPENED:
            return PatternRefused(fault, ")", _unopened(pattern))
    return PatternRefused(fault, part, place)


def _unclosed(pattern: str) -> int:
    """Where the innermost bracket stands that is never closed, counted from 1."""
    opened: list[int] = []
    for place, token in _placed(pattern):
        if token == "[":  # noqa: S105  (a class that is closed is one token)
            return place
        if _opens(token):
            opened.append(place)
        elif token == ")" and opened:  # noqa: S105
            opened.pop()
    return opened[-1] if opened else 1


def _unopened(pattern: str) -> int:
    """Where the first bracket stands that closes nothing, counted from 1."""
    depth = 0
    for place, token in _placed(pattern):
        depth += _opens(token) - (token == ")")  # noqa: S105
        if depth < 0:
            return place
    return 1


def _opens(token: str) -> bool:
    return token.startswith("(") and not token.endswith(")")


def _placed(pattern: str) -> Iterator[tuple[int, str]]:
    return ((match.start() + 1, match[0]) for match in _TOKEN.finditer(pattern))
