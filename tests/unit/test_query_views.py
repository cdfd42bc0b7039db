"""What Prometheus says in messages: in bounds whatever comes, without secrets, and marked where a query is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers.query_callbacks import QueryAgain, RuleList, TargetList
from handlers.views.answer import CAPTION_UNITS, MESSAGE_ENTITIES, MESSAGE_UNITS, Answer, units
from handlers.views.charts import drawing
from handlers.views.query import number, result
from handlers.views.scrapes import rule_list, target_list
from handlers.views.wrong_part import marked
from handlers.words import LANGUAGES, catalogues
from services.domain.metrics import Curve, Graph, Level, Metric, Reach, Source, Unit
from services.domain.scraping import EvaluatedRule, Health, RuleAlert, RuleState, ScrapeTarget
from services.errors import QueryRefused
from services.metrics.queries import QueryAnswer
from services.metrics.scrapes import RulesReport, SeenTarget, TargetsReport
from services.pictures.drawing import Theme
from services.pictures.plot import drawn
from services.pictures.sheet import Sheet, packed, unpacked
from services.prometheus import Evaluated, Kind, Sample, Series

NOW = datetime(2026, 11, 26, 9, 6, 31, tzinfo=UTC)
ASKER = f"{2**52 - 1:x}"
SECRET = "token=ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@contextmanager
def spoken(language: str = "en") -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty"), language):
        yield


def fits(answer: Answer) -> bool:
    text, entities = answer.text.render()
    most = CAPTION_UNITS if answer.file else MESSAGE_UNITS
    keyboard = answer.keyboard.inline_keyboard if answer.keyboard else []
    data = [(each.callback_data or "").encode() for row in keyboard for each in row]
    return units(text) <= most and len(entities) <= MESSAGE_ENTITIES and all(len(each) <= 64 for each in data)


def answered(promql: str, found: Evaluated, token: str = "abcd-_12") -> QueryAnswer:
    return QueryAnswer(promql, token, NOW, found)


def refused(query: str, line: int, column: int) -> QueryRefused:
    return QueryRefused("prometheus", 400, "…", query, line, column, "unexpected")


@pytest.mark.parametrize(
    ("query", "place", "shown"),
    [
        ("foo bar", (1, 5), "foo bar\n    ^"),
        ("up{", (1, 4), "up{\n   ^"),
        ("a\n  rate(b)\n)", (2, 8), "  rate(b)\n       ^"),
        ("\ta b", (1, 4), " a b\n   ^"),
        ("x" * 100, (1, 51), "…" + "x" * 40 + "…\n" + " " * 29 + "^"),
        ("up", (9, 9), "\n^"),
        ("up", (1, 99), "up\n  ^"),
    ],
)
def test_the_wrong_place_is_marked(query: str, place: tuple[int, int], shown: str) -> None:
    assert marked(refused(query, *place)) == shown


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2.0, "2"),
        (-0.0, "0"),
        (1 / 3, "0.333333"),
        (93.25, "93.25"),
        (1e21, "1e+21"),
        (123456789.0, "123456789"),
        (float("nan"), "NaN"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
    ],
)
def test_figures(value: float, told: str) -> None:
    assert number(value) == told


LABELS = st.dictionaries(
    st.sampled_from(["__name__", "host", "container", "path", "le"]), st.text(max_size=300), max_size=5
)


@settings(max_examples=40)
@given(
    st.text(min_size=1, max_size=4000),
    st.lists(st.builds(Sample, LABELS, st.floats(), st.just(NOW)), max_size=60),
    st.lists(st.text(max_size=600), max_size=5),
)
def test_whatever_comes_fits(promql: str, samples: list[Sample], warnings: list[str]) -> None:
    found = Evaluated(
        Kind.VECTOR, tuple(samples), left_out=1, warnings=tuple(warnings), notes=tuple(warnings)
    )
    ranges = Evaluated(
        Kind.MATRIX, series=tuple(Series(each.labels, ((NOW, each.value),)) for each in samples)
    )
    for language in LANGUAGES:
        with spoken(language):
            for each in (found, ranges, Evaluated(Kind.STRING, text=promql)):
                assert fits(result(answered(promql, each), ASKER))


def test_all_that_does_not_fit_is_in_the_file() -> None:
    samples = tuple(Sample({"host": f"server{number}"}, number, NOW) for number in range(3000))
    with spoken():
        answer = result(answered("up", Evaluated(Kind.VECTOR, samples)), ASKER)
    assert answer.file is not None
    assert answer.file.name == "query-20261126-140631.txt"
    lines = answer.file.content.decode().splitlines()
    assert lines == ["# up", *(f'{{host="server{number}"}} {number}' for number in range(3000))]


def test_a_file_ends_somewhere_and_says_so() -> None:
    samples = tuple(Sample({"n": str(number)}, 1, NOW) for number in range(20_001))
    with spoken():
        answer = result(answered("up", Evaluated(Kind.VECTOR, samples)), ASKER)
    assert answer.file is not None
    assert answer.file.content.count(b"\n") == 20_001
    head = answer.text.render()[0].splitlines()[0]
    assert head == "20001 series · the first 20000 lines are in the file"


@pytest.mark.parametrize("count", [1, 2, 100])
def test_secrets_stay(count: int) -> None:
    samples = tuple(Sample({"host": str(number), "path": f"/x?{SECRET}"}, 1, NOW) for number in range(count))
    with spoken():
        answer = result(answered(f'up{{path="{SECRET}"}}', Evaluated(Kind.VECTOR, samples)), ASKER)
    told = answer.text.render()[0] + (answer.file.content.decode() if answer.file else "")
    assert "ghp_16C7" not in told
    assert "•••" in told


def test_nothing_can_be_pressed_that_was_not_kept() -> None:
    with spoken():
        found = Evaluated(Kind.SCALAR, (Sample({}, 2, NOW),))
        assert result(answered("1 + 1", found, token=""), ASKER).keyboard is None
        assert result(answered("1 + 1", found), ASKER).keyboard is not None
    press = QueryAgain(asker=ASKER, token="abcd-_12")
    assert QueryAgain.unpack(press.pack()) == press


def target(number: int, health: Health, words: str = "") -> SeenTarget:
    return SeenTarget(
        f"server{number}",
        ScrapeTarget("node", f"http://server{number}:9100/metrics?{SECRET}", {}, health, words, NOW,
                     timedelta(milliseconds=12)),
    )  # fmt: skip


def test_every_target_is_on_some_page_and_pages_fit() -> None:
    targets = tuple(target(number, Health.BROKEN, "dial tcp " * 60) for number in range(30))
    targets += tuple(target(number, Health.WELL) for number in range(30, 200))
    report = TargetsReport(NOW, "", targets, ("w" * 600,))
    with spoken():
        pages = [target_list(report, TargetList(asker=ASKER, host="h" * 24, page=page)) for page in range(30)]
    assert all(map(fits, pages))
    told = "\n".join(page.text.render()[0] for page in pages)
    assert all(f"server{number} " in told for number in range(200))
    assert "ghp_16C7" not in told
    assert pages[0].text.render()[0].startswith("🔴 30 of 200 targets are not scraped\n\n🔴 server0 · node: ")


def rule(name: str, state: RuleState, alerts: int, words: str = "") -> EvaluatedRule:
    return EvaluatedRule(
        "team", name, "x", {"severity": "critical"}, False, state, timedelta(minutes=5),
        Health.BROKEN if words else Health.WELL, words,
        tuple(RuleAlert({"alertname": name, "severity": "critical", "device": f"d{number}", "host": "a" * 300},
                        state, NOW, 1) for number in range(alerts)),
    )  # fmt: skip


def test_every_rule_is_on_some_page_and_pages_fit() -> None:
    rules = tuple(rule(f"f{number}", RuleState.FIRING, 50) for number in range(20))
    rules += tuple(rule(f"b{number}", RuleState.INACTIVE, 0, "many-to-many " * 90) for number in range(20))
    rules += tuple(rule(f"q{number}", RuleState.INACTIVE, 0) for number in range(200))
    report = RulesReport(NOW, rules)
    with spoken():
        pages = [rule_list(report, RuleList(asker=ASKER, page=page)) for page in range(40)]
    assert all(map(fits, pages))
    told = "\n".join(page.text.render()[0] for page in pages)
    assert all(f" {each.name}" in told for each in rules)
    assert "and 40 more" in told


def test_what_makes_an_alert_its_own_is_told() -> None:
    """Its rule's own labels are not, nor where it was scraped."""
    alert = RuleAlert(
        {"alertname": "disk_full", "severity": "critical", "host": "server1", "instance": "10.0.0.1:9100",
         "job": "node", "mountpoint": "/srv"},
        RuleState.FIRING, NOW, 91.5,
    )  # fmt: skip
    found = EvaluatedRule(
        "team", "disk_full", "x", {"severity": "critical"}, False, RuleState.FIRING, timedelta(),
        Health.WELL, "", (alert,),
    )  # fmt: skip
    with spoken():
        text = rule_list(RulesReport(NOW, (found,)), RuleList(asker=ASKER)).text.render()[0]
    assert "/\u2060srv" in text, "no command to tap"
    assert text.replace("\u2060", "").splitlines()[2:4] == [
        "🔥 disk_full",
        "  server1, /srv · since 14:06 · 91.5",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_query_that_fills_its_pictures_title_is_drawn(language: str) -> None:
    metric = Metric("query", "W" * 60, Unit.COUNT, Level.TEAM, "up", "", own=False)
    curve = Curve("server1", ((NOW - timedelta(hours=1), 1.0), (NOW, 2.0)))
    graph = Graph(
        metric, Reach.DAY, NOW - timedelta(days=1), NOW, Reach.DAY.step, (curve,), Source.PROMETHEUS
    )
    with spoken(language):
        sheet = drawing(graph, Theme.LIGHT)
    found = unpacked(packed(sheet))
    assert isinstance(found, Sheet)
    assert drawn(found).startswith(b"\x89PNG")
