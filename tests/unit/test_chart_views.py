"""What a picture says in words: short, in both languages, and never more than Telegram takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.chart_args import ChartArgs
from handlers.views.answer import CAPTION_UNITS, units
from handlers.views.charts import chart, drawing
from handlers.views.metric_list import understood, with_titles
from handlers.words import LANGUAGES, catalogues
from services.domain.metrics import Curve, Graph, Level, Metric, Reach, Source, Thresholds, Unit
from services.errors import ApiRefused, ApiUnreachable, NoSuchMetric, PicturesFull
from services.metrics.catalogue import Catalogue
from services.pictures.drawing import Theme

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)  # 14:00 in Almaty
CPU = Metric("cpu", "CPU", Unit.PERCENT, Level.HOST, "q", "node-exporter", thresholds=Thresholds(80, 90))
FREE = Metric(
    "free", "Free", Unit.BYTES, Level.HOST, "q", "", thresholds=Thresholds(2**30, below=True), own=False
)


@contextmanager
def words(language: str = "en") -> Iterator[None]:
    with speaking(catalogues(language), ZoneInfo("Asia/Almaty")):
        yield


def curve(name: str, *values: float, ago: timedelta = timedelta()) -> Curve:
    first = NOW - ago - (len(values) - 1) * timedelta(minutes=1)
    points = [(first + number * timedelta(minutes=1), value) for number, value in enumerate(values)]
    return Curve(name, tuple(points), {"host": name})


def graph(*curves: Curve, metric: Metric = CPU, **more: Any) -> Graph:
    reach = more.pop("reach", Reach.HOUR)
    return Graph(metric, reach, NOW - reach.value, NOW, reach.step, curves, Source.PROMETHEUS, **more)


def caption(found: Graph, **more: Any) -> Sequence[str]:
    return chart(found, Theme.LIGHT, "1", **more).text.render()[0].splitlines()


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ((10, 20), "🟢 CPU · server1: 20%"),
        ((95, 79.9), "🟢 CPU · server1: 79.9%"),
        ((10, 80), "🟡 CPU · server1: 80%"),
        ((10, 90), "🔴 CPU · server1: 90%"),
    ],
)
def test_the_first_line_says_how_it_is_now(values: tuple[float, ...], first: str) -> None:
    with words():
        assert caption(graph(curve("server1", *values), subject="server1"))[0] == first


def test_where_little_is_bad_the_lowest_is_the_worst() -> None:
    with words():
        found = caption(graph(curve("server1", 2**31), curve("server2", 2**29), metric=FREE))
    assert found[0] == "🟡 Free · server2: 512 MiB"
    assert found[2] == "warning below 1 GiB"


def test_what_is_old_is_none_of_now() -> None:
    with words():
        found = caption(graph(curve("server1", 99, ago=timedelta(minutes=20))))
        assert found[0] == "⚠️ CPU · server1: last 99%, 13:40"
        found = caption(graph(curve("server1", 99, ago=timedelta(minutes=20)), curve("server2", 5)))
        assert found[0] == "🟢 CPU · server2: 5%", "of what is known now"


def test_from_where_and_what_is_missing_is_said() -> None:
    failure = ApiUnreachable("prometheus", "refused")
    made = graph(curve("server1", 5), failure=failure, warnings=("a part is missing",), more=3)
    made = replace(made, source=Source.NETDATA)
    with words():
        found = caption(made, failure=PicturesFull(32))
    assert found[3:] == [
        "3 curves are not drawn",
        "⚠️ Prometheus cannot be reached: is it running, and is its address right?",
        "⚠️ 32 pictures are waited for already. Try again in a moment.",
        "⚠️ a part is missing",
        "Netdata · 14:00:00",
    ]


def test_in_russian() -> None:
    with words("ru"):
        found = caption(graph(curve("server1", 5, 85)))
        picture = drawing(graph(curve("server1", 5), subject="server1", reach=Reach.DAY), Theme.DARK)
    assert found == [
        "🟡 CPU · server1: 85 %",
        "1 ч: мин. 5 %, сред. 45 %, макс. 85 %",
        "предупреждение от 80 %, критично от 90 %",
        "Prometheus · 14:00:00",
    ]
    assert picture.notation.point == ","
    assert picture.title == "CPU · server1 · 24 ч"
    assert (picture.zone, picture.words.now, picture.theme) == ("Asia/Almaty", "сейчас", Theme.DARK)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_whatever_the_sources_say(language: str) -> None:
    hostile = "@everyone /stop https://evil.example " * 40
    metric = replace(CPU, title=hostile, own=False, source=hostile, promql=hostile)
    failure = ApiRefused("prometheus", 422, hostile)
    more: dict[str, Any] = {
        "failure": failure,
        "warnings": (hostile, hostile),
        "query": hostile,
        "more": 9999,
    }
    with words(language):
        for found in (
            graph(metric=metric, subject=f"server1/{'n' * 128}", **more),
            graph(curve(hostile[:60], 1), curve("b", 2), metric=metric, **more),
        ):
            answer = chart(found, Theme.LIGHT, "1", failure=PicturesFull(32), link=hostile)
            text = answer.text.render()[0]
            assert units(text) <= CAPTION_UNITS
            assert text.splitlines()[-1] == "Prometheus · 14:00:00"
            plain = [line for line in text.splitlines() if not line.startswith(("Asked", "Запрос"))]  # code
            assert " @everyone" not in "\n".join(plain)
            assert "Grafana" not in str(answer.rows)


@pytest.mark.parametrize(
    ("language", "asked", "meant"),
    [
        ("ru", ChartArgs("Память", "24h", "server2"), ChartArgs("memory", "24h", "server2")),
        ("ru", ChartArgs("server2", "24h", "память"), ChartArgs("memory", "24h", "server2")),
        ("en", ChartArgs("server2", "1h", "CPU"), ChartArgs("cpu", "1h", "server2")),
        ("en", ChartArgs("cpu", "1h", "memory"), ChartArgs("cpu", "1h", "memory")),
        ("en", ChartArgs("nothing", "1h", "server2"), ChartArgs("nothing", "1h", "server2")),
    ],
)
def test_the_host_may_come_first_and_a_metric_by_its_title(
    language: str, asked: ChartArgs, meant: ChartArgs
) -> None:
    with words(language):
        assert understood(asked, tuple(Catalogue())) == meant


def test_a_word_of_a_title_leads_to_its_metrics_whatever_its_ending() -> None:
    with words("ru"):
        found = with_titles(NoSuchMetric("диск"), tuple(Catalogue()))
        assert found.near == ("disk", "disk_io")
        assert with_titles(NoSuchMetric("ди"), tuple(Catalogue())).near == ()
