"""A container's state, as the engine knows it. Who changes it is `life`, and for its health `health`."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from playground.engine.clock import SECOND, Clock, Pulse
from playground.engine.durations import human, steady
from playground.engine.load import Meter
from playground.engine.log import Log
from playground.engine.program import Ending, Run
from playground.engine.spec import Spec

MOST_PROBES = 5


class Status(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Finding:
    """One run of a healthcheck. Moments in ns."""

    start: int
    end: int
    exit_code: int
    output: str


@dataclass(slots=True)
class Health:
    status: str = "starting"
    streak: int = 0
    findings: deque[Finding] = field(default_factory=lambda: deque(maxlen=MOST_PROBES))


@dataclass(slots=True)
class Container:
    """Moments in ns since 1970, 0: never. run: the present or the last one.

    image: the id of its image. held: its restart policy does not count until somebody starts it; whoever stops or
    kills it does that.
    """

    spec: Spec
    id: str
    created: int
    clock: Clock
    image: str
    number: int = 1  # among its host's
    status: Status = Status.CREATED
    run: Run | None = None
    finished: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    restart_count: int = 0
    held: bool = False
    health: Health | None = None
    _log: Log | None = None
    _meter: Meter | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self.status in (Status.RUNNING, Status.PAUSED)

    @property
    def started(self) -> int:
        return self.run.started if self.run else 0

    @property
    def runs(self) -> int:
        """How often it has been started."""
        return self.run.number if self.run else 0

    @property
    def pid(self) -> int:
        return 1000 + int(self.id[:4], 16) + self.runs if self.alive else 0

    @property
    def log(self) -> Log:
        if self._log is None:
            self._log = Log(Pulse(self.clock), tty=self.spec.tty)
            if self.run and self.alive:
                self._log.begin(self.spec.program.says(self.run))
        return self._log

    @property
    def meter(self) -> Meter:
        """Of the present run."""
        if self._meter is None:
            self._meter = Meter(self.spec.program.load, self.started)
        return self._meter

    def live(self, run: Run) -> None:
        """That run has begun."""
        self.run, self.status, self._meter = run, Status.RUNNING, None
        self.exit_code, self.error = 0, ""
        if self._log:
            self._log.begin(self.spec.program.says(run))

    def end(self, ending: Ending, at: int, *, comes_back: bool = False) -> None:
        """The run is over."""
        self.log.end(at, ending.said(at))
        self.finished, self.exit_code = at, ending.code
        self.oom_killed = ending.oom
        self.status = Status.RESTARTING if comes_back else Status.EXITED
        self.restart_count += comes_back

    def describe(self, now: int) -> tuple[str, float]:
        """Such as "Up 2 hours (healthy)", and for how many seconds that stays true if nothing happens."""
        since = self.started if self.alive else self.finished
        seconds = (now - since) / SECOND
        words = human(seconds)
        match self.status:
            case Status.CREATED:
                return "Created", float("inf")
            case Status.RUNNING:
                text = f"Up {words}{self._health_words()}"
            case Status.PAUSED:
                text = f"Up {words} (Paused)"
            case Status.RESTARTING:
                text = f"Restarting ({self.exit_code}) {words} ago"
            case Status.EXITED:
                text = f"Exited ({self.exit_code}) {words} ago"
        return text, steady(seconds)

    def _health_words(self) -> str:
        if not self.health:
            return ""
        status = self.health.status
        return f" (health: {status})" if status == "starting" else f" ({status})"


@lru_cache(1024)  # of images and networks, which many containers share
def identity(*words: str) -> str:
    """64 hex digits, the same for the same words."""
    return hashlib.sha256("/".join(words).encode()).hexdigest()
