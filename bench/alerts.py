"""Alerts through the whole bot: `python -m bench.alerts`. How fast they are taken in, and how soon they are read."""

import asyncio
import json
import sys
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter

from bench.alert_bodies import Group
from bench.alert_stage import AlertStage, open_alert_stage
from bench.memory import Memory
from playground.telegram import Limits

PER_BODY = 100  # alerts
RATE = 20  # bodies a second: 2,000 alerts
SECONDS = 30
SINGLES = 200
STORM = 1000
MANY = 10_000
_SENDERS = 4
_PATIENCE = 60.0
_UNTHROTTLED = 1e-4
_AFTERMATH = 5.0  # seconds: edits of what has been shown


async def alerts() -> None:
    async with open_alert_stage(Limits.none(), _UNTHROTTLED) as stage:
        await one_body(stage)
        await singles(stage)
    async with open_alert_stage(Limits()) as stage:
        await ingest(stage)
    async with open_alert_stage(Limits()) as stage:
        await storm(stage)


async def ingest(stage: AlertStage) -> None:
    """2,000 alerts a second, at Telegram's real rates."""
    memory = Memory(stage.bot.pid)
    async with memory.watched():
        before = stage.busy()
        sent = await _sender(stage)
        busy = (stage.busy() - before) / SECONDS
        behind = await stage.backlog()
        drained = await stage.drained(_PATIENCE)
        read = await stage.readable(set(sent.names), _PATIENCE)
    hundredths = quantiles(sent.took, n=100)
    print(f"\n{RATE} bodies of {PER_BODY} alerts ({sent.size / 1000:.0f} kB) a second for {SECONDS} s")
    _line(f"until the 200, median of {len(sent.took)}", median(sent.took) * 1000, "ms")
    _line("99 of 100 within", hundredths[98] * 1000, "ms", "50 ms or less")
    _line("longest", max(sent.took) * 1000, "ms")
    _line("of one core, the bot took meanwhile", busy * 100, "%")
    _line("bodies that waited in the inbox at the end", behind, "")
    _line("until they had been taken", drained, "s")
    _line(f"until the {len(sent.names)} that fire could be read", read, "s")
    _line("memory above idle, at the most", memory.peak - memory.idle, "MB", "150 MB or less")
    await _calm(stage)


async def one_body(stage: AlertStage) -> None:
    group = Group(SINGLES, size=MANY)
    body = group.body()
    memory = Memory(stage.bot.pid)
    async with memory.watched():
        began = perf_counter()
        took = await stage.post(body)
        read = await stage.readable(set(group.names), _PATIENCE)
        whole = perf_counter() - began if read is not None else None
    print(f"\n{MANY} alerts in one body ({len(body) / 1e6:.1f} MB)")
    _line("until the 200", took * 1000, "ms")
    _line("until all could be read", whole, "s")
    _line("messages, the file among them", len(stage.chat.sent), "")
    _line("memory above idle, at the most", memory.peak - memory.idle, "MB")
    await _calm(stage)


async def singles(stage: AlertStage) -> None:
    """From just before the POST until the stand-in has the call."""
    took: list[float] = []
    before = len(stage.telegram.called("sendMessage"))

    def called() -> bool:
        return len(stage.telegram.called("sendMessage")) > before + len(took)

    for number in range(SINGLES):
        body = Group(number, size=1).body()
        began = perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.post(body))
            await stage.telegram.until(called, _PATIENCE)
            took.append(perf_counter() - began)
    print("\none new incident after the other, Telegram without limits")
    _line(f"webhook to Telegram call, median of {len(took)}", median(took) * 1000, "ms")
    _line("95 of 100 within", quantiles(took, n=100)[94] * 1000, "ms", "300 ms or less")
    _hold(await stage.longest_hold())


async def storm(stage: AlertStage) -> None:
    """Each alert a group of its own, for one quiet group chat, at Telegram's real rates."""
    groups = [Group(number, size=1) for number in range(STORM)]
    waiting = iter([group.body() for group in groups])

    async def sender() -> None:
        for body in waiting:
            await stage.post(body)

    began = perf_counter()
    async with asyncio.TaskGroup() as senders:
        for _ in range(_SENDERS):
            senders.create_task(sender())
    posted = perf_counter() - began
    read = await stage.readable({name for group in groups for name in group.names}, _PATIENCE)
    whole = perf_counter() - began if read is not None else None
    print(f"\n{STORM} alerts, each a group of its own, for one quiet group chat at Telegram's rates")
    _line("until all had their 200", posted, "s")
    _line("until all could be read", whole, "s", "60 s or less")
    _line("messages, the files among them", len(stage.chat.sent), "", "5 or less")
    _line("calls that were too many for Telegram (429)", len(stage.telegram.floods), "", "0")
    await _calm(stage)


@dataclass(frozen=True)
class _Sent:
    took: list[float]
    names: list[str]
    size: float


async def _sender(stage: AlertStage) -> _Sent:
    command = ("-m", "bench.alert_sender", stage.url, str(RATE), str(SECONDS))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        told, _ = await process.communicate(f"{stage.token}\n".encode())
        return _Sent(**json.loads(told))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _calm(stage: AlertStage) -> None:
    await asyncio.sleep(_AFTERMATH)
    _hold(await stage.longest_hold())


def _hold(longest: tuple[float, float]) -> None:
    bot, idle = longest
    _line("longest hold of the event loop", bot, "ms", "50 ms or less")
    _line("the same in an idle process beside it", idle, "ms")


def _line(name: str, figure: float | None, unit: str, wanted: str = "") -> None:
    shown = "   never" if figure is None else f"{figure:8}" if isinstance(figure, int) else f"{figure:8.1f}"
    print(f"  {name:<52} {shown} {unit}" + (f"  wanted: {wanted}" if wanted else ""), flush=True)


if __name__ == "__main__":
    asyncio.run(alerts())
