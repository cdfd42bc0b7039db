"""A fleet that is searched, and ways to cut its logs so small that all edges are met."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast
from unittest.mock import patch

from services.domain.access import Actor
from services.domain.containers import ContainerKey
from services.domain.logs import Stream
from services.domain.reports import Selection
from services.fleet.fleet import Fleet
from services.logs.search import scan, walk
from services.logs.search.search import Bounds, Searcher
from services.logs.text import region
from services.ports import Store
from tests.clock import HandClock
from tests.unit.engine_log import EngineLog
from tests.unit.log_fleet import LogFleet, Shelf

NAMES = ("n8n", "directus", "redis")
ALL = Bounds(most=10**6, room=10**9, longest=10**6)


class SearchFleet(LogFleet):
    hosts = ("server1",)

    async def select(self, words: Sequence[str] | ContainerKey, *, by: Actor) -> Selection:
        return await super().select(words or ("*",), by=by)


def searcher(fleet: SearchFleet, *, windows: Sequence[int] = (5, 20, 50), **more: object) -> Searcher:
    store = cast(Store, Shelf())
    return Searcher(cast(Fleet, fleet), store, HandClock(), windows=windows, **more)  # type: ignore[arg-type]


def fleet_of(*logs: Sequence[tuple[str, Stream]], tick: int = 10**9, buffer: int = 300) -> SearchFleet:
    """Each line is numbered, so that no two are alike."""
    found = {}
    for name, lines in zip(NAMES, logs, strict=False):
        found[name] = log = EngineLog(tick=tick, buffer=buffer)
        write(log, lines)
    return SearchFleet(found)


def write(log: EngineLog, lines: Sequence[tuple[str, Stream]]) -> None:
    for words, stream in lines:
        log.write(f"{words} {len(log.records)}\n".encode(), stream)


@contextmanager
def cut_small() -> Iterator[None]:
    """Chunks and margins of a few lines, so that all edges are met."""
    with (
        patch.object(region, "MARGIN", 60),
        patch.object(region, "MARGIN_LINES", 4),
        patch.object(walk, "_CHUNK", 150),
        patch.object(scan, "_CONTINUED", 1),
    ):
        yield
