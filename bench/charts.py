"""`/chart` over a real Prometheus with a day behind it, and the drawing alone: `python -m bench.charts`."""

import asyncio
import math
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import psutil

from bench.figures import Series, compare
from bench.memory import Memory
from bench.pulse import longest_hold, pulse
from bench.stage import Stage, crowd, open_stage
from playground.telegram import Message, Person
from services.domain.metrics import Curve, Unit
from services.pictures.drawing import Drawing
from services.pictures.pictures import Pictures, open_pictures
from tests.lab.monitoring import PrometheusServer
from tests.lab.past import Past, remember
from tests.lab.servers import Lab, LabUnavailable

CURVES = 10
AT_ONCE = 20
_WARM_UP, _ROUNDS = 5, 40
_THEIR_SHARE = 4  # theirs is slow: every fourth round
_PATIENCE = 30.0
# So many others ask meanwhile, none more often than a chat may be written to: beyond that the bot waits by itself.
_OTHERS, _A_CHAT = 4, 1.2
_METRIC = {
    "title": "Heat",
    "promql": "heat",
    "level": "host",
    "unit": "percent",
    "thresholds": {"warning": 80},
}

# What a script of a handful of lines does for each picture, as bots that draw commonly do it.
_SCRIPT = """
import json, sys, urllib.request
import matplotlib; matplotlib.use("Agg")
import matplotlib.pyplot as plt
url, start, end, file = sys.argv[1:]
query = f"{url}/api/v1/query_range?query=heat&start={start}&end={end}&step=240"
found = json.load(urllib.request.urlopen(query))["data"]["result"]
plt.figure(figsize=(12.8, 8.4), dpi=100)
for each in found:
    times, values = zip(*each["values"])
    plt.plot(times, [float(value) for value in values], label=each["metric"]["disk"])
plt.legend()
plt.savefig(file)
print(len(found))
"""


def main() -> int:
    try:
        asyncio.run(alone())
        with tempfile.TemporaryDirectory() as directory, Lab.build(Path(directory)) as lab:
            crowd(lab)
            asyncio.run(charts(lab, Path(directory)))
    except LabUnavailable as missing:
        print(f"No bench here: {missing}", file=sys.stderr)
        return 1
    return 0


async def alone() -> None:
    """The drawing without a chat, in this process as in the bot's."""
    with tempfile.TemporaryDirectory() as directory:
        beat = Path(directory, "pulse")
        async with asyncio.TaskGroup() as group, open_pictures() as pictures:
            beating = group.create_task(pulse(beat))
            print("\nthe drawing alone")
            began = perf_counter()
            await pictures.draw(_drawing(CURVES))
            _line("the first picture, with the start of the process", (perf_counter() - began) * 1000, "ms")
            for count in (1, CURVES, 50):
                print(await _drawn(pictures, count))
            _line("longest hold of the event loop", await longest_hold(beat), "ms", "50 ms or less")
            (painter,) = _painters(psutil.Process().pid)
            _line("its process, after all that", painter.memory_info().rss / 1e6, "MB", "200 MB or less")
            beating.cancel()


async def _drawn(pictures: Pictures, count: int) -> Series:
    series, drawing = Series(f"{count} × 400 points"), _drawing(count)
    for _ in range(_ROUNDS):
        began = perf_counter()
        await pictures.draw(drawing)
        series.seconds.append(perf_counter() - began)
    return series


def _drawing(count: int) -> Drawing:
    end = datetime.now(UTC)
    step = timedelta(days=1) / 400
    curves = tuple(
        Curve(f"disk{number}", tuple((end - step * (400 - at), _heat(number, at / 20)) for at in range(400)))
        for number in range(count)
    )
    return Drawing("Heat", curves, Unit.PERCENT, end - timedelta(days=1), end, step.total_seconds())


def _heat(number: int, hours: float) -> float:
    return 40 + 3 * number % 30 + 9 * math.sin(hours + number)


async def charts(lab: Lab, directory: Path) -> None:
    """The whole bot, against a script that a fresh Python runs for each picture."""
    with _prometheus(directory / "prometheus") as server:
        settings = {"prometheus": {"url": server.url}, "metrics": {"heat": _METRIC}}
        async with open_stage(lab, settings=settings) as stage, _idle(directory / "idle") as idle:
            stage.longest_hold()  # what the start took
            await longest_hold(idle)
            await _one_by_one(stage, server, directory)
            await _held(stage, idle)
            await _at_once(stage)
            await _held(stage, idle)


@asynccontextmanager
async def _idle(file: Path) -> AsyncIterator[Path]:
    """The pulse of a process that does nothing: what the machine itself adds."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.pulse", str(file))
    try:
        yield file
    finally:
        process.kill()
        await process.wait()


async def _held(stage: Stage, idle: Path) -> None:
    _line("longest hold of the event loop", stage.longest_hold(), "ms", "50 ms or less")
    _line("that of an idle process beside it", await longest_hold(idle), "ms")


async def _one_by_one(stage: Stage, server: PrometheusServer, directory: Path) -> None:
    ours = Series("bot: /chart heat 24h, update to photo")
    theirs = Series("python with a script of matplotlib, Prometheus asked")
    for number in range(_WARM_UP + _ROUNDS):
        took = await _photo(stage, next(stage.people))
        assert took is not None, "no photo"
        if number >= _WARM_UP:
            ours.seconds.append(took)
        if number >= _WARM_UP and number % _THEIR_SHARE == 0:
            theirs.seconds.append(await _script(server, directory / "picture.png"))
    compare(f"/chart of a day and {CURVES} curves, warm", ours, theirs, 3)
    _line("95 of 100 within", quantiles(ours.seconds, n=20)[-1] * 1000, "ms", "700 ms or less")


async def _at_once(stage: Stage) -> None:
    people = [next(stage.people) for _ in range(AT_ONCE + _OTHERS)]
    (painter,) = _painters(stage.bot.pid)
    memory, others = Memory(painter.pid), Series("/status meanwhile")
    before = [(await stage.ask("/status", person=person))[0] for person in people]
    await asyncio.sleep(_A_CHAT)
    async with memory.watched(), asyncio.TaskGroup() as group:
        asked = [group.create_task(_photo(stage, person)) for person in people[:AT_ONCE]]
        number = 0
        while not all(each.done() for each in asked):
            seconds, _reply = await stage.ask("/status", person=people[AT_ONCE + number % _OTHERS])
            others.seconds.append(seconds)
            number += 1
            await asyncio.sleep(max(_A_CHAT / _OTHERS - seconds, 0))
    took = sorted(photo for each in asked if (photo := each.result()) is not None)
    print(f"\n{AT_ONCE} × /chart at once")
    _line("of these, photos", len(took), "", str(AT_ONCE))
    _line("the first photo", took[0] * 1000, "ms")
    _line("the last photo", took[-1] * 1000, "ms")
    name, slowest = f"the slowest of {len(others.seconds)} × /status meanwhile", max(others.seconds)
    _line(name, slowest * 1000, "ms", "300 ms or less")
    _line(f"the slowest of {len(before)} × /status before that", max(before) * 1000, "ms")
    _line("memory of the process that draws, at the most", memory.peak, "MB", "200 MB or less")


async def _photo(stage: Stage, person: Person) -> float | None:
    """Seconds from the update until the photo stands there; None where the bot says that there is none."""
    began = perf_counter()
    _seconds, reply = await stage.ask("/chart heat 24h", _PATIENCE, person=person)
    await stage.telegram.until(lambda: not reply.text.startswith("⏳"), _PATIENCE)
    return perf_counter() - began if _is_photo(reply) else None


def _is_photo(reply: Message) -> bool:
    return reply.document is not None and reply.document.kind == "photo"


async def _script(server: PrometheusServer, file: Path) -> float:
    end = datetime.now(UTC).timestamp()
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SCRIPT, server.url, f"{end - 86400:.0f}", f"{end:.0f}", str(file),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert int(output) == CURVES
    return perf_counter() - began


@contextmanager
def _prometheus(home: Path) -> Iterator[PrometheusServer]:
    server = PrometheusServer(home)

    def past(number: int) -> Past:
        return Past("heat", {"host": "server1", "disk": f"d{number}"}, lambda hours: _heat(number, hours))

    remember(server, datetime.now(UTC), *map(past, range(CURVES)))
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _painters(parent: int) -> list[psutil.Process]:
    children = psutil.Process(parent).children()
    return [child for child in children if "services.pictures.painter" in child.cmdline()]


def _line(name: str, value: float, unit: str, wanted: str = "") -> None:
    print(f"  {name:<52} {value:8.1f} {unit}{f'  wanted: {wanted}' if wanted else ''}")


if __name__ == "__main__":
    sys.exit(main())
