"""Which labels fit."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import re2

from playground.prometheus.promql.tree import Matcher

Labels = Mapping[str, str]


def compiled(pattern: str, refused: Callable[[str], Exception]) -> "re2._Regexp":
    """For the whole of a value. Raises what `refused` makes of the reason why it is none."""
    try:
        return _compiled(pattern)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise refused(
            f"{why.replace('missing )', 'missing closing )').partition(': ')[0]}: `^(?:{pattern})$`"
        ) from error


def matches(matcher: Matcher, value: str) -> bool:
    match matcher.operator:
        case "=":
            return value == matcher.value
        case "!=":
            return value != matcher.value
        case "=~":
            return bool(_compiled(matcher.value).fullmatch(value))
    return not _compiled(matcher.value).fullmatch(value)


def fit(matchers: Iterable[Matcher], labels: Labels) -> bool:
    return all(matches(each, labels.get(each.label, "")) for each in matchers)


@lru_cache(256)
def _compiled(pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return re2.compile(pattern, options)
