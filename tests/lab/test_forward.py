"""Connections through a host's SSH connection: with the restricted key, to what listens on that server alone."""

import asyncio
import contextlib
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from anyio.streams.tls import TLSStream

from services.errors import DeadlineExceeded, ForwardRefused, HostSilent
from services.fleet.engine import DockerEngine
from services.fleet.forwarded import host_and_port
from services.outside.dial import through
from tests.lab.monitoring import free_port
from tests.lab.servers import Server
from tests.lab.sshd import authorized_keys_line
from tests.lab.transport import over_ssh, over_unix, until

pytestmark = pytest.mark.lab


_LISTENER = """
import socketserver, subprocess, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        subprocess.run(["sh", "-c", sys.argv[2]], stdin=self.request, stdout=self.request)
class Server(socketserver.ThreadingTCPServer):
    request_queue_size, daemon_threads = 100, True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@contextlib.contextmanager
def listening(server: Server, home: Path, command: str) -> Iterator[str]:
    """A program on the server, at an address that the restricted key may open: a shell command for each connection."""
    port = free_port()
    argv = (sys.executable, "-I", "-c", _LISTENER, str(port), command)
    process = server.network.start(*argv, log=home / "listener.log")
    server.permit(f"127.0.0.1:{port}")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


async def dialled(engine: DockerEngine, address: str, deadline: float = 5) -> anyio.abc.ByteStream:
    """As soon as somebody listens there."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + 10
    while True:
        try:
            return await engine.dial(host, int(port), deadline=deadline)
        except ForwardRefused as refused:
            assert not refused.forbidden
            assert time.monotonic() < end
            await asyncio.sleep(0.02)


async def whole(stream: anyio.abc.ByteStream) -> bytes:
    return b"".join([data async for data in stream])


async def test_both_ways_and_both_ends(server: Server, tmp_path: Path) -> None:
    with listening(server, tmp_path, "cat; echo end") as address:
        async with over_ssh(server) as engine, await dialled(engine, address) as stream:
            await stream.send(b"words ")
            assert await stream.receive(3) == b"wor"
            await stream.send(b"and more\n")
            await stream.send_eof()
            await stream.send_eof()
            assert await whole(stream) == b"ds and more\nend\n"
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
        with pytest.raises(anyio.ClosedResourceError):
            await stream.receive()
        with pytest.raises(anyio.ClosedResourceError):
            await stream.send(b"x")


async def test_who_reads_slowly_is_waited_for(server: Server, tmp_path: Path) -> None:
    with listening(server, tmp_path, "sleep 2; wc -c") as address:
        async with over_ssh(server) as engine, await dialled(engine, address) as stream:
            began, size = time.monotonic(), 16 << 20
            for _ in range(16):
                await stream.send(bytes(size // 16))
            assert time.monotonic() - began > 0.5
            await stream.send_eof()
            assert int(await whole(stream)) == size


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "192.0.2.1"])
async def test_what_the_key_does_not_permit(server: Server, host: str) -> None:
    """OpenSSH 9.2 says code 1, "open failed", whether or not something listens there."""
    async with over_ssh(server) as engine:
        with pytest.raises(ForwardRefused) as refused:
            await engine.dial(host, 8080, deadline=5)
    where = "[::1]:8080" if host == "::1" else f"{host}:8080"
    assert (refused.value.host, refused.value.address, refused.value.forbidden) == (server.name, where, True)


async def test_what_sshd_does_not_permit(server: Server) -> None:
    server.permit("127.0.0.1:8080")
    config = server.sshd.home / "sshd_config"
    told = config.read_text()
    try:
        config.write_text(told + f"    PermitOpen [{server.docker_socket}]:*\n")
        server.stop_sshd()
        server.start_sshd()
        async with over_ssh(server) as engine:
            with pytest.raises(ForwardRefused) as refused:
                await engine.dial("127.0.0.1", 8080, deadline=5)
        assert refused.value.forbidden
    finally:
        config.write_text(told)
        server.stop_sshd()
        server.start_sshd()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "nosuch.invalid"])
async def test_nobody_there(server: Server, host: str) -> None:
    """Code 2, with the words of the server's own network: "Connection refused"."""
    port = free_port()
    address = host_and_port(host, port)
    server.permit(address)
    async with over_ssh(server) as engine:
        with pytest.raises(ForwardRefused) as refused:
            await through(engine)(host, port)
    assert (refused.value.address, refused.value.forbidden) == (address, False)


def test_permits_stand_beside_the_socket() -> None:
    assert 'permitopen="[/s]:*",permitopen="127.0.0.1:8080",permitlisten' in authorized_keys_line(
        "k", "/s", "127.0.0.1:8080"
    )


async def test_without_ssh_nothing_is_passed_on(server: Server) -> None:
    async with over_unix(server) as engine:
        assert not engine.forwards
        with pytest.raises(ValueError, match="not reached over SSH"):
            await engine.dial("127.0.0.1", 80, deadline=1)


async def test_a_silent_host_is_known_at_once(server: Server) -> None:
    server.stop_sshd()
    async with over_ssh(server) as engine:
        with pytest.raises(HostSilent):
            await engine.dial("127.0.0.1", 80, deadline=5)
        async with asyncio.timeout(30):  # what is known needs none of its own time
            with pytest.raises(HostSilent):
                await engine.dial("127.0.0.1", 80, deadline=600)


async def test_a_cable_pulled(server: Server, tmp_path: Path) -> None:
    with listening(server, tmp_path, "echo here; cat") as address:
        async with over_ssh(server) as engine, await dialled(engine, address) as stream:
            assert await stream.receive() == b"here\n"
            server.pull_cable()
            with pytest.raises(DeadlineExceeded):
                await engine.dial("127.0.0.1", int(address.rpartition(":")[2]), deadline=0.5)
            async with asyncio.timeout(
                30
            ):  # the overrun has raised a doubt, and the link is found to be dead
                with pytest.raises(anyio.BrokenResourceError):
                    await stream.receive()
            with pytest.raises(anyio.BrokenResourceError):
                await stream.send(b"x")
            async with asyncio.timeout(30):
                with pytest.raises(HostSilent):
                    await engine.doubt(deadline=600)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5",
         "-subj", "/CN=inside.example.org", "-addext", "subjectAltName=DNS:inside.example.org",
         "-keyout", str(path), "-out", str(tmp_path / "certificate.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("a") as both:
        both.write((tmp_path / "certificate.pem").read_text())
    return path


@contextlib.asynccontextmanager
async def speaking_tls(server: Server, certificate: Path) -> AsyncIterator[str]:
    """`openssl s_server` on the server's loopback, which tells what it was asked."""
    port = free_port()
    argv = ("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(certificate), "-rev")
    process = server.network.start(*argv, log=certificate.with_name("tls.log"))
    server.permit(f"127.0.0.1:{port}")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


async def test_tls_through_it(server: Server, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificate.with_name("certificate.pem")))
    async with speaking_tls(server, certificate) as address, over_ssh(server) as engine:
        stream = await dialled(engine, address)
        async with await TLSStream.wrap(
            stream, hostname="inside.example.org", ssl_context=context, standard_compatible=False
        ) as secure:
            await secure.send(b"abc\n")
            assert await secure.receive() == b"cba\n"
        stream = await dialled(engine, address)
        with pytest.raises(ssl.SSLCertVerificationError):
            await TLSStream.wrap(stream, hostname="outside.example.org", ssl_context=context)


async def test_no_channel_stays_behind(server: Server, tmp_path: Path) -> None:
    """Neither of those that were closed, nor of those that nobody waited for, nor of those that were refused."""
    with listening(server, tmp_path, "cat") as address:
        port = int(address.rpartition(":")[2])
        async with over_ssh(server) as engine:
            await engine.containers(deadline=5)
            await (await dialled(engine, address)).aclose()
            await asyncio.sleep(0.5)
            before = server.sshd_descriptors()

            async def dial(number: int) -> None:
                with contextlib.suppress(TimeoutError, ForwardRefused):
                    async with asyncio.timeout(None if number % 2 else number % 50 / 10_000):
                        async with await engine.dial(
                            "127.0.0.1", port + number % 3 // 2, deadline=5
                        ) as stream:
                            await stream.send(b"x")
                            await stream.receive()

            for start in range(0, 400, 8):
                await asyncio.gather(*(dial(number) for number in range(start, start + 8)))

            async def as_before() -> bool:
                return server.sshd_descriptors() <= before

            await until(as_before, "sshd holds no more than before", 10)
