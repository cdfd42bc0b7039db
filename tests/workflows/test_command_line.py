"""What is typed: `python -m bot …`, its exit codes, and that nothing secret comes out."""

import asyncio
import os
import socket
import sys
from pathlib import Path

from bot import __version__
from bot.readiness import Readiness
from bot.values import Listen
from bot.web import serve
from tests.bots import TOKEN, Setup

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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


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


async def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        setup = Setup(tmp_path, "http://127.0.0.1:9", more={"http": {"listen": f"127.0.0.1:{port}"}})
        code, _, err = await typed("run", setup=setup)
    assert code == 1
    assert f"http.listen: 127.0.0.1:{port} cannot be used" in err
    assert "choose another port" in err
    assert "Traceback" not in err
