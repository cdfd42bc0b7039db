"""The corpus through the redactor: no secret of it is seen, and ordinary lines stay as they are."""

from collections.abc import Iterator

import pytest

from services.logs.text.lines import last_lines
from services.redaction.environment import hidden_values
from services.redaction.text import HIDDEN, redacted
from tests.corpus import Row, rows
from tests.corpus.ordinary import ordinary

MOST_FALSE = 10
LINES = 100_000
_AT_ONCE = 1000


def shown(row: Row) -> str:
    """As a chat gets it: cleaned, then redacted, the container's own environment known."""
    hidden = hidden_values(f"{name}={value}" for name, value in row.env.items())
    return redacted(cleaned(row), hidden).text


def cleaned(row: Row) -> str:
    return "\n".join(last_lines(row.line.encode(), row.line.count("\n") + 1))


def leaks(name: str) -> Iterator[str]:
    for row in rows(name):
        text = shown(row)
        if seen := [secret for secret in row.secrets if secret in text]:
            yield f"{row.kind}: {seen} in {text!r}"


@pytest.mark.parametrize("name", ["secrets", "secrets_held_back"])
def test_every_secret_is_masked(name: str) -> None:
    assert list(leaks(name)) == []


@pytest.mark.parametrize("name", ["secrets", "secrets_held_back"])
def test_what_is_masked_is_marked_and_masking_it_again_changes_nothing(name: str) -> None:
    for row in rows(name):
        text = shown(row)
        # With a link's address its secret is taken away before.
        assert HIDDEN in text or text == cleaned(row)
        assert redacted(text).text == text


def test_what_is_around_a_secret_stays() -> None:
    """In its order; of all that is hidden, less than an eighth is a token's prefix, a header of a JWT and the like."""
    hidden = wanted = 0
    for row in rows("secrets"):
        was, position = cleaned(row), 0
        parts = shown(row).split(HIDDEN)
        for part in parts[:-1]:
            assert part in was[position:], row
            position = was.index(part, position) + len(part)
        assert was[position:].endswith(parts[-1]), row
        hidden += len(was) - sum(map(len, parts))
        wanted += sum(
            len(secret) for secret in row.secrets if not any(secret in o for o in row.secrets if o != secret)
        )
    assert wanted < hidden < wanted * 8 / 7


def test_ordinary_lines_are_left_alone() -> None:
    lines = list(ordinary(LINES))
    wrong = []
    for start in range(0, LINES, _AT_ONCE):
        some = lines[start : start + _AT_ONCE]
        found = redacted("\n".join(some)).text.split("\n")
        wrong += [(was, now) for was, now in zip(some, found, strict=True) if was != now]
    assert len(wrong) <= MOST_FALSE, wrong
