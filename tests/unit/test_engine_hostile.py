"""A host that says odd things, too much or without end troubles itself alone, and not for long."""

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import pytest

from services.errors import DeadlineExceeded, EngineRefused, HostError, HostSilent
from services.fleet import contact as contact_module
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine

ID = "5d126fd246f75d344a36503c0c6f153ed7f8b04698fc0f3066970b45d38dd222"
PONG = b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK"
NOT_UNDERSTOOD = "the answer was not understood"


def answer(body: bytes, *head: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *head)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Host:
    """Answers pings, and everything else with `says`; `then` follows for ever, one every `pause` seconds."""

    def __init__(self, says: bytes, then: bytes = b"", pause: float = 0) -> None:
        self.says, self.then, self.pause = says, then, pause
        self.sent = 0
        self.paths: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split()[1].decode()
                self.paths.append(path)
                if path == "/_ping":
                    writer.write(PONG)
                    break
                writer.write(self.says)
                for more in cycle([self.then] if self.then else []):
                    writer.write(more)
                    self.sent += len(more)
                    await writer.drain()
                    await asyncio.sleep(self.pause)
                await writer.drain()
                if b"HTTP/1.0" in request:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asked(host: Host, path: Path) -> AsyncIterator[DockerEngine]:
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(group.create_task(host.serve(reader, writer)))

        server = await asyncio.start_unix_server(serve, path / "socket")
        async with server, open_engine(HostAddress("evil", f"unix://{path}/socket")) as engine:
            yield engine
        for task in tasks:
            task.cancel()


async def refusal(host: Host, path: Path, deadline: float = 5, *, status: int = 0) -> EngineRefused:
    async with asked(host, path) as engine:
        with pytest.raises(EngineRefused) as refused:
            await engine.containers(deadline=deadline)
    assert (refused.value.host, refused.value.status) == ("evil", status)
    return refused.value


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"null",
        b'[{"Names":["/x"]}]',
        json.dumps([{"Id": ID, "Created": 10**18}]).encode(),
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"Created":' + b"9" * 5000 + b"}]",
    ],
    ids=lambda body: body[:20].decode(),
)
async def test_an_odd_list(body: bytes, tmp_path: Path) -> None:
    assert (await refusal(Host(answer(body)), tmp_path)).message == NOT_UNDERSTOOD


async def test_odd_words_of_an_error(tmp_path: Path) -> None:
    host = Host(answer(b'["list"]', status="500 X"))
    assert (await refusal(host, tmp_path, status=500)).message == "HTTP status 500"


@pytest.mark.parametrize("body", [b"[]", b'{"cpu_stats":5}', b"[" * 100_000, b"<html>"], ids=lambda b: b[:20])
async def test_odd_answers_to_all_other_questions(body: bytes, tmp_path: Path) -> None:
    async with asked(Host(answer(body)), tmp_path) as engine:
        for ask in (engine.ping(deadline=5), engine.inspect(ID), engine.usage(ID)):
            with pytest.raises(EngineRefused, match=NOT_UNDERSTOOD):
                await ask


async def test_too_many_containers(tmp_path: Path) -> None:
    host = Host(answer(b"[" + b",".join([b"{}"] * 5001) + b"]"))
    assert (await refusal(host, tmp_path)).message == "too many containers (5001)"


@pytest.mark.parametrize("value", [b"{},", b"[],", b"1.5,", b"[[[[]]]],"])
async def test_more_values_than_bytes_tell(value: bytes, tmp_path: Path) -> None:
    host = Host(answer(b"[" + value * 1_000_000 + b"0]"))
    assert (await refusal(host, tmp_path, deadline=30)).message == "the answer is too large"


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    host = Host(answer(b"", "Location: /elsewhere", status="307 Temporary Redirect"))
    assert (await refusal(host, tmp_path, status=307)).message == "HTTP status 307"
    assert "/elsewhere" not in host.paths


async def test_an_act_that_is_so_already_is_done(tmp_path: Path) -> None:
    async with asked(Host(b"HTTP/1.1 304 Not Modified\r\n\r\n"), tmp_path) as engine:
        await engine.start(ID, deadline=5)


async def test_a_compressed_answer_is_not_unfolded(tmp_path: Path) -> None:
    host = Host(answer(gzip.compress(b"[]"), "Content-Encoding: gzip"))
    assert (await refusal(host, tmp_path)).message == NOT_UNDERSTOOD
    async with asked(host, tmp_path) as engine:
        with pytest.raises(EngineRefused, match="the answer is compressed"):
            await engine.ping(deadline=5)


@pytest.mark.parametrize(
    ("says", "then"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b" " * 65536),
    ],
    ids=["plain", "chunked", "negative chunk"],
)
async def test_an_endless_answer_is_cut_off(says: bytes, then: bytes, tmp_path: Path) -> None:
    host = Host(says, then)
    assert (await refusal(host, tmp_path, deadline=30)).message == "the answer is too large"
    assert host.sent < 20 << 20
    async with asked(host, tmp_path) as engine:
        with pytest.raises(EngineRefused, match="the answer is too large"):
            await engine.ping(deadline=30)


async def test_an_endless_error_is_cut_off(tmp_path: Path) -> None:
    host = Host(b"HTTP/1.1 500 X\r\n\r\n", b" " * 65536)
    assert (await refusal(host, tmp_path, deadline=30, status=500)).message == "HTTP status 500"
    assert host.sent < 2 << 20


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["status line", "head", "body"],
)
async def test_a_dripping_answer_frees_its_thread(
    says: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_module, "GRACE", 0.1)

    def asking() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name.startswith("evil-read")]

    async with asked(Host(says, b"1", pause=0.02), tmp_path) as engine:
        with pytest.raises(DeadlineExceeded):
            await engine.ping(deadline=0.2)
        assert asking()
        engine._reads.shutdown(wait=False)  # a thread that has nothing to do ends now
        await until(lambda: not asking())


async def test_cookies_are_not_kept(tmp_path: Path) -> None:
    host = Host(answer(b'{"Version":"20.10.24"}', "Set-Cookie: a=" + "x" * 9000))
    async with asked(host, tmp_path) as engine:
        await engine.ping(deadline=5)
        assert engine._client is not None
        assert not list(engine._client.cookies)


@pytest.mark.parametrize("status", ["\xb2\xb2\xb2", "2"])
async def test_a_raw_answer_that_is_none(status: str, tmp_path: Path) -> None:
    head = f"HTTP/1.0 {status} OK\r\n\r\n".encode("latin-1")
    async with asked(Host(head), tmp_path) as engine:
        with pytest.raises(HostSilent):
            await engine.usage(ID)


async def test_other_hosts_are_answered_meanwhile(tmp_path: Path) -> None:
    """As the fleet asks: all at once, and whatever one host raises is a HostError of its own."""
    (tmp_path / "good").mkdir()
    odd, good = Host(answer(b'[{"Id":5}]')), Host(answer(b"[]"))
    async with asked(odd, tmp_path) as first, asked(good, tmp_path / "good") as second:
        found = await asyncio.gather(
            first.containers(deadline=5), second.containers(deadline=5), return_exceptions=True
        )
    assert isinstance(found[0], HostError)
    assert found[1] == ()
