"""Where the benches play: two crowded servers, the stand-in for Telegram here, and the bot in a process of its own."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

from playground.telegram import Limits, Message, Person, Telegram
from tests.bots import TOKEN, BotProcess, Setup, process
from tests.lab.servers import Lab, Server

CROWD = 40
SPEAKER = "speaker"
# A chat may be written to once a second, so many people ask in turn: what is measured is the bot, not its patience.
_PEOPLE = range(1001, 1025)
_STARTING = 60.0


@dataclass(frozen=True)
class Stage:
    telegram: Telegram
    bot: BotProcess
    people: Iterator[Person]
    pulse: Path

    def longest_hold(self) -> float:
        """Milliseconds that the bot's event loop was held at the longest since the last call."""
        longest = float(self.pulse.read_text() or 0)
        self.pulse.unlink()
        return longest

    async def ask(
        self, text: str, patience: float = 10, *, person: Person | None = None
    ) -> tuple[float, Message]:
        """Seconds from the update's arrival at the stand-in to that of the bot's reply, and the reply.

        person: who asks; else whose turn it is.
        """
        person = person or next(self.people)
        began = perf_counter()
        await person.says(text)
        reply = await self.telegram.next_message(person, patience)
        return perf_counter() - began, reply


def crowd(lab: Lab) -> None:
    """Each server gets its 40 containers; one of server2's has said much."""
    lab.servers["server2"].run_logger(SPEAKER, b"".join(_line(number) for number in range(20_000)))
    for server in lab.servers.values():
        server.crowd(CROWD)


def _line(number: int) -> bytes:
    """Some 70 bytes, so that 50 lines are one message."""
    return f"INFO request {number:06} GET /items/bookings?limit=25 200 in 31 ms\n".encode()


@asynccontextmanager
async def open_stage(
    lab: Lab,
    *,
    fast_lane: bool = False,
    more: Mapping[str, Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Ready when the bot has answered for both servers. fast_lane: with the second key. more: settings of hosts;
    settings: any others.
    """
    async with Telegram(token=TOKEN, limits=Limits.none()) as telegram:
        people = [telegram.person(number) for number in _PEOPLE]
        users = [{"id": person.id, "name": str(person.id), "role": "admin"} for person in people]
        with tempfile.TemporaryDirectory() as directory:
            hosts = {
                name: _host(server, fast_lane=fast_lane) | dict((more or {}).get(name, {}))
                for name, server in lab.servers.items()
            }
            setup = Setup(Path(directory), telegram.url, hosts, users=users, chats=(), more=settings or {})
            pulse = Path(directory, "pulse")
            async with process(setup, module=("bench.heartbeat", str(pulse))) as bot:
                stage = Stage(telegram, bot, cycle(people), pulse)
                await _contact(stage)
                yield stage
                await bot.terminate()
        if telegram.refusals:
            print(f"\nThe stand-in refused {len(telegram.refusals)} calls: {telegram.refusals[0]}")


def _host(server: Server, *, fast_lane: bool) -> dict[str, Any]:
    lane = {"fast_lane": {"identity_file": str(server.lane_identity_file)}} if fast_lane else {}
    return lane | {
        "address": f"ssh://{server.ssh_user}@{server.address}:{server.ssh_port}",
        "identity_file": str(server.identity_file),
        "known_hosts": str(server.known_hosts),
        "docker_socket": server.docker_socket,
    }


async def _contact(stage: Stage) -> None:
    """Ask until all hosts have answered; while one is being connected to, the bot says so. Then everybody is known."""
    async with asyncio.timeout(_STARTING):
        reply = (await stage.ask("/status", _STARTING))[1]
        while not reply.text.startswith("🟢"):
            await asyncio.sleep(0.5)
            reply = (await stage.ask("/status"))[1]
        for _ in _PEOPLE:
            await stage.ask("/whoami")
