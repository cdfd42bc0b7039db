"""The hook as senders meet it, over a real SQLite store and real sockets."""

import asyncio
import gzip
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import httpx
import pytest

from bot import hooks, web
from bot.hooks import Hook
from bot.readiness import Readiness
from bot.values import Listen
from services.alerts.inbox import Inbox, InboxFull
from services.domain.alerts import Origin
from services.store.sqlite import SqliteStore, open_sqlite
from tests.clock import HandClock
from tests.ports import free_port

TOKEN = "correct-horse-battery"
PATH = "/hooks/alertmanager"
BODY = b'{"alerts": []}'
Accept = Callable[[bytes], Awaitable[None]]


class Raw:
    """One connection, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def answer(self, within: float = 3) -> tuple[int, bytes]:
        """Status and head of the next answer; its body is read away."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), within)
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                await self.reader.readexactly(int(value))
        return int(head.split()[1]), head

    async def ended(self, within: float = 3) -> bytes:
        """What came until the other side hung up."""
        return await asyncio.wait_for(self.reader.read(), within)


def head(*lines: str, token: str = TOKEN, method: str = "POST") -> bytes:
    return "\r\n".join(
        [f"{method} {PATH} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *lines, "", ""]
    ).encode()


def post(body: bytes = BODY) -> bytes:
    return head(f"Content-Length: {len(body)}") + body


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def served(accept: Accept, token: str = TOKEN) -> AsyncIterator[int]:
    port = free_port()
    async with web.serve(Listen("127.0.0.1", port), Readiness(), Hook(token, accept)):
        yield port


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_sqlite(tmp_path / "vakhta.db", HandClock())
    yield store
    await store.close()


@pytest.fixture
async def inbox(store: SqliteStore) -> Inbox:
    inbox = Inbox(store, HandClock())
    await inbox.open()
    return inbox


@pytest.fixture
async def port(inbox: Inbox) -> AsyncIterator[int]:
    async with served(lambda body: inbox.accept(Origin.ALERTMANAGER, body)) as port:
        yield port


async def bodies(inbox: Inbox) -> list[bytes]:
    return [entry.body for entry in await inbox.waiting(16)]


async def ask(port: int, body: bytes = BODY, *, token: str = TOKEN, **more: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} | more
    async with httpx.AsyncClient(timeout=20) as client:
        return await client.post(f"http://127.0.0.1:{port}{PATH}", content=body, headers=headers)


async def test_stored_as_it_came(port: int, inbox: Inbox) -> None:
    for body in (
        BODY,
        b"\x00 no JSON at all \xff",
    ):  # that is for the desk to say, and 4xx would end the matter
        assert (await ask(port, body)).status_code == 200
    assert await bodies(inbox) == [BODY, b"\x00 no JSON at all \xff"]


async def test_an_empty_body_is_nothing(port: int, inbox: Inbox) -> None:
    assert (await ask(port, b"")).status_code == 400
    assert await bodies(inbox) == []


WRONG = ("", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\u00e9")


@pytest.mark.parametrize("lines", [*(f"Authorization: Bearer {token}" for token in WRONG), "X: y",
    f"Authorization: Basic {TOKEN}", f"Authorization: {TOKEN}",
    f"Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer x"])  # fmt: skip
async def test_without_the_token_nothing_is_taken(port: int, inbox: Inbox, lines: str) -> None:
    async with connection(port) as raw:
        # The body is announced and never sent: the answer does not wait for it.
        await raw.send(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{lines}\r\nContent-Length: 99\r\n\r\n".encode())
        status, answer = await raw.answer()
    assert status == 401
    assert b"close" in answer.lower()
    assert await bodies(inbox) == []


async def test_without_a_token_in_the_settings_nobody_gets_in(inbox: Inbox) -> None:
    async with served(lambda body: inbox.accept(Origin.ALERTMANAGER, body), token="") as port:
        for token in ("", " ", "x"):
            async with connection(port) as raw:
                await raw.send(head("Content-Length: 3", token=token))
                assert (await raw.answer())[0] == 401
    port = free_port()
    async with web.serve(Listen("127.0.0.1", port), Readiness()):
        assert (await ask(port)).status_code == 401


async def test_strangers_cannot_tell_which_hooks_there_are(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answers = [
            await client.request(method, path)
            for method in ("GET", "POST", "PUT", "OPTIONS")
            for path in (PATH, "/hooks/other", "/hooks/", "/hooks", PATH + "/x")
        ]
        assert {(each.status_code, each.text) for each in answers} == {(401, "unauthorized\n")}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get(PATH, headers=headers)).status_code == 405
        assert (await client.post("/hooks/other", headers=headers)).status_code == 404


async def test_the_refusal_reaches_who_sends_much(port: int) -> None:
    for token, body, status in (("x", b"x" * (20 << 20), 401), (TOKEN, b"x" * ((32 << 20) + 1), 413)):
        assert (await ask(port, body, token=token)).status_code == status
    await asyncio.sleep(0.2)  # so that stopping need not wait for what is still being read and dropped


async def test_the_largest_body(port: int, inbox: Inbox) -> None:
    body = os.urandom(32 << 20)
    assert (await ask(port, body)).status_code == 200
    assert await bodies(inbox) == [body]


async def test_compressed_bodies_are_not_opened(port: int, inbox: Inbox) -> None:
    answer = await ask(port, gzip.compress(BODY), **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert await bodies(inbox) == []


async def test_the_body_is_asked_for_only_with_the_token(port: int, inbox: Inbox) -> None:
    expecting = (f"Content-Length: {len(BODY)}", "Expect: 100-continue")
    async with connection(port) as raw:
        await raw.send(head(*expecting, token="x"))
        assert (await raw.answer())[0] == 401
    async with connection(port) as raw:
        await raw.send(head("Content-Length: 99999999", "Expect: 100-continue"))
        assert (await raw.answer())[0] == 413
    async with connection(port) as raw:
        await raw.send(head(*expecting))
        assert (await raw.answer())[0] == 100
        await raw.send(BODY)
        assert (await raw.answer())[0] == 200
    assert await bodies(inbox) == [BODY]


async def test_chunks_and_several_requests_at_once_on_one_connection(port: int, inbox: Inbox) -> None:
    async with connection(port) as raw:
        chunked = head("Transfer-Encoding: chunked") + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
        await raw.send(post(b"one"), chunked, post(b"three"))
        assert [(await raw.answer())[0] for _ in range(3)] == [200, 200, 200]
        await raw.send(post(b"four"))
        assert (await raw.answer())[0] == 200
    assert await bodies(inbox) == [b"one", b"abcdefg", b"three", b"four"]


async def test_chunks_without_end(port: int, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "LARGEST", 1000)
    async with connection(port) as raw:
        await raw.send(head("Transfer-Encoding: chunked"), b"200\r\n" + b"x" * 512 + b"\r\n")
        await raw.send(b"200\r\n" + b"x" * 512 + b"\r\n")
        assert (await raw.answer())[0] == 413
    assert await bodies(inbox) == []


@pytest.mark.parametrize(
    "request_",
    [head("Content-Length: 50") + BODY, head("Transfer-Encoding: chunked") + b"e\r\n" + BODY + b"\r\n",
     head("Transfer-Encoding: chunked") + b"zz\r\n" + BODY, head("Content-Length: x") + BODY,
     head("Content-Length: 3", "Content-Length: 14") + BODY,
     head("Content-Length: 3", "Transfer-Encoding: chunked") + BODY, b"POST \x00\r\n\r\n"],
)  # fmt: skip
async def test_half_a_body_is_none(port: int, inbox: Inbox, request_: bytes) -> None:
    async with connection(port) as raw:
        await raw.send(request_)
        raw.writer.write_eof()
        answer = await raw.ended()
    assert b" 200 " not in answer
    await asyncio.sleep(0.05)
    assert await bodies(inbox) == []
    assert (await ask(port)).status_code == 200


async def test_a_body_that_dribbles_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "BODY_PATIENCE", 0.3)
    async with connection(port) as raw:
        began = monotonic()
        await raw.send(head("Content-Length: 50"), b"x")
        status, answer = await raw.answer()
        assert (status, monotonic() - began < 2) == (503, True)
        assert b"Retry-After" in answer


async def test_age_ends_strangers_and_not_an_upload(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LIFETIME", 0.2)
    async with (
        served(lambda body: inbox.accept(Origin.ALERTMANAGER, body)) as port,
        connection(port) as slow,
        connection(port) as silent,
        connection(port) as upload,
        connection(port) as idle,
    ):
        await slow.send(b"POST / HTTP/1.1\r\nHo")
        await upload.send(head("Content-Length: 10"), b"01234")
        await idle.send(post(b"before"))
        assert (await idle.answer())[0] == 200
        assert await slow.ended() == b""
        assert await silent.ended() == b""
        await asyncio.sleep(0.5)
        await upload.send(b"56789")
        assert (await upload.answer())[0] == 200
        await idle.send(post(b"after"))
        assert (await idle.answer())[0] == 200
    assert await bodies(inbox) == [b"before", b"0123456789", b"after"]


async def test_an_idle_connection_ends_at_last(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LIFETIME", 0.1)
    monkeypatch.setattr(hooks, "IDLE", 0.3)
    async with (
        served(lambda body: inbox.accept(Origin.ALERTMANAGER, body)) as port,
        connection(port) as raw,
    ):
        await raw.send(post())
        assert (await raw.answer())[0] == 200
        assert await raw.ended() == b""


async def test_bodies_at_the_same_time_share_a_bound(
    port: int, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "IN_FLIGHT", 100)
    async with connection(port) as first, connection(port) as second:
        await first.send(head("Content-Length: 60"), b"x")
        await asyncio.sleep(0.1)
        await second.send(post(b"y" * 60))
        assert (await second.answer())[0] == 503
        await first.send(b"x" * 59)
        assert (await first.answer())[0] == 200
    assert (await ask(port, b"z" * 100)).status_code == 200
    async with connection(port) as broken:
        await broken.send(head("Content-Length: 60"), b"x")
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.1)
    assert (await ask(port, b"z" * 100)).status_code == 200


async def test_what_cannot_be_stored_is_not_answered_with_200(
    port: int, inbox: Inbox, store: SqliteStore
) -> None:
    assert (await ask(port)).status_code == 200
    await store.close()
    answer = await ask(port)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_a_full_inbox_or_a_slow_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "STORE_PATIENCE", 0.1)

    async def full(_body: bytes) -> None:
        raise InboxFull(1, 1)

    async def slow(_body: bytes) -> None:
        await asyncio.sleep(60)

    for accept in (full, slow):
        async with served(accept) as port:
            assert (await ask(port)).status_code == 503


async def test_no_log_and_no_answer_tells_the_token(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_body: bytes) -> None:
        raise RuntimeError("a mistake of ours")

    caplog.set_level(logging.DEBUG)
    async with served(broken) as port:
        answers = [(await ask(port)).content]
        assert answers[0].startswith(b"500")
        for request in (head("Content-Length: 9\x00"), head("Bad\x00Header: 1"), head(), head("X: " + "y" * 9000),
                        head(token=TOKEN + "\x00"), post()[:60] + b"\x00\x00"):  # fmt: skip
            async with connection(port) as raw:
                await raw.send(request)
                raw.writer.write_eof()
                answers.append(await raw.ended())
    assert not any(TOKEN.encode() in answer for answer in answers)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(Hook(TOKEN, broken))


KILLED = """
import asyncio, sys
from pathlib import Path
from bot.hooks import Hook
from bot.readiness import Readiness
from bot.values import Listen
from bot.web import serve
from services.alerts.inbox import Inbox
from services.domain.alerts import Origin
from services.store.sqlite import open_sqlite
from tests.clock import HandClock

async def main(port, file):
    inbox = Inbox(await open_sqlite(Path(file), HandClock()), HandClock())
    hook = Hook("correct-horse-battery", lambda body: inbox.accept(Origin.ALERTMANAGER, body))
    async with serve(Listen("127.0.0.1", port), Readiness(), hook):
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "killed.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(port), str(file), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"
    async with connection(port) as raw:
        await raw.send(post(b"the last words"))
        assert (await raw.answer())[0] == 200
        process.send_signal(signal.SIGKILL)
    await process.communicate()
    store = await open_sqlite(file, HandClock())
    try:
        inbox = Inbox(store, HandClock())
        await inbox.open()
        assert await bodies(inbox) == [b"the last words"]
    finally:
        await store.close()
