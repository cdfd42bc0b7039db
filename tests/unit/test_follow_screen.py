"""What is shown of logs that are followed: their newest lines, what matches, and nothing that is hidden."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services.domain.logs import block_of, moment_of
from services.logs.follow import screen
from services.logs.follow.following import Missed
from services.logs.follow.screen import BEFORE, ROWS, Screen
from services.logs.patterns import Pattern
from services.logs.text.presenter import Presenter, ShownLine
from tests.unit.engine_log import BEGAN, EngineLog


@dataclass
class Desk:
    """A screen and what writes to it."""

    screen: Screen
    log: EngineLog = field(default_factory=EngineLog)
    written: int = 0

    async def write(self, *texts: str, counted: bool = True) -> None:
        self.log.write(b"".join(text.encode() + b"\n" for text in texts))
        lines, self.written = self.log.lines()[0][self.written :], len(self.log.lines()[0])
        await self.screen.came(self.log.source(), block_of(lines), counted=counted)


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    presenter, thread = Presenter(), ThreadPoolExecutor(1)

    def make(pattern: str = "") -> Desk:
        return Desk(Screen(presenter, thread, Pattern.of(pattern) if pattern else None))

    yield make
    presenter.close()
    thread.shutdown()


def texts(rows: Sequence[object]) -> list[str]:
    return [row.text for row in rows if isinstance(row, ShownLine)]


async def test_what_stood_there_before_is_shown_and_not_counted(desk: Callable[..., Desk]) -> None:
    it = desk()
    await it.write(*map(str, range(100)), counted=False)
    gathered = await it.screen.gathered()
    assert texts(gathered.rows) == list(map(str, range(100 - BEFORE, 100)))
    assert (gathered.came, gathered.fresh, it.screen.total) == (0, 0, 0)


async def test_a_burst_is_counted_and_only_its_newest_lines_are_kept(desk: Callable[..., Desk]) -> None:
    it = desk()
    await it.write("old", counted=False)
    await it.write(*map(str, range(5000)))
    gathered = await it.screen.gathered()
    assert texts(gathered.rows) == list(map(str, range(5000 - ROWS, 5000)))
    assert (gathered.came, gathered.fresh) == (5000, ROWS)
    await it.write("one more")
    gathered = await it.screen.gathered()
    assert texts(gathered.rows)[-2:] == ["4999", "one more"]
    assert (gathered.came, gathered.fresh, it.screen.total) == (1, 1, 5001)


async def test_a_private_key_stays_hidden_when_it_comes_line_by_line(desk: Callable[..., Desk]) -> None:
    key = "MIIEpAIBAAKCAQEA75mNv1Zq9Jc0kQh3xT2uWb7LsYd4Rf8GnMoPaEiKtUvXwZ1C"
    for pattern in ("", "[A-Z]{3}|after"):
        it = desk(pattern)
        seen: list[str] = []
        for text in ("-----BEGIN PRIVATE KEY-----", *[key] * 50, "-----END PRIVATE KEY-----", "after"):
            await it.write(text)
            seen += texts((await it.screen.gathered()).rows)
        assert "after" in seen
        assert not any(key[:8] in text for text in seen)


async def test_what_is_said_far_above_hides_what_comes_line_by_line(desk: Callable[..., Desk]) -> None:
    """As a search hides it; with a pattern, too."""
    for pattern in ("", "part|after"):
        it = desk(pattern)
        seen: list[str] = []
        await it.write("app  | secret: |", counted=False)
        for number in range(190):
            await it.write(f"app  |    part {number} of it")
            seen += texts((await it.screen.gathered()).rows)
        await it.write("app  | after")
        seen += texts((await it.screen.gathered()).rows)
        assert "app  | after" in seen
        assert not any("of it" in text for text in seen)


async def test_a_burst_is_hidden_by_what_stands_before_all_that_is_shown_of_it(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    await it.write("secret: |", *[f"    part {number} of it" for number in range(195)])
    rows = texts((await it.screen.gathered()).rows)
    assert rows == ["    •••"] * ROWS


async def test_a_match_tells_nothing_of_what_is_hidden(desk: Callable[..., Desk]) -> None:
    it = desk("hunter|user=.* pw|password=...$")
    await it.write("password=hunter2hunter2", "password=hunter2hunter2 ", "user=hunter pw", "else")
    gathered = await it.screen.gathered()
    assert texts(gathered.rows) == ["user=hunter pw"]
    assert (it.screen.matched, it.screen.total, gathered.came) == (1, 4, 1)


async def test_lines_of_several_logs_are_in_the_order_they_came(desk: Callable[..., Desk]) -> None:
    it = desk()
    await it.write("first")
    it.log.host = "server2"
    await it.write("second")
    it.log.host = "server1"
    await it.write("third")
    assert texts((await it.screen.gathered()).rows) == ["first", "second", "third"]


async def test_what_was_missed_stands_before_the_line_behind_it(desk: Callable[..., Desk]) -> None:
    it = desk()
    await it.write("first")
    await it.screen.gathered()
    await it.write("second")
    second = moment_of(it.log.records[-1].stamp)
    for seconds in (9, 0):
        it.screen.missed(Missed("server1", "n8n", BEGAN, second - timedelta(seconds=seconds), fast=True))
    rows = (await it.screen.gathered()).rows
    assert [row.text if isinstance(row, ShownLine) else row.until for row in rows] == [
        "first",
        second,
        "second",
    ]
    assert it.screen.has_missed


async def test_a_pattern_that_takes_too_long_is_cut_short_and_said(
    desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "MATCHING", 0.0)
    it = desk("a")
    await it.write("a")
    assert it.screen.has_missed
    assert it.screen.total == 1
