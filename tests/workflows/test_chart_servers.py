"""`/chart` of containers on two real servers, whose figures a real Prometheus has."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bots import Setup, running
from tests.conftest import Cast, labels
from tests.lab.monitoring import PrometheusServer
from tests.lab.obtainable import obtainable
from tests.lab.past import Past, remember
from tests.lab.servers import Lab
from tests.workflows.test_chart import answered, is_photo

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

METRICS = {
    "cpu": {"title": "CPU here", "promql": 'heat{host=~"$host"}', "level": "host", "unit": "percent"},
    "container_cpu": {
        "title": "CPU of containers",
        "promql": 'part_heat{host=~"$host",container=~"$container"}',
        "level": "container",
        "unit": "percent",
    },
    "load": {"title": "Load", "promql": 'heat{host=~"$host"}', "level": "host"},
}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    figures = {("server2", "directus"): 12, ("server2", "postgres"): 34, ("server1", "n8n"): 5}
    with obtainable():
        remember(
            server,
            datetime.now(UTC),
            Past("heat", {"host": "server2"}, lambda hours: 50.0, hours=1),
            *(
                Past("part_heat", {"host": host, "container": name}, constant(value), hours=1)
                for (host, name), value in figures.items()
            ),
        )
        server.start()
    yield server
    server.kill()


def constant(value: float) -> Callable[[float], float]:
    def always(_hours: float) -> float:
        return value

    return always


def charting(lab: Lab, setup: Make, prometheus: PrometheusServer) -> Setup:
    more: dict[str, Any] = {"prometheus": {"url": prometheus.url}, "metrics": METRICS}
    return setup(*lab.servers.values(), more=more)


async def test_a_figure_of_hosts_asked_of_a_container_is_the_containers_own(
    cast: Cast, setup: Make, lab: Lab, prometheus: PrometheusServer
) -> None:
    async with running(charting(lab, setup, prometheus)):
        await cast.aigerim.says("/chart cpu 6h Directus")
        reply = await answered(cast, cast.aigerim)
        assert is_photo(reply)
        assert reply.caption.startswith("CPU of containers · server2/directus: 12%")
        assert labels(reply)[-1] == "directus ▸"
        await cast.aigerim.presses(reply, "24 h")
        await cast.telegram.until(lambda: "✓ 24 h" in labels(reply))
        assert reply.caption.startswith("CPU of containers · server2/directus: 12%")
        await cast.aigerim.presses(reply, "directus ▸")
        assert "directus" in (await answered(cast, cast.aigerim)).text.splitlines()[0]
        await cast.aigerim.says("/chart load directus")
        words = "load is a figure of hosts, not of containers: ask it of a host."
        assert (await answered(cast, cast.aigerim)).text == words


async def test_near_misses_lead_to_the_picture(
    cast: Cast, setup: Make, lab: Lab, prometheus: PrometheusServer
) -> None:
    async with running(charting(lab, setup, prometheus)):
        await cast.aigerim.says("/chart cpu direktus 24h")
        reply = await answered(cast, cast.aigerim)
        assert reply.text == 'No container "direktus". Did you mean:'
        await cast.aigerim.presses(reply, "directus")
        picture = await answered(cast, cast.aigerim)
        assert picture.caption.startswith("CPU of containers · server2/directus: 12%")
        assert "✓ 24 h" in labels(picture)
        await cast.aigerim.says("/chart cpuu directus")
        reply = await answered(cast, cast.aigerim)
        await cast.aigerim.presses(reply, "cpu")
        picture = await answered(cast, cast.aigerim)
        assert picture.caption.startswith("CPU of containers · server2/directus: 12%")


async def test_nobody_learns_of_what_is_not_in_scope(
    cast: Cast, setup: Make, lab: Lab, prometheus: PrometheusServer
) -> None:
    """The student may see */directus alone."""
    async with running(charting(lab, setup, prometheus)):
        for name in ("postgres", "server2/postgres", "postgre"):
            await cast.student.says(f"/chart container_cpu {name}")
            assert (await answered(cast, cast.student)).text == f'No container "{name}".'
        await cast.student.says("/chart container_cpu server2")
        reply = await answered(cast, cast.student)
        assert reply.caption.startswith("CPU of containers · server2: 12%")
        await cast.student.says("/chart cpu server2")  # the host's is not his to see, the containers' is
        reply = await answered(cast, cast.student)
        assert reply.caption.startswith("CPU of containers · server2: 12%")
        assert "50" not in reply.caption and "34" not in reply.caption
        await cast.student.says("/chart load server2")
        reply = await answered(cast, cast.student)
        assert ": no figures in 1 h" in reply.caption
        assert "There are none about what is in your scope." in reply.caption


async def test_what_is_gone_has_figures_still(
    cast: Cast, setup: Make, lab: Lab, prometheus: PrometheusServer
) -> None:
    async with running(charting(lab, setup, prometheus)):
        await cast.aigerim.says("/chart cpu directus")
        picture = await answered(cast, cast.aigerim)
        lab.servers["server2"].docker("rm", "--force", "directus")
        await cast.aigerim.says("/status")  # from now on it was not seen last, either
        await answered(cast, cast.aigerim)
        await cast.aigerim.presses(picture, "6 h")
        await cast.telegram.until(lambda: "✓ 6 h" in labels(picture), 20)
        assert picture.caption.startswith("CPU of containers · server2/directus: 12%")
        await cast.student.says("/chart cpu 24h directus")
        assert (await answered(cast, cast.student)).text == 'No container "directus".'


async def test_what_was_on_a_silent_server_has_figures_still(
    cast: Cast, setup: Make, lab: Lab, prometheus: PrometheusServer
) -> None:
    async with running(charting(lab, setup, prometheus)):
        await cast.aigerim.says("/chart cpu directus")
        picture = await answered(cast, cast.aigerim)
        lab.servers["server2"].stop_docker()
        await cast.aigerim.says("/chart cpu directus")
        reply = await answered(cast, cast.aigerim)
        assert reply.caption.startswith("CPU of containers · server2/directus: 12%")
        await cast.aigerim.presses(picture, "6 h")
        await cast.telegram.until(lambda: "✓ 6 h" in labels(picture), 20)
        await cast.aigerim.says("/chart cpu server2")
        assert (await answered(cast, cast.aigerim)).caption.startswith("CPU here · server2: 50%")
