"""The simulated Traefik and a real one, by the same tests: what the bot may rely on in a demo is true of both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import aiohttp
import pytest

from services.domain.routing import Backend, EntryPoint, Protocol, Router, RouterTls, Routing
from services.errors import ApiError, ApiRefusedLogin
from services.traefik import open_traefik
from tests.contract import traefik_stages
from tests.contract.traefik_stages import Stage, settled

KINDS = ["simulated", pytest.param("real", marks=pytest.mark.lab)]
ROUTED = {"dashboard", "directus", "dozzle", "pgadmin", "portainer"}


async def _stage(request: pytest.FixtureRequest, home: Path, login: str = "") -> AsyncIterator[Stage]:
    if request.param == "simulated":
        async with traefik_stages.simulated(login) as simulated:
            yield simulated
        return
    server = request.getfixturevalue("lab").servers["server2"]
    await asyncio.to_thread(server.wait_health, "directus", "healthy")
    async with traefik_stages.real(server, home, login) as real:
        yield real


@pytest.fixture(params=KINDS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async for each in _stage(request, tmp_path):
        yield each


@pytest.fixture(params=KINDS)
async def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Its API wants `team` and `test`."""
    async for each in _stage(request, tmp_path, "team:test"):
        yield each


def there(routing: Routing) -> set[str]:
    """Names of the containers' routers."""
    return {each.name.partition("@")[0] for each in routing.routers if each.provider == "docker"}


def complete(routing: Routing) -> bool:
    return there(routing) == ROUTED


def router(routing: Routing, name: str) -> Router:
    return next(each for each in routing.routers if each.name == name)


async def test_what_is_routed_where(stage: Stage) -> None:
    routing = await settled(stage, complete)
    directus = router(routing, "directus@docker")
    assert directus == Router(
        Protocol.HTTP, "directus@docker", "docker", "Host(`dir.tapbot.kz`)", "directus@docker",
        ("websecure",), (), RouterTls("letsencrypt"),
    )  # fmt: skip
    service = routing.service_of(directus)
    assert service is not None
    assert service.servers == (Backend(f"http://{await stage.address('directus')}:80", up=True),)
    assert service.used_by == ("directus@docker",)
    dashboard = router(routing, "dashboard@docker")
    assert (dashboard.service, dashboard.middlewares) == ("api@internal", ("dashboard-login@docker",))
    kinds = {each.name: (each.kind, each.asks_for_login) for each in routing.middlewares}
    assert kinds["dozzle-login@docker"] == ("basicauth", True)


async def test_plain_http_is_sent_to_https(stage: Stage) -> None:
    routing = await settled(stage, complete)
    points = {each.name: each for each in routing.entry_points}
    assert points.keys() >= {"web", "websecure", "traefik"}
    web = points["web"]
    assert web == EntryPoint("web", web.address, Protocol.TCP, web.port, "websecure", "https")
    assert not points["websecure"].redirects_to


async def test_of_what_does_not_run_nothing_is_left(stage: Stage) -> None:
    await settled(stage, complete)
    await stage.stop("dozzle")
    routing = await settled(stage, lambda each: there(each) == ROUTED - {"dozzle"})
    names = {each.name for each in routing.services} | {each.name for each in routing.middlewares}
    assert not {name for name in names if name.startswith("dozzle")}
    await stage.start("dozzle")
    await settled(stage, complete)


async def test_of_what_is_not_well_nothing_is_left(stage: Stage) -> None:
    await settled(stage, complete)
    await stage.sicken("directus")
    routing = await settled(stage, lambda each: there(each) == ROUTED - {"directus"})
    assert "directus@docker" not in {each.name for each in routing.services}


async def test_of_what_is_paused_nothing_is_left(stage: Stage) -> None:
    await settled(stage, complete)
    await stage.pause("pgadmin")
    await stage.stop("dozzle")  # a pause alone Traefik does not hear of
    await settled(stage, lambda each: there(each) == ROUTED - {"pgadmin", "dozzle"})


async def test_what_leads_to_traefik_itself_is_told_by_who_uses_it(stage: Stage) -> None:
    await settled(stage, complete)
    await stage.stop("traefik")
    routing = await settled(stage, lambda each: "dashboard" not in there(each))
    (own,) = (each for each in routing.services if each.name == "api@internal")
    assert "dashboard@docker" not in own.used_by


async def test_pages(stage: Stage) -> None:
    everything = {each.name for each in (await settled(stage, complete)).routers}
    seen: list[str] = []
    page = 1
    async with aiohttp.ClientSession(stage.url) as session:
        for _ in range(len(everything)):
            async with session.get(f"/api/http/routers?page={page}&per_page=2") as answer:
                assert answer.headers["Content-Type"] == "application/json"
                seen += [row["name"] for row in await answer.json()]
                page = int(answer.headers["X-Next-Page"])
            if page == 1:
                break
    assert sorted(seen) == sorted(everything)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/ping", 200, "OK"),
        ("/api/http/routers?page=9", 400, '{"message":"invalid request: page: 9, per_page: 100"}\n'),
        ("/api/http/routers?page=x", 400, '{"message":"invalid request: page: 0"}\n'),
        ("/api/http/routers?per_page=0", 400, '{"message":"invalid request: per_page: 0"}\n'),
        ("/api/http/routers?page=-1", 400, '{"message":"invalid request: page: -1"}\n'),
        ("/api/certificates?page=3", 400, '{"message":"invalid request: page: 3, per_page: 100"}\n'),
        ("/api/http/routers/none@docker", 404, '{"message":"router not found: none@docker"}\n'),
        ("/api/tcp/services/none", 404, '{"message":"service not found: none"}\n'),
        ("/api/http/middlewares/none", 404, '{"message":"middleware not found: none"}\n'),
        ("/api/entrypoints/none", 404, '{"message":"entry point not found: none"}\n'),
        ("/api/udp/middlewares", 404, "404 page not found\n"),
        ("/api/nothing", 404, "404 page not found\n"),
    ],
)
async def test_what_is_said_to_odd_requests(stage: Stage, path: str, status: int, says: str) -> None:
    async with aiohttp.ClientSession(stage.url) as session, session.get(path) as answer:
        assert (answer.status, await answer.text()) == (status, says)
        if status >= 400:
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_one_of_them_and_the_sum(stage: Stage) -> None:
    routing = await settled(stage, complete)
    async with aiohttp.ClientSession(stage.url) as session:
        async with session.get("/api/http/routers/directus@docker") as answer:
            assert (await answer.json())["rule"] == "Host(`dir.tapbot.kz`)"
        async with session.get("/api/overview") as answer:
            overview = await answer.json()
    assert overview["http"]["routers"] == {"total": len(routing.routers), "warnings": 0, "errors": 0}
    assert "middlewares" not in overview["udp"]


async def test_a_password_is_asked_for(guarded: Stage) -> None:
    async with open_traefik(guarded.url, "team", "test") as traefik, asyncio.timeout(10):
        while not await _answers(traefik.version()):
            await asyncio.sleep(0.05)
        assert (await traefik.version()).startswith("3.")
    for login in (("team", "wrong"), ("", "")):
        async with open_traefik(guarded.url, *login) as traefik:
            with pytest.raises(ApiRefusedLogin):
                await traefik.routing()
    async with aiohttp.ClientSession(guarded.url) as session:
        async with session.get("/api/version") as answer:
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="traefik"'
            assert await answer.text() == "401 Unauthorized\n"
        async with session.get("/ping") as answer:
            assert answer.status == 200


async def _answers(asking: Awaitable[str]) -> bool:
    try:
        await asking
    except ApiError:
        return False
    return True
