"""One process that draws, as the bot sees it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import services
from services.pictures.frames import ANSWERED, ASKED

_ROOT = Path(services.__file__).parents[1]
_MOST_SAID = 2000
_FAREWELL = 2.0  # seconds in which one that says no more ends


class EaselGone(Exception):
    """The process has ended. Its text: how, and its last words."""


@dataclass(frozen=True, slots=True)
class Painted:
    """body: a PNG where it is good, else what was wrong. resident: the process's memory afterwards, in bytes."""

    good: bool
    body: bytes
    resident: int


class Easel:
    """Whoever starts one ends it: `drop`, then `gone`."""

    def __init__(self, process: Process, said: Path) -> None:
        self._process, self._said = process, said

    @classmethod
    async def start(cls, directory: Path) -> "Easel":
        """directory: what it may write to. Raises OSError.

        It gets neither the bot's environment nor its open files, and no key of the terminal reaches it.
        """
        said = directory / "said"
        with await asyncio.to_thread(_made, said) as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "services.pictures.painter", str(os.getpid()),
                stdin=PIPE, stdout=PIPE, stderr=errors, cwd="/", env=_environment(directory), start_new_session=True,
            )  # fmt: skip
        return cls(process, said)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def paint(self, frame: bytes) -> Painted:
        """One at a time; one that is given up leaves an easel to be dropped. Raises EaselGone."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked
        assert answers
        try:
            asked.write(ASKED.pack(len(frame)) + frame)
            await asked.drain()
            length, good, resident = ANSWERED.unpack(await answers.readexactly(ANSWERED.size))
            return Painted(good, await answers.readexactly(length), resident)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise EaselGone(await self._how()) from error

    def drop(self) -> None:
        if not self.ended:
            self._process.kill()

    async def gone(self) -> None:
        await self._process.wait()

    async def _how(self) -> str:
        """By itself first: to kill one that has just ended takes its status from asyncio, and "SIGKILL" reads 255."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._process.wait()
        self.drop()
        status = await self._process.wait()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        said = await asyncio.to_thread(_last_words, self._said)
        return f"{how}: {said}" if said else how


def _environment(directory: Path) -> dict[str, str]:
    """No PATH: matplotlib looks for fonts with a command, if there is one, and needs none but its own."""
    return {
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": "",
        "LANG": "C.UTF-8",
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "MPLCONFIGDIR": str(directory),  # where it keeps its list of fonts
        "OPENBLAS_NUM_THREADS": "1",  # threads that would only take memory
    }


def _made(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


def _last_words(path: Path) -> str:
    try:
        return path.read_bytes()[-_MOST_SAID:].decode(errors="replace").strip()
    except OSError:
        return ""
