"""`/top` and `/stats` as they read: trouble first, in few words, within Telegram's limits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.figure_callbacks import TopTurn
from handlers.views.answer import CAPTION_UNITS, Answer, units
from handlers.views.stats import drawing
from handlers.views.stats import stats as stats_view
from handlers.views.top import top
from handlers.words import catalogues
from services.domain.containers import (
    Condition,
    Container,
    Details,
    Diagnosis,
    Machine,
    Reason,
    Sample,
    State,
)
from services.domain.figures import (
    ContainerLoad,
    ContainerStats,
    Disk,
    History,
    HostFigures,
    HostTop,
    Limits,
    Pace,
    TopReport,
)
from services.domain.metrics import Source, Thresholds
from services.domain.reports import Card, Observed
from services.errors import ApiTimeout, HostSilent, PictureFailed, Silence
from services.pictures.drawing import Theme
from tests.alerts import NOW
from tests.unit.test_menu_views import labels
from tests.unit.test_views import assert_fits

LIMITS = Limits(Thresholds(80), Thresholds(85), Thresholds(critical=90))
WELL = HostFigures(34, 1.2, 2, 61, 8 << 30, Disk("/", 40), 1_200_000, 300_000)
HERE = TopTurn(asker="3e9")
LONG = "x" * 63


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty"), "en"):
        yield


def host(name: str = "server1", figures: HostFigures | None = WELL, **more: object) -> HostTop:
    source = Source.PROMETHEUS if figures else None
    return replace(HostTop(name, whole=True, figures=figures, source=source), **more)  # type: ignore[arg-type]


def loads(*names: str, host: str = "server1", cpu: float | None = 5) -> tuple[ContainerLoad, ...]:
    return tuple(ContainerLoad(host, name, cpu, 5 << 20) for name in names)


def report(*hosts: HostTop, **more: object) -> TopReport:
    return replace(TopReport(hosts, LIMITS, NOW), **more)  # type: ignore[arg-type]


def lines(answer: Answer) -> list[str]:
    return answer.text.render()[0].splitlines()


def test_all_is_well() -> None:
    told = lines(top(report(host()), HERE))
    assert told[0] == "🟢 1 host within limits"
    assert told[2:5] == [
        "server1 · Prometheus",
        "🟢 fine: CPU 34 %, memory 61 % of 8 GB, disk 40 % (/)",
        "load 1.2 (0.6 per core) · network: in 1 MB/s, out 293 kB/s",
    ]


def test_trouble_comes_first_and_says_its_limit() -> None:
    bad = replace(WELL, memory=87, disk=Disk("/data", 93.4))
    told = lines(top(report(host("server2", bad), host()), HERE))
    assert told[0] == "🔴 server2: disk 93 % · server2: memory 87 %"
    assert told[3:6] == [
        "🔴 disk 93 % (/data): critical, from 90 %",
        "🟡 memory 87 % of 8 GB: high, from 85 %",
        "🟢 fine: CPU 34 %",
    ]


def test_what_is_not_known_is_said() -> None:
    told = lines(top(report(host(figures=HostFigures(load=3))), HERE))
    assert told[3:5] == ["⚠️ not known: CPU, memory, disk", "load 3"]
    silence = HostSilent("server1", Silence.TIMEOUT, since=NOW - timedelta(minutes=4))
    told = lines(top(report(host(figures=None, silence=silence)), HERE))
    assert told[0] == "⚠️ not known: server1"
    assert told[3].startswith("⚠️ no contact since ")


def test_what_is_wrong_with_a_source_is_said_once() -> None:
    late = ApiTimeout("prometheus", 1.4)
    netdata = replace(late, api="netdata", host="server1")
    told = lines(top(report(host(figures=None, faults=(netdata,)), faults=(late,)), HERE))
    assert told[1] == "⚠️ Prometheus did not answer within 1.4 s."
    assert told[4] == "⚠️ Netdata on server1 did not answer within 1.4 s."
    assert told[5] == "⚠️ Host figures need node-exporter or Netdata."


def test_docker_alone() -> None:
    alone = host(
        figures=None, machine=Machine(2, 8 << 30), containers=loads("a", "b"), measured_by=Source.DOCKER,
        running=2, sampled=2,
    )  # fmt: skip
    told = lines(top(report(alone), HERE))
    assert told[0] == "What containers use now"
    assert told[2] == "server1 · containers: Docker"
    assert told[4] == "Cores: 2, memory: 8 GB · containers together: CPU 5 %, memory 10 MB"
    assert told[5:7] == ["CPU: a 5 %, b 5 %", "Memory: a 5 MB, b 5 MB"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"running": 3, "sampled": 3, "containers": loads("a"), "measured_by": Source.DOCKER},
         "⚠️ 2 containers were not measured"),
        ({"running": 1, "sampled": 1, "containers": loads("a", cpu=None), "measured_by": Source.DOCKER},
         "⚠️ CPU was not measured in time."),
        ({"running": 900}, "⚠️ Containers were not measured; one host alone: /top server1"),
    ],
)  # fmt: skip
def test_what_was_not_measured(more: dict[str, object], said: str) -> None:
    assert lines(top(report(host(**more)), HERE))[-3] == said  # type: ignore[arg-type]
    told = lines(top(report(host(**more)), HERE, more=True))[-3]  # type: ignore[arg-type]
    assert told == ("⏳ CPU of containers: being measured …" if "sampled" in more else said)


def test_the_buttons() -> None:
    both = report(
        host("server2", containers=loads("busy", host="server2", cpu=90), running=1),
        host(containers=loads("a"), running=1),
    )
    assert labels(top(both, HERE)) == ["server2 ▸", "server1 ▸", "busy ▸", "Graph: CPU", "Graph: memory", "↻"]
    one = report(host(containers=loads("a"), running=1))
    assert labels(top(one, HERE.model_copy(update={"host": "server1"})))[-2:] == ["‹ All hosts", "↻"]
    assert labels(top(report(host(figures=None)), HERE)) == ["↻"]


def test_many_hosts_with_long_names_fit_and_each_is_on_a_page() -> None:
    """Whatever a file system or a container is called."""
    odd = replace(WELL, memory=99, cpu=99, disk=Disk("/" + "м\n" * 500, 99))
    hosts = [
        host(
            f"h{number:03}-{LONG[:50]}", odd,
            containers=tuple(ContainerLoad("h", f"{LONG}{each}", 9e9, 9e15) for each in range(30)),
            measured_by=Source.DOCKER, running=99, sampled=40, faults=(ApiTimeout("netdata", 1),) * 3,
        )
        for number in range(40)
    ]  # fmt: skip
    seen, page, further = "", 0, True
    while further:
        answer = top(report(*hosts), HERE.model_copy(update={"page": page}), more=True)
        assert_fits(answer)
        seen += answer.text.render()[0]
        page += 1
        further = any(label.endswith(" ›") for label in labels(answer))
    assert page > 6
    assert all(f"h{number:03}-" in seen for number in range(40))


CONTAINER = Container("server2", "1" * 64, "directus", "directus:11", State.RUNNING, None, NOW)
DETAILS = Details(
    CONTAINER.id, State.RUNNING, None, NOW - timedelta(days=3), None, 0, False, "", 2, "always", 10, False,
    "json-file", 512 << 20,
)  # fmt: skip
CARD = Card(Observed(CONTAINER, Diagnosis(Condition.WELL, Reason.RUNNING)), DETAILS, None, False, NOW)
SAMPLE = Sample(NOW, 9.0, 210 << 20, 512 << 20, None, 12 << 20, 3 << 20, 0, 4096, 12, 50)
PACE = Pace(12.4, 1200, 300, 0, 4096)
STATS = ContainerStats(CARD, SAMPLE, PACE, Machine(2, 8 << 30))


def test_one_container() -> None:
    told = lines(stats_view(STATS, "3e9"))
    assert told[:-1] == [
        "🟢 directus on server2: running",
        "CPU: 12 % of one core · 6 % of all 2 cores",
        "Memory: 210 MB of 512 MB (41 %)",
        "Network: in 1 kB/s (12 MB in all), out 300 byte/s (3 MB in all)",
        "Disk: read 0 byte/s (0 byte in all), written 4 kB/s (4 kB in all)",
        "Processes: 12 of 50",
        "up 3 days · 2 restarts by Docker",
        "No history: neither Prometheus nor Netdata tells of it.",
    ]


def test_what_is_about_to_run_out_of_memory_is_not_told_as_well() -> None:
    full = replace(STATS, sample=replace(SAMPLE, memory=500 << 20), high=Thresholds(warning=85))
    told = lines(stats_view(full, "3e9"))
    assert told[:2] == ["🟡 directus on server2: memory 98 % of its limit", "running"]
    assert lines(stats_view(replace(full, sample=SAMPLE), "3e9"))[0] == "🟢 directus on server2: running"
    without = replace(CARD, details=replace(DETAILS, memory_limit=None))
    assert lines(stats_view(replace(full, card=without), "3e9"))[0] == "🟢 directus on server2: running"
    down = replace(CARD, observed=Observed(CONTAINER, Diagnosis(Condition.UNWELL, Reason.UNHEALTHY)))
    assert lines(stats_view(replace(full, card=down), "3e9"))[0] == "🟡 directus on server2: unhealthy"


def test_what_one_container_does_not_tell() -> None:
    bare = Sample(NOW, 9.0, 210 << 20, None)
    told = lines(stats_view(replace(STATS, sample=bare, pace=Pace(), machine=None), "3e9"))
    assert told[1:3] == ["⚠️ CPU was not measured in time.", "Memory: 210 MB"]
    assert not any(each.startswith(("Network", "Disk", "Processes")) for each in told)
    told = lines(stats_view(replace(STATS, sample=None), "3e9"))
    assert told[1] == "⚠️ Docker told no figures in time."


def test_the_last_hour_as_a_picture() -> None:
    point = ((NOW, 5.0),)
    history = History(NOW - timedelta(hours=1), NOW, timedelta(seconds=15), point, (), Source.NETDATA)
    known = replace(STATS, history=history)
    drawn = drawing(known, Theme.DARK)
    assert (drawn.small, drawn.theme, [curve.name for curve in drawn.curves]) == (True, Theme.DARK, ["CPU"])
    answer = stats_view(known, "3e9", picture=b"png")
    assert answer.file and answer.file.photo
    assert units(answer.text.render()[0]) < CAPTION_UNITS
    assert lines(answer)[-2] == "Picture: the last hour, CPU in percent · Netdata"
    assert labels(answer)[:2] == ["Graph: CPU", "Graph: memory"]
    failed = stats_view(known, "3e9", failure=PictureFailed("killed"))
    assert failed.file is None
    assert lines(failed)[-2] == "⚠️ The picture could not be drawn; the reason is in the log."
