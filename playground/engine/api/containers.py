"""What is asked about one container, and done to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

from playground.engine.api import logs, parameters
from playground.engine.api.answering import JSON, json_answer, stream
from playground.engine.api.inspection import inspection
from playground.engine.api.statistics import sample
from playground.engine.clock import SECOND
from playground.engine.container import Container
from playground.engine.host import Host
from playground.engine.life import Life
from playground.engine.refusal import NotModified, Refused

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"

Act = Callable[[Life, parameters.Query], Awaitable[None]]


async def inspect(request: web.Request, host: Host) -> web.StreamResponse:
    return json_answer(inspection(host, _named(request, host)))


async def read_logs(request: web.Request, host: Host) -> web.StreamResponse:
    asked = logs.LogsAsked.of(request.query)
    container = _named(request, host)
    if container.spec.log_driver == "none":
        raise Refused(501, logs.UNREADABLE)
    kind = RAW if container.spec.tty else MULTIPLEXED
    return await stream(request, logs.buffers(container, asked, host.clock), kind)


async def read_stats(request: web.Request, host: Host) -> web.StreamResponse:
    goes_on = parameters.flag(request.query, "stream", "true")
    once = parameters.flag(request.query, "one-shot")
    if goes_on and once:
        raise Refused(400, "cannot have stream=true and one-shot=true")
    container = _named(request, host)
    if goes_on:
        return await stream(request, _samples(host, container), JSON)
    before = 0
    if container.alive and not once:
        before = host.clock.now()
        await host.clock.sleep(1)
    return json_answer(sample(host, container, before, host.clock.now()))


async def _samples(host: Host, container: Container) -> AsyncIterator[bytes]:
    before = 0
    while True:
        now = host.clock.now()
        yield msgspec.json.encode(sample(host, container, before, now)) + b"\n"
        before = now
        await host.clock.sleep(1 - (host.clock.now() - now) / SECOND)


async def remove(request: web.Request, host: Host) -> web.StreamResponse:
    container = _named(request, host)
    if parameters.flag(request.query, "force"):
        host.remove(container)
    else:
        host.clear(container)
    return web.Response(status=204)


def _named(request: web.Request, host: Host) -> Container:
    return host.find(request.match_info["name"])


async def _start(life: Life, query: parameters.Query) -> None:
    await life.start()


async def _stop(life: Life, query: parameters.Query) -> None:
    await life.stop(parameters.whole(query, "t"))


async def _restart(life: Life, query: parameters.Query) -> None:
    await life.restart(parameters.whole(query, "t"))


async def _kill(life: Life, query: parameters.Query) -> None:
    life.kill(parameters.signal(query))


async def _pause(life: Life, query: parameters.Query) -> None:
    life.pause()


async def _unpause(life: Life, query: parameters.Query) -> None:
    life.unpause()


ACTS: dict[str, Act] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "kill": _kill,
    "pause": _pause,
    "unpause": _unpause,
}


async def act(request: web.Request, host: Host) -> web.StreamResponse:
    """It goes on to its end though the client hangs up."""
    asked = request.match_info["name"]
    what = request.match_info["act"]
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    try:
        container = host.find(asked)
        host.spawn(_carry_out(ACTS[what](host.life(container), request.query), done))
        await asyncio.shield(done)
    except NotModified:
        return web.Response(status=304)
    except Refused as refused:
        if what != "kill" or refused.status == 400:
            raise
        raise Refused(refused.status, f"Cannot kill container: {asked}: {refused.message}") from None
    return web.Response(status=204)


async def _carry_out(work: Awaitable[None], done: "asyncio.Future[None]") -> None:
    """What comes of it is for who waits, and for nobody if nobody does."""
    try:
        await work
    except (Refused, NotModified) as exc:
        if not done.cancelled():
            done.set_exception(exc)
            done.exception()
    else:
        if not done.cancelled():
            done.set_result(None)
