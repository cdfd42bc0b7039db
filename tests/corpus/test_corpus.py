"""The corpus itself: what it promises of its rows and of its ordinary lines."""

from collections import Counter
from itertools import islice

import pytest

from tests.corpus import rows
from tests.corpus.ordinary import ordinary, templates

NAMES = ("secrets", "secrets_held_back")


def luhn(digits: str) -> bool:
    return (
        sum(sum(divmod(int(d) * (1 + place % 2), 10)) for place, d in enumerate(reversed(digits))) % 10 == 0
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_stands_in_its_line_once(name: str) -> None:
    for row in rows(name):
        assert row.secrets, row
        for secret in row.secrets:
            assert row.line.count(secret) == 1, (secret, row)


@pytest.mark.parametrize("name", NAMES)
def test_the_cards_are_cards(name: str) -> None:
    cards = [row.secrets[0] for row in rows(name) if row.kind == "payment_card"]
    assert len(cards) >= 4
    for card in cards:
        assert luhn("".join(filter(str.isdigit, card))), card


def test_there_are_rows_of_every_kind_in_both_files() -> None:
    counts = [Counter(row.kind for row in rows(name)) for name in NAMES]
    assert counts[0].keys() == counts[1].keys()
    assert min((counts[0] + counts[1]).values()) >= 5
    lines = [row.line for name in NAMES for row in rows(name)]
    assert len(set(lines)) == len(lines)


def test_ordinary_lines_are_the_same_for_the_same_seed_and_leave_no_part_unfilled() -> None:
    lines = list(ordinary(2_000, seed=7))
    assert lines == list(ordinary(2_000, seed=7))
    assert lines != list(ordinary(2_000, seed=8))
    assert lines[:100] == list(islice(ordinary(2_000, seed=7), 100))
    assert not [line for line in lines if "\n" in line or "<word>" in line or "<n>" in line or "<hex" in line]
    assert len(set(templates())) == len(templates()) >= 60
