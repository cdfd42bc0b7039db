"""Curves: who sees which of an answer, what they are called, and which are left out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from services.alerts.policy import Policy
from services.domain.access import Actor, Role, Scope
from services.domain.metrics import Reach, Thresholds
from services.errors import ApiRefused
from services.fleet import sights as fleet_sights
from services.fleet.fleet import Fleet
from services.metrics.catalogue import Catalogue
from services.metrics.curves import LONGEST_NAME, MOST, MOST_POINTS, Sight, drawn, told_apart
from services.metrics.figures import Figures
from services.metrics.graphs import Graphs
from services.metrics.marks import Marks
from services.metrics.subjects import Subject, Subjects
from services.metrics.tops import Tops
from services.netdatas import Netdatas
from services.prometheus import Prometheus, Sample, Series
from tests.clock import HandClock

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
POLICY = Policy(hosts={"server1": ("10.0.0.1",), "server2": ()})
CPU = Catalogue().metric("cpu")


def series(labels: Mapping[str, str], *values: float) -> Series:
    points = [(NOW + number * timedelta(seconds=15), value) for number, value in enumerate(values)]
    return Series(labels, tuple(points))


def sight(*globs: str, subject: Subject | None = None) -> Sight:
    return Sight(Scope.of(*globs), subject or Subject(), POLICY.host_named)


FLEET = [
    series({"host": "server1", "container": "n8n"}, 1),
    series({"host": "server2", "container": "directus"}, 2),
    series({"host": "server2", "container": "postgres"}, 3),
    series({"host": "server2"}, 4),
    series({"instance": "10.0.0.1:9100", "job": "node"}, 5),
    series({"host": "elsewhere", "container": "directus"}, 6),
    series({}, 7),
]


@pytest.mark.parametrize(
    ("globs", "subject", "seen"),
    [
        (["*/*"], Subject(), [7, 6, 5, 4, 3, 2, 1]),
        (["*/directus"], Subject(), [2]),
        (["server2/*"], Subject(), [4, 3, 2]),
        (["server1/*"], Subject(), [5, 1]),
        (["server2/*", "*/n8n"], Subject(), [4, 3, 2, 1]),
        (["*/*"], Subject("server2"), [4, 3, 2]),
        (["*/*"], Subject("server2", "directus"), [2]),
        (["*/directus"], Subject("server2"), [2]),
        (["nowhere/*"], Subject(), []),
    ],
)
def test_what_is_shown_is_in_scope_and_of_the_subject(
    globs: list[str], subject: Subject, seen: list[float]
) -> None:
    curves, more = drawn(FLEET, CPU, sight(*globs, subject=subject))
    assert [curve.points[-1][1] for curve in curves] == seen
    assert more == 0


def test_the_highest_are_kept_or_the_lowest_where_that_is_bad() -> None:
    many = [series({"host": "server1", "disk": f"{number}"}, number, 0.5) for number in range(MOST + 7)]
    curves, more = drawn(many, CPU, sight("*/*"))
    assert len(curves) == MOST
    assert more == 7
    assert curves[0].points[0][1] == MOST + 6
    below = replace(CPU, thresholds=Thresholds(warning=1, below=True))
    curves, more = drawn(
        [series({"host": "server1"}, 9), series({"host": "server2"}, 1)], below, sight("*/*")
    )
    assert [curve.name for curve in curves] == ["server2", "server1"]


def test_a_source_that_tells_more_than_was_asked_for_does_not_weigh_on_who_draws() -> None:
    (curve,), _more = drawn([series({"host": "server1"}, *range(3 * MOST_POINTS))], CPU, sight("*/*"))
    assert [value for _at, value in curve.points] == list(range(2 * MOST_POINTS, 3 * MOST_POINTS))


def test_what_is_no_number_is_no_point() -> None:
    curves, more = drawn(
        [series({"host": "server1"}, math.nan, 1, math.inf), series({"host": "server2"}, math.nan)],
        CPU,
        sight("*/*"),
    )
    assert [(curve.name, len(curve.points)) for curve in curves] == [("server1", 1)]
    assert more == 0


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([{"host": "server1", "job": "node"}], ["server1"]),
        ([{"host": "server1", "container": "n8n"}], ["n8n"]),
        ([{}], [""]),
        (
            [{"host": "server1", "instance": "a:1"}, {"host": "server2", "instance": "b:1"}],
            ["server1", "server2"],
        ),
        (
            [{"host": "server1", "container": "a"}, {"host": "server1", "container": "b"}],
            ["a", "b"],
        ),
        (
            [{"host": "server1", "container": "a"}, {"host": "server2", "container": "a"}],
            ["server1", "server2"],
        ),
        (
            [
                {"host": "server1", "direction": "in"},
                {"host": "server1", "direction": "out"},
                {"host": "server2", "direction": "in"},
            ],
            ["server1 · in", "server1 · out", "server2 · in"],
        ),
        ([{"host": "s", "mountpoint": "/"}, {"host": "s", "mountpoint": "/data"}], ["/", "/data"]),
        ([{"a": "1"}, {}], ["1", ""]),
    ],
)
def test_names_are_of_as_few_labels_as_tell_them_apart(rows: list[dict[str, str]], names: list[str]) -> None:
    assert told_apart(rows) == names


def test_names_are_short_clean_and_still_different() -> None:
    long = "x" * 300
    names = told_apart([{"path": f"{long}1"}, {"path": f"{long}2"}, {"path": "a\x1b[31m\nb"}])
    assert len(set(names)) == 3
    assert all(len(name) <= LONGEST_NAME + 4 for name in names)
    assert names[2] == "a b"


REFUSAL = ApiRefused("prometheus", 422, 'found duplicate series for the match group {host="server1"}')


class Refusing:
    """A Prometheus, and no marks."""

    async def range(self, *_asked: object, **_more: object) -> Sequence[Series]:
        raise REFUSAL

    async def query(self, *_asked: object, **_more: object) -> Sequence[Sample]:
        raise REFUSAL

    async def between(self, *_asked: object) -> tuple[()]:
        return ()


@pytest.mark.parametrize(("globs", "told"), [(["*/*"], REFUSAL.message), (["server2/*"], "")])
async def test_a_refusal_names_others_series_only_to_who_may_see_everything(
    globs: list[str], told: str
) -> None:
    nothing = Refusing()
    graphs = Graphs(
        Catalogue(), cast(Subjects, nothing), cast(Prometheus, nothing), Netdatas({}), cast(Marks, nothing),
        POLICY.host_named, HandClock(),
    )  # fmt: skip
    viewer = Actor(1, "Dias", Role.VIEWER, Scope.of(*globs))
    with pytest.raises(ApiRefused) as refused:
        await graphs.of(CPU, Reach.HOUR, Subject(), by=viewer)
    assert (refused.value.status, refused.value.message) == (422, told)


class Silent:
    """A fleet of one host, whose containers nobody knows."""

    hosts = ("server2",)

    async def glance(self, host: str, **_more: object) -> fleet_sights.Sight:
        return fleet_sights.Sight(host)

    def engine(self, _host: str) -> "Silent":
        return self

    async def machine(self, **_more: object) -> None:
        return None


@pytest.mark.parametrize(("globs", "told"), [(["*/*"], REFUSAL.message), (["server2/*"], "")])
async def test_nor_does_the_list_of_hosts_name_them(globs: list[str], told: str) -> None:
    figures = Figures(cast(Prometheus, Refusing()), Netdatas({}), Catalogue())
    tops = Tops(cast(Fleet, Silent()), figures, Catalogue(), HandClock())
    report = await tops.top(None, by=Actor(1, "Dias", Role.VIEWER, Scope.of(*globs)))
    assert [str(fault.message) for fault in report.faults if isinstance(fault, ApiRefused)] == [told]
