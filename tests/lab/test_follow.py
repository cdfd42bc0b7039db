"""A log that is followed on real servers: exactly its lines, whatever happens to the contact and the container."""

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from services.domain.logs import Block
from services.logs.follow import follows as follows_module
from services.logs.follow.follows import Bounds
from services.logs.follow.screen import Screen
from services.logs.stream.source import LogSource
from services.logs.text.presenter import ShownLine
from tests.lab.following import BURN, DIAS, IDLE, WAIT, logged, watching, writer
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab


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


@pytest.mark.long
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


@pytest.mark.long
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
