"""The demo: the real bot over simulated servers and a stand-in for Telegram, with a chat page in the browser."""

import asyncio
import locale
import secrets
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

from bot.tidying import uncollected
from playground.cast import TEAM, assemble
from playground.engine.api.server import Sockets
from playground.engine.team import ENGINES, open_team
from playground.engine.world import World
from playground.internet import Internet
from playground.loopback import TRAEFIK, Loopbacks
from playground.misfortune import befall
from playground.page import About, CannotServe, Page, Place
from playground.prometheus.memory import Memory
from playground.prometheus.server import PrometheusServer
from playground.readonly import ReadOnly
from playground.ssh import SshServer
from playground.telegram import Telegram

LOCAL = "local"
REMEMBERED = 1000  # calls of the bot; a demo may run for days
_EPOCH = 1_700_000_000  # ids of a kept demo are seconds since then: behind those of any demo before


@dataclass(frozen=True, slots=True)
class Options:
    """port: 0 takes a free one. local: the socket of this machine's own engine, to be looked at as well.

    keep: the directory where the bot's store stays; None: nothing stays. trouble: seconds until something
    breaks, from when the bot is there. language: of the group, and of who has none; None: this machine's.
    """

    port: int = 8090
    local: Path | None = None
    keep: Path | None = None
    trouble: float = 20.0
    language: str | None = None


class CannotDemonstrate(Exception):
    """The text is one sentence: what is wrong, and what to do."""


async def demonstrate(options: Options, tell: Callable[[str], object]) -> None:
    """Until SIGINT or SIGTERM; `tell` is given one line, the page's address, when it can be opened.

    Raises CannotDemonstrate, alone or in a group.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    language = options.language or _own_language()
    ids_from = int(time.time()) - _EPOCH if options.keep else 0
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vakhta-demo-")))
        store = _store(options.keep or directory)
        token = f"7000000001:{secrets.token_urlsafe(26)}"
        telegram = await stack.enter_async_context(Telegram(token, ids_from=ids_from))
        telegram.server.remembers = REMEMBERED
        assemble(telegram, language)
        page = await _open_page(stack, telegram, options)
        world = await stack.enter_async_context(World())
        internet = await stack.enter_async_context(Internet(directory))
        hosts = await _open_servers(stack, world, directory, internet)
        memory = Memory(list(world.hosts.values()), internet.certificates)
        prometheus = await stack.enter_async_context(PrometheusServer(memory))
        if options.local:
            hosts[LOCAL] = {"address": f"unix://{await _open_local(stack, options.local, directory)}"}
        tell(f"Vakhta's demo: {page.url}  (Ctrl-C ends it)")
        facts = {
            "token": token,
            "api_url": telegram.url,
            "language": language,
            "store": store,
            "hosts": hosts,
            "trusted_ca": internet.authority_file,
            "prometheus": prometheus.url,
        }
        async with asyncio.TaskGroup() as group:
            loading = _load("bot.crew")
            group.create_task(_run_bot(stop, loading, facts, internet), name="bot")
            story = group.create_task(_story(telegram, world, options.trouble), name="story")
            await stop.wait()
            story.cancel()
            loading.cancel()


def _load(name: str) -> "asyncio.Future[ModuleType]":
    """To import the bot takes seconds, in which the page is there already: what is said waits for its answer.

    The thread is not waited for at the end.
    """
    loaded: Future[ModuleType] = Future()
    loaded.set_running_or_notify_cancel()

    def load() -> None:
        try:
            with uncollected():
                loaded.set_result(import_module(name))
        except ImportError as error:
            loaded.set_exception(error)

    Thread(target=load, name="import", daemon=True).start()
    return asyncio.wrap_future(loaded)


async def _run_bot(
    stop: asyncio.Event, loading: "asyncio.Future[ModuleType]", facts: dict[str, Any], internet: Internet
) -> None:
    crew = await loading
    await crew.run(stop, crew.settings_of(**facts), internet)


async def _story(telegram: Telegram, world: World, after: float) -> None:
    """It begins when the bot is there to see it."""
    while not telegram.world.updates.polled:
        await telegram.world.changes.next()
    await befall(world.hosts["server2"], after)


async def _open_page(stack: AsyncExitStack, telegram: Telegram, options: Options) -> Page:
    places = (Place("server1"), Place("server2"), *((Place(LOCAL, real=True),) if options.local else ()))
    roles = {each.id: each.role for each in TEAM if each.role}
    try:
        return await stack.enter_async_context(Page(telegram, About(roles, places), port=options.port))
    except CannotServe as error:
        raise CannotDemonstrate(str(error)) from error


async def _open_servers(
    stack: AsyncExitStack, world: World, directory: Path, internet: Internet
) -> dict[str, dict[str, Any]]:
    """The team's two; how they stand in the bot's settings."""
    sockets = await stack.enter_async_context(Sockets(directory))
    loopbacks = await stack.enter_async_context(Loopbacks(directory))
    users, ports = {}, {}
    for host in open_team(world):
        await internet.open(host)
        users[host.name] = await sockets.open(host, ENGINES[host.name])
        ports[host.name] = await loopbacks.open(host, partial(internet.certificates, host.name))
    outside = internet.listeners()
    for name in ports:
        ports[name] |= outside
    ssh = await stack.enter_async_context(SshServer(directory, users, opens=ports))
    traefik = {"url": f"http://127.0.0.1:{TRAEFIK}", "via_ssh": True}
    return {name: {**ssh.settings(name), "traefik": traefik} for name in users}


async def _open_local(stack: AsyncExitStack, socket: Path, directory: Path) -> Path:
    try:
        door = await stack.enter_async_context(ReadOnly(socket, directory / "local.sock"))
    except OSError as error:
        why = error.strerror or error
        raise CannotDemonstrate(
            f"--local: {socket} cannot be used ({why}): is Docker running, and may you use it?"
        ) from error
    return door.socket


def _store(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotDemonstrate(
            f"--keep: {directory} cannot be used ({error.strerror}): name a directory of your own"
        ) from error
    return directory.resolve() / "vakhta.db"


def _own_language() -> str:
    """That of the person at this machine, if the bot speaks it."""
    name = locale.getlocale()[0] or ""
    return "ru" if name.lower().startswith("ru") else "en"
