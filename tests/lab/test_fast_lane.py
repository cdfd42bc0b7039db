"""The fast lane on a real sshd: it finds what `docker logs | grep` finds, and its key can do nothing else."""

import asyncio
import contextlib
import gzip
import os
import random
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import asyncssh
import pytest
import re2

from bot.check import check
from services.domain.logs import Stream
from services.errors import ContainerGone, DeadlineExceeded, HostError, HostSilent, Silence
from services.fleet.lane import HELPER, FastLane, lane_key_line
from services.fleet.tunnel import SshLogin
from services.logs.jsonfile import Candidates
from services.logs.literals import required_literals
from tests.bots import Setup
from tests.conftest import host_settings
from tests.lab import sshd
from tests.lab.network import inhabitants
from tests.lab.servers import Lab, Server
from tests.lab.test_lab import ATTACKS, Attack
from tests.lab.transport import until

pytestmark = pytest.mark.lab

NOBODY = "0" * 64


@pytest.fixture
def server(lab: Lab) -> Server:
    return lab.servers["server2"]


@pytest.fixture
def lane(server: Server) -> FastLane:
    return lane_of(server)


def lane_of(server: Server, **changes: object) -> FastLane:
    login = {
        "username": "root",
        "host": server.address,
        "port": server.ssh_port,
        "identity_file": str(server.lane_identity_file),
        "known_hosts": str(server.known_hosts),
    }
    return FastLane(server.name, SshLogin(**{**login, **changes}))  # type: ignore[arg-type]


async def found(
    lane: FastLane, container_id: str, *literals: bytes, context: int = 0, deadline: float = 30
) -> list[Candidates]:
    """All candidates, oldest first."""
    answer = [
        each async for each in lane.candidates(container_id, literals, context=context, deadline=deadline)
    ]
    return answer[::-1]


def lines(candidates: list[Candidates]) -> list[bytes]:
    return b"".join(each.block.text for each in candidates).split(b"\n")[:-1]


def groups(candidates: list[Candidates]) -> list[list[bytes]]:
    """The lines, by neighbourhood."""
    return [
        [line.text for line in each.block.part(start, end).lines()]
        for each in candidates
        for start, end in pairwise([*each.groups, len(each.block)])
    ]


def log_of(server: Server, container_id: str) -> Path:
    return server.containers / container_id / f"{container_id}-json.log"


@pytest.fixture
def spoken(server: Server) -> str:
    """The id of a container whose log has a few lines, the last of them on stderr."""
    say = "printf 'first\\nneedle one\\nbetween\\nneedle two\\nlast\\n'; sleep 0.1; echo needle three >&2"
    identity = server.run_container("spoken", "sh", "-c", say)
    server.docker("wait", identity)
    return identity


# --- what it finds


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
    assert groups(around) == [[b"needle one", b"between", b"needle two"]]


async def test_context_is_the_same_in_compressed_files(lane: FastLane, server: Server, spoken: str) -> None:
    log = log_of(server, spoken)
    with gzip.open(f"{log}.1.gz", "wb") as older:
        older.write(log.read_bytes().replace(b"needle", b"pin").replace(b'"time":"20', b'"time":"19'))
    got = await found(lane, spoken, b"needle two", b"pin two", context=1)
    assert groups(got) == [[b"between", b"pin two", b"last"], [b"between", b"needle two", b"last"]]


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


# --- what ends it


@pytest.fixture
def endless(server: Server, spoken: str) -> str:
    """A container of which a compressed log would take the helper minutes."""
    member = gzip.compress(b'{"log":"hay\\n","stream":"stdout","time":"2026-11-23T14:02:11Z"}\n' * 150_000)
    Path(f"{log_of(server, spoken)}.1.gz").write_bytes(member * 4000)
    return spoken


def helpers(server: Server) -> list[str]:
    """What runs of the helper on the server."""
    running = []
    for pid in inhabitants(server.network.handle):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if re.match(r"(/bin/sh \S+/vakhta-grep|tac|grep -a|gzip -dc|head -c|sleep 1\b)", words):
                running.append(words)
    return running


async def until_idle(server: Server) -> None:
    async def idle() -> bool:
        return not helpers(server)

    await until(idle, f"nothing runs any more: {helpers(server)}", 5)


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


async def test_a_search_that_finds_nothing_ends_with_its_client(
    server: Server, lane: FastLane, endless: str
) -> None:
    search = asyncio.ensure_future(found(lane, endless, b"nowhere at all"))

    async def under_way() -> bool:
        return any(words.startswith("gzip") for words in helpers(server))

    await until(under_way, "the helper unpacks")
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
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


@contextlib.contextmanager
def changed(server: Server, before: str, after: str) -> Iterator[None]:
    """Another helper for a while."""
    text = server.sshd.lane_helper.read_text()
    assert text.count(before) == 1
    server.sshd.lane_helper.write_text(text.replace(before, after))
    try:
        yield
    finally:
        server.sshd.lane_helper.write_text(text)


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
        most = max(most, len(server.sshd_pids()))
        return lines(got)

    assert await asyncio.gather(*(one() for _ in range(20))) == [await one()] * 20
    assert most <= 2


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

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        assert sum(len(each.block) for each in await found(lane, spoken, b"needle")) == 200_000
        watching.cancel()
    assert longest < 0.05


# --- what goes wrong


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

    async def under_way() -> bool:
        return any(words.startswith("gzip") for words in helpers(server))

    await until(under_way, "the helper unpacks")
    server.stop_sshd()
    with pytest.raises(HostSilent):
        await search
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


# --- what the key cannot do


@contextlib.asynccontextmanager
async def connected(server: Server) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncio.timeout(30):
        async with asyncssh.connect(
            server.address,
            server.ssh_port,
            username="root",
            client_keys=[str(server.lane_identity_file)],
            known_hosts=str(server.known_hosts),
            config=None,
        ) as connection:
            yield connection


async def ask(
    connection: asyncssh.SSHClientConnection,
    command: str | None,
    texts: bytes = b"needle\n",
    env: Mapping[str, str] | None = None,
) -> tuple[bytes, bytes, int | None]:
    """What comes out, what it complains of, and the exit status."""
    writer, output, errors = await connection.open_session(command, env=env or (), encoding=None)
    with contextlib.suppress(OSError):  # it may have ended without reading
        writer.write(texts)
        writer.write_eof()
    answer = await output.read(), (await errors.read()).strip()
    await writer.wait_closed()
    channel = writer.channel
    assert isinstance(channel, asyncssh.SSHClientChannel)
    return *answer, channel.get_exit_status()


async def _docker_socket(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    reader, writer = await connection.open_unix_connection(lab.servers["server2"].docker_socket)
    writer.write(b"GET /_ping HTTP/1.0\r\n\r\n")
    return b"200 OK" in await reader.read()


async def _agent(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    done = await connection.run("echo $SSH_AUTH_SOCK", term_type="vt100")
    return "/" in str(done.stdout)


@pytest.mark.parametrize("attack", [*ATTACKS, _docker_socket, _agent], ids=lambda attack: attack.__name__)
async def test_nothing_but_the_helper(lab: Lab, server: Server, attack: Attack) -> None:
    """That each of these attacks works where it is let is shown in `test_lab`."""
    async with connected(server) as connection:
        try:
            succeeded = await attack(connection, lab)
        except (asyncssh.Error, asyncssh.ChannelListenError, OSError):
            succeeded = False
    assert not succeeded


COMMANDS = [
    None, "", "id", "sh", "/bin/sh -c id", "{id}", "{id} ", "0 {id}", "{id} 11", "{id} 00", "{id} -1", "{id} 0 0",
    "{id} 0; id", "{id} 0 | id", "{id} 0 & id", "{id} 0\nid", "id\n{id} 0", "{id} $(id)", "{id} `id`", "{id} ${{IFS}}",
    "$(id){id} 0", "{id}* 0", "???????? 0", "* 0", "{id} *", "[a-f]{id} 0", "{short} 0", "{id}a 0", "{upper} 0",
    "../{id} 0", "{id}/../../x 0", "/etc/shadow 0", "./{id} 0", "{id}\t0", "{id} 0 -f", "-r 0", "--file=/etc/shadow 0",
    "{id} 0 /etc/shadow", "{id} 1e", "{id} a", "{id} 0x1", "internal-sftp", "é{id} 0",
    "SSH_ORIGINAL_COMMAND=x {id} 0", "{id} 0 > /tmp/vakhta-attack", f"{'a' * 100_000} 0",
]  # fmt: skip


async def test_nothing_but_an_id_and_a_number(server: Server, spoken: str) -> None:
    async with connected(server) as connection:
        for command in COMMANDS:
            asked = command and command.format(id=spoken, short=spoken[:12], upper=spoken.upper())
            told, complaint, status = await ask(connection, asked)
            assert (told, status) == (b"", 2), command
            assert complaint.startswith(b"vakhta-grep: "), command
    assert not Path("/tmp/vakhta-attack").exists()


TEXTS = [
    b"-r\n", b"--file=/etc/shadow\n", b"-e\nroot\n", b"-f/etc/shadow\n", b"$(cat /etc/shadow)\n", b"`id`\n", b"\\\n",
    b"EOF\nneedle\n", b"EOF\nid\n", b"needle\0\n", b"\xff\xfe\n", b"/etc/shadow\n", b"\n", b"\n\nneedle", b"; id\n",
    b"%s%s%n\n", b"'\n", b'"\n', b"$texts\n", b"${context}\n", b"\n-R\n/\n",
]  # fmt: skip


async def test_texts_are_texts(server: Server, spoken: str) -> None:
    """Whatever they are: nothing comes out but records of this one log that hold one of them."""
    records = log_of(server, spoken).read_bytes().splitlines()[::-1]
    async with connected(server) as connection:
        for texts in TEXTS:
            told, _, status = await ask(connection, f"{spoken} 0", texts)
            wanted = texts.replace(b"\0", b"").rstrip(b"\n").split(b"\n")
            if wanted == [b""]:
                assert (told, status) == (b"", 2), texts
                continue
            *got, after, end = [line for line in told.splitlines() if line != b"--"]
            assert got == [record for record in records if any(each in record for each in wanted)], texts
            assert (after, end) == (b"next", b"end")


@pytest.mark.parametrize("size", [4097, 50_000_000])
async def test_too_many_texts(server: Server, spoken: str, size: int) -> None:
    async with connected(server) as connection:
        writer, output, errors = await connection.open_session(f"{spoken} 0", encoding=None)
        with contextlib.suppress(asyncssh.Error, OSError):
            for _ in range(0, size, 65536):
                writer.write(b"needle\n" * (min(size, 65536) // 7 + 1))
                await writer.drain()
        assert await output.read() == b""
        assert b"4,096 bytes" in await errors.read()
    await until_idle(server)


async def test_no_link_is_followed(lane: FastLane, server: Server, spoken: str) -> None:
    """None but root can plant one, and then the helper is not what must be feared; it follows none all the same."""
    loot = server.engine.data / "loot"
    loot.write_text("root:$6$loot needle\n")
    log, other = log_of(server, spoken), server.containers / ("e" * 64)
    for name in (f"{log}.1", f"{log}.2.gz"):
        Path(name).symlink_to(loot)
    assert len(lines(await found(lane, spoken, b"needle"))) == 3
    refused = (b"", b"vakhta-grep: no such log", 2)
    async with connected(server) as connection:
        log.unlink()
        log.symlink_to(loot)
        assert await ask(connection, f"{spoken} 0") == refused
        log.unlink()
        os.mkfifo(log)
        assert await ask(connection, f"{spoken} 0") == refused
        away = server.engine.data / "away"
        away.mkdir(exist_ok=True)
        (away / f"{other.name}-json.log").write_bytes(loot.read_bytes())
        other.symlink_to(away)
        try:
            assert await ask(connection, f"{other.name} 0") == refused
        finally:
            other.unlink()


def test_the_logs_are_roots_alone(server: Server, spoken: str) -> None:
    """Neither the user of the first key nor anybody else could read them, or put something in their place."""
    log = log_of(server, spoken)
    for path in (log, log.parent):
        status = path.stat()
        assert (status.st_uid, status.st_mode & 0o027) == (0, 0), path


ENVIRONMENTS: list[Mapping[str, str]] = [
    {"LC_ALL": "../../../../tmp/evil", "LANG": "() { :;}; id"},
    {"LC_ALL": "tr_TR.UTF-8", "LC_EVIL": "() { :;}; echo uid=0"},
    {"LC_ALL": "x" * 60_000},
    {
        "PATH": "/tmp/evil",
        "IFS": "0a",
        "ENV": "/tmp/evil",
        "BASH_ENV": "/tmp/evil",
        "LD_PRELOAD": "/tmp/evil.so",
    },
    {"SSH_ORIGINAL_COMMAND": "id", "containers": "/etc", "seconds": "1000000", "SHELLOPTS": "xtrace"},
]


async def test_no_variable_changes_it(server: Server, spoken: str) -> None:
    """sshd takes those that Debian's takes (LANG, LC_*); others do not get that far."""
    async with connected(server) as connection:
        for environment in ENVIRONMENTS:
            told, complaint, _ = await ask(connection, f"{spoken} 0", env=environment)
            assert told.count(b"needle") == 3, environment
            assert told.endswith(b"next\nend\n"), environment
            assert b"uid=" not in told + complaint, environment


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_variables_that_did_get_there(server: Server, spoken: str, tmp_path: Path, shell: str) -> None:
    """The helper itself, under each of the shells that /bin/sh may be."""
    for name in ("grep", "tac", "head", "gzip", "sleep"):
        evil = tmp_path / name
        evil.write_text("#!/bin/sh\necho uid=0\n")
        evil.chmod(0o755)
    hostile = {
        "PATH": str(tmp_path),
        "IFS": "0a",
        "CDPATH": "/etc",
        "GREP_OPTIONS": "-f /etc/shadow",
        "GREP_COLORS": "mt=1",
        "LC_ALL": "ru_RU.UTF-8",
        "POSIXLY_CORRECT": "1",
        "containers": "/etc",
        "log": "/etc/shadow",
        "texts": "root",
    }
    done = subprocess.run(
        [*map(Path("/bin").joinpath, shell.split()[:1]), *shell.split()[1:], server.sshd.lane_helper],
        input=b"needle\n",
        env={**hostile, "SSH_ORIGINAL_COMMAND": f"{spoken} 0"},
        capture_output=True,
        check=True,
        start_new_session=True,
    )
    assert done.stdout.count(b"needle") == 3
    assert done.stdout.endswith(b"next\nend\n")
    assert b"uid=" not in done.stdout + done.stderr


# --- its installation

RECIPE = (Path(__file__).parents[2] / "docs/fast-lane.md").read_text()


def blocks(kind: str = "") -> list[str]:
    """The recipe's blocks of code."""
    found = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", RECIPE)
    return [text for language, text in found if language == kind]


def test_the_line_is_that_of_the_recipe(server: Server) -> None:
    """What `check` prints, the lab's sshd was set up with, and the recipe shows."""
    public = Path(f"{server.lane_identity_file}.pub").read_text()
    line = sshd.lane_key_line(public, HELPER).strip()
    assert lane_key_line(str(server.lane_identity_file)).split()[:3] == line.split()[:3]
    installed = (server.sshd.home / "authorized_keys/root").read_text().splitlines()
    assert line.replace(HELPER, str(server.sshd.lane_helper)) in installed
    assert blocks()[0].split()[:2] == line.split()[:2]


def test_the_commands_of_the_recipe(server: Server, tmp_path: Path) -> None:
    (commands,) = (block for block in blocks("sh") if "install" in block)
    installed = tmp_path / "vakhta-grep"
    subprocess.run(
        ["sh", "-e", "-c", commands.replace(HELPER, str(installed))],
        cwd=Path(__file__).parents[2] / "deploy/fast-lane",
        env={"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{server.docker_socket}"},
        check=True,
    )
    assert installed.read_text() == server.sshd.lane_helper.read_text()
    assert installed.stat().st_mode & 0o777 == 0o755


async def test_where_root_may_not_log_in_the_lane_may(server: Server, lane: FastLane, spoken: str) -> None:
    """With the recipe's lines for sshd; other keys of root's stay outside."""
    config = server.sshd.home / "sshd_config"
    kept = config.read_text()
    (allowed,) = (block for block in blocks() if block.startswith("Match User root"))
    allowed = re.sub(r"Address \S+", f"Address {server.network.gateway}", allowed)
    try:
        server.stop_sshd()
        config.write_text(kept.replace("PermitRootLogin prohibit-password", "PermitRootLogin no") + allowed)
        server.start_sshd()
        assert len(lines(await found(lane, spoken, b"needle"))) == 3
        assert subprocess.run(server.admin_ssh("id"), check=False, capture_output=True).returncode == 255
    finally:
        server.stop_sshd()
        config.write_text(kept)
        server.start_sshd()


async def test_check_tries_it(server: Server, setup: Callable[..., Setup], spoken: str) -> None:
    def with_lane(path: Path) -> Setup:
        hosts = {server.name: {**host_settings(server), "fast_lane": {"identity_file": str(path)}}}
        return setup(more={"hosts": hosts})

    async def told(path: Path) -> tuple[int, str, list[str]]:
        said: list[str] = []
        code = await check(with_lane(path).settings(), tell=said.append)
        (line,) = (line for line in said if "fast lane" in line)
        return code, line, said[-2:]

    code, tried, end = await told(server.lane_identity_file)
    assert (code, tried) == (0, "ok  server2, fast lane: it searches")
    assert end == [
        "The line for authorized_keys of the user root on server2:",
        lane_key_line(str(server.lane_identity_file)),
    ]
    code, tried, _ = await told(server.admin_identity_file)
    assert code == 1
    assert tried.startswith("!!  server2, fast lane: the login works, but the search does not; ")
    assert "the key may run anything" in tried
    with changed(server, f"\ncontainers={server.containers} ", "\ncontainers=/var/empty "):
        code, tried, _ = await told(server.lane_identity_file)
    assert code == 1
    assert (
        "it does not find Docker's logs; let `containers` in /usr/local/sbin/vakhta-grep begin with" in tried
    )
