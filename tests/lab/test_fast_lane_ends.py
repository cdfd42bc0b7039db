"""Every search of the fast lane ends, on the host too, and says why where it ends too early."""

import asyncio
import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import ContainerGone, DeadlineExceeded, HostError, HostSilent, Silence
from services.fleet.lane import FastLane
from services.logs.stream.jsonfile import Candidates
from tests.garbage import set_aside
from tests.lab.lane import changed, connected, found, helpers, lane_of, lines, log_of, until_idle
from tests.lab.servers import Server
from tests.lab.transport import until

pytestmark = pytest.mark.lab

NOBODY = "0" * 64


@pytest.fixture
def endless(server: Server, spoken: str) -> str:
    """A container of which a compressed log would take the helper minutes."""
    member = gzip.compress(b'{"log":"hay\\n","stream":"stdout","time":"2026-11-23T14:02:11Z"}\n' * 150_000)
    Path(f"{log_of(server, spoken)}.1.gz").write_bytes(member * 4000)
    return spoken


async def test_nothing_runs_on_after_a_whole_search(server: Server, lane: FastLane, spoken: str) -> None:
    assert len(lines(await found(lane, spoken, b"needle"))) == 3
    await until_idle(server)
    assert server.sshd_pids() == []


async def test_whoever_has_had_enough_ends_it(server: Server, lane: FastLane, spoken: str) -> None:
    """The newest come at once, and the rest is never read."""
    record = '{"log":"hay %d\\n","stream":"stdout","time":"2026-11-23T14:02:11.%09dZ"}\n'
    log_of(server, spoken).write_text("".join(record % (n, n) for n in range(500_000)))
    search = lane.candidates(spoken, [b"hay"], deadline=30)
    first = await anext(search)
    assert first.block.text.endswith(b"\nhay 499999\n")
    assert helpers(server)
    await search.aclose()
    await until_idle(server)


def unpacking(server: Server) -> int:
    """How many searches are at a compressed file."""
    return sum(words.startswith("gzip") for words in helpers(server))


async def until_unpacking(server: Server, count: int) -> None:
    async def so_many() -> bool:
        return unpacking(server) == count

    await until(so_many, f"{count} searches are at work")


async def ended(search: "asyncio.Future[list[Candidates]]") -> None:
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search


async def test_searches_that_find_nothing_end_with_their_clients(
    server: Server, lane: FastLane, endless: str
) -> None:
    """Each by itself, though they share a connection."""
    searches = [asyncio.ensure_future(found(lane, endless, b"nowhere at all")) for _ in range(2)]
    await until_unpacking(server, 2)
    assert not any("nowhere" in words for words in helpers(server)), "what is looked for is nobody's business"
    await ended(searches[0])
    await until_unpacking(server, 1)
    await ended(searches[1])
    await until_idle(server)


async def test_a_deadline_ends_it(server: Server, lane: FastLane, endless: str) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded) as overrun:
        await found(lane, endless, b"nowhere at all", deadline=1)
    assert time.monotonic() - began < 3
    assert overrun.value.seconds == 1
    await until_idle(server)


async def test_too_much_in_a_compressed_file_ends_it_behind_what_is_newer(
    server: Server, lane: FastLane, endless: str
) -> None:
    got = b""
    with changed(server, "ulimit -f 262144 ", "ulimit -f 1024 "), pytest.raises(DeadlineExceeded):
        async for each in lane.candidates(endless, [b"hay", b"needle"], deadline=30):
            got = each.block.text + got
    assert got == b"needle one\nneedle two\nneedle three\n"
    await until_idle(server)


@pytest.fixture
def hasty(server: Server) -> Iterator[None]:
    """The helper gives a search two seconds."""
    with changed(server, "\nseconds=60 ", "\nseconds=2 "):
        yield


@pytest.mark.usefixtures("hasty")
async def test_the_helper_ends_itself(server: Server, lane: FastLane, endless: str) -> None:
    with pytest.raises(DeadlineExceeded) as overrun:
        await found(lane, endless, b"nowhere at all")
    assert 1.5 < overrun.value.seconds < 6
    await until_idle(server)


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_never_says_what_it_looks_for(server: Server, spoken: str) -> None:
    async with connected(server) as connection:
        _, output, _ = await connection.open_session(f"{spoken} 0", encoding=None)
        async with asyncio.timeout(8):
            assert await output.read() == b""
    await until_idle(server)


async def test_searches_side_by_side_share_a_connection(server: Server, lane: FastLane, spoken: str) -> None:
    most = 0

    async def one() -> list[bytes]:
        nonlocal most
        got = await found(lane, spoken, b"needle")
        most = max(most, server.ssh_connections())
        return lines(got)

    assert await asyncio.gather(*(one() for _ in range(20))) == [await one()] * 20
    assert most == 1


async def test_the_loop_is_not_held(server: Server, lane: FastLane, spoken: str) -> None:
    """By what the search computes: the time of this thread, since the machine may have other things to do."""
    log = log_of(server, spoken)
    record = '{"log":"needle %d\\n","stream":"stdout","time":"2026-11-23T14:02:11.%06dZ"}\n'
    log.write_text("".join(record % (n, n % 1_000_000) for n in range(200_000)))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    with set_aside():
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            assert sum(len(each.block) for each in await found(lane, spoken, b"needle")) == 200_000
            watching.cancel()
    assert longest < 0.05


async def test_errors_are_told_apart(server: Server, lane: FastLane, spoken: str, tmp_path: Path) -> None:
    with pytest.raises(ContainerGone):
        await found(lane, NOBODY, b"needle")
    with pytest.raises(HostSilent, match="takes") as refused:
        await found(lane, "directus", b"needle")
    assert refused.value.reason is Silence.FORWARD
    with pytest.raises(HostSilent) as login:
        await found(lane_of(server, identity_file=str(server.identity_file)), spoken, b"needle")
    assert login.value.reason is Silence.LOGIN
    with pytest.raises(HostSilent) as unlocked:
        await found(lane_of(server, identity_file=str(server.admin_identity_file)), spoken, b"needle")
    assert unlocked.value.detail.startswith("the key may run anything")
    Path(f"{log_of(server, spoken)}.1.gz").write_bytes(b"no gzip")
    with pytest.raises(HostSilent, match="not in gzip format"):
        await found(lane, spoken, b"needle")


async def test_a_lost_connection_ends_it(server: Server, lane: FastLane, endless: str) -> None:
    search = asyncio.ensure_future(found(lane, endless, b"nowhere at all"))
    await until_unpacking(server, 1)
    server.stop_sshd()
    with pytest.raises(HostSilent) as lost:
        await search
    assert lost.value.reason is Silence.UNREACHABLE
    server.start_sshd()
    await until_idle(server)
    Path(f"{log_of(server, endless)}.1.gz").unlink()
    assert len(lines(await found(lane, endless, b"needle"))) == 3


async def test_a_pulled_cable_is_a_deadline(server: Server, lane: FastLane, spoken: str) -> None:
    server.pull_cable()
    with pytest.raises(HostError):
        await found(lane, spoken, b"needle", deadline=1)
    server.plug_cable()
    assert len(lines(await found(lane, spoken, b"needle"))) == 3
