"""Each rule is needed by a row of the unit tests: what no line needs, nobody maintains, and nobody would miss."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest

from services.redaction import sequels, text
from services.redaction.judgements import Rule
from services.redaction.secrets import TABLES
from tests.unit import (
    test_redaction,
    test_redaction_apart,
    test_redaction_names,
    test_redaction_places,
    test_redaction_shapes,
)
from tests.unit.redaction_rows import Row, is_hidden_alone

ROWS: list[Row] = [
    *test_redaction.HIDDEN_LINES,
    *test_redaction_names.HIDDEN_LINES,
    *test_redaction_places.HIDDEN_LINES,
    *test_redaction_shapes.HIDDEN_LINES,
]
RULES = [rule for table in TABLES for rule in table]


@contextmanager
def without(rule: Rule) -> Iterator[None]:
    tables = tuple(tuple(each for each in table if each is not rule) for table in TABLES)
    with patch.object(text, "TABLES", tables):
        text._alternations.cache_clear()
        try:
            yield
        finally:
            text._alternations.cache_clear()


def finds_something(rule: Rule, row: Row) -> bool:
    """By itself."""
    data = row[0].replace("§", row[1]).encode()
    return bool(text._secrets(text._alternation(rule.pattern), [rule] * 20, data, 10**6)[0])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern[:40])
def test_without_any_rule_a_secret_is_seen(rule: Rule) -> None:
    rows = [row for row in ROWS if finds_something(rule, row)]
    with without(rule):
        assert not all(map(is_hidden_alone, rows))


@pytest.mark.parametrize("number", range(len(sequels._ROWS)))
def test_without_any_look_at_the_lines_below_a_secret_is_seen(number: int) -> None:
    rows = list(sequels._ROWS)
    rows[number] = replace(rows[number], find=lambda _first, _below: iter(()))
    with patch.object(sequels, "_ROWS", tuple(rows)):
        assert not all(map(is_hidden_alone, test_redaction_apart.HIDDEN_TEXTS))
