"""Rules over logs on a real server: lines that a container writes become a finding, which ends by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerts import log_watch, surely
from services.alerts.log_watch import LogWatch
from services.domain.alerts import Severity
from services.domain.findings import Finding, LogHits
from services.domain.log_rules import LogRule
from services.ports import Store
from services.store import open_store
from tests.lab.server import Server
from tests.lab.transport import over_ssh
from tests.lab.watching import Notebook, Now

pytestmark = pytest.mark.lab

RULE = LogRule(
    "refused",
    "ECONNREFUSED",
    containers=("server2/talker*",),
    threshold=3,
    within=timedelta(seconds=30),
    severity=Severity.CRITICAL,
    cooldown=timedelta(seconds=3),
    channels="telegram",
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_watch, "LIST_EVERY", 0.3)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", Now()) as store:
        yield store


@asynccontextmanager
async def ruled(server: Server, notebook: Notebook, store: Store, *rules: LogRule) -> AsyncIterator[LogWatch]:
    """Yields when the containers there are have been taken up."""
    async with over_ssh(server) as engine:
        await engine.containers(deadline=10)
        watch = LogWatch(engine, rules, notebook.report, notebook.open_findings, store, Now())
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watch.run())
            await asyncio.sleep(1)
            try:
                yield watch
            finally:
                task.cancel()
                watch.close()


async def says(server: Server, name: str, *lines: str) -> None:
    """The container's own process writes them."""
    for line in lines:
        await asyncio.to_thread(server.docker, "exec", name, "sh", "-c", f"echo '{line}' > /proc/1/fd/1")


async def test_so_many_lines_are_a_finding_with_those_lines_and_it_ends_by_itself(
    server: Server, store: Store
) -> None:
    server.run_container("talker")
    server.run_container("quiet")
    notebook = Notebook()
    async with ruled(server, notebook, store, RULE):
        await says(server, "talker", "ECONNREFUSED 1", "all well", "ECONNREFUSED 2")
        await says(server, "quiet", *["ECONNREFUSED"] * 3)
        await asyncio.sleep(0.5)
        assert notebook.told == []
        await says(server, "talker", "password=hunter2secret ECONNREFUSED 3")
        found = await notebook.found("refused/talker", 3)
        assert (found.severity, found.channels) == (Severity.CRITICAL, "telegram")
        assert found.hits == LogHits("ECONNREFUSED", 3, timedelta(seconds=30))
        assert found.evidence is not None
        assert found.evidence.lines == ("ECONNREFUSED 1", "ECONNREFUSED 2", "password=••• ECONNREFUSED 3")
        over = await notebook.over("refused/talker", 8)
        assert over.ended is not None and over.ended >= found.started
        assert notebook.keys == {"refused/talker"}


async def test_what_a_line_above_says_is_hidden_in_what_is_shown(server: Server, store: Store) -> None:
    """Above in what comes, in what stood there before, and in what was written before the bot was away."""
    rule = replace(RULE, threshold=2)
    server.run_container("talker")
    notebook = Notebook()
    await says(server, "talker", "secret: |", *["    a part"] * 20)
    async with ruled(server, notebook, store, rule):
        await says(server, "talker", "    ECONNREFUSED hunter2 1", "    ECONNREFUSED hunter2 2")
        found = await notebook.found("refused/talker", 3)
        assert found.evidence is not None and found.evidence.lines == ("    •••", "    •••")
        server.run_container("talker-2")
        await asyncio.sleep(1)
        await says(server, "talker-2", "secret: |", "    ECONNREFUSED hunter2", "    ECONNREFUSED hunter2")
        found = await notebook.found("refused/talker-2", 5)
        assert found.evidence is not None and found.evidence.lines == ("    •••", "    •••")
        server.run_container("talker-3")
        await asyncio.sleep(1)
        await says(server, "talker-3", "password: |")
        await asyncio.sleep(0.5)
    await says(server, "talker-3", "    ECONNREFUSED hunter2", "    ECONNREFUSED hunter2")
    async with ruled(server, notebook, store, rule):
        found = await notebook.found("refused/talker-3", 5)
        assert found.evidence is not None and found.evidence.lines == ("    •••", "    •••")


async def test_what_was_written_while_the_bot_was_away_counts_and_a_made_anew_container_is_taken_up(
    server: Server, store: Store
) -> None:
    server.run_container("talker")
    notebook = Notebook()
    async with ruled(server, notebook, store, RULE):
        await says(server, "talker", "hello")
        await asyncio.sleep(0.5)
    await says(server, "talker", *[f"ECONNREFUSED {n}" for n in range(3)])
    async with ruled(server, notebook, store, RULE):
        await notebook.found("refused/talker", 3)
        server.run_container("talker-2")
        await asyncio.sleep(1)
        await says(server, "talker-2", *[f"ECONNREFUSED {n}" for n in range(3)])
        await notebook.found("refused/talker-2", 5)


async def test_an_open_finding_is_remembered_and_that_of_a_rule_which_is_gone_is_over(
    server: Server, store: Store
) -> None:
    server.run_container("talker")
    notebook = Notebook()
    at = Now().now()
    kept = Finding("refused", "server2", "talker", Severity.CRITICAL, at, hits=LogHits("x", 1, timedelta(1)))
    gone = Finding("older", "server2", "talker", Severity.WARNING, at, hits=LogHits("x", 1, timedelta(1)))
    notebook.open = {kept.key: kept, gone.key: gone}
    async with ruled(server, notebook, store, RULE):
        await notebook.over("older/talker", 1)
        assert kept.key in notebook.open
        await notebook.over("refused/talker", 8)


async def test_a_store_that_does_not_work_loses_nothing(
    server: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surely, "PAUSE", 0.2)
    server.run_container("talker")
    notebook = Notebook()
    async with ruled(server, notebook, store, RULE):
        notebook.refusals = 3
        await says(server, "talker", *[f"ECONNREFUSED {n}" for n in range(3)])
        await notebook.found("refused/talker", 5)
