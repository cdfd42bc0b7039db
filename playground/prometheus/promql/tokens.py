"""The words of a query."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from playground.prometheus.refusal import Wrong


class Kind(Enum):
    NAME = auto()  # of a metric, a label, a function; words that mean something are names too
    NUMBER = auto()
    DURATION = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """text: as it stands there. at: where, in characters from 0."""

    kind: Kind
    text: str
    at: int

    def __str__(self) -> str:
        """As Prometheus speaks of it."""
        match self.kind:
            case Kind.END:
                return "end of input"
            case Kind.NAME if self.text.lower() in KEYWORDS:
                return f"<{self.text.lower()}>"
            case Kind.NAME:
                return f'identifier "{self.text}"'
            case Kind.NUMBER:
                return f'number "{self.text}"'
            case Kind.DURATION:
                return f'duration "{self.text}"'
            case Kind.TEXT:
                return f"string {self.text}"
            case Kind.SIGN:
                return f"<op:{self.text}>" if self.text in OPERATORS else f'"{self.text}"'


OPERATORS = frozenset(("+", "-", "*", "/", "%", "^", "==", "!=", "<=", ">=", "<", ">"))
KEYWORDS = frozenset(
    ("by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless", "atan2")
)  # fmt: skip
_DURATION = r"(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?"
DURATION = re.compile(rf"(?=\d){_DURATION}", re.ASCII)
_WORDS = re.compile(
    rf"""
    (?P<space>\s+|\#[^\n]*)
    |(?P<duration>(?=\d+(?:ms|[smhdwy])){_DURATION})(?![\w.])
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
    |(?P<name>[a-zA-Z_:][\w:]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<sign>==|!=|=~|!~|<=|>=|[-+*/%^<>=(){{}}\[\],:@])
    """,
    re.VERBOSE | re.ASCII,
)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def tokens(text: str) -> Iterator[Token]:
    """With END as the last. Raises Wrong."""
    at = 0
    while at < len(text):
        found = _WORDS.match(text, at)
        if found is None:
            raise _odd(text, at)
        if found.lastgroup != "space":
            yield Token(Kind[str(found.lastgroup).upper()], found[0], at)
        at = found.end()
    yield Token(Kind.END, "", at)


def seconds(duration: str) -> float:
    """Of one that has been recognised, such as 1h30m."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


def written(duration: float) -> str:
    """As Prometheus writes so many seconds, 1h30m."""
    left, words = round(duration * 1000), ""
    if not left:
        return "0s"
    for unit in ("y", "w", "d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        exact = unit not in ("y", "w") or left % size == 0  # as few different units as that needs
        if (number := left // size) and exact:
            words, left = f"{words}{number}{unit}", left % size
    return words


def value(text: str) -> str:
    """What stands between the quotes."""
    inner = text[1:-1]
    if text[0] == "`":
        return inner
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), inner)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _odd(text: str, at: int) -> Wrong:
    sign = text[at]
    if sign in "\"'":
        return Wrong(at, "unterminated quoted string", text)
    if sign.isdigit():
        word = re.match(r"[\w.]+", text[at:])
        return Wrong(at, f'bad number or duration syntax: "{word and word[0]}"', text)
    if sign == "!":
        return Wrong(at + 1, f"unexpected character after '!': {text[at + 1 : at + 2]!r}", text)
    return Wrong(at, f"unexpected character: {sign!r}", text)
