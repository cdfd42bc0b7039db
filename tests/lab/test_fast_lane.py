"""The fast lane on a real sshd finds what `docker logs | grep` finds."""

import asyncio
import gzip
import random
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
import re2

from services.domain.logs import Stream
from services.fleet.lane import FastLane
from services.logs.search.literals import required_literals
from services.logs.stream.jsonfile import Candidates
from tests.lab.lane import found, groups, lines, log_of
from tests.lab.servers import Server
from tests.lab.transport import until

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "pattern", [r"item \d*7\b", "PUT|DELETE", r"(?i)Timeout after \d+ ms", r"ошибка: \d"]
)
async def test_it_finds_what_docker_logs_and_grep_find(server: Server, lane: FastLane, pattern: str) -> None:
    """Over files that Docker itself has rotated and compressed."""
    options = ("max-size=200k", "max-file=4", "compress=true")
    say = (
        'i=0; while [ $i -lt 9000 ]; do i=$((i+1)); echo "GET item $i <ok> & \\"done\\"";'
        '[ $((i % 7)) = 0 ] && echo "DELETE item $i\ttimeout after $i ms" >&2;'
        '[ $((i % 500)) = 0 ] && echo "Ошибка: нет; ошибка: $i"; done'
    )
    name = "rotating"
    identity = server.run_container(
        name, "sh", "-c", say, extra=[f"--log-opt={option}" for option in options]
    )
    server.docker("wait", name)
    log = log_of(server, identity)

    async def compressed() -> bool:
        return all(Path(f"{log}.{n}.gz").exists() for n in (1, 2, 3)) and not Path(f"{log}.1").exists()

    await until(compressed, "Docker has compressed what it rotated")
    told = subprocess.run(
        server.admin_ssh(f"docker logs {name} 2>&1"), check=True, capture_output=True
    ).stdout.splitlines()
    literals = required_literals(pattern)
    assert literals
    got = [
        line for line in lines(await found(lane, identity, *literals)) if re2.search(pattern, line.decode())
    ]
    assert len(got) > 8
    assert got == [line for line in told if re2.search(pattern, line.decode())]
    assert 4000 < len(told) < 10000, "some of the log is gone with the oldest file"


async def test_any_bytes_are_found_where_literals_say_so(server: Server, lane: FastLane) -> None:
    """What the engine makes of hostile lines is what `literals` believes it makes of them."""
    chance = random.Random(4)
    signs = [*map(chr, range(1, 0x180)), *"оОшШ日本\u2028\u2029\ufffd\ufeff🔥\U0001f468\u200d", *"aaabbb   "]
    said = b""
    for number in range(2000):
        line = "".join(chance.choices(signs, k=chance.randrange(1, 60))).replace("\n", "").encode()
        if number % 5 == 0:
            line += chance.randbytes(9).replace(b"\n", b"")
        said += line + b"\n"
    identity = server.run_logger("hostile", said)
    told = server_logs(server, "hostile")
    tried = 0
    for line in told:
        text = line.decode(errors="replace")
        if len(text) < 8:
            continue
        start = chance.randrange(len(text) - 7)
        pattern = "".join(
            f"\\{sign}" if sign.isascii() and not sign.isalnum() else sign for sign in text[start : start + 7]
        )
        literals = required_literals(pattern) if pattern.isprintable() else None
        if literals and tried < 25:
            tried += 1
            assert line in lines(await found(lane, identity, *literals)), pattern
    assert tried == 25


def server_logs(server: Server, name: str) -> list[bytes]:
    done = subprocess.run(server.admin_ssh(f"docker logs {name} 2>&1"), check=True, capture_output=True)
    return done.stdout.split(b"\n")[:-1]


async def test_moments_streams_and_groups(server: Server, lane: FastLane, spoken: str) -> None:
    got = await found(lane, spoken, b"needle")
    told = subprocess.run(
        server.admin_ssh("docker logs --timestamps spoken 2>&1 | grep needle"),
        check=True,
        capture_output=True,
    ).stdout.splitlines()
    said = [line for each in got for line in each.block.lines()]
    assert [b"%b %b" % (line.stamp, line.text) for line in said] == told
    assert [line.stream for line in said] == [Stream.STDOUT, Stream.STDOUT, Stream.STDERR]
    assert groups(got) == [[b"needle one"], [b"needle two"], [b"needle three"]]
    around = await found(lane, spoken, b"between", context=1)
    assert groups(around) == [[b"first", b"needle one", b"between", b"needle two"]], (
        "and the log's first line"
    )


async def test_context_is_the_same_in_compressed_files(lane: FastLane, server: Server, spoken: str) -> None:
    log = log_of(server, spoken)
    with gzip.open(f"{log}.1.gz", "wb") as older:
        older.write(log.read_bytes().replace(b"needle", b"pin").replace(b'"time":"20', b'"time":"19'))
    got = await found(lane, spoken, b"needle two", b"pin two", context=1)
    assert groups(got) == [
        [b"first"],  # the log's begin is told, and where its files meet
        [b"between", b"pin two", b"last", b"pin three", b"first"],
        [b"between", b"needle two", b"last"],
    ]


@pytest.mark.parametrize("context", [0, 1, 3, 200])
async def test_a_group_goes_on_where_two_files_meet(
    lane: FastLane, server: Server, spoken: str, context: int
) -> None:
    record = '{"log":"%s\\n","stream":"stdout","time":"2026-11-23T14:%02d:%02d.5Z"}\n'
    log = log_of(server, spoken)
    said = [f"{'needle' if number in (45, 61) else 'line'} {number}" for number in range(90)]
    oldest, older, newest = (
        "".join(record % (said[number], number // 30, number % 30) for number in range(start, start + 30))
        for start in (0, 30, 60)
    )
    with gzip.open(f"{log}.2.gz", "wb") as compressed:
        compressed.write(oldest.encode())
    Path(f"{log}.1").write_text(older)
    log.write_text(newest)
    got = await found(lane, spoken, b"needle", context=context)
    seen = [line.decode() for line in lines(got)]
    numbers = [int(line.split()[1]) for line in seen]
    assert numbers == sorted(set(numbers))
    wanted = {n for at in (45, 61) for n in range(max(at - context, 0), min(at + min(context, 10), 89) + 1)}
    edges = {n for at in (30, 60) for n in range(max(at - context, 0), at + min(context, 10))}
    edges |= set(range(min(context, 10)))
    assert set(numbers) == wanted | edges
    together = [[int(line.split()[1]) for line in group] for group in groups(got)]
    assert all(group == list(range(group[0], group[-1] + 1)) for group in together)
    assert len(together) == 1 + sum(later > number + 1 for number, later in pairwise(numbers))


async def test_of_a_long_line_the_pieces_with_a_hit_are_found(lane: FastLane, server: Server) -> None:
    long = b"a" * 16384 + b"b" * 10000 + b"needle" + b"c" * 6378 + b"needle" + b"d" * 90000
    identity = server.run_logger("long", b"needle first\n" + long + b"\nneedle last\n")
    assert lines(await found(lane, identity, b"needle")) == [
        b"needle first",
        b"b" * 10000 + b"needle" + b"c" * 6378 + b"needle" + b"d" * 16378,
        b"needle last",
    ]
    assert lines(await found(lane, identity, b"needle", context=10))[1] == long


async def test_a_file_that_is_rotated_meanwhile_is_told_once(
    lane: FastLane, server: Server, spoken: str
) -> None:
    """The reader is slow, so that the helper is still at the newest file when its name changes."""
    log = log_of(server, spoken)
    record = '{"log":"needle %d %s\\n","stream":"stdout","time":"2026-11-23T14:02:%02d.%06dZ"}\n'
    text = "".join(record % (n, "x" * 900, n // 1000, n % 1000 + 1) for n in range(20000))
    log.write_text(text)
    Path(f"{log}.1").write_text(record % (-1, "", 0, 0))
    got: list[Candidates] = []
    async for each in lane.candidates(spoken, [b"needle"], deadline=30):
        if not got:
            await asyncio.sleep(0.3)
            Path(f"{log}.1").rename(f"{log}.2")
            log.rename(f"{log}.1")
            log.write_text(record % (20000, "", 20, 1))
        got.append(each)
    numbers = [int(line.split()[1]) for line in lines(got[::-1])]
    assert numbers == list(range(-1, 20000))


async def test_half_a_record_costs_no_whole_one(lane: FastLane, server: Server, spoken: str) -> None:
    log = log_of(server, spoken)
    with log.open("ab") as end:
        end.write(b'{"log":"needle half')
    assert lines(await found(lane, spoken, b"needle")) == [b"needle one", b"needle two", b"needle three"]
    log.write_bytes(b"\0" * 5000 + log.read_bytes())
    assert lines(await found(lane, spoken, b"first")) == [b"first"]
