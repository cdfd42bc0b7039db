"""`/chart`: a real Prometheus with a day behind it, seen from the chat."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from PIL import Image

from playground.telegram import Chat, Message, Person
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.monitoring import PrometheusServer, free_port
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.past import Past, remember

Make = Callable[..., Setup]

HOSTS: dict[str, dict[str, Any]] = {
    "server1": {"address": "unix:///nowhere.sock", "aliases": ["10.0.0.1"]},
    "server2": {"address": "unix:///nowhere.sock"},
}
METRICS: dict[str, Any] = {
    "heat": {
        "title": "Heat",
        "promql": 'heat{host=~"$host"} or heat{instance="10.0.0.1:9100"}',
        "level": "host",
        "unit": "percent",
        "thresholds": {"warning": 80, "critical": 90},
    },
    "container_heat": {
        "title": "Heat of containers",
        "promql": 'part_heat{host=~"$host",container=~"$container"}',
        "level": "container",
        "unit": "percent",
    },
    "many": {"title": "Many", "promql": "many", "level": "host"},
    "broken": {"title": "Broken", "promql": "sum by (", "level": "host"},
    "missing": {"title": "Missing", "promql": "nothing_at_all", "level": "team"},
    "memory": {
        "title": "Memory here",
        "promql": 'memory_here{host=~"$host"}',
        "level": "host",
        "netdata": {"chart": "netdata.server_cpu"},
    },
    "orders": {"title": "Orders", "promql": "sum(orders)", "level": "team"},
}


def wave(low: float, high: float) -> Callable[[float], float]:
    def at(hours: float) -> float:
        return low + (high - low) * (1 - math.cos(hours * math.pi)) / 2

    return at


def rising(hours: float) -> float:
    return 95 if hours > 23.5 else 50


def level(value: float) -> Callable[[float], float]:
    def always(_hours: float) -> float:
        return value

    return always


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Its past ends now, at the fixture's start."""
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    pasts = [
        Past("heat", {"host": "server2"}, rising),
        Past("heat", {"instance": "10.0.0.1:9100"}, wave(10, 30)),
        Past("orders", {"shop": "a"}, level(5)),
        Past("part_heat", {"host": "server2", "container": "directus"}, wave(1, 20), hours=2),
        Past("part_heat", {"host": "server2", "container": "postgres"}, wave(1, 40), hours=2),
        *(
            Past("many", {"host": "server1", "disk": f"d{number:03}"}, level(number), hours=1)
            for number in range(60)
        ),
    ]
    with obtainable():
        remember(server, datetime.now(UTC), *pasts)
        server.start()
    yield server
    server.kill()


def charting(prometheus: PrometheusServer, **more: Any) -> dict[str, Any]:
    return {"prometheus": {"url": prometheus.url}, "metrics": METRICS, "hosts": HOSTS} | more


async def answered(cast: Cast, where: Person | Chat) -> Message:
    """Once nobody waits any more: on a busy machine a picture may take its time."""
    while (reply := await cast.telegram.next_message(where, 10)).text.startswith(("🔥", "✅")):
        pass
    await cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
    return reply


def is_photo(message: Message) -> bool:
    return message.document is not None and message.document.kind == "photo"


async def test_a_metric_of_all_hosts_with_the_worst_first(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart heat")
        reply = await answered(cast, cast.aigerim)
        assert is_photo(reply)
        first, second, third, last = reply.caption.splitlines()
        assert first == "🔴 Heat · server2: 95%"
        assert second.startswith("1 h: min 50%, avg ")
        assert second.endswith(", max 95%")
        assert third == "warning from 80%, critical from 90%"
        assert last.startswith("Prometheus · ")
        assert labels(reply) == ["✓ 1 h", "6 h", "24 h", "7 d", "↻", "🌙"]


async def test_the_time_changes_in_place(cast: Cast, setup: Make, prometheus: PrometheusServer) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart HEAT server1 24H")
        reply = await answered(cast, cast.aigerim)
        assert reply.caption.startswith("🟢 Heat · server1: 1")
        assert "24 h: min 10%, avg 20%, max 30%" in reply.caption
        assert labels(reply)[:4] == ["1 h", "6 h", "✓ 24 h", "7 d"]
        assert labels(reply)[-1] == "server1 ▸"
        await cast.aigerim.presses(reply, "6 h")
        await cast.telegram.until(lambda: "6 h: min 10%" in reply.caption)
        assert "server1" in reply.caption
        assert labels(reply)[:4] == ["1 h", "✓ 6 h", "24 h", "7 d"]
        await cast.telegram.silence(cast.aigerim, 0.3)


async def test_a_picture_is_of_nothing_but_the_scope(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    """The student may see */directus alone: no host as a whole, and not what is about everything."""
    async with running(setup(more=charting(prometheus))):
        await cast.student.says("/chart container_heat 6h")
        reply = await answered(cast, cast.student)
        assert reply.caption.splitlines()[0].startswith("Heat of containers · directus: ")
        assert "postgres" not in reply.caption
        await cast.student.says("/chart heat")
        reply = await answered(cast, cast.student)
        assert reply.caption.startswith("Heat of containers · directus: "), "of hosts there is nothing to see"
        for metric in ("orders", "many", "load"):
            await cast.student.says(f"/chart {metric}")
            caption = (await answered(cast, cast.student)).caption
            title, why, _source = caption.splitlines()
            assert title.endswith(": no figures in 1 h")
            assert why == "There are none about what is in your scope.", "the source is not to blame"
        await cast.student.says("/chart")
        reply = await answered(cast, cast.student)
        assert [label for label in labels(reply) if "All" not in label] == ["Heat of containers"]
        await cast.aigerim.says("/chart container_heat 6h")
        reply = await answered(cast, cast.aigerim)
        assert reply.caption.startswith("Heat of containers · postgres: ")
        await cast.aigerim.says("/chart orders")
        assert (await answered(cast, cast.aigerim)).caption.startswith("Orders: 5")


async def test_of_very_many_curves_the_highest_are_drawn(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart many")
        caption = (await answered(cast, cast.aigerim)).caption
        assert caption.startswith("Many · d059: 59")
        assert "10 curves are not drawn" in caption


async def test_where_there_is_nothing_it_is_said_what_was_asked_for(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart missing 7d")
        caption = (await answered(cast, cast.aigerim)).caption
        assert caption.splitlines()[:2] == ["Missing: no figures in 7 d", "Asked for: nothing_at_all"]
        await cast.aigerim.says("/chart load")
        caption = (await answered(cast, cast.aigerim)).caption
        assert "They would come from: node-exporter. Does Prometheus scrape it?" in caption


async def test_names_that_are_none(cast: Cast, setup: Make, prometheus: PrometheusServer) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart haet server2 6h")
        reply = await answered(cast, cast.aigerim)
        assert reply.text == 'No metric "haet". Did you mean:'
        await cast.aigerim.presses(reply, "heat")
        reply = await answered(cast, cast.aigerim)
        assert reply.caption.startswith("🔴 Heat · server2: 95%")
        assert "✓ 6 h" in labels(reply), "of the host and the time that were asked for"
        await cast.aigerim.says("/chart 24h server2 heat")
        reply = await answered(cast, cast.aigerim)
        assert reply.caption.startswith("🔴 Heat · server2: 95%"), "in whatever order"
        assert "✓ 24 h" in labels(reply)
        await cast.aigerim.says("/chart containers")
        reply = await answered(cast, cast.aigerim)
        assert "container_heat" in labels(reply), "by a word of its title"
        await cast.aigerim.says("/chart куаз")
        reply = await answered(cast, cast.aigerim)
        assert reply.text == 'No metric "куаз".'
        await cast.aigerim.presses(reply, "Charts")
        await cast.telegram.until(lambda: reply.text.startswith("Which metric?"))
        await cast.aigerim.says("/chart heat 2h")
        words = '"2h" is no time that pictures go back: 1h, 6h, 24h or 7d'
        assert (await answered(cast, cast.aigerim)).text == words
        await cast.aigerim.says("/chart orders server1")
        words = "orders is a figure of everything together: ask it without a name."
        assert (await answered(cast, cast.aigerim)).text == words


async def test_the_choice_offers_what_has_figures(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart")
        reply = await answered(cast, cast.aigerim)
        lines = reply.text.splitlines()
        assert lines[0] == "Which metric?"
        assert lines[-1] == "Applications: container_heat, heat, many, orders"
        *metrics, everything = labels(reply)
        assert metrics == ["Heat of containers", "Heat", "Many", "Orders"]
        assert everything.startswith("All: ")
        await cast.aigerim.presses(reply, everything)
        await cast.telegram.until(lambda: "CPU" in labels(reply))
        assert "With figures: 4" in labels(reply)
        assert reply.text.splitlines()[2].startswith("System: cpu, load, disk, ")
        await cast.aigerim.presses(reply, "With figures: 4")
        await cast.telegram.until(lambda: "CPU" not in labels(reply))
        await cast.aigerim.presses(reply, "Orders")
        assert (await answered(cast, cast.aigerim)).caption.startswith("Orders: 5")


def brightness(message: Message) -> int:
    """Of a corner, 0 to 255."""
    assert message.document is not None
    found = Image.open(BytesIO(message.document.content)).convert("L").getpixel((2, 2))
    assert isinstance(found, int)
    return found


async def test_the_background_is_each_persons_own(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    more = charting(prometheus)
    async with running(setup(more=more)):
        await cast.aigerim.says("/chart heat", chat=cast.ops)
        shared = await answered(cast, cast.ops)
        assert brightness(shared) > 200
        await cast.aigerim.presses(shared, "🌙")
        await cast.telegram.until(lambda: brightness(shared) < 100)
        assert "☀️" in labels(shared)
        await cast.dias.presses(shared, "6 h")
        await cast.telegram.until(lambda: "6 h: min" in shared.caption)
        assert brightness(shared) < 100, "it is the asker's, whoever turns it"
        await cast.dias.says("/chart heat")
        assert brightness(await answered(cast, cast.dias)) > 200
    async with running(setup(more=more)):
        await cast.aigerim.says("/theme")
        reply = await answered(cast, cast.aigerim)
        assert reply.text.startswith("Pictures: on a dark background\n")
        assert labels(reply) == ["☀️ Light", "✓ 🌙 Dark"]
        await cast.aigerim.presses(reply, "☀️ Light")
        await cast.telegram.until(lambda: reply.text.startswith("Pictures: on a light background"))
        await cast.aigerim.says("/theme dark")
        assert labels(await answered(cast, cast.aigerim)) == ["☀️ Light", "✓ 🌙 Dark"]


async def test_a_link_leads_to_the_dashboard_of_its_kind(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    more = charting(prometheus, grafana={"url": "https://grafana.example.com/team/"})
    async with running(setup(more=more)):
        await cast.aigerim.says("/chart heat server2 6h")
        reply = await answered(cast, cast.aigerim)
        url = str(reply.button("Grafana ↗").value)
        link = urlsplit(url)
        asked = parse_qs(link.query)
        assert (link.netloc, link.path) == ("grafana.example.com", "/team/d/vakhta-applications")
        assert int(asked["to"][0]) - int(asked["from"][0]) == 6 * 3600 * 1000
        assert asked["var-host"] == ["server2"]


async def test_without_a_prometheus(cast: Cast, setup: Make) -> None:
    async with running(setup(more={"metrics": METRICS})):
        await cast.aigerim.says("/chart cpu")
        words = "cpu needs a Prometheus in the settings (prometheus) that scrapes: node-exporter."
        assert (await answered(cast, cast.aigerim)).text == words
        await cast.aigerim.says("/chart")
        reply = await answered(cast, cast.aigerim)
        assert "Not in the settings: prometheus" in reply.text
        assert "CPU" in labels(reply)


async def test_where_prometheus_fails_netdata_tells(cast: Cast, setup: Make, tmp_path: Path) -> None:
    with obtainable(), NetdataServer(tmp_path / "netdata") as netdata:
        hosts = {"server1": HOSTS["server1"] | {"netdata": {"url": netdata.url}}}
        down = {"url": f"http://127.0.0.1:{free_port()}"}
        more = {"hosts": hosts, "metrics": METRICS, "prometheus": down}
        async with running(setup(more=more)):
            reply = await charted(cast, "/chart memory", "Memory here · server1: ")
            *_, failure, last = reply.caption.splitlines()
            assert failure == "⚠️ Prometheus cannot be reached: is it running, and is its address right?"
            assert last.startswith("Netdata · ")
            await cast.student.says("/chart memory")
            assert (await answered(cast, cast.student)).text == failure.removeprefix("⚠️ ")
        async with running(setup(more={"hosts": hosts, "metrics": METRICS})):
            reply = await charted(cast, "/chart memory server1", "Memory here · server1: ")
            assert "⚠️" not in reply.caption


async def test_where_prometheus_knows_nothing_netdata_tells_as_far_as_it_answers(
    cast: Cast, setup: Make, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    with obtainable(), NetdataServer(tmp_path / "netdata") as netdata:
        down = {"netdata": {"url": f"http://127.0.0.1:{free_port()}"}}
        hosts = {
            "server1": HOSTS["server1"] | {"netdata": {"url": netdata.url}},
            "server2": HOSTS["server2"] | down,
        }
        async with running(setup(more=charting(prometheus) | {"hosts": hosts})):
            reply = await charted(cast, "/chart memory", "Memory here · server1: ")
            words = "⚠️ Netdata on server2 cannot be reached: is it running, and is its address right?"
            assert reply.caption.splitlines()[-2] == words
            await cast.aigerim.says("/chart memory server2")
            caption = (await answered(cast, cast.aigerim)).caption
            assert caption.splitlines()[0] == "Memory here · server2: no figures in 1 h"
            assert caption.splitlines()[-1].startswith("Prometheus · ")


async def charted(cast: Cast, text: str, wanted: str) -> Message:
    """The first picture that says so."""
    for _ in range(60):
        await cast.aigerim.says(text)
        reply = await answered(cast, cast.aigerim)
        if reply.caption.startswith(wanted):
            return reply
        await asyncio.sleep(0.1)
    raise AssertionError(reply.caption or reply.text)


@dataclass
class Odd:
    """A Prometheus that is unwell."""

    status: int = 200
    body: bytes = b""
    delay: float = 0
    port: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        return {"hosts": HOSTS, "metrics": METRICS, "prometheus": {"url": f"http://127.0.0.1:{self.port}"}}

    async def answer(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay)
        return web.Response(status=self.status, body=self.body, content_type="application/json")


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    odd = Odd()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", odd.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    odd.port = runner.addresses[0][1]
    yield odd
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            503,
            b'{"status":"error","error":"TSDB not ready"}',
            "Prometheus is not ready, or in trouble of its own: TSDB not ready",
        ),
        (503, b"", "Prometheus is not ready, or in trouble of its own: HTTP 503"),
        (
            422,
            b'{"status":"error","errorType":"execution","error":"query processing would load too many samples"}',
            "Prometheus refused: query processing would load too many samples",
        ),
        (
            200,
            b'{"status":"success","data":{"resultType":"vector","result":[]}}',
            "Prometheus gave an answer that is not its own: an admin must look at its address.",
        ),
    ],
)
async def test_a_prometheus_that_refuses(
    cast: Cast, setup: Make, odd: Odd, status: int, body: bytes, words: str
) -> None:
    odd.status, odd.body = status, body
    async with running(setup(more=odd.settings)):
        await cast.aigerim.says("/chart heat")
        assert (await answered(cast, cast.aigerim)).text == words


async def test_a_query_of_the_settings_that_is_none(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with running(setup(more=charting(prometheus))):
        await cast.aigerim.says("/chart broken")
        reply = await answered(cast, cast.aigerim)
        assert reply.text.startswith("Prometheus does not understand the query, character 9: ")


async def test_a_prometheus_that_is_slow_is_waited_for(cast: Cast, setup: Make, odd: Odd) -> None:
    now = datetime.now(UTC).timestamp()
    odd.body = matrix([({"host": "server1"}, [(now - 60, "1"), (now - 5, "2")])])
    odd.delay = 2.5
    async with running(setup(more=odd.settings)):
        await cast.aigerim.says("/chart heat")
        reply = await next_answer(cast, cast.aigerim)
        assert reply.text == "⏳ Drawing: heat …"
        await cast.telegram.until(lambda: reply.caption.startswith("🟢 Heat · server1: 2%"))
        await cast.aigerim.presses(reply, "6 h")
        await cast.telegram.until(lambda: "⏳ Drawing: heat …" in labels(reply))
        await cast.telegram.until(lambda: "✓ 6 h" in labels(reply))


async def test_an_answer_of_ten_megabytes(cast: Cast, setup: Make, odd: Odd) -> None:
    now = datetime.now(UTC).timestamp()
    points = [(now - 3600 + 15 * number, f"{number}.5") for number in range(240)]
    odd.body = matrix([({"host": "server1", "disk": f"{disk}"}, points) for disk in range(1500)])
    assert len(odd.body) > 10_000_000
    async with running(setup(more=odd.settings)):
        await cast.aigerim.says("/chart many")
        reply = await answered(cast, cast.aigerim)
        assert "1450 curves are not drawn" in reply.caption


def matrix(rows: Sequence[tuple[Mapping[str, str], Sequence[tuple[float, str]]]]) -> bytes:
    result = [{"metric": labels, "values": points} for labels, points in rows]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()
