"""What is typed behind `/chart` and `/theme`."""

import pytest

from handlers.args import Usage, UsageError
from handlers.chart_args import ChartArgs, chart_args, theme_named
from services.pictures.drawing import Theme


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (None, None),
        ("  ", None),
        ("cpu", ChartArgs("cpu")),
        ("cpu 24h", ChartArgs("cpu", "24h")),
        ("cpu 7D server1", ChartArgs("cpu", "7d", "server1")),
        ("cpu server1 6h", ChartArgs("cpu", "6h", "server1")),
        ("cpu 6ч «server1»", ChartArgs("cpu", "6h", "server1")),
        ("cpu 7д", ChartArgs("cpu", "7d")),
        ("CPU server2/directus", ChartArgs("CPU", "1h", "server2/directus")),
        ("cpu 24", ChartArgs("cpu", "1h", "24")),
        ("24h cpu", ChartArgs("cpu", "24h")),
        ("7 дней cpu server1", ChartArgs("cpu", "7d", "server1")),
        ("cpu 24 ч", ChartArgs("cpu", "24h")),
        ("cpu 24 часа server1", ChartArgs("cpu", "24h", "server1")),
        ("cpu 1d", ChartArgs("cpu", "24h")),
        ("24h", None),
    ],
)
def test_a_metric_then_how_far_back_and_of_what_in_any_order(
    text: str | None, asked: ChartArgs | None
) -> None:
    assert chart_args(text) == asked


@pytest.mark.parametrize(
    ("text", "usage", "word"),
    [
        ("cpu 2h", Usage.REACH, "2h"),
        ("cpu 30m server1", Usage.REACH, "30m"),
        ("cpu server1 server2", Usage.TOO_MANY, "server2"),
        ("cpu 1h 6h", Usage.TOO_MANY, "6h"),
        ("cpu 24 server1", Usage.TOO_MANY, "server1"),
        ("cpu 2 ч", Usage.REACH, "2ч"),
    ],
)
def test_what_is_not_understood_is_named(text: str, usage: Usage, word: str) -> None:
    with pytest.raises(UsageError) as error:
        chart_args(text)
    assert (error.value.usage, error.value.text) == (usage, word)


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("dark", Theme.DARK),
        ("Тёмная", Theme.DARK),
        ("LIGHT", Theme.LIGHT),
        ("", None),
        (None, None),
        ("blue", None),
    ],
)
def test_themes_by_name(text: str | None, theme: Theme | None) -> None:
    assert theme_named(text) is theme
