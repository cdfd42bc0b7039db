"""A log that is followed on real servers: exactly its lines, whatever happens to the contact and the container."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from services.audit import Audit
from services.domain.access import Actor, Role, Scope
from services.domain.containers import ContainerKey, key_of
from services.domain.logs import Block
from services.domain.plans import Place
from services.errors import (
    ChatClosed,
    FollowsFull,
    LogsUnreadable,
    MessageRefused,
    NoSuchContainer,
    NotDelivered,
    NotFollowed,
    NotYourFollow,
    PatternRefused,
    TooManyLogs,
)
from services.fleet.engine import DockerEngine
from services.fleet.fleet import Fleet
from services.fleet.protection import Protection
from services.logs import follow as follow_module
from services.logs import follows as follows_module
from services.logs import presence
from services.logs.follow import Around
from services.logs.following import Finish, FollowQuestion, Pace, Snapshot
from services.logs.follows import Bounds, Follows, open_follows
from services.logs.presenter import Presenter, ShownLine
from services.logs.screen import Screen
from services.logs.source import LogSource
from services.plans import Plans
from services.ports import Store
from services.sightings import Sightings
from services.store import open_store
from tests.lab.server import Server
from tests.lab.servers import Lab
from tests.lab.transport import over_ssh
from tests.lab.watching import Now

pytestmark = pytest.mark.lab

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
    path: Path, *servers: Server, bounds: Bounds | None = None, around: Around | None = None
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
        more = {"around": around} if around else {}
        follows = await stack.enter_async_context(
            open_follows(fleet, presenter, store, clock, bounds=bounds, **more)
        )
        yield Watch(follows, engines[servers[0].name], store)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All lines that follows have read, those before the first new one included, in the order they came."""
    lines: list[str] = []

    class Noting(Screen):
        async def came(self, source: LogSource, block: Block, *, counted: bool) -> None:
            lines.extend(block.text.decode().split("\n")[:-1])
            await super().came(source, block, counted=counted)

    monkeypatch.setattr(follows_module, "Screen", Noting)
    return lines


async def test_every_line_once_through_a_pulled_cable_and_a_new_sshd(
    lab: Lab, tmp_path: Path, read: list[str]
) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(3000, burst=20, pause=0.1, wait=WAIT))
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow_from_the_beginning(server, "writer")
        await wall.until(lambda shown: shown.total > 100, "the first lines")
        server.pull_cable()
        await asyncio.sleep(5)
        server.plug_cable()
        await asyncio.sleep(2)
        server.stop_sshd()
        server.start_sshd()
        await wall.until(lambda _: "info 3000" in wall.texts, "the last line", 60)
        everything = logged(server, "writer")
    assert read == everything
    assert len(everything) == 3000
    assert not wall.last.missed


async def test_silence_is_told_while_it_lasts(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.2))
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("writer")
        await wall.until(lambda shown: shown.total > 3, "lines")
        server.stop_sshd()
        shown = await wall.until(lambda shown: shown.standings[0].silence, "the silence", 20)
        assert shown.standings[0].silence is not None
        assert shown.standings[0].silence.since is not None
        server.start_sshd()
        total = shown.total
        await wall.until(
            lambda shown: shown.standings[0].silence is None and shown.total > total + 5, "contact", 20
        )


@pytest.mark.parametrize("tty", [False, True])
async def test_the_lines_are_those_of_docker_logs(
    lab: Lab, tmp_path: Path, read: list[str], *, tty: bool
) -> None:
    server = lab.servers["server1"]
    server.run_container(
        "writer", *writer(700, burst=100, pause=0.2, then="printf 'no newline'; exit 3", wait=WAIT), tty=tty
    )
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow_from_the_beginning(server, "writer")
        shown = await wall.until(lambda shown: shown.standings[0].end, "the end of the container")
        assert shown.standings[0].end is not None
        assert shown.standings[0].end.exit_code == 3
        await wall.until(lambda _: "no newline" in wall.texts, "the last words")
        done = logged(server, "writer")
    assert [line.rstrip("\r") for line in read] == done


async def test_one_that_is_brought_back_is_followed_on(lab: Lab, tmp_path: Path, read: list[str]) -> None:
    server = lab.servers["server1"]
    server.run_container("restless", *writer(20, burst=10, pause=0.3, then="exit 5"), restart="always")
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("restless")
        shown = await wall.until(lambda shown: shown.standings[0].ends >= 2, "two ends")
        standing = shown.standings[0]
        assert standing.end is not None
        assert standing.end.exit_code in (5, None)
        assert standing.awaited or standing.back
        watch.follows.stop(wall.last.number, by=DIAS)
        await wall.ended()
        assert read == logged(server, "restless")[: len(read)]


async def test_a_deployment_makes_it_anew(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("app", *writer(5, burst=5, pause=0.1))
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("app")
        await wall.until(lambda _: "info 5" in wall.texts, "the first one's lines")
        server.docker("rm", "--force", "app")
        await wall.until(lambda shown: shown.standings[0].gone, "that it is gone")
        server.run_container("app", *writer(9, burst=5, pause=0.1, first=6))
        shown = await wall.until(lambda _: "info 9" in wall.texts, "the second one's lines")
        assert shown.standings[0].renewed
        assert not shown.standings[0].gone
    assert [text for text in wall.texts if text.startswith("info")][-3:] == ["info 5", "info 8", "info 9"]


async def test_when_all_have_ended_for_good_it_is_over(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "GRACE", 1.0)
    server = lab.servers["server1"]
    for name in ("one", "two"):
        server.run_container(name, *writer(5, burst=5, pause=0.1, then="exit 0"))
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("one", "two")
        shown = await wall.ended()
        assert shown.finish is Finish.ENDED
        assert [standing.end.exit_code for standing in shown.standings if standing.end] == [0, 0]
        with pytest.raises(NotFollowed):
            watch.follows.stop(shown.number, by=DIAS)


async def test_a_burst_is_counted_whole_and_shown_in_part(lab: Lab, tmp_path: Path, read: list[str]) -> None:
    server = lab.servers["server1"]
    server.run_container("bursty", "sh", "-c", f"{WAIT} seq 1 5000; {IDLE}")
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow_from_the_beginning(server, "bursty")
        await wall.until(lambda _: "5000" in wall.texts, "all of it")
    assert read == list(map(str, range(1, 5001)))
    assert wall.texts[-3:] == ["4998", "4999", "5000"]
    assert sum(each.came for each in wall.shown) == wall.last.total
    assert all(len(each.rows) <= 60 for each in wall.shown)


async def test_secrets_are_hidden_also_where_a_key_comes_in_pieces(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    body = "MIIEpAIBAAKCAQEA75mNv1Zq9Jc0kQh3xT2uWb7LsYd4Rf8GnMoPaEiKtUvXwZ1C"
    script = (
        "echo '-----BEGIN RSA PRIVATE KEY-----'; for i in 1 2 3 4 5 6; do sleep 0.4; "
        f"echo {body}; done; echo '-----END RSA PRIVATE KEY-----'; echo after; {IDLE}"
    )
    server.run_container("leaky", "sh", "-c", script, env={"API_TOKEN": "sesame-sesame"})
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("leaky")
        await wall.until(lambda _: "after" in wall.texts, "the last line")
    assert len(wall.shown) > 3, "it came in pieces"
    assert not any(
        body[:12] in row.text for each in wall.shown for row in each.rows if isinstance(row, ShownLine)
    )


async def test_a_pattern_shows_what_matches_and_tells_nothing_of_what_is_hidden(
    lab: Lab, tmp_path: Path
) -> None:
    server = lab.servers["server1"]
    script = 'for i in 1 2 3 4; do echo password=hunter2hunter2; echo "line $i"; done; '
    server.run_container("leaky", "sh", "-c", WAIT + script + IDLE)
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow_from_the_beginning(server, "leaky", pattern="line [23]|hunter")
        await wall.until(lambda shown: shown.total == 8, "all lines")
        await asyncio.sleep(0.2)
    assert wall.texts == ["line 2", "line 3"]
    assert (wall.last.matched, wall.last.total) == (2, 8)


async def test_four_that_write_more_than_anybody_reads_cost_little(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    names = [f"burn-{number}" for number in range(4)]
    for name in names:
        server.run_container(name, "sh", "-c", BURN)
    loop, process = asyncio.get_running_loop(), psutil.Process()
    bounds = Bounds(each=4)
    async with watching(tmp_path, server, bounds=bounds) as watch:
        await asyncio.sleep(1)
        idle = process.memory_info().rss
        walls = [await watch.follow(name) for name in names]
        took: list[float] = []
        held: list[float] = []
        for _ in range(80):
            began, worked = loop.time(), time.thread_time()
            await asyncio.sleep(0.1)
            held.append(time.thread_time() - worked)
            began = loop.time()
            await watch.engine.containers(deadline=5)
            took.append(loop.time() - began)
        for wall in walls:
            shown = await wall.until(lambda shown: shown.standings[0].fast, "that it is too fast", 20)
            assert shown.missed
            assert shown.total > 0
            assert time.time() - wall.last.rows[-1].at.timestamp() < 5  # type: ignore[union-attr]
        grown = process.memory_info().rss - idle
    assert grown < 60e6, f"{grown / 1e6:.0f} MB"
    assert sorted(took)[len(took) // 2] < 0.15
    assert max(held) < 0.1, "of 0.1 s the loop's thread has most left"


async def test_who_may_stop_it_and_how_many_there_may_be(lab: Lab, tmp_path: Path) -> None:
    server, other = lab.servers["server1"], lab.servers["server2"]
    bounds = Bounds(each=1, all=2, logs=3)
    async with watching(tmp_path, server, other, bounds=bounds) as watch:
        with pytest.raises(TooManyLogs):
            await watch.follow("server2/*")
        with pytest.raises(PatternRefused):
            await watch.follow("n8n", pattern="(")
        with pytest.raises(NoSuchContainer):
            await watch.follow("n9n")
        mine = await watch.follow("n8n")
        with pytest.raises(FollowsFull) as full:
            await watch.follow("redis")
        assert full.value.own
        theirs = await watch.follow("redis", by=STUDENT)
        with pytest.raises(FollowsFull) as full:
            await watch.follow("redis", by=Actor(1, "Third", Role.ADMIN, ALL, chat=-1))
        assert not full.value.own
        await mine.until(lambda _: True, "the first message")
        await theirs.until(lambda _: True, "the first message")
        with pytest.raises(NotYourFollow) as refused:
            watch.follows.stop(mine.last.number, by=STUDENT)
        assert refused.value.owner == "Dias"
        with pytest.raises(NotFollowed):
            watch.follows.stop(mine.last.number, by=Actor(1001, "Aigerim", Role.ADMIN, ALL, chat=-2))
        watch.follows.stop(theirs.last.number, by=DIAS)
        assert (await theirs.ended()).by == "Dias"
        watch.follows.stop(mine.last.number, by=DIAS)
        assert (await mine.ended()).by == ""
        assert watch.follows.of(DIAS.id, -1) == ()


async def test_a_log_that_cannot_be_read_is_refused_alone_and_named_among_others(
    lab: Lab, tmp_path: Path
) -> None:
    server = lab.servers["server1"]
    server.run_container("mute", "sleep", "1000", extra=["--log-driver=none"])
    async with watching(tmp_path, server) as watch:
        with pytest.raises(LogsUnreadable):
            await watch.follow("mute")
        wall = await watch.follow("mute", "n8n")
        shown = await wall.until(lambda shown: shown.standings[0].failure, "why not")
        assert isinstance(shown.standings[0].failure, LogsUnreadable)
        assert shown.standings[1].failure is None


async def test_it_ends_by_itself_and_can_be_gone_on_with(lab: Lab, tmp_path: Path) -> None:
    async with watching(tmp_path, lab.servers["server1"], bounds=Bounds(seconds=0.5)) as watch:
        wall = await watch.follow("n8n")
        shown = await wall.ended(5)
        assert shown.finish is Finish.TIME
        question = await watch.follows.question(shown.token)
        assert question == FollowQuestion(("n8n",))
        assert await watch.follows.left_over() == []


async def test_a_chat_that_takes_it_later_and_one_that_never_does(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    async with watching(tmp_path, server) as watch:
        patient = await watch.follow("writer", wall=Wall(trouble=[NotDelivered("flood", 0.2)] * 3))
        await patient.until(lambda shown: shown.total > 2, "lines in the end")
        assert sum(each.came for each in patient.shown) == patient.last.total, "none is left out of the count"
        patient.trouble += [MessageRefused("no")] * 2
        total = patient.last.total
        await patient.until(lambda shown: shown.total > total, "lines after two refusals")
        patient.trouble += [ChatClosed("kicked")]
        while watch.follows.of(DIAS.id, -1):
            await asyncio.sleep(0.02)
        assert patient.last.finish is None, "nobody is there to be told"
        assert await watch.follows.left_over() == []


async def test_who_may_no_longer_see_it_sees_no_more(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "CHECK_EVERY", 0.3)
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    narrow = Actor(1003, "Student", Role.VIEWER, Scope.of("*/writer"), chat=-1)
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("writer", by=narrow)
        await wall.until(lambda shown: shown.total > 2, "lines")
        server.docker("rename", "writer", "secret")
        shown = await wall.ended(10)
        assert shown.standings[0].gone


async def test_the_bot_stops_and_a_sudden_end_is_remembered(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("n8n")
        await wall.until(lambda _: True, "the first message")
        await asyncio.sleep(0.2)
        (left,) = await watch.follows.left_over()
        assert (left.number, left.place, left.asker) == (wall.last.number, Place(-1, 7), DIAS.id)
        assert left.names == (("server1", "n8n"),)
        await watch.follows.finish(5)
        assert wall.last.finish is Finish.BOT_STOPS
        assert await watch.follows.left_over() == []


async def test_only_the_first_and_the_last_word_go_as_a_person_s(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    inside = False
    live: list[bool] = []

    @contextmanager
    def around() -> Iterator[None]:
        nonlocal inside
        inside = True
        yield
        inside = False

    class Noting(Wall):
        async def show(self, snapshot: Snapshot) -> None:
            live.append(inside)
            await super().show(snapshot)

    async with watching(tmp_path, server, around=around) as watch:
        wall = await watch.follow("writer", wall=Noting())
        await wall.until(lambda shown: shown.total > 5, "lines")
        watch.follows.stop(wall.last.number, by=DIAS)
        await wall.ended()
    assert live == [False, *[True] * (len(live) - 2), False]
    assert len(live) > 3


async def test_nothing_is_left_open_on_the_host(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    for name in ("one", "two"):
        server.run_container(name, *writer(100_000, burst=1, pause=0.1))
    left: list[int] = []
    async with watching(tmp_path, server) as watch:
        for _ in range(6):
            wall = await watch.follow("one", "two")
            await wall.until(lambda shown: shown.total > 0, "lines")
            while_read = server.sshd_descriptors()
            watch.follows.stop(wall.last.number, by=DIAS)
            await wall.ended()
            await asyncio.sleep(0.3)
            left.append(server.sshd_descriptors())
            assert left[-1] < while_read
    assert left[-1] <= max(left[:2]), "requests keep a few open, follows none"


async def test_a_button_of_one_container_follows_it(lab: Lab, tmp_path: Path) -> None:
    async with watching(tmp_path, lab.servers["server1"]) as watch:
        wall = Wall()
        question = FollowQuestion(ContainerKey("server1", key_of("server1", "n8n")))
        container = await watch.follows.start(question, lambda _number: wall, by=DIAS)
        assert container is not None
        assert container.name == "n8n"
        await wall.until(lambda _: "Version: 1.70.3" in wall.texts, "its lines")
