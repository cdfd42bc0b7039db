"""Once a minute: Alertmanager's list against what the desk believes to fire."""

import asyncio
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.alertmanager import Alertmanager, Group
from services.alerts.reconcile import Receivers, Reconcile, warn_of_channels
from services.domain.alerts import Origin
from services.domain.posts import Notice, Trouble
from services.errors import ApiTimeout
from services.prometheus import Prometheus, Rule, Sample
from services.store.sqlite import open_sqlite
from tests.clock import HandClock
from tests.unit.test_catch_up import NOW, Desk, Listing, active, standing


class Told:
    def __init__(self) -> None:
        self.notices: list[Notice] = []

    async def __call__(self, notice: Notice) -> None:
        self.notices.append(notice)


def reconcile(desk: Desk, listing: Listing, told: Told | None = None, firing: Any = None) -> Reconcile:
    async def query(promql: str) -> list[Sample]:
        assert promql == 'ALERTS{alertstate="firing"}'
        return [Sample({"__name__": "ALERTS", "alertstate": "firing", **each}, 1, NOW) for each in firing]

    prometheus = None if firing is None else cast(Prometheus, SimpleNamespace(query=query))
    alertmanager = cast(Alertmanager, listing)
    return Reconcile(desk.clock, desk.here, told or Told(), alertmanager, prometheus, sleep=desk.sleep)


async def rounds(made: Reconcile, desk: Desk, count: int = 1) -> None:
    for _ in range(count):
        desk.clock.pass_by(seconds=60)
        await made.round()


async def test_what_is_gone_for_two_rounds_is_over() -> None:
    desk = Desk(standing=dict([standing("Gone", "key"), standing("Still", "key")]))
    made = reconcile(desk, Listing([Group({}, "vakhta", (active("Still"),))]))
    await rounds(made, desk)
    assert desk.told == []
    await rounds(made, desk)
    assert desk.news == [("Gone", "resolved")]
    assert (desk.told[0].origin, desk.told[0].key) == (Origin.CATCH_UP, "key")
    assert desk.told[0].reports[0].ends == desk.clock.now()
    desk.standing.pop(standing("Gone")[0])
    await rounds(made, desk, 5)
    assert len(desk.told) == 1


async def test_two_rounds_mean_two_in_a_row() -> None:
    desk = Desk(standing=dict([standing("Still")]))
    listing = Listing()
    made = reconcile(desk, listing)
    for found in (
        [],
        [Group({}, "vakhta", (active("Still"),))],
        [],
        [Group({}, "vakhta", (active("Still"),))],
    ):
        listing.found = found
        await rounds(made, desk)
    assert desk.told == []


@pytest.mark.parametrize(
    ("firing", "over"),
    [(None, False), ([{"alertname": "Other"}], True), ([{"alertname": "Still"}], False), ([], True)],
)
async def test_an_alertmanager_that_has_just_started_knows_little(firing: Any, over: bool) -> None:
    """What Prometheus sends may carry labels that its own memory lacks."""
    desk = Desk(standing=dict([standing("Still", site="almaty")]))
    made = reconcile(desk, Listing(started=NOW), firing=firing)
    await rounds(made, desk, 3)
    assert bool(desk.told) is over


async def test_until_it_has_been_up_for_a_while() -> None:
    desk = Desk(standing=dict([standing("Gone")]))
    made = reconcile(desk, Listing(started=NOW))
    await rounds(made, desk, 5)
    assert desk.told == []
    await rounds(made, desk)
    assert desk.news == [("Gone", "resolved")]


async def test_what_our_own_watch_sees_is_not_over() -> None:
    desk = Desk(standing=dict([standing("service_down")]))
    desk.ours = set(desk.standing)
    await rounds(reconcile(desk, Listing()), desk, 5)
    assert desk.told == []


async def test_what_never_came_is_told_after_a_minute() -> None:
    desk = Desk()
    desk.known = {(active("Direct").fingerprint, False)}
    alerts = [active(name) for name in ("Lost", "Direct", "Watchdog")]
    alerts += [active("Silenced", suppressed=True), active("Mail", to="mail")]
    desk.receivers = {"vakhta"}
    made = reconcile(desk, Listing([Group({"a": "b"}, "vakhta", tuple(alerts))]))
    await rounds(made, desk)
    assert desk.told == []
    await rounds(made, desk)
    assert desk.news == [("Lost", "firing")]
    assert (desk.told[0].origin, desk.told[0].labels) == (Origin.CATCH_UP, {"a": "b"})
    desk.standing = dict([standing("Lost")])
    await rounds(made, desk, 3)
    assert len(desk.told) == 1


async def test_before_any_webhook_any_receiver_may_be_ours() -> None:
    desk = Desk()
    made = reconcile(desk, Listing([Group({}, "mail", (active("Mail", to="mail"),))]))
    await rounds(made, desk, 2)
    assert desk.news == [("Mail", "firing")]


async def test_an_alertmanager_that_cannot_be_asked_is_told_once() -> None:
    desk, told = Desk(), Told()
    listing = Listing(fails=True)
    running = asyncio.ensure_future(reconcile(desk, listing, told).run())

    async def slept(count: int) -> None:
        until = len(desk.slept) + count
        async with asyncio.timeout(5):
            while len(desk.slept) < until:
                await asyncio.sleep(0)

    await slept(5)
    assert told.notices == []
    await slept(9)
    assert [each.trouble for each in told.notices] == [Trouble.RECONCILE]
    assert told.notices[0].facts == {"why": "alertmanager: ApiTimeout"}
    listing.fails = False
    await slept(2)
    listing.fails = True
    await slept(9)
    assert len(told.notices) == 2
    assert set(desk.slept) == {60}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_receivers_outlive_a_restart(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path / "vakhta.db", HandClock())
    receivers = Receivers(store)
    await receivers.open()
    assert not receivers()
    for name in ["vakhta", "vakhta", *(f"r{number}" for number in range(100))]:
        await receivers.heard(name)
    again = Receivers(store)
    await again.open()
    assert set(again()) == set(receivers())
    assert "vakhta" in again()
    assert len(again()) == 50
    await store.close()


class Rules:
    def __init__(self, **channels: str) -> None:
        self.channels = channels
        self.fails = 0

    async def rules(self) -> list[Rule]:
        if self.fails:
            self.fails -= 1
            raise ApiTimeout("prometheus", 5)
        return [Rule(name, {"channels": words}, {}, "", 0, "") for name, words in self.channels.items()]


async def test_channels_that_do_not_exist_are_told_once_a_set(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk, told = Desk(), Told()
    store = await open_sqlite(tmp_path / "vakhta.db", desk.clock)

    async def start(rules: Rules) -> list[str]:
        told.notices.clear()
        await warn_of_channels(cast(Prometheus, rules), store, desk.clock, told, sleep=desk.sleep)
        assert all(each.trouble is Trouble.CHANNELS for each in told.notices)
        return [each.facts["rules"] for each in told.notices]

    rules = Rules(
        down="telegram,sms,email", cpu="telegram,email", pager="Telegram; SMS", mail="email", none="smsish"
    )
    rules.fails = 3
    assert await start(rules) == ["down, pager"]
    assert desk.slept == [1, 2, 4]
    assert await start(rules) == []
    assert await start(Rules(down="sms")) == ["down"]
    assert await start(Rules(cpu="telegram")) == []
    assert sum("down" in each.getMessage() for each in caplog.records) == 3
    lost = Rules()
    lost.fails = 1000
    assert await start(lost) == []
    assert timedelta(minutes=5) < desk.clock.now() - NOW < timedelta(minutes=15)
    await store.close()
