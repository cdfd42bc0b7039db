"""A process that has imported the whole bot once and forks each bot from there: a real process, to be killed for real.

    with Nursery(tmp_path) as nursery: bot = await nursery.bear(environment, log, pace)

Importing costs seconds and a fork milliseconds. What is born dies with the nursery, and the nursery with the
thread that started it. One request a connection: a line of JSON; answered with the pid, and when the bot has
died with its exit code, each on a line.
"""

import asyncio
import ctypes
import gc
import json
import os
import random
import resource
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn, Self

from tests.faults.pace import Pace

_ROOT = Path(__file__).parents[2]
_LIBC = ctypes.CDLL(None, use_errno=True)
_PDEATHSIG = 1
_PATIENCE = 30.0


class Bot:
    """A bot that has been born. It may be dead already."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._death = asyncio.ensure_future(_code(reader, writer))

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return self._death.result() if self._death.done() else None

    async def kill(self) -> None:
        """As a power cut would."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """As `docker stop` would; the exit code."""
        return await self._end(signal.SIGTERM)

    def ask(self) -> None:
        """Have it write down what it waits for."""
        if self.code is None:
            os.kill(self.pid, signal.SIGUSR1)

    async def _end(self, number: signal.Signals) -> int:
        with suppress(ProcessLookupError):  # it has just died by itself
            if self.code is None:
                os.kill(self.pid, number)
        return await self.death()

    async def death(self) -> int:
        return await asyncio.wait_for(asyncio.shield(self._death), _PATIENCE)


async def _code(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    try:
        return int(await reader.readline() or b"-9")  # the nursery died, and with it all that it bore
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


class Nursery:
    """Start it from the main thread."""

    def __init__(self, home: Path) -> None:
        self._socket = home / "nursery"

    def __enter__(self) -> Self:
        # `-X importtime` and the like would be inherited, the environment's settings must not be.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VAKHTA_")}
        environment["SSL_CERT_FILE"] = os.devnull  # no authorities: see `birth.prepare`
        command = [sys.executable, "-m", __name__, str(self._socket)]
        self._process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", "the nursery did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    async def bear(self, environment: Mapping[str, str], log: Path, pace: Pace) -> Bot:
        """A bot with these settings; what it writes is appended to `log`."""
        reader, writer = await asyncio.open_unix_connection(self._socket)
        request = {"environment": dict(environment), "log": str(log), "pace": asdict(pace)}
        writer.write(json.dumps(request).encode() + b"\n")
        return Bot(int(await reader.readline()), reader, writer)


# Inside


def _serve(path: str) -> None:
    _die_with_parent(os.getppid())
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    ears, mouth = socket.socketpair()
    ears.setblocking(False)
    mouth.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(mouth.fileno())
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(ears, selectors.EVENT_READ)
    waiting: dict[int, socket.socket] = {}
    _warm_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                waiting[_answer(connection)] = connection
            else:
                ears.recv(4096)
        _bury(waiting)


def _answer(connection: socket.socket) -> int:
    with connection.makefile("rb") as lines:
        request: dict[str, Any] = json.loads(lines.readline())
    nursery, pid = os.getpid(), os.fork()
    if not pid:
        _live(request, nursery)
    connection.sendall(b"%d\n" % pid)
    return pid


def _bury(waiting: dict[int, socket.socket]) -> None:
    """Every child that has died, each told to whoever asked for it."""
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with waiting.pop(pid) as connection, suppress(OSError):  # whoever asked may be gone
            connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _warm_up() -> None:
    """Everything that a bot imports and reads, and nothing that a fork would not survive."""
    from tests.faults import birth  # (by the nursery alone: it takes seconds)

    birth.prepare()

    threads = len([*Path("/proc/self/task").iterdir()])
    assert threads == 1, f"a fork with {threads} threads would be half a process"
    gc.collect()
    gc.freeze()


def _live(request: dict[str, Any], nursery: int) -> NoReturn:
    """The rest of a bot's life."""
    code = 70
    try:
        _die_with_parent(nursery)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 256))
        random.seed()  # or all bots would throw the same dice

        from tests.faults.birth import live

        code = live(request["environment"], Pace(**request["pace"]))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with_parent(parent: int) -> None:
    _LIBC.prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was too late to ask
        os._exit(71)


if __name__ == "__main__":
    _serve(sys.argv[1])
