"""Five hundred hosts with a hundred containers each, all over SSH: `python -m bench.crowd`.

The simulated servers have a process of their own, but no machine: what they take is missing to the bot.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from bench.figures import Series
from bench.memory import Memory, resident
from bench.pulse import longest_hold
from bench.stage import Stage
from playground.telegram import Limits, Message, Telegram
from tests.bots import OPS, TOKEN, Setup, process
from tests.crowd import CONTAINERS, HOSTS, Crowd, open_crowd

_PEOPLE = range(1001, 1025)
_STARTING = 60.0
_CONNECTED = 300.0
_SETTLED = 5.0
_ROUNDS = 20
_SILENT = 20
_WANTED = 3.0

Hosts = Mapping[str, Mapping[str, Any]]


async def crowds() -> None:
    async with open_crowd() as crowd:
        first_two = dict(list(crowd.hosts.items())[:2])
        none, two = await _idle({}), await _idle(first_two)
        async with _open_stage(crowd.hosts) as stage:
            print(f"\n{HOSTS} hosts over SSH with {CONTAINERS} containers each, one of them down")
            memory = Memory(stage.bot.pid)
            async with memory.watched():
                await _cold(stage)
                await _warm(stage)
                await _silent(stage, crowd)
                settled = await _at_rest(stage)
        for idle, name in ((none, "no hosts"), (two, "two such hosts")):
            _line(
                f"memory at most, above the idle bot with {name}", memory.peak - idle, "MB", "400 MB or less"
            )
            _line(f"memory at rest, above the idle bot with {name}", settled - idle, "MB")


async def _cold(stage: Stage) -> None:
    """From the bot's first poll on, when no host has been connected to yet."""
    began = perf_counter()
    seconds, reply = await stage.ask("/status", _STARTING)
    _line("first /status after the start", seconds * 1000, "ms", f"{_WANTED:.0f} s or less")
    slowest = seconds
    while not _whole(reply):
        assert perf_counter() - began < _CONNECTED, reply.text
        await asyncio.sleep(1)
        seconds, reply = await stage.ask("/status", _STARTING)
        slowest = max(slowest, seconds)
    _line("slowest /status meanwhile", slowest * 1000, "ms", f"{_WANTED:.0f} s or less")
    _line("until all hosts are in /status", perf_counter() - began, "s")
    await _hold(stage)


async def _warm(stage: Stage) -> None:
    for command in (
        "/status",
        "/menu",
        "/status host-250",
        "/status host-250/project-03-web-4",
        "/status nobody",
    ):
        series = Series(command)
        for _ in range(_ROUNDS):
            series.seconds.append((await stage.ask(command, _STARTING))[0])
        print(series)
        await _hold(stage)


async def _silent(stage: Stage, crowd: Crowd) -> None:
    silent = list(crowd.hosts)[-_SILENT:]
    for host in silent:
        await crowd.silence(host)
    series = Series(f"/status, {_SILENT} hosts do not answer")
    for _ in range(_ROUNDS // 2):
        seconds, reply = await stage.ask("/status", _STARTING)
        series.seconds.append(seconds)
        assert all(host in reply.text for host in silent[:2]), reply.text
    print(series)
    await _hold(stage)
    for host in silent:
        await crowd.speak(host)


async def _at_rest(stage: Stage) -> float:
    """Resident MB after some seconds in which nobody asks."""
    busy = _busy(stage)
    await asyncio.sleep(4 * _SETTLED)
    _line("of one core, the bot takes when nobody asks", (_busy(stage) - busy) / (4 * _SETTLED) * 100, "%")
    await _hold(stage)
    return resident(stage.bot.pid)


def _busy(stage: Stage) -> float:
    times = psutil.Process(stage.bot.pid).cpu_times()
    return float(times.user + times.system)


def _whole(reply: Message) -> bool:
    """Whether every host has answered."""
    return reply.text.splitlines()[0] == f"🔴 {HOSTS} of {HOSTS * CONTAINERS} need you"


async def _idle(hosts: Hosts) -> float:
    """Resident MB of a bot with these hosts that has answered once and rests."""
    async with _open_stage(hosts) as stage:
        await asyncio.sleep(_SETTLED)
        await stage.ask("/status", _STARTING)
        await asyncio.sleep(_SETTLED)
        return resident(stage.bot.pid)


@asynccontextmanager
async def _open_stage(hosts: Hosts) -> AsyncIterator[Stage]:
    """Ready when the bot polls for the first time."""
    async with Telegram(token=TOKEN, limits=Limits.none()) as telegram:
        people = [telegram.person(number) for number in _PEOPLE]
        users = [{"id": person.id, "name": str(person.id), "role": "admin"} for person in people]
        with tempfile.TemporaryDirectory() as directory:
            telegram.group(OPS, members=people)
            more = {"alerts": {"chats": [{"id": OPS}]}}  # what is down is told there, and to nobody who asks
            setup = Setup(Path(directory), telegram.url, hosts, users=users, chats=(), more=more)
            pulse = Path(directory, "pulse")
            async with (
                process(setup, module=("bench.heartbeat", str(pulse))) as bot,
                process(setup, module=("bench.pulse", str(_idle_pulse(pulse)))),
            ):
                await telegram.until(lambda: telegram.called("getUpdates"), _STARTING)
                yield Stage(telegram, bot, cycle(people), pulse)
                await bot.terminate()
        if telegram.refusals:
            print(f"\nThe stand-in refused {len(telegram.refusals)} calls: {telegram.refusals[0]}")


def _idle_pulse(pulse: Path) -> Path:
    return pulse.with_name("idle")


async def _hold(stage: Stage) -> None:
    """Beside it that of an idle process: what the machine adds, which is busy with the servers too."""
    bot, idle = await longest_hold(stage.pulse), await longest_hold(_idle_pulse(stage.pulse))
    _line(f"longest hold of the event loop; of an idle one {idle:.0f}", bot, "ms", "50 ms or less")


def _line(name: str, figure: float, unit: str, wanted: str = "") -> None:
    print(f"  {name:<52} {figure:8.1f} {unit}" + (f"  wanted: {wanted}" if wanted else ""), flush=True)


if __name__ == "__main__":
    asyncio.run(crowds())
