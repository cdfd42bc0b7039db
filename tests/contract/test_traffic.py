"""What goes through a real Traefik, told by itself and by a real Prometheus that scrapes it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from services.domain.metrics import Source
from services.domain.traffic import Flow
from services.errors import ApiError, MetricsOff
from services.metrics.traffic_sources import OfPrometheus
from services.prometheus import open_prometheus
from services.traefiks import TraefikAddress, Traefiks, open_traefiks
from tests.lab.monitoring import PrometheusServer
from tests.lab.traefik import TraefikServer

pytestmark = pytest.mark.lab


class Backend:
    """Answers with the status that the query names, after so many seconds."""

    async def __aenter__(self) -> "Backend":
        app = web.Application()
        app.router.add_get("/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        await asyncio.sleep(float(request.query.get("wait", "0")))
        return web.Response(status=int(request.query["status"]))


@dataclass(frozen=True)
class Stage:
    traefik: TraefikServer
    traefiks: Traefiks
    client: httpx.AsyncClient

    async def send(self, service: str, *, times: int = 1, status: int = 200, wait: float = 0) -> None:
        for _ in range(times):
            answer = await self.client.get(
                f"http://127.0.0.1:{self.traefik.plain}/",
                params={"status": str(status), "wait": str(wait)},
                headers={"Host": f"{service}.example.org"},
            )
            assert answer.status_code == status

    async def flows(self) -> Mapping[str, Flow]:
        return (await self.traefiks.counters("server2", deadline=5)).flows


def routed(port: int, services: Sequence[str]) -> dict[str, object]:
    routers = {
        name: {"rule": f"Host(`{name}.example.org`)", "service": name, "entryPoints": ["plain"]}
        for name in services
    }
    servers = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}
    return {"http": {"routers": routers, "services": dict.fromkeys(services, servers)}}


@contextlib.asynccontextmanager
async def stage(home: Path, *, metrics_url: str = "") -> AsyncIterator[Stage]:
    async with Backend() as backend:
        with TraefikServer(home, routed(backend.port, ("a", "b")), metrics=True) as traefik:
            address = TraefikAddress(traefik.url, metrics_url=metrics_url.format(port=traefik.port))
            async with (
                open_traefiks({"server2": address}) as traefiks,
                httpx.AsyncClient(trust_env=False) as client,
            ):
                made = Stage(traefik, traefiks, client)
                async with asyncio.timeout(15):
                    for service in ("a", "b"):  # its configuration is taken up
                        with contextlib.suppress(AssertionError):
                            await made.send(service)
                        while f"{service}@file" not in await made.flows():
                            await asyncio.sleep(0.1)
                            with contextlib.suppress(AssertionError):
                                await made.send(service)
                yield made


async def test_exactly_what_was_sent_is_counted(tmp_path: Path) -> None:
    async with stage(tmp_path) as sent:
        before = await sent.traefiks.counters("server2", deadline=5)
        await sent.send("a", times=12)
        await sent.send("a", times=5, status=404)
        await sent.send("a", times=3, status=503)
        await sent.send("b", times=4)
        after = await sent.traefiks.counters("server2", deadline=5)
        flows = after.since(before)
        assert not after.began_after(before)
    assert flows["a@file"].statuses == {200: 12, 404: 5, 503: 3}
    assert (flows["a@file"].share(400), flows["a@file"].share(500)) == (0.25, 0.15)
    assert flows["b@file"].statuses == {200: 4}
    assert not any(name.endswith("@internal") for name in flows)


async def test_slow_answers_are_told_from_quick_ones(tmp_path: Path) -> None:
    async with stage(tmp_path) as sent:
        before = await sent.traefiks.counters("server2", deadline=5)
        await sent.send("a", times=3)
        async with asyncio.TaskGroup() as group:
            for _ in range(7):
                group.create_task(sent.send("a", wait=1.3))
        flow = (await sent.traefiks.counters("server2", deadline=5)).since(before)["a@file"]
    middle = flow.latency(0.5)
    assert middle
    assert 1.2 <= middle.seconds <= 5
    assert not middle.beyond


async def test_a_traefik_that_is_started_anew(tmp_path: Path) -> None:
    async with stage(tmp_path) as sent:
        await sent.send("a", times=5)
        before = await sent.traefiks.counters("server2", deadline=5)
        await asyncio.to_thread(sent.traefik.stop)
        await asyncio.to_thread(sent.traefik.start)
        async with asyncio.timeout(15):
            while True:
                with contextlib.suppress(AssertionError, ApiError):
                    await sent.send("a")
                    break
                await asyncio.sleep(0.1)
        assert (await sent.traefiks.counters("server2", deadline=5)).began_after(before)


async def test_metrics_that_are_switched_off_or_elsewhere(tmp_path: Path) -> None:
    with TraefikServer(tmp_path / "off", {}) as traefik:
        async with open_traefiks({"server2": TraefikAddress(traefik.url)}) as traefiks:
            await traefiks.routing("server2", deadline=5)
            with pytest.raises(MetricsOff) as raised:
                await traefiks.counters("server2", deadline=5)
            assert (raised.value.api, raised.value.host) == ("traefik", "server2")
    async with Backend() as backend:  # something else that answers there
        url = f"http://127.0.0.1:{backend.port}/metrics"
        address = TraefikAddress(url, "team", "hush", metrics_url=url)
        async with open_traefiks({"server2": address}) as traefiks:
            with pytest.raises(ApiError):
                await traefiks.counters("server2", deadline=5)
    async with stage(tmp_path / "on", metrics_url="http://127.0.0.1:{port}/metrics") as sent:
        await sent.send("a", times=2)
        assert (await sent.flows())["a@file"].requests >= 2


async def test_a_login_goes_to_nobody_but_the_one_it_is_for() -> None:
    same = TraefikAddress("http://10.0.0.1:8080", "team", "hush", metrics_url="http://10.0.0.1:8080/metrics")
    other = TraefikAddress("http://10.0.0.1:8080", "team", "hush", metrics_url="http://10.0.0.1:8082/metrics")
    assert same.metrics_login == ("team", "hush")
    assert other.metrics_login == ("", "")


def prometheus_of(traefik: TraefikServer, labels: Mapping[str, str]) -> Mapping[str, object]:
    target = {"targets": [f"127.0.0.1:{traefik.port}"], "labels": dict(labels)}
    pace = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return {"global": pace, "scrape_configs": [{"job_name": "traefik", "static_configs": [target]}]}


async def test_prometheus_tells_the_same(tmp_path: Path) -> None:
    async with stage(tmp_path / "traefik") as sent:
        for status in (200, 404, 503):  # a counter that begins in between has no beginning for Prometheus
            await sent.send("a", status=status)
        config = prometheus_of(sent.traefik, {"host": "server2"})
        with PrometheusServer(tmp_path / "prom", config) as server:
            async with open_prometheus(server.url) as api:
                source = OfPrometheus(api, {"server2": "server2"}.__getitem__)
                first = 'count_over_time(traefik_service_requests_total{code="503"}[1m]) > 0'
                async with asyncio.timeout(30):
                    while not await api.query(first):
                        await asyncio.sleep(0.2)
                await sent.send("a", times=24)
                await sent.send("a", times=10, status=404)
                await sent.send("a", times=6, status=503)
                exactly = "max_over_time(traefik_service_requests_total[1m])"
                async with asyncio.timeout(30):
                    while (
                        sum(
                            row.value for row in await api.query(exactly) if row.labels["service"] == "a@file"
                        )
                        < 43
                    ):
                        await asyncio.sleep(0.2)
                (told, quantiles) = await asyncio.gather(
                    source.told(),
                    api.query(
                        "histogram_quantile(0.95, sum by (service, le) "
                        "(increase(traefik_service_request_duration_seconds_bucket[300s])))"
                    ),
                )
    flow = told["server2"].flows["a@file"]
    assert told["server2"].source is Source.PROMETHEUS
    assert flow.share(500) == pytest.approx(0.15, abs=0.01)
    assert flow.share(400) == pytest.approx(0.25, abs=0.01)
    theirs = next(row.value for row in quantiles if row.labels["service"] == "a@file")
    ours = flow.latency(0.95)
    assert ours
    assert ours.seconds == pytest.approx(theirs, rel=0.05)


async def test_a_traefik_that_nobody_asks_for_is_known_and_one_without_a_host_is_not(tmp_path: Path) -> None:
    with (
        TraefikServer(tmp_path / "t", {}, metrics=True) as traefik,
        PrometheusServer(tmp_path / "p", prometheus_of(traefik, {"host": "server2"})) as server,
    ):
        async with open_prometheus(server.url) as api:
            known = OfPrometheus(api, {"server2": "server2"}.__getitem__)
            async with asyncio.timeout(30):
                while "server2" not in await known.told():
                    await asyncio.sleep(0.2)
            assert (await known.told())["server2"].flows == {}
            assert await OfPrometheus(api, lambda _label: "").told() == {}
