"""What the tests of the fast lane share: a lane to a lab server, what it found, and what runs there meanwhile."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import asyncssh

from services.fleet.lane import FastLane
from services.fleet.login import SshLogin
from services.logs.stream.jsonfile import Candidates
from tests.lab.network import inhabitants
from tests.lab.servers import Server
from tests.lab.transport import until


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
    made: list[list[bytes]] = []
    goes_on = False
    for each in candidates:
        parts = [[line.text for line in group.lines()] for group in each.parted()]
        if parts and goes_on:
            made[-1] += parts.pop(0)
        made += parts
        goes_on = each.goes_on
    return made


def log_of(server: Server, container_id: str) -> Path:
    return server.containers / container_id / f"{container_id}-json.log"


def speak(server: Server) -> str:
    """The id of a container whose log has a few lines, the last of them on stderr."""
    say = "printf 'first\\nneedle one\\nbetween\\nneedle two\\nlast\\n'; sleep 0.1; echo needle three >&2"
    identity = server.run_container("spoken", "sh", "-c", say)
    server.docker("wait", identity)
    return identity


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
