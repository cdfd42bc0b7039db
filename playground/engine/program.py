"""What a container does while it runs: what it says and when, how it ends, how it obeys, what it uses.

Programs are data and pure generators. Nothing of them runs by itself: what a program has said by now is worked
out when somebody reads, so ten thousand idle containers cost nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from playground.engine.clock import SECOND
from playground.engine.load import Load

STDOUT, STDERR = 1, 2
TERM, KILL = 15, 9


class Said(NamedTuple):
    """Bytes that a program writes at a moment, with their newlines. at: ns since 1970."""

    at: int
    data: bytes
    stream: int = STDOUT


@dataclass(frozen=True, slots=True)
class Run:
    """One life of a container's process.

    number: from 1. started: ns since 1970. kept_from: of what was said before it, nothing is kept any more.
    random: its own, the same each time for the same run.
    """

    host: str
    name: str
    container_id: str
    number: int
    started: int
    kept_from: int = 0

    @property
    def random(self) -> Random:
        return Random(f"{self.host}/{self.name}/{self.number}")  # noqa: S311 - a play

    @property
    def hears_start(self) -> bool:
        """Whether what it said at its start is kept."""
        return self.started >= self.kept_from


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ends. after: seconds. oom: the kernel takes it, exit code 137. says: its last words."""

    after: float = 0
    exit_code: int = 1
    oom: bool = False
    says: tuple[bytes, ...] = ()
    stream: int = STDOUT

    @property
    def code(self) -> int:
        return 128 + KILL if self.oom else self.exit_code

    def said(self, at: int) -> list[Said]:
        """Its last words, if that is when it ended."""
        return [Said(at, words, self.stream) for words in self.says]


@dataclass(frozen=True, slots=True)
class Probe:
    """What a healthcheck finds. takes: seconds; longer than the check's timeout is a failure of its own."""

    exit_code: int = 0
    output: str = ""
    takes: float = 0.04


def _silent(run: Run) -> Iterator[Said]:
    return iter(())


def _lives_on(run: Run) -> Ending | None:
    return None


def _well(run: Run, at: int) -> Probe:
    return Probe()


@dataclass(frozen=True, slots=True)
class Program:
    """says: all that a run says by itself, in order of its moments, without end if it likes.

    ending: how a run ends by itself, `after` its start. stops: what it does when asked to stop; None: it is deaf.
    starts_in: seconds that the engine needs to start it. start_error: the engine cannot start it, and says so.
    """

    says: Callable[[Run], Iterator[Said]] = _silent
    ending: Callable[[Run], Ending | None] = _lives_on
    stops: Ending | None = field(default_factory=lambda: Ending(after=0.02, exit_code=0))
    probe: Callable[[Run, int], Probe] = _well
    load: Load = field(default_factory=Load)
    starts_in: float = 0.0
    start_error: str = ""


def lines(run: Run, texts: Sequence[str], stream: int = STDOUT, every: float = 0.002) -> Iterator[Said]:
    """So many lines from the start on, `every` so many seconds."""
    for number, text in enumerate(texts, 1):
        yield Said(run.started + int(number * every * SECOND), text.encode() + b"\n", stream)
