"""The simulated Prometheus after something has happened, and a real one that remembers the same."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.request import urlopen

import yaml

from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World
from playground.prometheus.memory import Memory, Snapshot
from playground.prometheus.promql.numbers import in_answer
from playground.prometheus.rules import FILE
from playground.prometheus.series import Series
from playground.prometheus.server import PrometheusServer as SimulatedServer
from tests.lab.monitoring import PrometheusServer, free_port
from tests.lab.network import LabUnavailable
from tests.lab.obtainable import obtainable
from tests.unit.manual_clock import ManualClock

HALF_HOUR, DAY = 1800.0, 86_400.0
FOR_DAYS = frozenset(
    f"tapbot_{what}_total" for what in ("messages", "registrations", "bookings_started", "bookings_completed")
)
# Seconds: until Directus falls, until it is started again, until it is looked at.
_FALL, _DOWN, _UP = 300.0, 120.0, 700.0


@dataclass(frozen=True)
class Stage:
    """now: seconds since 1970, the last moment of which anything is known."""

    url: str
    now: float


@asynccontextmanager
async def _memory() -> AsyncIterator[Memory]:
    clock = ManualClock()
    async with World(clock) as world:
        _, server2 = hosts = open_team(world)
        memory = Memory(hosts, _certificates)
        story, directus = Story(server2), server2.find("directus")
        await clock.advance(_FALL)
        story.kill("directus", oom=True, stays_down=True)
        await clock.advance(_DOWN)
        starting = asyncio.ensure_future(server2.life(directus).start())
        await clock.advance(_UP)
        await starting
        yield memory


def _certificates(host: str) -> list[dict[str, str]]:
    return [{"commonName": f"{host}.example.org", "notAfter": "2027-01-15T12:00:00Z"}]


@asynccontextmanager
async def simulated() -> AsyncIterator[Stage]:
    async with _memory() as memory, SimulatedServer(memory) as server:
        yield Stage(server.url, (await server.look()).moment)


@contextmanager
def real(home: Path) -> Iterator[Stage]:
    """Raises LabUnavailable."""
    with ThreadPoolExecutor(1) as thread:  # a test's own loop may run in this one
        snapshot = thread.submit(asyncio.run, _snapshot()).result()
    server = PrometheusServer(home, rules=FILE.read_text())
    config = yaml.safe_load(server.file.read_text())
    dead = {"job_name": "dead", "static_configs": [{"targets": [f"127.0.0.1:{free_port()}"]}]}
    own = {"job_name": "own", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]}
    server.configure(config | {"scrape_configs": [dead, own]})
    _remember(server, snapshot)
    with obtainable(), server:
        _wait_for_targets(server)
        yield Stage(server.url, snapshot.moment)


def _wait_for_targets(server: PrometheusServer) -> None:
    deadline = time.monotonic() + 20
    while b'"activeTargets":[]' in urlopen(f"{server.url}/api/v1/targets").read():
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)


async def _snapshot() -> Snapshot:
    async with _memory() as memory:
        return memory.snapshot()


def _remember(server: PrometheusServer, snapshot: Snapshot) -> None:
    """Half an hour of it, as if it had been scraped; of what is asked for whole days, more."""
    with obtainable():
        program = shutil.which("promtool")
        if not program:
            raise LabUnavailable("promtool is missing (Debian package prometheus)")
    for_days = [each for each in snapshot.series if each.labels["__name__"] in FOR_DAYS]
    others = [each for each in snapshot.series if each not in for_days]
    for found, back in (
        (for_days, 1.1 * DAY),
        (others, HALF_HOUR),
    ):  # promtool reads the file once for each 2 hours
        file = server.home / "past.om"
        file.write_text("".join(_rows(found, snapshot.moment - back, snapshot.moment)))
        done = subprocess.run(
            [program, "tsdb", "create-blocks-from", "openmetrics", file, server.home / "data"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def _rows(series: Sequence[Series], start: float, end: float) -> Iterator[str]:
    named = sorted(series, key=lambda each: each.labels["__name__"])
    for name, found in groupby(named, lambda each: each.labels["__name__"]):
        yield f"# TYPE {name} unknown\n"
        for each in found:
            labels = ",".join(f'{key}="{value}"' for key, value in each.labels.items() if key != "__name__")
            for at, value in each.samples(start, end, end):
                yield f"{name}{{{labels}}} {in_answer(value)} {at:.3f}\n"
    yield "# EOF\n"
