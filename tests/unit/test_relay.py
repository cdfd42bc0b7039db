"""The relay over a real store, under a clock that is turned, with an Alertmanager that says what it is told to say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from services.alertmanager import ActiveAlert, Alertmanager, PostedAlert, fingerprint
from services.alerts.inbox import InboxFull
from services.alerts.relay import Relay
from services.alerts.relay_words import labels_of
from services.domain.alerts import Evidence, Notification, Report, Status
from services.domain.findings import SEVERITIES, Finding
from services.errors import ApiUnreachable
from services.ports import Put, Store
from services.store.sqlite import open_sqlite
from tests.clock import HandClock

EVIDENCE: dict[str, Any] = {"exit_code": 137, "lines": ("worker exited",)}


@dataclass
class Listing:
    """Alertmanager's part, by hand. hanging: it takes nothing and says nothing."""

    clock: HandClock
    up: bool = True
    hanging: asyncio.Event | None = None
    posts: list[PostedAlert] = field(default_factory=list)
    silenced: set[str] = field(default_factory=set)

    async def post(self, alerts: Sequence[PostedAlert], *, deadline: float = 3) -> None:
        await self._answer()
        self.posts += alerts

    async def alerts(self, *, deadline: float = 5) -> Sequence[ActiveAlert]:
        await self._answer()
        now = self.clock.now()
        last = {fingerprint(each.labels): each for each in self.posts}
        return [
            ActiveAlert(key, each.labels, {}, each.starts, now, "", ("vakhta",), key in self.silenced, (), ())
            for key, each in last.items()
            if each.ends is None
        ]

    async def _answer(self) -> None:
        if self.hanging:
            await self.hanging.wait()
        if not self.up:
            raise ApiUnreachable("alertmanager", "refused")


@dataclass
class Stage:
    store: Store
    clock: HandClock
    listing: Listing
    told: list[Notification] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    full: bool = False
    refused: int = 0

    async def accept(self, notification: Notification) -> None:
        if self.full:
            self.refused += 1
            raise InboxFull(1, 1)
        self.told.append(notification)

    async def note(self, fingerprint: str) -> None:
        self.refreshed.append(fingerprint)

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        until = self.clock.now() + timedelta(seconds=seconds)
        while not event.is_set() and self.clock.now() < until:
            await asyncio.sleep(0.001)

    @asynccontextmanager
    async def relay(self, *, alertmanager: bool = True, **more: Any) -> AsyncIterator[Relay]:
        """One run of the bot, killed at its end."""
        listing = cast(Alertmanager, self.listing) if alertmanager else None
        more = {"refreshed": self.note, "wait": self.wait} | more
        relay = Relay(self.store, self.clock, self.accept, listing, **more)
        running = asyncio.ensure_future(relay.run())
        try:
            yield relay
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    def finding(self, name: str = "service_down", container: str = "directus", **more: Any) -> Finding:
        fields: dict[str, Any] = {
            "host": "server2",
            "severity": SEVERITIES[name],
            "started": self.clock.now(),
            "evidence": Evidence(self.clock.now(), **EVIDENCE),
        }
        return Finding(name, container=container, **(fields | more))

    def over(self, found: Finding) -> Finding:
        return replace(found, ended=self.clock.now())

    @property
    def news(self) -> list[tuple[str, str]]:
        return [(each.key, each.reports[0].status) for each in self.told]

    async def kept(self) -> list[str]:
        return [key for prefix in ("finding/", "evidence/") for key in await self.store.scan(prefix)]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = HandClock()
    store = await open_sqlite(tmp_path / "vakhta.db", clock)
    yield Stage(store, clock, Listing(clock))
    await store.close()


async def until(fits: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not fits():
            await asyncio.sleep(0.002)


async def until_many(items: Sequence[object], count: int) -> None:
    await until(lambda: len(items) == count)


async def until_empty(stage: Stage) -> None:
    async with asyncio.timeout(5):
        while [key for key in await stage.kept() if key.startswith("finding/")]:
            await asyncio.sleep(0.002)


async def a_while() -> None:
    await asyncio.sleep(0.1)


def webhook(found: Finding, status: Status = Status.FIRING) -> Report:
    labels = labels_of(found, "telegram")
    return Report(fingerprint(labels), labels, {}, status, found.started, found.ended)


KEY = "watch/service_down/server2/directus"


async def test_handed_over_kept_alive_and_ended(stage: Stage) -> None:
    found = stage.finding()
    async with stage.relay() as relay:
        await relay.report(found)
        await until(lambda: len(stage.listing.posts) == 1)
        await relay.heard(webhook(found))
        for posts in (2, 3):
            stage.clock.pass_by(seconds=60)
            await until_many(stage.listing.posts, posts)
        stage.clock.pass_by(seconds=5)
        over = stage.over(found)
        await relay.report(over)
        await until(lambda: len(stage.listing.posts) == 4)
        await relay.heard(webhook(over, Status.RESOLVED))
        stage.clock.pass_by(seconds=6)
        await until_empty(stage)
    assert [each.ends for each in stage.listing.posts] == [None, None, None, over.ended]
    assert {each.starts for each in stage.listing.posts} == {found.started}
    assert stage.listing.posts[0].annotations == {"summary": "directus is down on server2"}
    assert stage.told == []
    assert await stage.kept() == [f"evidence/{webhook(found).fingerprint}"]
    stage.clock.pass_by(days=31)
    assert await stage.kept() == []


async def test_told_directly_while_alertmanager_is_away_and_posted_when_it_is_back(stage: Stage) -> None:
    stage.listing.up = False
    found = stage.finding()
    async with stage.relay() as relay:
        await relay.report(found)
        await until(lambda: stage.news == [(KEY, "firing")])
        stage.listing.up = True
        stage.clock.pass_by(seconds=60)
        await until(lambda: len(stage.listing.posts) == 1)
        assert fingerprint(stage.listing.posts[0].labels) == stage.told[0].reports[0].fingerprint
        stage.clock.pass_by(seconds=30)
        await a_while()
        assert stage.news == [(KEY, "firing")]
        await relay.report(stage.over(found))
        await until(lambda: stage.news == [(KEY, "firing"), (KEY, "resolved")])
        await until(lambda: len(stage.listing.posts) == 2)
        assert stage.listing.posts[1].ends == stage.clock.now()


async def test_an_alertmanager_that_hangs_holds_up_nothing(stage: Stage) -> None:
    stage.listing.hanging = asyncio.Event()
    async with stage.relay() as relay:
        async with asyncio.timeout(1):
            await relay.report(stage.finding())
            await a_while()
            await relay.report(stage.finding(container="n8n"))
            assert len(await relay.open_findings("server2")) == 2
        await a_while()
        stage.listing.up = False
        stage.listing.hanging.set()
        await until(lambda: len(stage.news) == 2)


async def test_no_webhook_and_not_silenced(stage: Stage) -> None:
    async with stage.relay() as relay:
        await relay.report(stage.finding())
        await until(lambda: len(stage.listing.posts) == 1)
        stage.clock.pass_by(seconds=9)
        await a_while()
        assert stage.told == []
        stage.clock.pass_by(seconds=1)
        await until(lambda: stage.news == [(KEY, "firing")])


async def test_silenced_there_is_silent_here(stage: Stage) -> None:
    found = stage.finding()
    stage.listing.silenced.add(webhook(found).fingerprint)
    async with stage.relay() as relay:
        await relay.report(found)
        await until(lambda: len(stage.listing.posts) == 1)
        for _ in range(12):
            stage.clock.pass_by(seconds=10)
            await asyncio.sleep(0.02)
        await relay.report(stage.over(found))
        await until(lambda: stage.listing.posts[-1].ends is not None)
        stage.clock.pass_by(seconds=6)
        await until_empty(stage)
    assert stage.told == []


async def test_over_before_it_was_delivered_anywhere(stage: Stage) -> None:
    found = stage.finding()
    async with stage.relay(alertmanager=False) as relay:
        stage.full = True
        await relay.report(found)
        await relay.report(stage.over(found))
        await a_while()
        assert stage.refused <= 2  # it is not tried again without a pause
        stage.full = False
        stage.clock.pass_by(seconds=1)
        await until(lambda: stage.news == [(KEY, "firing"), (KEY, "resolved")])


async def test_a_restart_goes_on_where_it_was(stage: Stage) -> None:
    stage.listing.up = False
    found, other = stage.finding(), stage.finding("unhealthy", "n8n")
    async with stage.relay() as relay:
        await relay.report(found)
        await until(lambda: len(stage.news) == 1)
        stage.full = True
        await relay.report(other)
        await a_while()
    stage.full = False
    stage.clock.pass_by(seconds=2)
    async with stage.relay() as relay:
        assert sorted(await relay.open_findings("server2"), key=lambda each: each.name) == [found, other]
        assert await relay.open_findings("server1") == []
        await until(lambda: len(stage.news) == 2)
        assert stage.news[1] == ("watch/unhealthy/server2/n8n", "firing")
        await relay.report(stage.over(found))
        await until(lambda: stage.news[2:] == [(KEY, "resolved")])


async def test_a_silent_host_speaks_for_its_containers(stage: Stage) -> None:
    host = stage.finding("host_unreachable", "")
    down, short = stage.finding(), stage.finding(container="n8n")
    async with stage.relay(alertmanager=False) as relay:
        await relay.report(host)
        for each in (down, short):
            await relay.report(each)
        await until(lambda: stage.news == [("watch/host/server2", "firing")])
        stage.clock.pass_by(seconds=60)
        await a_while()
        await relay.report(stage.over(host))
        await until(lambda: len(stage.news) == 2)
        await relay.report(stage.over(short))
        await a_while()
        assert len(stage.news) == 2
        stage.clock.pass_by(seconds=6)
        await until(lambda: stage.news[2:] == [(KEY, "firing")])
        stage.clock.pass_by(seconds=60)
        await a_while()
    assert len(stage.news) == 3


async def test_more_of_it_is_told_once_it_cannot_be_taken_for_a_retry(stage: Stage) -> None:
    fall = stage.finding(container="", containers=("a", "b", "c"))
    async with stage.relay(alertmanager=False) as relay:
        await relay.report(fall)
        await until(lambda: len(stage.news) == 1)
        await relay.report(replace(fall, containers=("a", "b", "c", "d")))
        await a_while()
        assert len(stage.news) == 1
        stage.clock.pass_by(seconds=61)
        await until(lambda: len(stage.news) == 2)
        assert stage.told[1].reports[0].annotations["containers"] == "a, b, c, d"
        stage.clock.pass_by(seconds=200)
        await a_while()
        assert len(stage.news) == 2


async def test_evidence_that_comes_later_is_kept_and_shown(stage: Stage) -> None:
    async with stage.relay(alertmanager=False) as relay:
        await relay.report(stage.finding(evidence=None))
        assert stage.refreshed == []
        await relay.report(stage.finding())
        (known,) = await relay.open_findings("server2")
    assert known.evidence == Evidence(stage.clock.now(), **EVIDENCE)
    assert stage.refreshed == [webhook(known).fingerprint]


async def test_evidence_that_cannot_be_read_hides_no_finding(stage: Stage) -> None:
    async with stage.relay(alertmanager=False) as relay:
        await relay.report(stage.finding())
        (key,) = await stage.store.scan("evidence/")
        await stage.store.write(Put(key, b"?"))
        (known,) = await relay.open_of(["service_down"])
    assert (known.container, known.evidence) == ("directus", None)


async def test_an_end_told_by_somebody_else_does_not_stand(stage: Stage) -> None:
    found = stage.finding()
    async with stage.relay() as relay:
        await relay.report(found)
        await until(lambda: len(stage.listing.posts) == 1)
        await relay.heard(webhook(found))
        await relay.heard(webhook(found, Status.RESOLVED))
        assert relay.is_open(webhook(found).fingerprint)
        await until(lambda: len(stage.listing.posts) == 2)
        stage.clock.pass_by(seconds=10)
        await until(lambda: stage.news == [(KEY, "firing")])


async def test_a_flapping_container_begins_anew_each_time(stage: Stage) -> None:
    async with stage.relay(alertmanager=False) as relay:
        for count in range(1, 4):
            found = stage.finding()
            await relay.report(found)
            await until_many(stage.told, 2 * count - 1)
            stage.clock.pass_by(seconds=1)
            await relay.report(stage.over(found))
            await until_many(stage.told, 2 * count)
    assert [status for _, status in stage.news] == ["firing", "resolved"] * 3
    assert len({each.reports[0].starts for each in stage.told}) == 3


async def test_a_host_that_left_the_settings(stage: Stage) -> None:
    async with stage.relay(alertmanager=False) as relay:
        await relay.report(stage.finding())
        await until(lambda: len(stage.news) == 1)
    async with stage.relay(alertmanager=False, hosts=("server1",)) as relay:
        await until(lambda: stage.news[1:] == [(KEY, "resolved")])
        assert await relay.open_findings("server2") == []
        stage.clock.pass_by(seconds=6)
        await until_empty(stage)


async def test_a_record_that_cannot_be_read_stops_nothing(stage: Stage) -> None:
    await stage.store.write(Put("finding/service_down/server2/n8n", b"{}"))
    async with stage.relay(alertmanager=False) as relay:
        await relay.report(stage.finding())
        await until(lambda: len(stage.news) == 1)


async def test_what_was_done_for_the_last_time_is_not_done_for_this_one(stage: Stage) -> None:
    stage.listing.hanging = asyncio.Event()
    async with stage.relay() as relay:
        await relay.report(first := stage.finding())
        await a_while()
        stage.clock.pass_by(seconds=1)
        await relay.report(stage.over(first))
        await relay.report(second := stage.finding())
        stage.listing.hanging.set()
        await until_many(stage.listing.posts, 2)
        await a_while()
    assert [each.starts for each in stage.listing.posts] == [first.started, second.started]
