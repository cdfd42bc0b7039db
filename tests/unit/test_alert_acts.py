"""What people do to incidents: within their scope only, with counts that stay true, and silences that hold no more
than was meant."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerts.acts import AlertActs
from services.alerts.ledger import incident_writes
from services.alerts.policy import Policy, Route
from services.alerts.quieting import Quieting
from services.audit import Audit
from services.domain.access import Actor, Role, Scope
from services.domain.alerts import Incident, Matcher, Quiet, Span
from services.domain.posts import Destination, Ringing
from services.errors import AlreadyTaken, Denied, NoSuchSilence
from services.roster import Person, Roster
from tests.alerts import OPS, alert, incident, report
from tests.unit.outbox_scenery import POLICY, Scenery, on, scenery_in

EVERYTHING = Scope.of("*/*")
BOSS = Actor(1, "Boss", Role.ADMIN, EVERYTHING)
DIAS = Actor(2, "Dias", Role.OPERATOR, Scope.of("server2/*"))
NARROW = replace(DIAS, scope=Scope.of("server2/directus"))
DIAS_OF_ALL = replace(DIAS, scope=EVERYTHING)
WARNINGS = Destination(-12)
HOSTS: dict[str, tuple[str, ...]] = {"server1": (), "server2": ()}


@pytest.fixture
async def scenery(tmp_path: Path) -> AsyncIterator[Scenery]:
    async with scenery_in(tmp_path, replace(POLICY, hosts=HOSTS)) as found:
        yield found


@pytest.fixture
def acts(scenery: Scenery) -> AlertActs:
    return acts_in(scenery)


def acts_in(scenery: Scenery) -> AlertActs:
    return AlertActs(
        scenery.ledger,
        scenery.policy,
        scenery.silences,
        Audit(scenery.store, scenery.clock),
        Roster([Person(BOSS.id, BOSS.name, BOSS.role, BOSS.scope)]),
        scenery.clock,
        lambda: None,
    )


async def now_of(scenery: Scenery, identity: str) -> Incident:
    found = await scenery.ledger.incident(identity)
    assert found is not None
    return found


async def quiet_of(scenery: Scenery, identity: str) -> Quiet | None:
    return (await now_of(scenery, identity)).quiet


# Acknowledging


async def test_a_part_that_is_acknowledged_is_counted_anew(tmp_path: Path) -> None:
    """In the total, and in each chat as far as it sees it."""
    policy = Policy(routes=(Route(OPS), Route(WARNINGS, ("warning",))))
    async with scenery_in(tmp_path, policy) as scenery:
        acts = acts_in(scenery)
        identity = await scenery.hears(
            "a", report("A", labels={"severity": "critical"}), report("B"), report("C")
        )
        await acts.acknowledge(identity, by=BOSS, upto=2)
        found = await now_of(scenery, identity)
        assert (found.total.firing, found.total.uncovered, found.acknowledged) == (3, 1, False)
        seen = {key: (tally.firing, tally.uncovered) for key, tally in found.tallies.items()}
        assert seen == {OPS.key: (3, 1), WARNINGS.key: (2, 1)}
        with pytest.raises(AlreadyTaken):
            await acts.acknowledge(identity, by=DIAS_OF_ALL, upto=2)
        taken = await acts.acknowledge(identity, by=DIAS_OF_ALL)
        assert taken.acknowledged
        assert [ack.upto for ack in taken.acks] == [2, 3]


async def test_all_of_a_digest_but_what_is_out_of_his_hands(scenery: Scenery, acts: AlertActs) -> None:
    """One in the middle reaches beyond his scope; those before and behind it are taken all the same."""
    for key in ("a", "b", "d", "e"):
        await scenery.hears(key, report("down", labels=on("server2", key)))
        if key == "b":
            mixed = [report("down", labels=on(host, "c")) for host in ("server1", "server2")]
            await scenery.hears("c", *mixed)
    async with scenery.working() as outbox:
        await scenery.until_quiet(outbox)
    (digest,) = set((await scenery.store.scan("posted/")).values())
    assert await acts.acknowledge_all(digest.decode(), by=DIAS) == 4
    taken = {each.key for each in await scenery.ledger.open() if each.acknowledged}
    assert taken == {"a", "b", "d", "e"}
    with pytest.raises(AlreadyTaken):
        await acts.acknowledge_all(digest.decode(), by=DIAS)


async def test_a_reply_to_a_ring_takes_what_rang(scenery: Scenery, acts: AlertActs) -> None:
    identity = await scenery.hears("a", report("A", labels=on("server2", "directus")))
    async with scenery.working() as outbox:
        await scenery.until_quiet(outbox)
        scenery.clock.pass_by(minutes=15)
        await scenery.until_quiet(outbox)
    assert [ring.why for ring in scenery.memory.rings] == [Ringing.REMIND]
    ring = scenery.memory.number
    assert await acts.acknowledge_reply(OPS.chat, ring, by=DIAS, note="I look") == 1
    (ack,) = (await now_of(scenery, identity)).acks
    assert (ack.name, ack.note) == ("Dias", "I look")
    assert await acts.acknowledge_reply(OPS.chat, ring + 1, by=DIAS, note="") is None


# Silences, and whose they are


@pytest.mark.parametrize("span", [Span.NAME, Span.HOST])
async def test_nobody_silences_beyond_his_scope(scenery: Scenery, acts: AlertActs, span: Span) -> None:
    mine = await scenery.hears("a", report("down", labels=on("server2", "directus")))
    other = await scenery.hears("b", report("down", labels=on("server1", "n8n")))
    with pytest.raises(Denied):
        await acts.silence(mine, span, "24h", by=NARROW)
    assert list(await scenery.silences.listing()) == []
    assert await quiet_of(scenery, mine) is None
    assert await quiet_of(scenery, other) is None


async def test_within_his_scope_he_does(scenery: Scenery, acts: AlertActs) -> None:
    mine = await scenery.hears("a", report("down", labels=on("server2", "directus")))
    other = await scenery.hears("b", report("down", labels=on("server1", "n8n")))
    quiet = await acts.silence(mine, Span.CONTAINER, "24h", by=NARROW)
    (listed,) = await scenery.silences.listing()
    assert listed.matchers == (Matcher("host", "server2"), Matcher("container", "directus"))
    assert (await now_of(scenery, mine)).quiet == replace(quiet, upto=1)
    assert await quiet_of(scenery, other) is None
    await acts.unmute(mine, by=NARROW)
    assert await quiet_of(scenery, mine) is None


async def test_nobody_lifts_a_silence_that_reaches_beyond_his_scope(
    scenery: Scenery, acts: AlertActs
) -> None:
    mine = await scenery.hears("a", report("down", labels=on("server2", "directus")))
    other = await scenery.hears("b", report("down", labels=on("server1", "n8n")))
    quiet = await acts.silence(other, Span.NAME, "24h", by=BOSS)
    assert (await now_of(scenery, mine)).quiet == replace(quiet, upto=1)
    with pytest.raises(Denied):
        await acts.unmute(mine, by=NARROW)
    quieting = Quieting(
        scenery.silences, acts, scenery.policy, Audit(scenery.store, scenery.clock), Roster([])
    )
    with pytest.raises(NoSuchSilence):
        await quieting.expire(quiet.id, by=NARROW)
    assert [each.id for each in await scenery.silences.listing()] == [quiet.id]
    assert await quiet_of(scenery, mine) is not None
    await acts.unmute(mine, by=BOSS)
    assert await quiet_of(scenery, other) is None


async def test_a_host_is_silenced_though_some_alerts_bear_none(scenery: Scenery, acts: AlertActs) -> None:
    hostless = [report(f"X{number}", labels={"cluster": "c"}) for number in range(6)]
    identity = await scenery.hears("a", *hostless, report("down", labels={"host": "server2"}))
    await acts.silence(identity, Span.HOST, "1h", by=BOSS)
    (listed,) = await scenery.silences.listing()
    assert listed.matchers == (Matcher("host", "server2"),)


async def test_the_pressed_incident_is_reached_behind_hundreds_of_others(
    scenery: Scenery, acts: AlertActs
) -> None:
    writes = []
    for number in range(250):
        opened = scenery.clock.now() + timedelta(seconds=number)
        one = incident(id=f"{number:08x}", key=f"k{number}", opened=opened)
        writes += incident_writes(one, None, [alert(f"N{number}")])
    await scenery.ledger.write(*writes)
    newest = f"{249:08x}"
    quiet = await acts.silence(newest, Span.NAME, "1h", by=BOSS)
    assert (await now_of(scenery, newest)).quiet == replace(quiet, upto=1)
    await acts.unmute(newest, by=BOSS)
    assert await quiet_of(scenery, newest) is None


# What a silence holds back


async def test_a_silence_does_not_hold_what_joins_later(scenery: Scenery, acts: AlertActs) -> None:
    await silenced_then_joined_by(scenery, acts, "postgres")
    (ring,) = scenery.memory.rings
    assert (ring.why, ring.alerts[0].name) == (Ringing.WORSE, "later")


async def test_a_silence_holds_what_joins_later_if_it_covers_that_too(
    scenery: Scenery, acts: AlertActs
) -> None:
    await silenced_then_joined_by(scenery, acts, "directus")
    assert scenery.memory.rings == []


async def silenced_then_joined_by(scenery: Scenery, acts: AlertActs, container: str) -> None:
    async with scenery.working() as outbox:
        identity = await scenery.hears("a", report("down", labels=on("server2", "directus", "warning")))
        await scenery.until_quiet(outbox)
        await acts.silence(identity, Span.CONTAINER, "24h", by=BOSS)
        await scenery.until_quiet(outbox)
        scenery.clock.pass_by(minutes=6)
        await scenery.hears("a", report("later", labels=on("server2", container)))
        await scenery.until_quiet(outbox)


async def test_lifting_one_silence_keeps_what_another_holds(scenery: Scenery, acts: AlertActs) -> None:
    until = scenery.clock.now() + timedelta(hours=24)
    lifted, _holding = [
        await scenery.silences.add((Matcher("alertname", name),), until, "Boss", name) for name in ("A", "B")
    ]
    for name in ("A", "B"):
        identity = await scenery.hears(name, report(name))
        assert (await now_of(scenery, identity)).held_until == until
    await scenery.silences.expire(lifted.id)
    await acts.lifted(lifted.id)
    async with scenery.working() as outbox:
        for _ in range(2):
            await scenery.until_quiet(outbox)
            scenery.clock.pass_by(minutes=1)
        assert scenery.memory.told == [f"post {OPS.key} A"]
        scenery.clock.pass_by(hours=24)
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} A", f"post {OPS.key} B"]
