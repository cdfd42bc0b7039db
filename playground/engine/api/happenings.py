"""`GET /events`."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from playground.engine.api import filtering, parameters
from playground.engine.api.answering import JSON, stream
from playground.engine.clock import FOREVER, SECOND
from playground.engine.events import Event
from playground.engine.host import Host
from playground.engine.refusal import Refused


async def read_events(request: web.Request, host: Host) -> web.StreamResponse:
    query = request.query
    since, until = parameters.moment(query, "since"), parameters.moment(query, "until")
    if query.get("since") and until and since > until:
        words = f"`since` time ({query['since']}) cannot be after `until` time ({query['until']})"
        raise Refused(400, words)
    wanted = parameters.filters(query)
    remembers = bool(query.get("since")) or until > 0
    return await stream(request, _events(host, since if remembers else FOREVER, until, wanted), JSON)


async def _events(host: Host, since: int, until: int, wanted: parameters.Filters) -> AsyncIterator[bytes]:
    """until: 0 is never. A moment that is still to come is waited for."""
    with host.events.listening() as heard:
        for event in host.events.remembered(since, until or FOREVER):
            if filtering.lets_event(wanted, event):
                yield _line(event)
        while not until or host.clock.now() < until:
            heard_now = await _next(host, heard, until)
            if heard_now and filtering.lets_event(wanted, heard_now):
                yield _line(heard_now)


async def _next(host: Host, heard: "asyncio.Queue[Event]", until: int) -> Event | None:
    """None when there is no time left."""
    if not until:
        return await heard.get()
    async with asyncio.TaskGroup() as group:
        hearing = group.create_task(heard.get())
        waiting = group.create_task(host.clock.sleep((until - host.clock.now()) / SECOND))
        await asyncio.wait({hearing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        hearing.cancel()
        waiting.cancel()
    return None if hearing.cancelled() else hearing.result()


def _line(event: Event) -> bytes:
    return msgspec.json.encode(event.answer()) + b"\n"
