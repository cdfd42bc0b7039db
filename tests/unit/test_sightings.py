"""What was last seen where and when, in this run and after a restart."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.ports import Store, Write
from services.sightings import PRECISION, Sighting, Sightings
from services.store import open_store
from tests.clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        yield store


@pytest.fixture
def written(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Write]:
    """What has been written to the store."""
    writes: list[Write] = []
    write = store.write

    async def counted(*batch: Write) -> bool:
        writes.extend(batch)
        return await write(*batch)

    monkeypatch.setattr(store, "write", counted)
    return writes


async def test_the_last_sighting_is_told_by_host(store: Store, clock: HandClock) -> None:
    sightings = Sightings(store, clock)
    assert await sightings.last(["server1"]) == {}
    await sightings.note({"server1": ["redis", "n8n"]})
    clock.pass_by(seconds=20)
    await sightings.note({"server1": ["n8n", "redis"]})
    await sightings.note({"server2": []})
    assert await sightings.last(["server1"]) == {"server1": Sighting(("n8n", "redis"), clock.now())}
    assert await sightings.last(["server2"]) == {"server2": Sighting((), clock.now())}


async def test_a_new_run_knows_what_the_old_one_saw(store: Store, clock: HandClock) -> None:
    await Sightings(store, clock).note({"server1": ["n8n"]})
    seen = Sighting(("n8n",), clock.now())
    clock.pass_by(hours=3)
    assert await Sightings(store, clock).last(["server1"]) == {"server1": seen}


async def test_the_kept_moment_lags_behind_by_a_minute_at_most(store: Store, clock: HandClock) -> None:
    sightings = Sightings(store, clock)
    for _ in range(100):
        await sightings.note({"server1": ["n8n"]})
        clock.pass_by(seconds=7)
    kept = (await Sightings(store, clock).last(["server1"]))["server1"]
    assert clock.now() - kept.at <= PRECISION + timedelta(seconds=7)


async def test_the_same_names_again_write_once_a_minute(
    store: Store, clock: HandClock, written: list[Write]
) -> None:
    sightings = Sightings(store, clock)
    for turn in range(60):
        await sightings.note({"server1": ["n8n", "redis"] if turn % 2 else ["redis", "n8n"]})
        clock.pass_by(seconds=1)
    assert len(written) == 1
    await sightings.note({"server1": ["n8n", "redis"]})
    assert len(written) == 2


async def test_other_names_are_written_at_once(store: Store, clock: HandClock, written: list[Write]) -> None:
    sightings = Sightings(store, clock)
    for names in (["n8n"], ["n8n", "redis"], ["redis"], []):
        await sightings.note({"server1": names})
        assert await Sightings(store, clock).last(["server1"]) == {
            "server1": Sighting(tuple(names), clock.now())
        }
    assert len(written) == 4


async def test_many_hosts_are_written_and_read_together(
    store: Store, clock: HandClock, written: list[Write]
) -> None:
    hosts = [f"host-{number:03}" for number in range(120)]
    await Sightings(store, clock).note({host: [f"on-{host}"] for host in hosts})
    assert len(written) == 120
    sightings = Sightings(store, clock)
    await sightings.note({"host-007": ["another"]})
    last = await sightings.last([*hosts, "never-seen"])
    assert last.keys() == set(hosts)
    assert (last["host-007"].names, last["host-008"].names) == (("another",), ("on-host-008",))


async def test_a_store_in_trouble_does_not_stop_the_answer(
    tmp_path: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        sightings = Sightings(store, clock)
    with caplog.at_level(logging.WARNING):
        await sightings.note({"server1": ["n8n"]})
    assert "could not be kept" in caplog.text
    assert await sightings.last(["server1"]) == {"server1": Sighting(("n8n",), clock.now())}
