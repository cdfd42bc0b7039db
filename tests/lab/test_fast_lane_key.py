"""The fast lane's key can search one container's logs and do nothing else; its recipe is right."""

import contextlib
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import asyncssh
import pytest

from bot.check import check
from services.fleet.lane import HELPER, FastLane, lane_key_line
from tests.bots import Setup
from tests.conftest import host_settings
from tests.lab import sshd
from tests.lab.lane import ask, changed, connected, found, lines, log_of, until_idle
from tests.lab.servers import Lab, Server
from tests.lab.test_lab import ATTACKS, Attack

pytestmark = pytest.mark.lab


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
    None, "", "id", "sh", "/bin/sh -c id", "{id}", "{id} ", "0 {id}", "{id} 1000", "{id} 00", "{id} -1", "{id} 0 0",
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
    b"%s%s%n\n", b"'\n", b'"\n', b"$texts\n", b"${before}\n", b"\n-R\n/\n",
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
            *got, after, end = [line for line in told.splitlines() if line not in (b"--", b"\x01")]
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
