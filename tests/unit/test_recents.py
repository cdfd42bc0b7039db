"""What a person used last comes first, eight at most, each person by himself."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.ports import Store, Write
from services.recents import Recents
from services.store import open_store
from tests.clock import HandClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        yield store


async def test_newest_first_and_each_once(store: Store) -> None:
    recents = Recents(store)
    assert list(await recents.of(1)) == []
    for host, name in (("a", "n8n"), ("b", "n8n"), ("a", "redis"), ("a", "n8n")):
        await recents.used(1, host, name)
    await recents.used(2, "b", "dozzle")
    assert list(await recents.of(1)) == [("a", "n8n"), ("a", "redis"), ("b", "n8n")]
    assert list(await Recents(store).of(2)) == [("b", "dozzle")]


async def test_eight_are_kept(store: Store) -> None:
    recents = Recents(store)
    for turn in range(10):
        await recents.used(1, "a", f"c{turn}")
    assert [name for _, name in await recents.of(1)] == [f"c{turn}" for turn in range(9, 1, -1)]


async def test_the_same_one_again_writes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Write] = []
    write = store.write

    async def counted(*writes: Write) -> bool:
        written.extend(writes)
        return await write(*writes)

    monkeypatch.setattr(store, "write", counted)
    recents = Recents(store)
    for _ in range(3):
        await recents.used(1, "a", "n8n")
    assert len(written) == 1


async def test_a_store_in_trouble_does_not_stop_the_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        recents = Recents(store)
    with caplog.at_level(logging.WARNING):
        await recents.used(1, "a", "n8n")
    assert "could not be kept" in caplog.text
