"""Random histories against a model made of dicts: a store answers as the model does, after every step."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.ports import Append, Delete, Put, Schedule, Store, Unschedule, Write
from services.store import open_store
from tests.clock import HandClock
from tests.contract.test_store import EACH, ENGINES

names = st.sampled_from(["", "a", "a/", "a/b", "a0", "b", "я", "%"])
values = st.binary(max_size=4)
# Seconds from the model's now.
spans = st.integers(-3, 6)
puts = st.tuples(st.just("put"), names, values, st.none() | spans)
deletes = st.tuples(st.just("delete"), names, st.just(b""), st.none())
appends = st.tuples(st.just("append"), names, values, spans)
schedules = st.tuples(st.just("schedule"), names, values, spans)
unschedules = st.tuples(st.just("unschedule"), names, st.just(b""), st.none())
steps = st.one_of(puts, deletes, appends, schedules, unschedules)
Step = tuple[str, str, bytes, int | None]


class Histories(RuleBasedStateMachine):
    """One history: the same writes to the store and to the model, then the same questions."""

    engine: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.url = ENGINES[self.engine](Path(self.folder.name))
        self.clock = HandClock()
        self.pairs: dict[str, tuple[bytes, datetime | None]] = {}
        self.log: list[tuple[str, datetime, bytes]] = []
        self.queue: dict[str, tuple[bytes, datetime]] = {}
        self.open()

    def open(self) -> None:
        async def enter() -> Store:
            return await self.stack.enter_async_context(open_store(self.url, self.clock))

        self.stack = AsyncExitStack()
        self.store: Store = self.runner.run(enter())

    @rule(batch=st.lists(steps, max_size=5), expected=st.lists(st.tuples(names, st.booleans()), max_size=2))
    def write(self, batch: list[Step], expected: list[tuple[str, bool]]) -> None:
        expect = {key: self.value(key) if right else b"something else" for key, right in expected}
        holds = all(self.value(key) == value for key, value in expect.items())
        writes = [self.in_both(step, kept=holds) for step in batch]
        assert self.runner.run(self.store.write(*writes, expect=expect)) == holds

    def in_both(self, step: Step, *, kept: bool) -> Write:
        """The write for the store; into the model only what the store is to keep."""
        kind, name, value, span = step
        at = self.clock.now() + timedelta(seconds=span or 0)
        until = None if span is None else at
        match kind:
            case "put":
                if kept:
                    self.pairs[name] = (value, until)
                return Put(name, value, until)
            case "delete":
                if kept:
                    self.pairs.pop(name, None)
                return Delete(name)
            case "append":
                if kept:
                    self.log.append((name, at, value))
                return Append(name, value, at)
            case "schedule":
                if kept:
                    self.queue[name] = (value, at)
                return Schedule("queue", name, value, at)
            case _:
                if kept:
                    self.queue.pop(name, None)
                return Unschedule("queue", name)

    @rule(seconds=st.integers(0, 90))
    def wait(self, seconds: int) -> None:
        self.clock.pass_by(seconds=seconds)

    @rule(name=names, span=spans)
    def trim(self, name: str, span: int) -> None:
        older_than = self.clock.now() + timedelta(seconds=span)
        kept = [line for line in self.log if line[0] != name or line[1] >= older_than]
        dropped = self.runner.run(self.store.trim_log(name, older_than=older_than))
        assert dropped == len(self.log) - len(kept)
        self.log = kept

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.stack.aclose())
        self.open()

    @rule(key=names)
    def get(self, key: str) -> None:
        assert self.runner.run(self.store.get(key)) == self.value(key)

    @rule(keys=st.lists(names, max_size=4))
    def get_many(self, keys: list[str]) -> None:
        live = {key: value for key in keys if (value := self.value(key)) is not None}
        assert self.runner.run(self.store.get_many(keys)) == live

    @rule(prefix=names)
    def scan(self, prefix: str) -> None:
        live = {key: self.value(key) for key in sorted(self.pairs) if key.startswith(prefix)}
        expected = [(key, value) for key, value in live.items() if value is not None]
        assert list(self.runner.run(self.store.scan(prefix)).items()) == expected

    @rule(span=spans, limit=st.integers(1, 4))
    def due(self, span: int, limit: int) -> None:
        now = self.clock.now() + timedelta(seconds=span)
        rows = sorted((due, key, value) for key, (value, due) in self.queue.items() if due <= now)
        found = self.runner.run(self.store.due("queue", now=now, limit=limit))
        assert [(row.due, row.key, row.value) for row in found] == rows[:limit]
        assert self.runner.run(self.store.backlog("queue")) == len(self.queue)

    @invariant()
    def logs_agree(self) -> None:
        for name in {line[0] for line in self.log} | {"a"}:
            entries = self.runner.run(self.store.read_log(name, limit=1000))
            expected = [(at, value) for log, at, value in reversed(self.log) if log == name]
            assert [(entry.at, entry.value) for entry in entries] == expected

    def value(self, key: str) -> bytes | None:
        value, until = self.pairs.get(key, (None, None))
        return None if until is not None and until <= self.clock.now() else value

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()


@pytest.mark.parametrize("engine", EACH)
def test_any_history(engine: str) -> None:
    class OfEngine(Histories):
        pass

    OfEngine.engine = engine
    run_state_machine_as_test(
        OfEngine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
