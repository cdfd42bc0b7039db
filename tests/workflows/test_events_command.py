"""`/events` on real servers: what happened reads as it was, to each only what is his, and a dead host delays nobody."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from playground.telegram import Message, Person
from services.domain.news import Deed
from services.errors import HostError, Silence
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.server import Server
from tests.lab.servers import Lab
from tests.lab.transport import over_ssh, until_silent

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

SYMBOLS = set("🔴🟡🟢⚪")
_HOG = "sleep 1; x=a; while :; do x=$x$x; done"  # at once would be before the engine listens for it


@pytest.fixture
def server(lab: Lab) -> Iterator[Server]:
    """server2; what these tests make beside containers is removed."""
    server = lab.servers["server2"]
    yield server
    server.resume_docker()
    server.docker("network", "prune", "--force")
    server.docker("volume", "rm", "--force", "pgdata")  # newer engines prune no volume that has a name
    server.docker("volume", "prune", "--force")


async def ask(cast: Cast, person: Person, text: str) -> Message:
    await person.says(text)
    return await next_answer(cast, person)


def told(reply: Message, *names: str) -> list[str]:
    """What stands behind the times about these, newest first; each alone, though others may share its line."""
    found = []
    for line in reply.text.splitlines():
        who, colon, what = line.partition(" ")[2].partition(": ")
        symbol, space, rest = who.partition(" ") if who[:1] in SYMBOLS else ("", "", who)
        found += [f"{symbol}{space}{name}: {what}" for name in rest.split(", ") if colon and name in names]
    return found


async def a_moment() -> str:
    """As somebody of the team would type it. What another test has left is removed in an earlier second."""
    await asyncio.sleep(1)
    return datetime.now(ZoneInfo("Asia/Almaty")).strftime("%Y-%m-%dT%H:%M:%S")


def make_anew(server: Server, name: str) -> None:
    """As Compose does it."""
    until_free = f"0123456789ab_{name}"
    server.docker("create", f"--name={until_free}", server.team[0].image, "sleep", "1000")
    server.docker("stop", name)
    server.docker("rm", name)
    server.docker("rename", until_free, name)
    server.docker("start", name)


def act(server: Server) -> None:
    """A bad day."""
    docker = server.docker
    docker("restart", "directus")
    server.wait_health("directus", "healthy")
    server.run_container("shop")
    server.run_container("site")
    server.run_container("worker", "sh", "-c", "sleep 0.3; exit 3", restart="on-failure:2")
    server.run_container("hog", "sh", "-c", _HOG, extra=["--memory=8m"])
    docker("pause", "pgadmin")
    docker("unpause", "pgadmin")
    docker("kill", "pgadmin")
    docker("rename", "shop", "store")
    docker("rm", "--force", "store")
    docker("run", "--rm", "--name=job", server.team[0].image, "true")
    make_anew(server, "site")
    docker("network", "create", "back")
    docker("volume", "create", "pgdata")
    docker("kill", "--signal=HUP", "traefik")
    wait_for_the_last_fall(server, "hog", "0 exited")
    wait_for_the_last_fall(server, "worker", "2 exited")
    time.sleep(2)  # an engine tells its time in whole seconds


def wait_for_the_last_fall(server: Server, name: str, wanted: str) -> None:
    for _ in range(200):
        if server.docker("inspect", "--format={{.RestartCount}} {{.State.Status}}", name).strip() == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"{name} did not come to {wanted}")


async def test_what_happened(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    since = await a_moment()
    async with running(setup(*lab.servers.values())):
        await asyncio.to_thread(act, server)
        reply = await ask(cast, cast.aigerim, f"/events server2 {since}")
    assert reply.text.startswith("🔴 Trouble on server2: ")
    (restart,) = [line for line in told(reply, "directus") if "restarted" in line]
    assert restart.startswith("🟢 directus: restarted in ")
    assert ", healthy after " in restart
    fall, began = told(reply, "worker")
    assert fall.startswith("🔴 worker: died, exit 3, 3 times since ")
    assert began.startswith("🟢 worker: created and started")
    assert told(reply, "hog")[0] == "🔴 hog: died, exit 137, out of memory"
    killed, paused, *_ = told(reply, "pgadmin")
    assert killed == "🔴 pgadmin: was killed by SIGKILL, exit 137"
    assert paused.startswith("🟢 pgadmin: paused for ")
    assert told(reply, "store") == ["⚪ store: was removed", "store: renamed, was shop"]
    assert (
        told(reply, "job") == ["⚪ job: ran for 0.1 s, then removed"]
        or "then removed" in told(reply, "job")[0]
    )
    assert told(reply, "back", "pgdata") == ["pgdata: volume created", "back: network created"]
    assert told(reply, "traefik")[0] == "traefik: was sent SIGHUP"
    assert "joined" not in reply.text, "a container's networks come and go with it"
    assert "server1" not in reply.text
    assert {"worker ▸", "hog ▸", "pgadmin ▸"} <= set(labels(reply))


@pytest.mark.long
async def test_a_network_joined_by_hand(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    server.docker("network", "create", "back")
    server.run_container("shop")
    await asyncio.sleep(11)  # what comes sooner belongs to its start
    server.docker("network", "connect", "back", "shop")
    async with running(setup(server)):
        reply = await ask(cast, cast.aigerim, "/events 1h")
    assert told(reply, "shop")[0] == "shop: joined network back"
    server.docker("rm", "--force", "shop")  # or the network could not be removed


async def test_a_viewer_hears_of_what_is_in_scope_alone(
    lab: Lab, server: Server, cast: Cast, setup: Make
) -> None:
    server.docker("network", "create", "back")
    server.docker("restart", "directus", "pgadmin")
    async with running(setup(*lab.servers.values())):
        reply = await ask(cast, cast.student, "/events")
        assert told(reply, "directus")[0].startswith("🟢 directus: restarted in ")
        assert not {"pgadmin", "back", "server1", "image"} & set(reply.text.replace(":", " ").split())
        for host in ("server1", "server7"):
            reply = await ask(cast, cast.student, f"/events {host}")
            assert reply.text == f'No host "{host}".' or reply.text.startswith(
                f'No host "{host}". Did you mean:'
            )
            assert "server1" not in labels(reply)
        server.docker("rm", "--force", "directus")
        reply = await ask(cast, cast.student, "/events SERVER2")
        assert told(reply, "directus")[0] == "⚪ directus: was removed", "nothing of it is left but the news"


async def test_a_pulled_cable_is_a_line(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    server.docker("restart", "directus")
    async with running(setup(*lab.servers.values())):
        await ask(cast, cast.aigerim, "/events")
        await asyncio.to_thread(lab.servers["server1"].pull_cable)
        began = time.monotonic()
        reply = await ask(cast, cast.aigerim, "/events")
        assert time.monotonic() - began < 2
        assert "⚠️ server1: no contact since " in reply.text
        assert told(reply, "directus")[0].startswith("🟢 directus: restarted in ")
        began = time.monotonic()
        assert (await ask(cast, cast.student, "/events")).text.count("server1") == 0
        assert time.monotonic() - began < 2


async def test_buttons_lead_on(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        reply = await ask(cast, cast.aigerim, "/events 30m")
        assert reply.buttons[-2] == ["1 h", "6 h", "24 h"]
        assert sorted(reply.buttons[-1]) == ["server1 ▸", "server2 ▸", "↻"]
        began = since(reply)
        await cast.aigerim.presses(reply, "server2 ▸")
        await cast.telegram.until(lambda: "‹ All hosts" in labels(reply))
        assert "server1" not in reply.text
        assert since(reply) == began, "the same time"
        server.docker("restart", "directus")
        await cast.aigerim.presses(reply, "↻")
        await cast.telegram.until(lambda: "directus: restarted" in reply.text)
        await cast.aigerim.presses(reply, "24 h")
        await cast.telegram.until(lambda: since(reply) != began)
        assert labels(reply)[-4:] == ["1 h", "6 h", "‹ All hosts", "↻"]
        assert "Docker remembers only since " in reply.text, "it was started just now"


def since(reply: Message) -> str:
    """The time that the first line names; what else it says is all that the servers have been through."""
    return reply.text.splitlines()[0].partition("since ")[2][: len("00:00")]


async def test_more_than_a_message_holds_comes_in_pages(
    lab: Lab, server: Server, cast: Cast, setup: Make
) -> None:
    names = [f"volume-with-a-rather-long-name-of-its-own-{number:03}" for number in range(100)]
    for name in names:
        server.docker("volume", "create", name)
    async with running(setup(server)):
        reply = await ask(cast, cast.aigerim, "/events 30m")
        seen, page = reply.text, 2
        while any(label.startswith(f"{page}/") for label in labels(reply)):
            label = next(label for label in labels(reply) if label.startswith(f"{page}/"))
            edits = len(reply.edits)
            await cast.aigerim.presses(reply, label)
            await cast.telegram.until(partial(_edited_since, reply, edits))
            seen += reply.text
            page += 1
    assert page > 2
    assert all(name in seen for name in names)


def _edited_since(reply: Message, edits: int) -> bool:
    return len(reply.edits) > edits


async def test_in_russian(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    since = await a_moment()
    await asyncio.to_thread(act, server)
    async with running(setup(*lab.servers.values(), language="ru")):
        reply = await ask(cast, cast.aigerim, f"/events {since} server2")
    assert reply.text.startswith("🔴 server2 · сбои: ")
    assert told(reply, "hog")[0] == "🔴 hog: падение, код 137, кончилась память"
    assert told(reply, "worker")[0].startswith("🔴 worker: падение, код 3, 3 раза с ")
    assert told(reply, "store") == ["⚪ store: удаление", "store: смена имени, прежнее: shop"]
    assert told(reply, "back", "pgdata") == ["pgdata: том создан", "back: сеть создана"]


async def test_an_engine_forgets_and_says_since_when(server: Server) -> None:
    """256 events are remembered; that it was ever started is not among them any more."""
    team = [service.name for service in server.team]

    def noise() -> None:
        for _ in range(-(-260 // len(team))):
            server.docker("kill", "--signal=USR1", *team)

    await asyncio.to_thread(noise)
    now = datetime.now(UTC)
    async with over_ssh(server) as engine:
        history = await engine.history(since=None, until=now, deadline=5)
    assert len(history.facts) <= 256
    assert {fact.deed for fact in history.facts} == {Deed.KILL}
    assert history.oldest is not None
    assert now - history.oldest < timedelta(minutes=1)


@pytest.mark.parametrize("ahead", [-3600, -5, 5, 3600])
async def test_clocks_that_differ_cost_neither_news_nor_time(server: Server, ahead: float) -> None:
    """Ours is `ahead`: the engine would wait for it, or keep its newest news back."""
    newest = server.docker("volume", "create").strip()
    await asyncio.sleep(1.1)  # an engine tells its time in whole seconds
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        began = time.monotonic()
        until = datetime.now(UTC) + timedelta(seconds=ahead)
        history = await engine.history(since=None, until=until, deadline=1.4)
    assert time.monotonic() - began < 1
    assert newest in {fact.name for fact in history.facts}


async def test_an_engine_that_hangs_is_given_up_in_time(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        await asyncio.to_thread(server.pause_docker)
        began = time.monotonic()
        with pytest.raises(HostError):
            await engine.history(since=None, until=datetime.now(UTC), deadline=1)
        assert time.monotonic() - began < 1.5
        await until_silent(engine, Silence.ENGINE)
        await asyncio.to_thread(server.resume_docker)


async def test_a_host_that_there_is_not_leads_to_the_news_of_one(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        reply = await ask(cast, cast.aigerim, "/events servr2 6h")
        assert reply.text == 'No host "servr2". Did you mean:' and reply.buttons[0][0] == "server2"
        await cast.aigerim.presses(reply, "server2")
        await cast.telegram.until(lambda: not reply.text.startswith("No host"))
        assert "server1" not in reply.text
        reply = await ask(cast, cast.aigerim, "/events directus")
        assert (reply.text, reply.buttons) == ('No host "directus".', [["All hosts"]])
        await cast.aigerim.presses(reply, "All hosts")
        await cast.telegram.until(lambda: "server1" in reply.text and "server2" in reply.text)
