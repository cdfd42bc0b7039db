"""The board of how all containers are: what the watch sees, and for how long an absence counts as meant."""

from collections.abc import Mapping
from datetime import timedelta

from services.domain.containers import Container, Health, State
from services.domain.events import Event, EventAction
from services.metrics.board import JUDGED_WITHIN, HostBoard, Standing
from tests.clock import HandClock


class Host:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.board = HostBoard(self.clock.time)

    def see(self, states: Mapping[str, State], health: Health | None = None, **verdicts: bool) -> None:
        rows = [
            Container("server2", f"id-{name}", name, "image", state, health, self.clock.time)
            for name, state in states.items()
        ]
        self.board.seen(rows, verdicts, self.clock.time)

    def start(self, name: str, container_id: str = "", ago: float = 0) -> None:
        at = self.clock.time - timedelta(seconds=ago)
        self.board.heard(Event("server2", EventAction.START, container_id or f"id-{name}", name, at))

    def of(self, name: str) -> Standing:
        return next(each for each in self.board.standings if each.name == name)


def test_what_runs_is_never_expected_to_be_down() -> None:
    host = Host()
    host.see({"a": State.RUNNING, "b": State.RUNNING}, Health.HEALTHY, b=True)  # b comes and goes
    assert host.board.up
    assert host.of("a") == Standing("a", State.RUNNING, Health.HEALTHY, False, 0)
    assert not host.of("b").expected_down


def test_an_absence_is_what_the_watch_judges_it_to_be() -> None:
    host = Host()
    host.see(
        {"meant": State.EXITED, "not_": State.EXITED, "again": State.RESTARTING},
        meant=False,
        not_=True,
        again=True,
    )
    assert [host.of(name).expected_down for name in ("meant", "not_", "again")] == [True, False, False]


def test_what_cannot_be_judged_counts_as_down_after_a_minute() -> None:
    host = Host()
    host.see({"a": State.EXITED})
    assert host.of("a").expected_down
    host.clock.time += JUDGED_WITHIN - timedelta(seconds=1)
    host.see({"a": State.EXITED})
    assert host.of("a").expected_down
    host.clock.time += timedelta(seconds=1)
    host.see({"a": State.EXITED})
    assert not host.of("a").expected_down


def test_the_minute_begins_anew_with_every_absence() -> None:
    host = Host()
    host.see({"a": State.EXITED})
    host.clock.time += JUDGED_WITHIN
    host.see({"a": State.RUNNING})
    host.see({"a": State.EXITED})
    assert host.of("a").expected_down


def test_nothing_is_known_of_a_host_without_contact() -> None:
    host = Host()
    assert not host.board.up
    host.see({"a": State.RUNNING})
    host.board.lost()
    assert (host.board.up, host.board.standings) == (False, ())


def test_restarts_are_starts_of_what_was_there_before() -> None:
    host = Host()
    host.start("a")  # nobody knows yet that there is such a one
    host.see({"a": State.RUNNING})
    assert host.of("a").restarts == 0
    for _ in range(2):
        host.clock.time += timedelta(seconds=5)
        host.start("a")
    host.start("a")  # the same event, heard again after the stream broke
    host.start("a", ago=3600)  # of before the bot ran
    host.start("a", container_id="another")  # made anew
    host.see({"a": State.RUNNING, "b": State.RUNNING})
    assert (host.of("a").restarts, host.of("b").restarts) == (2, 0)


def test_what_is_gone_is_forgotten() -> None:
    host = Host()
    host.see({"a": State.RUNNING})
    host.clock.time += timedelta(seconds=5)
    host.start("a")
    host.see({})
    host.see({"a": State.RUNNING})
    assert host.of("a").restarts == 0
