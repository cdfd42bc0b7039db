"""`/query`, `/targets` and `/rules` with a real Prometheus that scrapes figures set by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from playground.telegram import Message, Person
from services.prometheus import open_prometheus
from tests.bots import Setup, running
from tests.conftest import Cast, labels
from tests.contract.recorded import answer, answering, recorded
from tests.lab.monitoring import Gauge, PrometheusServer, free_port
from tests.lab.obtainable import obtainable

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

HOSTS = {name: {"address": f"unix:///nowhere-{name}.sock"} for name in ("server1", "server2")}
RULES = {
    "groups": [
        {
            "name": "team",
            "rules": [
                {
                    "alert": "service_down",
                    "expr": "container_running == 0",
                    "labels": {"severity": "critical"},
                },
                {"alert": "high_cpu", "expr": "cpu > 80", "for": "5m"},
                {"alert": "broken", "expr": "cpu * on () cpu"},
                {"alert": "calm", "expr": "cpu > 1000", "for": "10m"},
                {"record": "cpu:mean", "expr": "avg(cpu)"},
            ],
        }
    ]
}


@dataclass(frozen=True)
class Monitoring:
    server: PrometheusServer
    port: int
    nobody: str

    def watched(self, setup: Setup, **more: Any) -> Setup:
        return replace(setup, hosts=HOSTS, more={"prometheus": {"url": self.server.url}, **more})


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    """One for all tests here: it takes 5 s to look at its targets for the first time."""
    port, nobody = free_port(), f"127.0.0.1:{free_port()}"
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": "figures",
                "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"host": "server1"}}],
            },
            {
                "job_name": "gone",
                "static_configs": [{"targets": [nobody], "labels": {"host": "server2"}}],
            },
        ],
    }
    with (
        obtainable(),
        PrometheusServer(tmp_path_factory.mktemp("prometheus"), config, rules=RULES) as server,
    ):
        yield Monitoring(server, port, nobody)


@pytest.fixture
async def gauge(monitoring: Monitoring) -> AsyncIterator[Gauge]:
    """Its figures are known when the test begins."""
    async with Gauge(monitoring.port) as gauge:
        gauge.set("cpu", {"host": "server1"}, 93.25)
        gauge.set("cpu", {"host": "server2"}, 12)
        gauge.set("container_running", {"host": "server2", "container": "directus"}, 0)
        gauge.set("container_running", {"host": "server1", "container": "n8n"}, 0)
        await _known(monitoring, "sum(cpu) + count(container_running)", 107.25)
        yield gauge


async def _known(monitoring: Monitoring, promql: str, value: float) -> None:
    async with asyncio.timeout(30), open_prometheus(monitoring.server.url) as prometheus:
        while [sample.value for sample in await prometheus.query(promql)] != [value]:
            await asyncio.sleep(0.05)


async def said(cast: Cast, person: Person, text: str) -> Message:
    await person.says(text)
    return await told(cast, person)


async def told(cast: Cast, person: Person) -> Message:
    """The next message, once it is what was asked for: where that takes long, it says first that it does."""
    message = await cast.telegram.next_message(person, 20)
    await cast.telegram.until(lambda: not message.text.startswith("⏳ Asking Prometheus"), 30)
    return message


async def until(ask: Callable[[], Awaitable[Message]], wanted: Callable[[str], bool]) -> Message:
    for _ in range(200):
        reply = await ask()
        if wanted(reply.text):
            return reply
        await asyncio.sleep(0.1)
    raise AssertionError(reply.text)


async def test_a_few_series_are_a_table_of_what_tells_them_apart(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    async with running(monitoring.watched(setup())):
        reply = await said(cast, cast.aigerim, "/query cpu")
        lines = reply.text.splitlines()
        assert lines[0] == "2 series"
        assert lines[1].startswith("cpu{instance=")
        assert lines[2:5] == ["value  host", "93.25  server1", "   12  server2"]
        assert lines[5] == "cpu"
        assert [each.type for each in reply.entities if each.type in ("pre", "code")] == ["pre", "code"]

        # As a phone types it: curly quotes.
        reply = await said(cast, cast.aigerim, "/query cpu{host=“server1”}")
        assert reply.text.splitlines()[0] == "93.25"
        assert 'host="server1"' in reply.text

        gauge.set("cpu", {"host": "server1"}, 50)
        await _known(monitoring, 'cpu{host="server1"}', 50)
        await cast.aigerim.presses(reply, "↻")
        await cast.telegram.until(lambda: reply.text.splitlines()[0] == "50")


async def test_each_kind_of_answer(cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge) -> None:
    async with running(monitoring.watched(setup())):
        for query, first in {
            "1 + 1": "2",
            "1/3": "0.333333",
            "0/0": "NaN",
            "-1/0": "-Inf",
            '"forty-two"': "forty-two",
            "sum(cpu)": "105.25",
            "nothing_of_that_name": "No data: nothing fits the query now.",
        }.items():
            reply = await said(cast, cast.aigerim, f"/query {query}")
            assert reply.text.splitlines()[0] == first, query
        reply = await said(cast, cast.aigerim, "sum by (host) (\n  cpu\n)".join(("/query ", "")))
        assert "value  host" in reply.text, "over several lines"
        reply = await said(cast, cast.aigerim, "/query")
        assert "/query sum by (host)" in reply.text


async def test_a_query_over_time_is_a_picture_that_changes_in_place(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    long = " or ".join(["cpu"] * 60)  # more than fits a button
    async with running(monitoring.watched(setup())):
        reply = await said(cast, cast.aigerim, f"/query {long}")
        assert labels(reply) == ["1 h", "6 h", "24 h", "7 d", "↻"]
        await cast.aigerim.presses(reply, "6 h")
        picture = await told(cast, cast.aigerim)
        assert picture.document is not None
        assert picture.document.kind == "photo"
        assert Image.open(BytesIO(picture.document.content)).format == "PNG"
        assert picture.caption.splitlines()[0] == "2 series · 6 h"
        assert picture.caption.splitlines()[1].startswith("cpu or cpu or ")
        assert labels(picture) == ["1 h", "✓ 6 h", "24 h", "7 d", "↻"]
        before = picture.document.content
        await cast.aigerim.presses(picture, "7 d")
        await cast.telegram.until(lambda: picture.caption.startswith("2 series · 7 d"), 30)
        assert picture.document.content != before
        assert reply.text.startswith("2 series"), "the table stays"

        reply = await said(cast, cast.aigerim, "/query nothing_of_that_name")
        await cast.aigerim.presses(reply, "24 h")
        empty = await told(cast, cast.aigerim)
        assert empty.caption.startswith("No data in 24 h")
        for query in ('"text"', "cpu[1m]"):
            assert labels(await said(cast, cast.aigerim, f"/query {query}")) == ["↻"]


async def test_a_picture_is_for_who_may_ask(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    async with running(monitoring.watched(setup())):
        await cast.aigerim.says("/query cpu", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        assert reply.text.startswith("2 series")
        for label in ("1 h", "↻"):
            alert = await cast.dias.presses(reply, label)
            assert "No right: this button." in alert.text
        await cast.telegram.silence(cast.ops, 0.5)


async def test_many_series_are_a_file(cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge) -> None:
    for number in range(60):
        gauge.set("queue", {"host": "server1", "name": f"q{number:02}"}, number / 3)
    await _known(monitoring, "count(queue)", 60)
    async with running(monitoring.watched(setup())):
        reply = await said(cast, cast.aigerim, "/query sort(queue)")
        assert reply.caption.splitlines()[0] == "60 series · all in the file"
        assert reply.document is not None
        lines = reply.document.content.decode().splitlines()
        assert lines[0] == "# sort(queue)"
        assert len(lines) == 61
        assert lines[-1].startswith("queue{")
        assert 'name="q59"' in lines[-1]
        assert lines[-1].endswith(f" {59 / 3!r}"), "with all its digits"

        reply = await said(cast, cast.aigerim, '/query queue{name="q03"}[10s]')
        assert reply.caption.splitlines()[0] == "1 series · all in the file"
        assert reply.document is not None
        head, series, point, *_ = reply.document.content.decode().splitlines()
        assert (head, 'name="q03"' in series) == ('# queue{name="q03"}[10s]', True)
        assert point.startswith("  20")
        assert point.endswith(" 1")


async def test_a_query_that_is_none_is_shown_where(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    async with running(monitoring.watched(setup())):
        reply = await said(cast, cast.aigerim, "/query foo bar")
        assert reply.text.splitlines() == [
            'Prometheus does not understand the query, character 5: unexpected identifier "bar"',
            "foo bar",
            "    ^",
        ]
        reply = await said(cast, cast.aigerim, "/query sum(\n  rate(cpu)\n)")
        first, line, mark = reply.text.splitlines()
        assert first.startswith(
            "Prometheus does not understand the query, line 2, character 8: expected type"
        )
        assert (line, mark) == ("  rate(cpu)", "       ^")
        reply = await said(cast, cast.aigerim, "/query cpu * on () cpu")
        assert reply.text.startswith("Prometheus refused: ")
        assert "many-to-many" in reply.text
    async with running(replace(monitoring.watched(setup()), language="ru")):
        reply = await said(cast, cast.aigerim, "/query foo bar")
        assert reply.text.startswith("Prometheus не понимает запрос, символ 5: ")


async def test_only_who_may_see_everything_asks(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    more = {"chats": [{"id": cast.ops.id, "scope": ["server1/*"]}]}
    async with running(monitoring.watched(setup(), **more)):
        for person in (cast.dias, cast.student):
            reply = await said(cast, person, "/query sum by (host) (cpu)")
            assert reply.text == "No right: /query. Who has it: Aigerim."
        await cast.aigerim.says("/query cpu", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        assert reply.text.startswith("No right to query Prometheus: "), "the group is told of server1 alone"


async def test_what_is_scraped(cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge) -> None:
    async with running(monitoring.watched(setup())):
        reply = await until(
            lambda: said(cast, cast.aigerim, "/targets"),
            lambda text: text.startswith("🔴 1 of 2") and "🟢 server1" in text,
        )
        first, _, broken, address, well, *_ = reply.text.splitlines()
        assert first == "🔴 1 of 2 targets is not scraped"
        assert broken.startswith("🔴 server2 · gone: ")
        assert "connection refused" in broken
        assert monitoring.nobody in address
        assert well.startswith("🟢 server1 · figures · ")
        assert labels(reply) == ["↻"]
        while not reply.edits:  # which is one only once a figure or the second has changed
            await cast.aigerim.presses(reply, "↻")
            await asyncio.sleep(0.2)

        reply = await said(cast, cast.aigerim, "/targets Server1")
        assert reply.text.splitlines()[0] == "🟢 1 target, scraped"
        reply = await said(cast, cast.aigerim, "/targets sever1")
        assert reply.text.startswith('No host "sever1".')
        reply = await said(cast, cast.student, "/targets")
        assert reply.text == "Nothing that Prometheus scrapes is in your scope."
        reply = await said(cast, cast.student, "/targets server1")
        assert reply.text == 'No host "server1".'


async def test_the_rules_and_whose_they_are(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    users = [
        {"id": cast.aigerim.id, "name": "Aigerim", "role": "admin"},
        {"id": cast.student.id, "name": "Student", "role": "viewer", "scope": ["*/directus"]},
        {"id": cast.dias.id, "name": "Dias", "role": "operator", "scope": ["server1/*"]},
    ]
    async with running(replace(monitoring.watched(setup()), users=users)):
        reply = await until(
            lambda: said(cast, cast.aigerim, "/rules"),
            lambda text: all(sign in text for sign in ("🔥", "⏳", "⚠️", "server2/directus", "server1/n8n")),
        )
        lines = reply.text.splitlines()
        assert lines[0] == "🔥 1 of 5 rules fires"
        assert lines[2] == "🔥 service_down · 2"
        assert {line.partition(" · ")[0].strip() for line in lines[3:5]} == {
            "server2/directus",
            "server1/n8n",
        }
        assert all(" · since " in line for line in lines[3:5])
        assert lines[5] == "⏳ high_cpu · for 5 min"
        assert lines[6].startswith("  server1 · since ")
        assert " · fires at " in lines[6]
        assert lines[6].endswith(" · 93.25")
        assert lines[7].startswith("⚠️ broken: ")
        assert "many-to-many" in lines[7]
        assert lines[8:10] == ["🟢 calm · for 10 min", "🟢 cpu:mean · records"]

        reply = await said(cast, cast.student, "/rules")
        assert reply.text.splitlines()[:3] == ["🔥 1 of 1 rules fires", "", "🔥 service_down"]
        assert "server2/directus" in reply.text
        assert "n8n" not in reply.text
        assert "cpu" not in reply.text
        reply = await said(cast, cast.dias, "/rules")
        assert "server1/n8n" in reply.text
        assert "high_cpu" in reply.text
        assert "directus" not in reply.text
        assert "many-to-many" not in reply.text


async def test_without_a_prometheus(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        for command in ("/query up", "/targets", "/rules"):
            reply = await said(cast, cast.aigerim, command)
            assert reply.text == "Not in the settings: prometheus"


async def test_one_that_is_away_or_in_trouble(cast: Cast, setup: Make) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    async with running(setup(more={"prometheus": {"url": gone}})):
        for command in ("/query up", "/targets", "/rules"):
            reply = await said(cast, cast.aigerim, command)
            assert reply.text == "Prometheus cannot be reached: is it running, and is its address right?"
    for says, sentence in (
        (
            answer(b"Service Unavailable", status="503 Service Unavailable"),
            "Prometheus is not ready, or in trouble of its own: Service Unavailable",
        ),
        (
            answer(recorded("login.html"), type="text/html"),
            "Prometheus shows a web page: is a login in front of it, or its address wrong?",
        ),
    ):
        async with answering(says) as standin, running(setup(more={"prometheus": {"url": standin.url}})):
            for command in ("/query up", "/targets", "/rules"):
                reply = await said(cast, cast.aigerim, command)
                assert reply.text == sentence
