"""Whether the parts of a query fit together. All raise Wrong, in Prometheus' words. at: a place in the text."""

from collections.abc import Sequence

from playground.prometheus.promql.matchers import matches
from playground.prometheus.promql.signatures import SIGNATURES
from playground.prometheus.promql.tokens import Token
from playground.prometheus.promql.tree import Binary, Node, Selector, Type
from playground.prometheus.refusal import Wrong

SET_OPERATORS = frozenset(("and", "or", "unless"))
_COMPARISONS = frozenset(("==", "!=", "<=", "<", ">=", ">"))
_OPERANDS = frozenset((Type.SCALAR, Type.VECTOR))


def expected(node: Node, type_: Type, where: str, at: int, text: str) -> None:
    if node.type is not type_:
        raise Wrong(at, f"expected type {type_} in {where}, got {node.type}", text)


def check_binary(node: Binary, at: int, sign: int, text: str) -> None:
    """sign: the place of its operator."""
    types = (node.left.type, node.right.type)
    scalars = types == (Type.SCALAR, Type.SCALAR)
    if not _OPERANDS.issuperset(types):
        what = "binary expression must contain only scalar and instant vector types"
    elif node.operator in SET_OPERATORS and Type.SCALAR in types:
        what = f'set operator "{node.operator}" not allowed in binary scalar expression'
    elif node.operator in SET_OPERATORS and node.matching.many:
        what = f'no grouping allowed for "{node.operator}" operation'
    elif scalars and node.operator in _COMPARISONS and not node.boolean:
        raise Wrong(sign, "comparisons between scalars must use BOOL modifier", text)
    elif Type.SCALAR in types and (node.matching.on or node.matching.labels):
        what = "vector matching only allowed between instant vectors"
    else:
        return
    raise Wrong(at, what, text)


def check_call(name: Token, given: Sequence[tuple[Node, int]], text: str) -> None:
    """given: with the place of each."""
    signature = SIGNATURES[name.text]
    most = len(signature.takes)
    least = most - signature.optional
    told = f'in call to "{name.text}", got {len(given)}'
    if least == most and len(given) != most:
        raise Wrong(name.at, f"expected {most} argument(s) {told}", text)
    if len(given) < least:
        raise Wrong(name.at, f"expected at least {least} argument(s) {told}", text)
    if len(given) > most and not signature.repeated:
        raise Wrong(name.at, f"expected at most {most} argument(s) {told}", text)
    for number, (node, at) in enumerate(given):
        expected(node, signature.takes[min(number, most - 1)], f'call to function "{name.text}"', at, text)


def check_selector(node: Selector, at: int, text: str) -> None:
    if all(matches(each, "") for each in node.matchers):
        raise Wrong(at, "vector selector must contain at least one non-empty matcher", text)
