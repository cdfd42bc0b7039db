"""Contact that is lost, refused and regained: the right reason at once, nobody stuck, nothing restarted."""

import asyncio
import subprocess
import threading
import time
from pathlib import Path

import pytest

from services.domain.logs import LogQuery
from services.errors import DeadlineExceeded, HostSilent, Silence
from services.fleet import engine as engine_module
from services.fleet import login, tunnel
from services.fleet.engine import DockerEngine
from tests.lab.servers import Lab, Server
from tests.lab.transport import over_ssh, over_unix, silence_of, until, until_back, until_silent

pytestmark = pytest.mark.lab


async def timed(engine: DockerEngine, deadline: float) -> tuple[float, Exception | None]:
    """How long a list took, and what it raised."""
    began = time.monotonic()
    try:
        await engine.containers(deadline=deadline)
    except (HostSilent, DeadlineExceeded) as exc:
        return time.monotonic() - began, exc
    return time.monotonic() - began, None


async def test_a_pulled_cable(server: Server, lab: Lab) -> None:
    async with over_ssh(server) as engine, over_ssh(lab.servers["server1"]) as other:
        await engine.containers(deadline=5)
        await other.containers(deadline=5)
        before = threading.active_count()
        server.pull_cable()

        # In the middle of calls: more than there are threads, and a stream.
        stream = asyncio.create_task(drain(engine, (await other.containers(deadline=5))[0].id))
        calls = [timed(engine, 1.0) for _ in range(9)]
        for took, error in await asyncio.gather(*calls):
            assert isinstance(error, DeadlineExceeded | HostSilent)
            assert took < 2
        took, error = await timed(other, 1.0)
        assert error is None, "the other host is not held up"
        with pytest.raises((DeadlineExceeded, HostSilent)):
            await stream

        silence = await until_silent(engine, Silence.TIMEOUT)
        assert silence.since is not None
        for _ in range(5):
            took, error = await timed(engine, 5.0)
            assert isinstance(error, HostSilent)
            assert took < 0.2, "known to be dead: at once"

        server.plug_cable()
        await until_back(engine)
        results = await asyncio.gather(*(timed(engine, 2.0) for _ in range(9)))
        assert not any(error for _, error in results), "no thread is stuck"
        assert threading.active_count() <= before + 8  # those that resolve names and read key files


async def drain(engine: DockerEngine, identity: str) -> int:
    return sum([len(data) async for data in engine.logs(identity, LogQuery(tail=10), deadline=1.5)])


async def test_a_quiet_log_is_followed_on_and_a_lost_one_is_not(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "QUIET", 0.3)
    identity = server.run_container("late", "sh", "-c", "echo first; sleep 2; echo second; sleep 99")
    async with over_ssh(server) as engine:
        said = engine.logs(identity, LogQuery(follow=True), deadline=None)
        for words in (b"first\n", b"second\n"):
            async with asyncio.timeout(10):
                assert (await anext(said)).endswith(words)
        server.pull_cable()
        async with asyncio.timeout(15):
            with pytest.raises(HostSilent):
                await anext(said)


async def test_the_log_of_a_container_that_ends_is_followed_to_its_end(server: Server) -> None:
    identity = server.run_container("brief", "sh", "-c", "sleep 1; echo done")
    async with over_ssh(server) as engine, asyncio.timeout(10):
        said = [data async for data in engine.logs(identity, LogQuery(follow=True), deadline=None)]
    assert b"".join(said).endswith(b" done\n")


async def test_a_cable_pulled_while_nobody_asks(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "KEEPALIVE_INTERVAL", 0.3)
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        server.pull_cable()
        await asyncio.sleep(3)
        took, error = await timed(engine, 5.0)
        assert isinstance(error, HostSilent)
        assert error.reason is Silence.TIMEOUT
        assert took < 0.2


async def test_the_first_contact_is_waited_for(server: Server) -> None:
    async with over_ssh(server) as engine:
        assert await engine.containers(deadline=5)


async def test_the_first_contact_is_waited_for_no_longer_than_the_deadline(server: Server) -> None:
    server.pull_cable()
    async with over_ssh(server) as engine:
        took, error = await timed(engine, 0.5)
        assert took < 1.5
        assert isinstance(error, HostSilent)
        assert (error.reason, error.since) == (Silence.CONNECTING, None)


async def test_a_changed_host_key_is_refused_and_said(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        server.change_host_key()
        silence = await until_silent(engine, Silence.HOST_KEY)
        assert silence.since is not None
        assert "not trusted" in silence.detail
        server.restore_host_key()
        await until_back(engine)


async def test_a_key_of_another_kind_is_a_changed_key(server: Server, tmp_path: Path) -> None:
    pins = tmp_path / "known_hosts"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "ecdsa"], check=True)
    pins.write_text(f"{server.address} {(tmp_path / 'ecdsa.pub').read_text()}")
    async with over_ssh(server, known_hosts=str(pins)) as engine:
        assert (await silence_of(engine)).reason is Silence.HOST_KEY


async def test_pins_are_read_anew(server: Server, tmp_path: Path) -> None:
    pins = tmp_path / "known_hosts"
    async with over_ssh(server, known_hosts=str(pins)) as engine:
        missing = await silence_of(engine)
        assert missing.reason is Silence.KNOWN_HOSTS
        pins.write_text(server.known_hosts.read_text().replace(server.address, "192.0.2.1"))
        unknown = await until_silent(engine, Silence.HOST_KEY)
        assert f"no entry for [{server.address}]" in unknown.detail
        pins.write_text(server.known_hosts.read_text())
        await until_back(engine)


async def test_identity_files(server: Server, tmp_path: Path) -> None:
    stranger, locked = tmp_path / "stranger", tmp_path / "locked"
    for path, phrase in ((stranger, ""), (locked, "secret")):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", path], check=True)
    (tmp_path / "text").write_text("no key at all")
    expected = {
        "missing": (Silence.KEY_FILE, "missing"),
        "text": (Silence.KEY_FILE, ""),
        "locked": (Silence.KEY_FILE, "encrypted"),
        "stranger": (Silence.LOGIN, ""),
    }
    for name, (reason, words) in expected.items():
        async with over_ssh(server, identity_file=str(tmp_path / name)) as engine:
            silence = await silence_of(engine)
            assert silence.reason is reason, name
            assert words in silence.detail
            assert silence.since is None


async def test_what_the_key_does_not_open(server: Server) -> None:
    async with over_ssh(server, docker_socket="/run/other.sock") as engine:
        silence = await silence_of(engine)
    assert silence.reason is Silence.FORWARD
    assert "/run/other.sock" in silence.detail


async def test_a_socket_that_is_not_there(server: Server) -> None:
    """Told apart from a forbidden one only with a key that has a shell."""
    admin = {"address": f"ssh://root@{server.address}", "identity_file": str(server.admin_identity_file)}
    async with over_ssh(server, **admin, docker_socket="/run/other.sock") as engine:
        assert (await silence_of(engine)).reason is Silence.NO_SOCKET
    async with over_ssh(server, **admin) as engine:
        assert await engine.containers(deadline=5)


async def test_no_sshd(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        server.stop_sshd()
        await until_silent(engine, Silence.UNREACHABLE)
        server.start_sshd()
        await until_back(engine)


@pytest.mark.parametrize("way", [over_ssh, over_unix], ids=["ssh", "unix"])
async def test_an_engine_that_hangs(server: Server, way: type) -> None:
    async with way(server) as engine:
        await engine.containers(deadline=5)
        server.pause_docker()
        took, error = await timed(engine, 0.5)
        assert isinstance(error, DeadlineExceeded)
        assert took < 1.5
        assert (await until_silent(engine, Silence.ENGINE)).since is not None
        took, error = await timed(engine, 5)
        assert isinstance(error, HostSilent)
        assert took < 0.2
        server.resume_docker()
        await until_back(engine)


@pytest.mark.parametrize("way", [over_ssh, over_unix], ids=["ssh", "unix"])
async def test_an_engine_that_restarts(server: Server, way: type) -> None:
    async with way(server) as engine:
        await engine.containers(deadline=5)
        await asyncio.to_thread(server.stop_docker)
        with pytest.raises(HostSilent):  # not DeadlineExceeded: nothing was asked of it
            await engine.start("0" * 64, deadline=5)
        took, error = await timed(engine, 5)
        assert isinstance(error, HostSilent)
        assert error.since is not None
        assert took < 0.2
        await asyncio.to_thread(server.start_docker)
        await until_back(engine)


async def test_an_engine_that_was_restarted_in_between(server: Server) -> None:
    """Pooled connections are dead by then; nobody notices."""
    async with over_ssh(server) as engine:
        await asyncio.gather(*(engine.containers(deadline=5) for _ in range(8)))
        await asyncio.to_thread(server.stop_docker)
        await asyncio.to_thread(server.start_docker)
        await asyncio.gather(*(engine.containers(deadline=5) for _ in range(8)))


async def test_a_log_is_read_over_no_channel_that_the_engine_has_hung_up_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Channels are opened ahead, and whether one has ended may become known only by asking."""
    monkeypatch.setattr(tunnel._SshChannel, "ended", False)
    async with over_ssh(server) as engine:
        row = (await engine.containers(deadline=5))[0]
        await asyncio.sleep(0.5)
        assert engine._link._spares._channels
        await asyncio.to_thread(server.stop_docker)
        await asyncio.to_thread(server.start_docker)
        async for _ in engine.logs(row.id, LogQuery(tail=1), deadline=5):
            pass


async def test_a_tidied_temporary_directory(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine._link.ready()
        Path(engine._link.socket_path).unlink()
        await until_back(engine)


async def test_nothing_stays_behind(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine.ping(deadline=5)
        directory = Path(engine._link.socket_path).parent
        assert directory.stat().st_mode & 0o777 == 0o700
        threads = [thread for thread in threading.enumerate() if thread.name.startswith(f"{server.name}-")]
        assert threads
    assert not directory.exists()

    async def gone() -> bool:
        return not server.sshd_pids() and not any(thread.is_alive() for thread in threads)

    await until(gone, "sshd's session and our threads have ended", 10)
