"""How fast alerts are taken in: `python -m bench.alerts` against a small server of its own, durable as the bot is.

`ingest` takes any `Target`: whatever serves the hook in another process.
"""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import httpx
import psutil

from bench.figures import Series
from bot.hooks import Hook
from bot.readiness import Readiness
from bot.values import Listen
from bot.web import serve
from services.alerts.decoding import head, reports
from services.alerts.inbox import Inbox
from services.domain.alerts import Origin
from services.store.sqlite import open_sqlite
from tests.lab.monitoring import free_port

PER_BODY = 100  # alerts
RATE = 20  # bodies a second: 2,000 alerts
SECONDS = 20
SENDERS = 4
_WATCHED_EVERY = 0.1


@dataclass(frozen=True)
class Target:
    """url: of the hook. pid: whose memory is watched."""

    url: str
    token: str = field(repr=False)
    pid: int


@dataclass
class Memory:
    """Resident MB (10^6 bytes) of one process: before, and at the most."""

    pid: int
    idle: float = 0.0
    peak: float = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        self.idle = self.peak = self._now()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch())
            yield
            watch.cancel()

    async def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, self._now())
            await asyncio.sleep(_WATCHED_EVERY)

    def _now(self) -> float:
        return float(psutil.Process(self.pid).memory_info().rss / 1e6)


def body(group: int) -> bytes:
    """Some 60 kB, as Alertmanager tells of a group of 100."""
    now = datetime.now(UTC).isoformat()
    common = {"alertname": f"DiskFull{group}", "severity": "critical"}
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="DiskFull{group}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "vakhta",
            "groupLabels": {"alertname": common["alertname"]},
            "commonLabels": common,
            "commonAnnotations": {},
            "externalURL": "http://alertmanager:9093",
            "alerts": [_alert(common, group, number, now) for number in range(PER_BODY)],
        }
    ).encode()


def _alert(common: dict[str, str], group: int, number: int, now: str) -> dict[str, object]:
    device = f"/dev/mapper/vg0-volume{number:03}"
    summary = f"{device} on server{number % 2 + 1} is 97% full"
    return {
        "status": "firing",
        "labels": common
        | {"instance": f"10.0.0.{number % 2 + 1}:9100", "job": "node", "device": device, "fstype": "ext4"},
        "annotations": {"summary": summary, "description": summary + " and fills up within four hours. " * 4},
        "startsAt": now,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=node_filesystem_avail_bytes&g0.tab=1",
        "fingerprint": f"{group:08x}{number:08x}",
    }


async def ingest(target: Target) -> None:
    """Print what it takes, as fast as it goes and at a fixed rate."""
    groups = count(secrets.randbelow(1 << 20) << 8)
    headers = {"Authorization": f"Bearer {target.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:

        async def post() -> float:
            content = body(next(groups))
            began = perf_counter()
            (await client.post(target.url, content=content)).raise_for_status()
            return perf_counter() - began

        await post()
        for title, load in (
            (f"{SENDERS} senders, each at once again", _closed),
            (f"{RATE} bodies a second for {SECONDS} s", _steady),
        ):
            memory = Memory(target.pid)
            began = perf_counter()
            async with memory.watched():
                series = await load(post)
            _report(title, series, perf_counter() - began, memory)


Post = Callable[[], Awaitable[float]]


async def _closed(post: Post) -> Series:
    series = Series("until the 200")

    async def sender() -> None:
        until = perf_counter() + SECONDS / 2
        while perf_counter() < until:
            series.seconds.append(await post())

    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(sender())
    return series


async def _steady(post: Post) -> Series:
    """Each is sent at its time, whether the one before was answered or not."""
    series = Series("until the 200")

    async def one() -> None:
        series.seconds.append(await post())

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in islice(count(), RATE * SECONDS):
            await asyncio.sleep(max(0.0, began + number / RATE - perf_counter()))
            group.create_task(one())
    return series


def _report(title: str, series: Series, took: float, memory: Memory) -> None:
    hundredths = quantiles(series.seconds, n=100)
    alerts = len(series.seconds) * PER_BODY / took
    print(f"\nalerts into the inbox, bodies of {PER_BODY} ({len(body(0)) // 1000} kB): {title}")
    print(
        f"  {series.name + ', median of ' + str(len(series.seconds)):<52} {median(series.seconds) * 1000:8.1f} ms"
    )
    print(f"  {'99 of 100 within':<52} {hundredths[98] * 1000:8.1f} ms  wanted: 50 ms or less")
    print(f"  {'rate':<52} {alerts:8.0f} /s  wanted: 2000 /s")
    print(
        f"  {'memory above idle, at the most':<52} {memory.peak - memory.idle:8.1f} MB  wanted: 150 MB or less"
    )


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def _serve(port: int, token: str, directory: Path) -> None:
    """The hook, the inbox, and a desk that reads all and writes nothing but that it is done."""
    store = await open_sqlite(directory / "vakhta.db", _Clock())
    try:
        inbox = Inbox(store, _Clock())
        await inbox.open()
        hook = Hook(token, lambda told: inbox.accept(Origin.ALERTMANAGER, told))
        async with serve(Listen("127.0.0.1", port), Readiness(), hook):
            print("ready", flush=True)
            while True:
                while entries := await inbox.waiting(16):
                    for entry in entries:
                        list(reports(head(entry.body), entry.received))
                        await store.write(inbox.done(entry))
                        inbox.note_done(entry)
                await inbox.wait()
    finally:
        await store.close()


@asynccontextmanager
async def small_server() -> AsyncIterator[Target]:
    """`_serve` in a process of its own."""
    port, token = free_port(), secrets.token_hex()
    with tempfile.TemporaryDirectory() as directory:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.alerts", str(port), token, directory, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        try:
            assert await process.stdout.readline() == b"ready\n"
            yield Target(f"http://127.0.0.1:{port}/hooks/alertmanager", token, process.pid)
        finally:
            process.kill()
            await process.communicate()


async def _main() -> None:
    async with small_server() as target:
        await ingest(target)


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
    else:
        asyncio.run(_main())
