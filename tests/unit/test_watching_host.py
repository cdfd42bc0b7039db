"""The memory of the watch over one host, under a clock that the test turns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.alerts.watch_host import HostWatch
from services.alerts.watching import Look, Rules
from services.domain.containers import Container, State
from services.domain.events import Event, EventAction
from services.domain.findings import Finding
from tests.clock import HandClock
from tests.unit.test_watching import details

DIE, KILL, START, OOM = EventAction.DIE, EventAction.KILL, EventAction.START, EventAction.OOM


class Host:
    """A host of containers that the test moves, and the watch over it, judged whenever something is due."""

    def __init__(self, *names: str, open_findings: Sequence[Finding] = (), policy: str = "always") -> None:
        self.clock = HandClock()
        self.policy = policy
        self.state = dict.fromkeys(names, State.RUNNING)
        self.started = {name: self.clock.time - timedelta(days=1) for name in names}
        self.told: list[str] = []
        self.findings: list[Finding] = []
        self.watch = HostWatch("server2", Rules(), open_findings, self.clock.time)
        self.contact()

    def contact(self) -> None:
        self.watch.made_contact(self.clock.time)
        self.list()

    def list(self) -> None:
        self.watch.listed([self.row(name) for name in self.state], self.clock.time)

    def row(self, name: str) -> Container:
        at = self.clock.time
        return Container("server2", self.id(name), name, "image", self.state[name], None, at)

    @staticmethod
    def id(name: str) -> str:
        return name.encode().hex().ljust(64, "0")

    def hear(self, action: EventAction, *names: str, ago: float = 0, **more: Any) -> None:
        for name in names:
            at = self.clock.time - timedelta(seconds=ago)
            self.watch.heard(Event("server2", action, self.id(name), name, at, **more), self.clock.time)

    def die(self, *names: str, ago: float = 0, heard: bool = True) -> None:
        for name in names:
            self.state[name] = State.EXITED
        if heard:
            self.hear(DIE, *names, ago=ago)

    def start(self, *names: str) -> None:
        for name in names:
            self.state[name] = State.RUNNING
            self.started[name] = self.clock.time
        self.hear(START, *names)

    def look(self, name: str) -> Look | None:
        if name not in self.state:
            return None
        row = self.row(name)
        found = details(
            id=row.id, state=row.state, started=self.started[name], restart_policy=self.policy,
            finished=self.clock.time,
        )  # fmt: skip
        watch = self.watch
        return Look(row, found, watch.history(row), grace=watch.in_grace(name, self.clock.time))

    def pass_by(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.clock.pass_by(seconds=step)
            changes = self.watch.host_changes(self.clock.time)
            if not self.watch.lost and (names := self.watch.take_due(self.clock.time)):
                changes += self.watch.judge({name: self.look(name) for name in names}, self.clock.time)
            for finding in changes:
                self.findings.append(finding)
                self.told.append(f"{'-' if finding.ended else '+'}{finding.name}/{finding.container}")
                self.watch.noted(finding)


def test_a_second_of_collecting() -> None:
    host = Host("n8n")
    host.die("n8n")
    host.pass_by(0.8)
    assert host.told == []
    host.pass_by(0.4)
    assert host.told == ["+service_down/n8n"]
    host.start("n8n")
    host.pass_by(0.1)
    assert host.told == ["+service_down/n8n", "-service_down/n8n"]
    assert host.findings[-1].ended == host.started["n8n"]


def test_what_runs_again_within_the_second_is_nothing_twice_and_a_loop_at_the_third_time() -> None:
    host = Host("n8n")
    for expected in ([], [], ["+crash_loop/n8n"]):
        host.die("n8n")
        host.pass_by(0.3)
        host.start("n8n")
        host.pass_by(5)
        assert host.told == expected
    host.pass_by(60)
    host.die("n8n")
    host.pass_by(0.3)
    host.start("n8n")
    host.pass_by(2)
    assert host.told[1:] == ["+crash_loop/n8n"], "it died again"
    evidence = host.findings[-1].evidence
    assert evidence is not None and evidence.deaths == 4
    host.pass_by(590, 1)
    assert len(host.told) == 2
    host.pass_by(15, 1)
    assert host.told[2:] == ["-crash_loop/n8n"]


def test_a_loop_whose_container_is_stopped_gives_way_to_service_down() -> None:
    host = Host("n8n")
    for _ in range(3):
        host.die("n8n")
        host.start("n8n")
        host.pass_by(1.5)
    host.hear(KILL, "n8n", signal=15)
    host.die("n8n")
    host.pass_by(1.5)
    assert host.told == ["+crash_loop/n8n", "-crash_loop/n8n", "+service_down/n8n"]


def test_out_of_memory_ends_ten_minutes_after_the_last() -> None:
    host = Host("n8n")
    for _ in range(2):
        host.hear(OOM, "n8n")
        host.pass_by(300, 1)
    host.pass_by(290, 1)
    assert host.told == ["+oom_killed/n8n"]
    host.pass_by(20, 1)
    assert host.told == ["+oom_killed/n8n", "-oom_killed/n8n"]


def test_out_of_memory_that_was_told_of_by_the_death_is_not_told_again() -> None:
    host = Host("n8n")
    host.hear(OOM, "n8n")
    host.die("n8n")
    host.pass_by(2)
    host.start("n8n")
    host.pass_by(2)
    assert host.told == ["+service_down/n8n", "-service_down/n8n"]


@pytest.mark.parametrize(
    ("gaps", "told"),
    [
        ((0, 0.4, 0.5), ["+service_down/"]),
        ((0, 0.6, 0.9), ["+service_down/a", "+service_down/b", "+service_down/c"]),
        ((0, 0.2), ["+service_down/a", "+service_down/b"]),
    ],
)
def test_three_within_a_second_are_one(gaps: Sequence[float], told: list[str]) -> None:
    host = Host(*"abc")
    for name, gap in zip("abc", gaps, strict=False):
        host.pass_by(gap)
        host.die(name)
    host.pass_by(3)
    assert host.told == told


def test_kills_announce_a_fall() -> None:
    host = Host(*"abcd")
    host.hear(KILL, *"abcd", signal=15)
    for name in "abcd":
        host.die(name)
        host.pass_by(0.8)
    host.pass_by(4)
    assert host.told[0] == "+service_down/"
    assert {*host.told} == {"+service_down/"}
    assert host.findings[-1].containers == ("a", "b", "c", "d")


def test_later_ones_join_while_it_is_open_and_what_comes_much_later_does_not() -> None:
    host = Host(*"abcdef")
    host.die(*"abc")
    host.pass_by(5)
    host.die("d")
    host.pass_by(5)
    assert host.told == ["+service_down/"] * 2
    host.pass_by(20)
    host.die("e")
    host.pass_by(3)
    assert host.told[2:] == ["+service_down/e"]
    host.start(*"abc")
    host.pass_by(1)
    assert len(host.told) == 3
    host.start("d")
    host.pass_by(1)
    assert host.told[3:] == ["-service_down/"]
    host.die("a")
    host.pass_by(2)
    assert host.told[4:] == ["+service_down/a"], "another matter"


def test_one_that_stays_down_of_three_is_told_of_by_its_name() -> None:
    host = Host(*"abc")
    host.die(*"abc")
    host.start("a", "b")
    host.pass_by(3)
    assert host.told == ["+service_down/c"]


def test_a_death_while_it_was_being_looked_at_has_its_own_second() -> None:
    host = Host("n8n")
    host.hear(EventAction.HEALTH_STATUS, "n8n")
    names = host.watch.take_due(host.clock.time)
    host.die("n8n")
    looks = {name: host.look(name) for name in names}
    assert host.watch.judge(looks, host.clock.time) == []
    host.pass_by(1.2)
    assert host.told == ["+service_down/n8n"]


def test_removed_and_renamed() -> None:
    host = Host("n8n", "redis")
    host.die("n8n")
    host.pass_by(2)
    host.state["n8n-old"] = host.state.pop("n8n")
    host.started["n8n-old"] = host.started["n8n"]
    host.hear(EventAction.RENAME, "n8n-old", old_name="n8n")
    host.pass_by(0.2)
    assert host.told[1:] == ["-service_down/n8n", "+service_down/n8n-old"]
    del host.state["n8n-old"]
    host.hear(EventAction.DESTROY, "n8n-old")
    host.pass_by(0.2)
    assert host.told[3:] == ["-service_down/n8n-old"]


def test_a_silent_host() -> None:
    host = Host("n8n", "redis")
    host.die("n8n")
    host.pass_by(2)
    lost = host.clock.time
    host.watch.lost_contact(lost)
    host.die("redis", heard=False)
    host.start("n8n")
    host.pass_by(19)
    assert host.told == ["+service_down/n8n"]
    host.pass_by(2)
    assert host.told[1:] == ["+host_unreachable/"]
    assert host.findings[-1].started == lost
    host.pass_by(60)
    host.contact()
    host.pass_by(2)
    assert host.told[2:] == ["-host_unreachable/", "-service_down/n8n"]
    host.pass_by(59)
    assert host.told[4:] == ["+service_down/redis"], (
        "after the grace: the engine may have been about to start it"
    )


def test_no_grace_for_what_the_engine_remembers_nor_for_what_docker_does_not_start() -> None:
    host = Host("n8n", "redis")
    host.watch.lost_contact(host.clock.time)
    host.pass_by(5)
    host.die("n8n", "redis", heard=False)
    host.contact()
    host.hear(DIE, "n8n", ago=3)
    host.pass_by(1.5)
    assert host.told == ["+service_down/n8n"]

    job = Host("job", policy="no")
    job.watch.lost_contact(job.clock.time)
    job.die("job", heard=False)
    job.contact()
    job.pass_by(1.5)
    assert job.told == ["+service_down/job"]


def test_all_that_does_not_come_up_with_the_host_is_one() -> None:
    host = Host(*"abcd")
    host.watch.lost_contact(host.clock.time)
    host.pass_by(30)
    host.die(*"abcd", heard=False)
    host.contact()
    host.pass_by(30)
    host.start("a")
    host.pass_by(40)
    assert host.told == ["+host_unreachable/", "-host_unreachable/", "+service_down/"]
    assert host.findings[-1].containers == ("b", "c", "d")


def test_what_dies_while_a_host_comes_up_has_its_grace_too() -> None:
    host = Host("n8n")
    host.watch.lost_contact(host.clock.time)
    host.pass_by(30)
    host.contact()
    for _ in range(5):
        host.start("n8n")
        host.pass_by(1)
        host.die("n8n")
        host.pass_by(1)
    host.start("n8n")
    host.pass_by(2)
    assert host.told == ["+host_unreachable/", "-host_unreachable/"]


def test_open_findings_are_taken_over() -> None:
    first = Host(*"abcde")
    first.die(*"abc")
    first.pass_by(3)
    first.die("d", "e")
    first.pass_by(3)
    left = list(first.watch._open.values())
    assert [each.containers for each in left] == [("a", "b", "c", "d", "e")]
    host = Host(*"abcde", open_findings=left)
    host.die("b", "d", heard=False)
    host.list()
    host.pass_by(70)
    assert host.told == []
    host.start("b")
    host.pass_by(1)
    assert host.told == []
    host.start("d")
    host.pass_by(1)
    assert host.told == ["-service_down/"]


def test_where_events_are_wanted_from() -> None:
    host = Host("n8n")
    born = host.clock.time
    assert host.watch.since == born - timedelta(minutes=10)
    host.hear(START, "n8n")
    assert host.watch.since == born + timedelta(microseconds=1)
    host.pass_by(2)
    died = host.clock.time
    host.die("n8n")
    host.clock.pass_by(seconds=0.5)
    host.hear(EventAction.STOP, "n8n")
    assert host.watch.since == died, "it has not been looked at, and must not be forgotten"
    host.pass_by(2)
    assert host.watch.since > died


def test_an_end_is_reported_once_and_a_report_that_failed_again() -> None:
    host = Host("n8n")
    host.die("n8n")
    host.clock.pass_by(seconds=2)
    for _ in range(2):
        host.watch.look_at(["n8n"], host.clock.time)
        names = host.watch.take_due(host.clock.time)
        (found,) = host.watch.judge({name: host.look(name) for name in names}, host.clock.time)
        assert found.ended is None
    host.watch.noted(found)
    host.watch.look_at(["n8n"], host.clock.time)
    names = host.watch.take_due(host.clock.time)
    assert host.watch.judge({name: host.look(name) for name in names}, host.clock.time) == []
    assert host.watch.current(found) == found
    assert host.watch.current(replace(found, started=host.clock.time)) is None


def test_a_host_that_waits_to_be_tried_is_not_silent() -> None:
    clock = HandClock()
    watch = HostWatch("server2", Rules(), (), clock.time)
    for _ in range(60):
        clock.pass_by(seconds=1)
        watch.waits(clock.time)
        assert watch.host_changes(clock.time) == []
    clock.pass_by(seconds=19)
    watch.lost_contact(clock.time)
    assert watch.host_changes(clock.time) == []
    clock.pass_by(seconds=1)
    [finding] = watch.host_changes(clock.time)
    assert finding.started == clock.time - timedelta(seconds=20)


def test_a_host_that_was_met_does_not_wait() -> None:
    host = Host("n8n")
    host.watch.lost_contact(host.clock.time)
    host.clock.pass_by(seconds=20)
    host.watch.waits(host.clock.time)
    assert host.watch.host_changes(host.clock.time)


def test_a_verdict_stands_until_another_life_ends() -> None:
    host = Host("n8n", "redis")
    host.die("n8n")
    assert "n8n" not in host.watch.verdicts
    host.pass_by(1.2)
    assert host.watch.verdicts["n8n"]
    host.start("n8n")
    host.pass_by(0.1)
    assert not host.watch.verdicts["n8n"]
    host.die("n8n")
    assert "n8n" not in host.watch.verdicts, "what was said of it while it ran is void"
    host.pass_by(1.2)
    del host.state["n8n"]
    host.list()
    assert "n8n" not in host.watch.verdicts


def test_what_comes_and_goes_in_vain_is_judged_so_throughout() -> None:
    host = Host("n8n")
    for _ in range(3):
        host.die("n8n")
        host.pass_by(0.3)
        host.start("n8n")
        host.pass_by(1)
    assert host.told == ["+crash_loop/n8n"]
    host.die("n8n")
    assert host.watch.verdicts["n8n"], "else each death would hide it for a second"
