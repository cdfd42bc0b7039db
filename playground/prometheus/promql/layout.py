"""A query as Prometheus lays it out to be read: on several lines where it is long."""

from collections.abc import Iterable

from playground.prometheus.promql.tree import Aggregate, Binary, Call, Negative, Node, Parens

LONGEST = 100  # characters of a line


def laid_out(node: Node, level: int = 0) -> str:
    indent, text = "  " * level, str(node)
    if len(text) <= LONGEST:
        return f"{indent}{text}"
    match node:
        case Aggregate():
            head = f"{node.name}{' ' if node.grouping.said else ''}{node.grouping}"
            parts = [node.inner] if node.parameter is None else [node.parameter, node.inner]
            return f"{indent}{head}(\n{_each(parts, level)}\n{indent})"
        case Binary():
            said = f"{node.operator}{' bool' if node.boolean else ''}{node.matching}"
            return f"{laid_out(node.left, level + 1)}\n{indent}{said}\n{laid_out(node.right, level + 1)}"
        case Call():
            return f"{indent}{node.name}(\n{_each(node.arguments, level)}\n{indent})"
        case Parens():
            return f"{indent}(\n{laid_out(node.inner, level + 1)}\n{indent})"
        case Negative():
            return f"{indent}-{laid_out(node.inner, level).strip()}"
    return f"{indent}{text}"


def _each(nodes: Iterable[Node], level: int) -> str:
    return ",\n".join(laid_out(node, level + 1) for node in nodes)
