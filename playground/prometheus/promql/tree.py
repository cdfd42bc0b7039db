"""What a query is made of. Its text is what Prometheus makes of it: in one line, blanks where they belong."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from playground.prometheus.promql.numbers import in_query
from playground.prometheus.promql.tokens import quoted, written


class Type(StrEnum):
    """What comes of an expression."""

    SCALAR = "scalar"
    TEXT = "string"
    VECTOR = "instant vector"
    RANGE = "range vector"


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    type = Type.SCALAR

    def __str__(self) -> str:
        return in_query(self.value)


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    type = Type.TEXT

    def __str__(self) -> str:
        return quoted(self.value)


@dataclass(frozen=True, slots=True)
class Matcher:
    """operator: =, !=, =~ or !~; regular expressions are for the whole value."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """matchers: that of the name among them. named: whether it stood before the braces."""

    matchers: tuple[Matcher, ...]
    named: str = ""
    offset: float = 0
    window: float | None = None  # seconds of a range

    @property
    def type(self) -> Type:
        return Type.VECTOR if self.window is None else Type.RANGE

    def __str__(self) -> str:
        plain = [each for each in self.matchers if not (self.named and each.label == "__name__")]
        braces = f"{{{','.join(map(str, sorted(plain, key=str)))}}}" if plain else ""
        window = "" if self.window is None else f"[{written(self.window)}]"
        ago = f" offset {'-' if self.offset < 0 else ''}{written(abs(self.offset))}" if self.offset else ""
        return f"{self.named}{braces}{window}{ago}"


@dataclass(frozen=True, slots=True)
class Parens:
    inner: "Node"

    @property
    def type(self) -> Type:
        return self.inner.type

    def __str__(self) -> str:
        return f"({self.inner})"


@dataclass(frozen=True, slots=True)
class Negative:
    inner: "Node"

    @property
    def type(self) -> Type:
        return self.inner.type

    def __str__(self) -> str:
        return f"-{self.inner}"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Of an aggregation: by those labels, or by all but those."""

    labels: tuple[str, ...] = ()
    without: bool = False
    said: bool = False

    def __str__(self) -> str:
        if not self.said:
            return ""
        return f"{'without' if self.without else 'by'} ({', '.join(self.labels)}) "


@dataclass(frozen=True, slots=True)
class Matching:
    """Which rows of two sides belong together: those with equal labels, of these alone where `on`, else but these.

    many: "left" or "right", the side of which many rows may meet one; "" where none may. include: labels that those
    take over from the one.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    many: str = ""
    include: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f" on ({', '.join(self.labels)})" if self.on else ""
        if not self.on and self.labels:
            text = f" ignoring ({', '.join(self.labels)})"
        return f"{text} group_{self.many} ({', '.join(self.include)})" if self.many else text


@dataclass(frozen=True, slots=True)
class Binary:
    """boolean: a comparison that tells 0 or 1, where another leaves out."""

    operator: str
    left: "Node"
    right: "Node"
    matching: Matching = Matching()
    boolean: bool = False

    @property
    def type(self) -> Type:
        both = (self.left.type, self.right.type)
        return Type.SCALAR if both == (Type.SCALAR, Type.SCALAR) else Type.VECTOR

    def __str__(self) -> str:
        said = f"{self.operator}{' bool' if self.boolean else ''}{self.matching}"
        return f"{self.left} {said} {self.right}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """parameter: of those that take one, such as topk."""

    name: str
    grouping: Grouping
    inner: "Node"
    parameter: "Node | None" = None
    type = Type.VECTOR

    def __str__(self) -> str:
        given = f"{self.parameter}, " if self.parameter is not None else ""
        blank = " " if self.grouping.said else ""
        return f"{self.name}{blank}{self.grouping}({given}{self.inner})"


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: "Sequence[Node]"
    type: Type

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


Node = Number | Text | Selector | Parens | Negative | Binary | Aggregate | Call
