"""What the tests of following share: containers that write, a place to show it at, and follows over real servers."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.audit import Audit
from services.domain.access import Actor, Role, Scope
from services.domain.plans import Place
from services.fleet.engine import DockerEngine
from services.fleet.fleet import Fleet
from services.fleet.protection import Protection
from services.logs.follow.following import FollowQuestion, Pace, Snapshot
from services.logs.follow.follows import Bounds, Follows, Hooks, open_follows
from services.logs.text.presenter import Presenter, ShownLine
from services.plans import Plans
from services.ports import Store
from services.sightings import Sightings
from services.store import open_store
from tests.lab.server import Server
from tests.lab.transport import over_ssh
from tests.lab.watching import Now

# What begins only once somebody says so.
WAIT = "until [ -e /go ]; do sleep 0.05; done; "
# Writes numbered lines to both streams, in bursts and drops, some long, some not ASCII.
WRITER = """
trap 'exit 3' TERM
{wait}
i={first}
while [ $i -lt {last} ]; do
  i=$((i+1))
  case $((i % 7)) in
    0) echo "warn $i ёлка" >&2 ;;
    3) echo "info $i {long}" ;;
    *) echo "info $i" ;;
  esac
  [ $((i % {burst})) -eq 0 ] && sleep {pause}
done
{then}
"""
IDLE = "while :; do sleep 3600 & wait $!; done"
# Some 50,000 lines a second, unless the machine has better to do.
BURN = 'while :; do yes "2026-11-23 14:02:11 INFO request path=/api/items status=200" | head -n 2500; sleep 0.05; done'

ALL = Scope.of("*/*")
DIAS = Actor(1002, "Dias", Role.OPERATOR, ALL, chat=-1)
STUDENT = Actor(1003, "Student", Role.VIEWER, ALL, chat=-1)


def writer(
    last: int, *, burst: int, pause: float, first: int = 0, then: str = IDLE, wait: str = ""
) -> tuple[str, ...]:
    script = WRITER.format(
        wait=wait, first=first, last=last, burst=burst, pause=pause, long="x" * 300, then=then
    )
    return ("sh", "-c", script)


def logged(server: Server, name: str) -> list[str]:
    """What the engine has, in the order of its log."""
    done = subprocess.run(
        ["docker", "-H", f"unix://{server.docker_socket}", "logs", name],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout.decode(errors="replace").replace("\r\n", "\n").removesuffix("\n").split("\n")


@dataclass
class Wall:
    """A sink that keeps all that it is shown. trouble: what the next shows raise."""

    shown: list[Snapshot] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    drafted: bool = False
    place: Place | None = None

    @property
    def pace(self) -> Pace:
        return Pace(least=0.05, every=0.05, burst=1, refresh=1)

    async def show(self, snapshot: Snapshot) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.shown.append(snapshot)
        self.place = Place(-1, 7)

    @property
    def last(self) -> Snapshot:
        return self.shown[-1]

    @property
    def texts(self) -> list[str]:
        """Of the newest snapshot's lines."""
        return [row.text for row in self.last.rows if isinstance(row, ShownLine)] if self.shown else []

    async def until(self, holds: Callable[[Snapshot], object], what: str, seconds: float = 30) -> Snapshot:
        end = time.monotonic() + seconds
        while not (self.shown and holds(self.last)):
            assert time.monotonic() < end, f"not within {seconds} s: {what}; {self.shown[-1:]}"
            await asyncio.sleep(0.02)
        return self.last

    async def ended(self, seconds: float = 30) -> Snapshot:
        return await self.until(lambda snapshot: snapshot.finish, "the end", seconds)


@dataclass
class Watch:
    """Follows over real servers."""

    follows: Follows
    engine: DockerEngine
    store: Store

    async def follow(
        self, *names: str, by: Actor = DIAS, pattern: str = "", wall: Wall | None = None
    ) -> Wall:
        wall = wall or Wall()
        await self.follows.start(FollowQuestion(names, pattern), lambda _number: wall, by=by)
        return wall

    async def follow_from_the_beginning(self, server: Server, name: str, pattern: str = "") -> Wall:
        """Of a container that waits."""
        wall = await self.follow(name, pattern=pattern)
        await wall.until(lambda _: True, "the first message")
        server.docker("exec", name, "touch", "/go")
        return wall


@asynccontextmanager
async def watching(
    path: Path, *servers: Server, bounds: Bounds | None = None, hooks: Hooks | None = None
) -> AsyncIterator[Watch]:
    clock = Now()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(f"sqlite://{path / 'vakhta.db'}", clock))
        engines = {each.name: await stack.enter_async_context(over_ssh(each)) for each in servers}
        for engine in engines.values():
            await engine.ping(deadline=10)
        plans = Plans(store, clock, Audit(store, clock))
        fleet = Fleet(
            engines, sightings=Sightings(store, clock), plans=plans, protection=Protection(()), clock=clock
        )
        presenter = Presenter()
        stack.callback(presenter.close)
        follows = await stack.enter_async_context(
            open_follows(fleet, presenter, store, clock, bounds=bounds, hooks=hooks)
        )
        yield Watch(follows, engines[servers[0].name], store)
