"""A query's text → its tree, or Prometheus' words about the place where it is wrong."""

from collections.abc import Callable
from typing import TypeVar

from playground.prometheus.promql.checks import check_binary, check_call, check_selector, expected
from playground.prometheus.promql.matchers import compiled
from playground.prometheus.promql.signatures import AGGREGATIONS, SIGNATURES, UNKNOWN, WITH_PARAMETER
from playground.prometheus.promql.tokens import Kind, Token, seconds, tokens, value
from playground.prometheus.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Grouping,
    Matcher,
    Matching,
    Negative,
    Node,
    Number,
    Parens,
    Selector,
    Text,
    Type,
)
from playground.prometheus.refusal import Wrong, not_offered

# From the loosest to the tightest; only the last is read from the right.
_PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, "<=": 3, "<": 3, ">=": 3, ">": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6,
}  # fmt: skip
_SIGNED = 5.5  # -x ^ y is -(x ^ y), -x * y is (-x) * y
_COMPARISONS = frozenset(("==", "!=", "<=", "<", ">=", ">"))
_NUMBERS = {"inf": float("inf"), "nan": float("nan")}
_DEEPEST = 100

T = TypeVar("T")


def parse(text: str) -> Node:
    """Raises Wrong for what is no query, Failed for what a real Prometheus knows and this one does not."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0
        self._open: list[Token] = []  # parentheses

    def whole(self) -> Node:
        if self._ended():
            raise Wrong(0, "no expression found in input", self._text)
        found = self._binary(0)
        if not self._ended():
            raise self._unexpected()
        return found

    def _ended(self) -> bool:
        return self._token.kind is Kind.END

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += token.kind is not Kind.END
        return token

    def _is(self, *texts: str) -> bool:
        kind = self._token.kind
        return kind in (Kind.SIGN, Kind.NAME) and self._token.text.lower() in texts

    def _took(self, text: str) -> bool:
        if self._is(text):
            self._take()
            return True
        return False

    def _unexpected(self, where: str = "") -> Wrong:
        token = self._token
        if token.kind is Kind.END and self._open:
            return Wrong(token.at, "unclosed left parenthesis", self._text)
        sign = str(token)
        if token.text == ")" and not self._open:
            return Wrong(token.at + 1, "unexpected right parenthesis ')'", self._text)
        return Wrong(token.at, f"unexpected {sign}{where}", self._text)

    def _binary(self, loosest: float) -> Node:
        at, left = self._token.at, self._signed()
        while (word := self._token.text.lower()) in _PRECEDENCE and self._token.kind in (
            Kind.SIGN,
            Kind.NAME,
        ):
            tightness = _PRECEDENCE[word]
            if tightness <= loosest:
                break
            sign = self._take().at
            boolean = self._took("bool")
            if boolean and word not in _COMPARISONS:
                raise Wrong(sign, "bool modifier can only be used on comparison operators", self._text)
            matching = self._matching()
            right = self._binary(tightness - 0.1 if word == "^" else tightness)
            left = Binary(word, left, right, matching, boolean)
            check_binary(left, at, sign, self._text)
        return left

    def _matching(self) -> Matching:
        if not self._is("on", "ignoring"):
            return Matching()
        on, labels = self._take().text.lower() == "on", self._labels()
        if not self._is("group_left", "group_right"):
            return Matching(on, labels)
        many = self._take().text.lower().removeprefix("group_")
        return Matching(on, labels, many, self._labels() if self._is("(") else ())

    def _signed(self) -> Node:
        if not self._is("-", "+"):
            return self._offset(self._primary())
        token = self._take()
        inner = self._binary(_SIGNED)
        if inner.type not in (Type.SCALAR, Type.VECTOR):
            what = f'unary expression only allowed on expressions of type scalar or instant vector, got "{inner.type}"'
            raise Wrong(token.at, what, self._text)
        if token.text == "+":
            return inner
        return Number(-inner.value) if isinstance(inner, Number) else Negative(inner)

    def _offset(self, node: Node) -> Node:
        if self._is("["):
            node = self._windowed(node)
        if self._is("@"):
            raise not_offered("the modifier @")
        if not self._took("offset"):
            return node
        sign = -1 if self._took("-") else 1
        if self._token.kind is not Kind.DURATION:
            raise self._unexpected(" in offset, expected duration")
        if not isinstance(node, Selector):
            raise not_offered("offsets of anything but selectors")
        ago = sign * seconds(self._take().text)
        return Selector(node.matchers, node.named, ago, node.window)

    def _windowed(self, node: Node) -> Node:
        opened = self._take()
        if self._token.kind is not Kind.DURATION:
            if self._token.kind is Kind.END:
                raise Wrong(
                    self._token.at,
                    "unexpected end of input in matrix selector, expected duration",
                    self._text,
                )
            raise Wrong(self._token.at, f'bad duration syntax: "{self._token.text}"', self._text)
        window = seconds(self._take().text)
        if self._token.text.startswith(":"):  # a name may begin so, too
            raise not_offered("subqueries")
        if not self._took("]"):
            raise self._unexpected(' in matrix selector, expected "]"')
        if not isinstance(node, Selector) or node.window is not None:
            raise Wrong(opened.at, "ranges only allowed for vector selectors", self._text)
        return Selector(node.matchers, node.named, node.offset, window)

    def _primary(self) -> Node:
        token = self._token
        if len(self._open) > _DEEPEST:
            raise not_offered(f"more than {_DEEPEST} parentheses in each other")
        match token.kind:
            case Kind.NUMBER:
                text = self._take().text
                return Number(float(int(text, 16)) if text[:2].lower() == "0x" else float(text))
            case Kind.TEXT:
                return Text(value(self._take().text))
            case Kind.NAME:
                return self._named()
        if self._is("("):
            return self._in_parens(lambda: Parens(self._binary(0)))
        if self._is("{"):
            return self._selector("", token.at)
        raise self._unexpected()

    def _named(self) -> Node:
        token = self._take()
        name = token.text
        if name.lower() in AGGREGATIONS and self._is("(", "by", "without"):
            return self._aggregate(token)
        if self._is("("):
            return self._call(token)
        if name.lower() in _NUMBERS and not self._is("{"):
            return Number(_NUMBERS[name.lower()])
        return self._selector(name, token.at)

    def _selector(self, name: str, at: int) -> Selector:
        matchers = [Matcher("__name__", "=", name)] if name else []
        if self._took("{"):
            while not self._took("}"):
                matchers.append(self._matcher())
                if not (self._took(",") or self._is("}")):
                    raise self._within_braces(self._token, ' in label matching, expected "," or "}"')
        found = Selector(tuple(matchers), name)
        check_selector(found, at, self._text)
        return found

    def _matcher(self) -> Matcher:
        name = self._take()
        if name.kind is not Kind.NAME:
            raise self._within_braces(name, ' in label matching, expected identifier or "}"')
        if not self._is("=", "!=", "=~", "!~"):
            raise self._within_braces(self._token, " in label matching, expected label matching operator")
        operator, text = self._take().text, self._take()
        if text.kind is not Kind.TEXT:
            raise self._within_braces(text, " in label matching, expected string")
        wanted = value(text.text)
        if operator in ("=~", "!~"):
            compiled(wanted, lambda why: Wrong(name.at, f"error parsing regexp: {why}", self._text))
        return Matcher(name.text, operator, wanted)

    def _within_braces(self, token: Token, where: str) -> Wrong:
        if token.kind is Kind.END:
            return Wrong(token.at, "unexpected end of input inside braces", self._text)
        return Wrong(token.at, f"unexpected {token}{where}", self._text)

    def _aggregate(self, token: Token) -> Node:
        name = token.text.lower()
        grouping = self._grouping()
        given = self._in_parens(self._arguments)
        if not grouping.said:
            grouping = self._grouping()
        wanted = 1 + (name in WITH_PARAMETER)
        if len(given) != wanted:
            what = f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(given)}"
            raise Wrong(token.at, what, self._text)
        for (node, at), type_ in zip(given[::-1], (Type.VECTOR, Type.SCALAR), strict=False):
            in_what = "aggregation expression" if type_ is Type.VECTOR else "aggregation parameter"
            expected(node, type_, in_what, at, self._text)
        return Aggregate(name, grouping, given[-1][0], given[0][0] if wanted > 1 else None)

    def _grouping(self) -> Grouping:
        if not self._is("by", "without"):
            return Grouping()
        without = self._take().text.lower() == "without"
        return Grouping(self._labels(), without, said=True)

    def _labels(self) -> tuple[str, ...]:
        if not self._took("("):
            raise self._unexpected(' in grouping opts, expected "("')
        labels: list[str] = []
        while not self._took(")"):
            if self._token.kind is not Kind.NAME:
                raise self._unexpected(" in grouping opts, expected label")
            labels.append(self._take().text)
            if not (self._took(",") or self._is(")")):
                raise self._unexpected(' in grouping opts, expected "," or ")"')
        return tuple(labels)

    def _call(self, token: Token) -> Node:
        if token.text in UNKNOWN:
            raise not_offered(f"the function {token.text}")
        if token.text not in SIGNATURES:
            raise Wrong(token.at, f'unknown function with name "{token.text}"', self._text)
        given = self._in_parens(self._arguments)
        check_call(token, given, self._text)
        return Call(token.text, tuple(node for node, _ in given), SIGNATURES[token.text].gives)

    def _arguments(self) -> list[tuple[Node, int]]:
        """Each with its place."""
        found: list[tuple[Node, int]] = []
        while not self._is(")"):
            at = self._token.at
            found.append((self._binary(0), at))
            if not (self._took(",") or self._is(")")):
                raise self._unexpected()
        return found

    def _in_parens(self, read: Callable[[], T]) -> T:
        if not self._is("("):
            raise self._unexpected()
        self._open.append(self._take())
        found = read()
        if not self._took(")"):
            raise self._unexpected()
        self._open.pop()
        return found
