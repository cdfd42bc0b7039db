"""Whatever is broken: each alert answered with 200 becomes readable where it is routed to, and none comes twice.

FAULTS: how many schedules, 20 where it is not set; half of them on Redis. Each batch has a seed, which a failure
prints; `FAULTS_SEED=… pytest tests/faults` plays that batch again.
"""

import asyncio
import itertools
import os
import random
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.machine import Schedules, Step
from tests.faults.nursery import Nursery
from tests.faults.pace import Pace
from tests.faults.world import world
from tests.lab.redis import Redis
from tests.ports import free_port

COUNT = int(os.environ.get("FAULTS", "20"))
AGAIN = os.environ.get("FAULTS_SEED")

BATCH = 10  # schedules of one seed
BESIDE = 4  # batches at a time: a schedule mostly waits
STEPS = 16


# One batch draws at a time: hypothesis parses source, and two threads that do so at once can confuse CPython 3.11
# ("AST constructor recursion depth mismatch").
_drawing = threading.Lock()


@contextmanager
def _let_others_draw() -> Iterator[None]:
    _drawing.release()
    try:
        yield
    finally:
        _drawing.acquire()


class Complaints(AssertionError):
    """What a schedule has shown."""


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery")) as found:
        yield found


class Batch:
    """Schedules of one seed, one after the other, on a store of one kind."""

    def __init__(self, home: Path, nursery: Nursery, number: int, over: threading.Event) -> None:
        """`over`: set once a batch has failed."""
        self.number = number
        self.seconds: list[float] = []
        self._home, self._nursery, self._over = home, nursery, over
        self._redis = Redis(home) if number % 2 else None
        self._port = free_port()  # for all of them: at length there are more schedules than ports
        self._runs = itertools.count(1)
        self._complaints: dict[int, Complaints] = {}  # by the number of steps

    def run(self, count: int, shrink: bool) -> None:
        """Raises Complaints for the first schedule that shows something, with `shrink` for the shortest one."""
        try:
            self._draw(count, shrink)
        except BaseException:
            if not self._complaints:
                raise
        finally:
            if self._redis is not None:
                self._redis.kill()
        if self._complaints:
            raise self._complaints[min(self._complaints)]

    def _draw(self, count: int, shrink: bool) -> None:
        kind = type("Drawn", (Schedules,), {"redis": self._redis is not None, "play": self.play})
        phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
        chosen = settings(
            max_examples=count,
            stateful_step_count=STEPS,
            phases=phases,
            database=None,
            deadline=None,
            derandomize=False,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        with _drawing:
            run_state_machine_as_test(seed(self.number)(kind), settings=chosen)

    def play(self, steps: list[Step]) -> None:
        """One schedule, from an empty store on."""
        if self._over.is_set():
            return
        began, run = time.monotonic(), next(self._runs)
        home = self._home / f"{self.number}-{run}"
        home.mkdir()
        with _let_others_draw():
            found, report = asyncio.run(self._play(steps, home, run))
        self.seconds.append(time.monotonic() - began)
        if found:
            told = "\n".join(["", *found, "", *map(str, steps), "", report])
            shown = Complaints(f"FAULTS_SEED={self.number}, schedule {run}{told}")
            self._complaints[len(steps)] = shown
            raise shown
        shutil.rmtree(home)

    async def _play(self, steps: list[Step], home: Path, run: int) -> tuple[list[str], str]:
        store = f"sqlite://{home / 'vakhta.db'}"
        if self._redis is not None:
            self._redis.start()
            store = f"{self._redis.url.removesuffix('/0')}/{run}"
        async with world(home, self._nursery, self._redis, store, self._port, Pace()) as made:
            for step in steps:
                await getattr(made, step.act)(*step.given)
                await asyncio.sleep(step.after / 1000)
            found = await made.settle()
            return found, made.report() if found else ""


@pytest.mark.long(busy=True)
@pytest.mark.lab
@pytest.mark.timeout(1800 if AGAIN else 120 + 2 * COUNT)
def test_nothing_is_lost_and_nothing_comes_twice(nursery: Nursery, tmp_path: Path) -> None:
    first = int(AGAIN) if AGAIN else random.SystemRandom().randrange(10**8) * 2
    numbers = [first] if AGAIN else range(first, first + -(-COUNT // BATCH))
    over = threading.Event()
    batches = [Batch(_made(tmp_path / str(number)), nursery, number, over) for number in numbers]
    with ThreadPoolExecutor(BESIDE) as pool:
        works = [pool.submit(batch.run, min(COUNT, BATCH), shrink=bool(AGAIN)) for batch in batches]
        failures = []
        for work in as_completed(works):
            if error := work.exception():
                over.set()  # the others end after their present schedule
                failures.append(error)
    for error in failures:
        if isinstance(error, Complaints):
            pytest.fail(str(error), pytrace=False)
        raise error
    seconds = sorted(itertools.chain.from_iterable(batch.seconds for batch in batches))
    middle, longest = seconds[len(seconds) // 2], seconds[-1]
    sys.stdout.write(f"{len(seconds)} schedules, median {middle:.2f} s, longest {longest:.2f} s\n")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
