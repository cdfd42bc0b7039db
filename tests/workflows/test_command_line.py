"""What is typed: `python -m bot …`, its exit codes, and that nothing secret comes out."""

import asyncio
import json
import logging
import os
import socket
import sys
from contextlib import AsyncExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from bot import __version__, web
from bot.check import check
from bot.logbook import Masking
from bot.readiness import Readiness
from bot.values import Listen
from bot.web import serve
from tests.bots import TOKEN, Setup
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


async def typed(*arguments: str, setup: Setup | None = None) -> tuple[int, str, str]:
    """The exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments,
        cwd=ROOT, env={"PATH": os.environ["PATH"], **(setup.environment() if setup else {})},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_version_and_help() -> None:
    assert (await typed("--version"))[:2] == (0, f"vakhta {__version__}\n")
    code, out, _ = await typed("--help")
    assert code == 0
    assert all(command in out for command in ("run", "check", "health"))


async def test_health_asks_the_running_bot(tmp_path: Path) -> None:
    port = free_port()
    setup = Setup(tmp_path, "http://127.0.0.1:9", more={"http": {"listen": f"0.0.0.0:{port}"}})
    async with serve(Listen("127.0.0.1", port), Readiness()):
        assert await typed("health", setup=setup) == (0, "", "")
    code, _, err = await typed("health", setup=setup)
    assert code == 1
    assert err.startswith(f"no answer at 0.0.0.0:{port}")


async def test_a_store_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    more = {"store": f"sqlite://{tmp_path}/file/vakhta.db"}
    code, _, err = await typed("run", setup=Setup(tmp_path, "http://127.0.0.1:9", more=more))
    assert code == 1
    assert "CRITICAL vakhta: cannot run: the store cannot be used" in err.splitlines()[0]


async def test_check_fails_with_1_and_hides_the_token(tmp_path: Path) -> None:
    code, out, err = await typed("check", setup=Setup(tmp_path, "http://127.0.0.1:9"))
    assert (code, err) == (1, "")
    assert out.startswith("!!  telegram: ")
    assert TOKEN.partition(":")[2] not in out
    assert "Traceback" not in err


@pytest.mark.parametrize("key", ["listen", "metrics_listen"])
async def test_a_port_in_use_is_a_sentence(tmp_path: Path, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        setup = Setup(tmp_path, "http://127.0.0.1:9", more={"http": {key: f"127.0.0.1:{port}"}})
        code, _, err = await typed("run", setup=setup)
    assert code == 1
    assert f"http.{key}: 127.0.0.1:{port} cannot be used" in err
    assert "choose another port" in err
    assert "Traceback" not in err


async def test_idle_connections_are_few_and_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LIFETIME", 0.3)
    port = free_port()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serve(Listen("127.0.0.1", port), Readiness()))
        ends = []
        for _ in range(web.CONNECTIONS + 20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write(b"GET /healthz HTTP/1.1\r\nX: ")
            ends.append(asyncio.create_task(reader.read()))
        await asyncio.sleep(0.1)
        assert sum(end.done() for end in ends) == 20, "refused at once"
        async with asyncio.timeout(5):
            await asyncio.gather(*ends, return_exceptions=True)
        status, _ = await asyncio.to_thread(get, port)
        assert status == 200


def get(port: int) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_log_line_is_one_line_that_nobody_else_wrote() -> None:
    peer = "a\r\x1b[2J\x00\x9b31m\x85b\u2028\u2029\u202ec\td\ne sec\x1bret"
    line = Masking(["secret"]).format(logging.makeLogRecord({"msg": "%s", "args": (peer,)}))
    assert line.endswith("a[2J31mbc d ⏎ e •••")


async def test_what_a_peer_says_stays_one_line_of_the_check(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps(
            {"ok": False, "error_code": 400, "description": "x\x1b[2J\nok  store: fine"}
        ).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )
        await writer.drain()
        writer.close()

    lines: list[str] = []
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await check(Setup(tmp_path, f"http://127.0.0.1:{port}").settings(), tell=lines.append)
    assert "x[2J ⏎ ok  store: fine" in lines[0]
    assert not any(character in line for line in lines for character in "\n\x1b")
