"""`/routes` on real servers behind real Traefiks: trouble first, one route in full, and to each only what is his."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playground.telegram import Message, Person
from services.domain.containers import key_of
from services.routes import routes
from services.traefik import open_traefik
from tests.bots import AIGERIM, OPS, STUDENT, Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.servers import Lab
from tests.lab.traefik import TraefikServer

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

EXPECTED: tuple[dict[str, Any], ...] = (
    {"domain": "dir.tapbot.kz", "host": "server2", "service": "directus", "port": 80},
    {"domain": "pg.tapbot.kz", "host": "server2", "service": "pgadmin", "port": 80},
    {"domain": "traefik2.tapbot.kz", "host": "server2", "service": "traefik", "port": 8080},
    {"domain": "logs2.tapbot.kz", "host": "server2", "service": "dozzle", "port": 8080},
    {"domain": "portainer2.tapbot.kz", "host": "server2", "service": "portainer", "port": 9000},
    {"domain": "n8n.tapbot.kz", "host": "server1", "service": "n8n", "port": 5678},
    {
        "domain": "redis1.tapbot.kz",
        "host": "server1",
        "service": "redis-commander",
        "port": 8081,
        "state": "planned",
    },
    {"domain": "traefik1.tapbot.kz", "host": "server1", "service": "traefik", "port": 8080},
    {
        "domain": "grafana.tapbot.kz",
        "host": "server1",
        "service": "grafana",
        "port": 3000,
        "state": "planned",
    },
)
# Containers of the lab with a domain in their labels.
ROUTED = {"server1": 2, "server2": 5}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time where it is not about that."""
    monkeypatch.setattr(routes, "DEADLINE", 10.0)
    monkeypatch.setattr(routes, "SHORT_DEADLINE", 10.0)


@pytest.fixture
def traefiks(lab: Lab, tmp_path: Path) -> Iterator[Mapping[str, TraefikServer]]:
    """One for each server, which finds its containers by their labels."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                TraefikServer(
                    tmp_path / name,
                    {},
                    _resolver(tmp_path / f"{name}.json"),
                    docker_socket=server.docker_socket,
                )
            )
            for name, server in lab.servers.items()
        }


def _resolver(storage: Path) -> dict[str, Any]:
    """The one that the labels name; it gets no certificates here."""
    acme = {
        "email": "admin@tapbot.kz",
        "storage": str(storage),
        "caServer": "https://127.0.0.1:1/",
        "tlsChallenge": {},
    }
    return {"certificatesResolvers": {"letsencrypt": {"acme": acme}}}


async def known(traefiks: Mapping[str, TraefikServer], **changes: int) -> None:
    """Until each has so many routers of its own: one for each container with a domain, unless `changes` tells."""
    for name, count in (ROUTED | changes).items():
        async with asyncio.timeout(15), open_traefik(traefiks[name].url) as traefik:
            while sum(each.provider != "internal" for each in (await traefik.routing()).routers) != count:
                await asyncio.sleep(0.1)


@pytest.fixture
def behind(lab: Lab, traefiks: Mapping[str, TraefikServer], setup: Make) -> Make:
    """A setup of both servers with their Traefiks, and the team's table of routes."""

    def make(**more: Any) -> Setup:
        settings = {"routes": list(EXPECTED)} | more.pop("more", {})
        made = setup(*lab.servers.values(), more=settings, **more)
        hosts = {
            name: {**host, "traefik": {"url": traefiks[name].url}} if name in traefiks else host
            for name, host in made.hosts.items()
        }
        return replace(made, hosts=hosts)

    return make


async def ask(cast: Cast, person: Person, text: str) -> Message:
    await person.says(text)
    return await next_answer(cast, person)


async def turned(cast: Cast, person: Person, message: Message, label: str) -> None:
    """Presses, and waits until the message has been made anew."""
    edits = len(message.edits)
    await person.presses(message, label)
    await cast.telegram.until(lambda: len(message.edits) > edits, what=f"{label} turns the message")


def seen(message: Message) -> list[str]:
    """Without the unseen signs that keep names from being links."""
    return message.text.replace("\u2060", "").splitlines()


ALL_WELL = [
    "🟢 All routes fine: 7",
    "",
    "server1",
    "🟢 2 fine",
    "n8n.tapbot.kz → n8n:5678",
    "traefik1.tapbot.kz → Traefik:8080 · login",
    "⚪ 2 planned, not there yet",
    "grafana.tapbot.kz → grafana:3000",
    "redis1.tapbot.kz → redis-commander:8081",
    "",
    "server2",
    "🟢 5 fine",
    "dir.tapbot.kz → directus:80",
    "logs2.tapbot.kz → dozzle:8080 · login",
    "pg.tapbot.kz → pgadmin:80",
    "portainer2.tapbot.kz → portainer:9000",
    "traefik2.tapbot.kz → Traefik:8080 · login",
]


async def test_all_is_well(cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]) -> None:
    await known(traefiks)
    async with running(behind()):
        reply = await ask(cast, cast.aigerim, "/routes")
        assert seen(reply)[:-2] == ALL_WELL
        assert reply.buttons == [["server1 ▸", "server2 ▸", "↻"]]
        await turned(cast, cast.aigerim, reply, "server2 ▸")
        assert "server1" not in reply.text
        assert reply.buttons[-1] == ["‹ All hosts", "↻"]
        assert {"dir.tapbot.kz ▸", "traefik2.tapbot.kz ▸"} <= set(labels(reply))
        await turned(cast, cast.aigerim, reply, "‹ All hosts")
        assert seen(reply)[:-2] == ALL_WELL
        assert cast.aigerim.chat.sent == [reply]


async def test_trouble_leads_to_its_card_and_back(
    lab: Lab, cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    lab.servers["server2"].docker("kill", "directus")
    await known(traefiks, server2=4)
    async with running(behind()):
        reply = await ask(cast, cast.dias, "/routes")
        lines = seen(reply)
        assert lines[:3] == ["🔴 1 of 7 routes needs you", "", "server2 · 1 of 5 needs you"]
        assert lines[3].startswith(
            "🔴 dir.tapbot.kz → directus:80 · no live server, its container: down since "
        )
        assert lines[3].endswith(", exit 137")
        assert reply.buttons[0] == ["dir.tapbot.kz ▸"]
        await turned(cast, cast.dias, reply, "dir.tapbot.kz ▸")
        lines = seen(reply)
        assert lines[:2] == ["🔴 dir.tapbot.kz on server2: no live server", "→ directus:80"]
        assert lines[2].startswith("🔴 directus: down since ")
        assert reply.buttons == [["Logs", "Start", "directus ▸"], ["‹ Routes", "↻"]]
        await cast.dias.presses(reply, "Start")
        await next_answer(cast, cast.dias)
        await asyncio.to_thread(lab.servers["server2"].wait_health, "directus", "healthy")
        await known(traefiks)
        await turned(cast, cast.dias, reply, "↻")
        assert seen(reply)[0] == "🟢 dir.tapbot.kz on server2: fine"
        assert reply.buttons[0] == ["Logs", "Restart", "directus ▸"]
        await turned(cast, cast.dias, reply, "‹ Routes")
        assert seen(reply)[:-2] == ALL_WELL


async def test_one_route_in_full(
    lab: Lab, cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    lab.servers["server2"].run_container(
        "wiki",
        labels={
            "traefik.enable": "true",
            "traefik.http.routers.wiki.rule": "Host(`wiki.tapbot.kz`)",
            "traefik.http.routers.wiki.entrypoints": "websecure",
            "traefik.http.routers.wiki.tls": "true",
            "traefik.http.routers.wiki.middlewares": "team,squeeze",
            "traefik.http.middlewares.team.basicauth.users": "anna:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/",
            "traefik.http.middlewares.squeeze.compress": "true",
            "traefik.http.services.wiki.loadbalancer.server.port": "3000",
        },
    )
    await known(traefiks, server2=6)
    async with running(behind()):
        for typed in ("wiki.tapbot.kz", "https://wiki.tapbot.kz/start", "WIKI", "server2/wiki"):
            reply = await ask(cast, cast.aigerim, f"/routes {typed}")
            assert seen(reply)[:-1] == [
                "🟡 wiki.tapbot.kz on server2: not in the settings",
                "→ wiki:3000 · 1 of 1 server up",
                seen(reply)[2],
                f"websecure :{traefiks['server2'].websecure} · TLS, certificate of a file or Traefik's own",
                "Login: BasicAuth",
                "Middlewares: Compress",
                "Router wiki@docker: Host(`wiki.tapbot.kz`)",
            ]
            assert seen(reply)[2].startswith("🟢 wiki: running")
            assert reply.buttons == [
                ["Logs", "Restart", "wiki ▸"], ["wiki.tapbot.kz ↗", "Check"], ["‹ Routes", "↻"],
            ]  # fmt: skip
        assert "apr1" not in reply.text
        await cast.aigerim.presses(reply, "wiki ▸")
        assert (await next_answer(cast, cast.aigerim)).text.startswith("🟢 wiki on server2: ")
        await cast.aigerim.presses(reply, "Restart")
        assert (await next_answer(cast, cast.aigerim)).text.startswith("Restart wiki on server2?")


async def test_what_traefik_itself_complains_of(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    broken = {"rule": "Host(`broken.tapbot.kz`)", "service": "nowhere", "tls": {}}
    traefiks["server2"].route({"http": {"routers": {"broken": broken}}})
    await known(traefiks, server2=6)
    async with running(behind(more={"routes": []})):
        reply = await ask(cast, cast.aigerim, "/routes")
        line = next(line for line in seen(reply) if "broken" in line)
        assert (
            line
            == '🔴 broken.tapbot.kz → nowhere · Traefik refuses it: the service "nowhere@file" does not exist'
        )
        reply = await ask(cast, cast.aigerim, "/routes broken")
        assert seen(reply)[0] == "🔴 broken.tapbot.kz on server2: Traefik refuses it"
        assert 'Traefik says: the service "nowhere@file" does not exist' in seen(reply)


async def test_a_near_miss_is_offered(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    await known(traefiks)
    async with running(behind()):
        reply = await ask(cast, cast.aigerim, "/routes dr.tapbot.kz")
        assert seen(reply) == ['No route "dr.tapbot.kz". Did you mean:']
        assert labels(reply) == ["dir.tapbot.kz"]
        await turned(cast, cast.aigerim, reply, "dir.tapbot.kz")
        assert seen(reply)[0] == "🟢 dir.tapbot.kz on server2: fine"
        reply = await ask(cast, cast.aigerim, "/routes traefik")
        assert seen(reply) == ['Several routes fit "traefik". Which one?']
        assert labels(reply) == ["traefik1.tapbot.kz", "traefik2.tapbot.kz"]
        reply = await ask(cast, cast.aigerim, "/routes srever1")
        assert labels(reply)[0] == "server1"
        await turned(cast, cast.aigerim, reply, "server1")
        assert seen(reply)[0] == "🟢 All routes fine: 2"
        reply = await ask(cast, cast.aigerim, "/routes qqqqqqqq.example.org")
        assert (seen(reply), reply.buttons) == (['No route "qqqqqqqq.example.org".'], [["Routes"]])
        reply = await ask(cast, cast.aigerim, "/routes a b")
        assert reply.text == 'One name is enough; "b" was not understood.'


async def test_a_viewer_sees_the_routes_of_the_scope_alone(
    lab: Lab, cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    lab.servers["server2"].docker("kill", "pgadmin")
    await known(traefiks, server2=4)
    async with running(behind()):
        reply = await ask(cast, cast.student, "/routes")
        assert seen(reply)[:-2] == [
            "🟢 All routes fine: 1", "", "server2", "🟢 1 fine", "dir.tapbot.kz → directus:80",
        ]  # fmt: skip
        assert labels(reply) == ["dir.tapbot.kz ▸", "↻"]
        await turned(cast, cast.student, reply, "dir.tapbot.kz ▸")
        assert reply.buttons[0] == ["Logs", "directus ▸"], "no Restart for a viewer"
        hidden = await ask(cast, cast.student, "/routes server1")
        nowhere = await ask(cast, cast.student, "/routes server7")
        assert hidden.text.replace("server1", "server7") == nowhere.text
        assert hidden.buttons == nowhere.buttons
        reply = await ask(cast, cast.student, "/routes pg.tapbot.kz")
        assert "pg.tapbot.kz" not in labels(reply)
        assert seen(reply)[0].startswith('No route "pg.tapbot.kz".')
        for word in ("pgadmin", "n8n", "grafana.tapbot.kz"):
            reply = await ask(cast, cast.student, f"/routes {word}")
            assert seen(reply)[0].startswith(f'No route "{word}".'), word


async def test_a_press_never_shows_a_group_more(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    """The message shows the asker's scope within the chat's; whoever presses sees no more there."""
    await known(traefiks)
    chats = ({"id": OPS, "scope": ["*/directus", "*/pgadmin"]},)
    async with running(behind(chats=chats)):
        await cast.aigerim.says("/routes", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        assert seen(reply)[:-2] == [
            "🟢 All routes fine: 2", "", "server2", "🟢 2 fine",
            "dir.tapbot.kz → directus:80", "pg.tapbot.kz → pgadmin:80",
        ]  # fmt: skip
        await cast.student.presses(reply, "pg.tapbot.kz ▸")
        own = await cast.telegram.next_message(cast.ops)
        assert "pgadmin" not in own.text
        await cast.student.presses(reply, "dir.tapbot.kz ▸")
        own = await cast.telegram.next_message(cast.ops)
        assert seen(own)[0] == "🟢 dir.tapbot.kz on server2: fine"
        assert seen(reply)[0] == "🟢 All routes fine: 2", "others keep what they read"
        await turned(cast, cast.dias, reply, "pg.tapbot.kz ▸")
        assert seen(reply)[0] == "🟢 pg.tapbot.kz on server2: fine"


async def test_in_russian(lab: Lab, cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]) -> None:
    lab.servers["server2"].docker("kill", "directus")
    await known(traefiks, server2=4)
    async with running(behind(language="ru")):
        reply = await ask(cast, cast.aigerim, "/routes")
        lines = seen(reply)
        assert lines[:3] == ["🔴 1 из 7 маршрутов требует внимания", "", "server2 · 1 из 5 требует внимания"]
        assert lines[3].startswith(
            "🔴 dir.tapbot.kz → directus:80 · нет живых бэкендов, контейнер: не работает с "
        )
        await turned(cast, cast.aigerim, reply, "dir.tapbot.kz ▸")
        assert seen(reply)[0] == "🔴 dir.tapbot.kz · server2: нет живых бэкендов"
        assert reply.buttons == [["Логи", "Запустить", "directus ▸"], ["‹ Маршруты", "↻"]]


async def test_a_traefik_that_is_gone_is_told_and_delays_nobody(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    await known(traefiks)
    async with running(behind()):
        await ask(cast, cast.aigerim, "/routes")
        traefiks["server1"].stop()
        began = time.monotonic()
        reply = await ask(cast, cast.aigerim, "/routes")
        assert time.monotonic() - began < 5
        lines = seen(reply)
        assert lines[0] == "⚠️ Routes not known: server1"
        assert lines[2] == "⚠️ server1: Traefik cannot be reached: is it running, and is its address right?"
        assert "dir.tapbot.kz → directus:80" in lines, "the other one is told of"
        began = time.monotonic()
        card = await ask(cast, cast.aigerim, "/status n8n")
        assert time.monotonic() - began < 5
        assert "Domains: n8n.tapbot.kz" in card.text
        reply = await ask(cast, cast.aigerim, "/routes n8n.tapbot.kz")
        assert seen(reply)[0] == "⚠️ n8n.tapbot.kz on server1: not known, Traefik cannot be asked now"
        assert reply.buttons[0] == ["Logs", "Restart", "n8n ▸"], "what can be done, can be done still"
        reply = await ask(cast, cast.aigerim, "/routes server1")
        assert reply.buttons == [["‹ All hosts", "server1 ▸", "↻"]]
        await turned(cast, cast.aigerim, reply, "server1 ▸")
        assert "traefik" in reply.text, "whether its container runs is one tap away"


async def test_a_traefik_that_hangs_delays_nobody(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "DEADLINE", 0.9)
    monkeypatch.setattr(routes, "SHORT_DEADLINE", 3.0)
    await known(traefiks)
    async with running(behind()):
        reply = await ask(cast, cast.aigerim, "/routes n8n")
        await ask(cast, cast.aigerim, "/status n8n")
        with traefiks["server1"].hanging():
            began = time.monotonic()
            told = await ask(cast, cast.aigerim, "/routes")
            assert time.monotonic() - began < 5
            assert seen(told)[0] == "⚠️ Routes not known: server1"
            began = time.monotonic()
            card = await ask(cast, cast.aigerim, "/status n8n")
            # The engine itself takes a second or two for its figures.
            assert time.monotonic() - began < 3.8, "it is asked beside the engine"
            assert "Domains: n8n.tapbot.kz" in card.text
            await turned(cast, cast.aigerim, reply, "↻")
            assert seen(reply)[0] == "⚠️ n8n.tapbot.kz on server1: not known, Traefik cannot be asked now"


async def test_a_containers_card_tells_how_its_domains_are(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    await known(traefiks)
    async with running(behind()):
        for way in ("/status directus", f"/start c_server2_{key_of('server2', 'directus')}"):
            card = await ask(cast, cast.aigerim, way)
            assert "🟢 dir.tapbot.kz · fine" in seen(card)
            assert "Domains" not in card.text
        await turned(cast, cast.aigerim, card, "↻")
        assert "🟢 dir.tapbot.kz · fine" in seen(card)
        menu = await ask(cast, cast.aigerim, "/menu")
        await turned(cast, cast.aigerim, menu, "🟢 directus ▸")
        assert "🟢 dir.tapbot.kz · fine" in seen(menu)
        card = await ask(cast, cast.aigerim, "/status postgres")
        assert "fine" not in card.text


async def test_from_the_menu_and_back(
    cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    await known(traefiks)
    async with running(behind()):
        menu = await ask(cast, cast.aigerim, "/menu")
        await turned(cast, cast.aigerim, menu, "Routes")
        assert seen(menu)[:-2] == ALL_WELL
        await turned(cast, cast.aigerim, menu, "server2 ▸")
        await turned(cast, cast.aigerim, menu, "dir.tapbot.kz ▸")
        assert menu.buttons[-2:] == [["‹ Routes", "↻"], ["‹ Back"]]
        await turned(cast, cast.aigerim, menu, "‹ Routes")
        assert "server1" not in menu.text, "the list that led there"
        await turned(cast, cast.aigerim, menu, "‹ Back")
        assert menu.text.startswith("🟢 All well: 11\n")


async def test_a_host_without_a_traefik(
    lab: Lab, cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]
) -> None:
    made = behind()
    first, second = made.hosts["server1"], {**made.hosts["server2"], "traefik": None}
    async with running(replace(made, hosts={"server1": first, "server2": second}, more={})):
        reply = await ask(cast, cast.aigerim, "/routes server2")
        assert reply.text == "server2 has no Traefik in the settings (hosts.server2.traefik)."
        reply = await ask(cast, cast.student, "/routes server2")
        assert reply.text == 'No route "server2".'
        card = await ask(cast, cast.aigerim, "/status directus")
        assert "Domains: dir.tapbot.kz" in card.text


async def test_no_traefik_at_all(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        reply = await ask(cast, cast.aigerim, "/routes")
        assert reply.text == "No host has a Traefik in the settings (hosts.NAME.traefik)."
        card = await ask(cast, cast.aigerim, "/status directus")
        assert "Domains: dir.tapbot.kz" in card.text


async def test_five_hundred_routes(cast: Cast, behind: Make, traefiks: Mapping[str, TraefikServer]) -> None:
    routers = {
        f"s{number}": {
            "rule": f"Host(`s{number:03}.tapbot.kz`)",
            "service": "s",
            **({"tls": {}} if number % 50 else {}),
        }
        for number in range(500)
    }
    services = {"s": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:9"}]}}}
    traefiks["server1"].route({"http": {"routers": routers, "services": services}})
    await known(traefiks, server1=502)
    users = (
        {"id": AIGERIM, "name": "Aigerim", "role": "admin"},
        {"id": STUDENT, "name": "S", "role": "viewer"},
    )
    async with running(behind(users=users, more={"routes": []})):
        reply = await ask(cast, cast.aigerim, "/routes server1")
        assert "server1" in seen(reply)
        names = set[str]()
        for page in range(2, 99):
            names |= {line.partition(" → ")[0].split()[-1] for line in seen(reply) if " → " in line}
            following = next((label for label in labels(reply) if label.startswith(f"{page}/")), None)
            if following is None:
                break
            await turned(cast, cast.aigerim, reply, following)
        assert {f"s{number:03}.tapbot.kz" for number in range(500)} <= names
        assert cast.aigerim.chat.sent == [reply]
