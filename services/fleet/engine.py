"""One host's engine: requests through the SDK on the link, streams straight from it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from services.domain.containers import Container, Details, Machine, Sample, Usage
from services.domain.events import Event
from services.domain.logs import LogQuery
from services.domain.news import History
from services.domain.stock import Kind, Stock
from services.errors import ContainerGone, EngineRefused
from services.fleet import answers, news, samples, stocked
from services.fleet.contact import Contact
from services.fleet.inventory import Inventory, taken
from services.fleet.link import Link
from services.fleet.listed import MOST_BYTES, Listed
from services.fleet.sdk import removal
from services.fleet.stocked import Protects
from services.fleet.streams import doubted, endless_lines

INSPECTS = 8  # at a time
SAMPLES = 24  # at a time: each waits for the engine, which does not work meanwhile
QUIET = 5.0  # seconds without an event, then a ping beside it tells whether contact is lost

# Engines older than API 1.41 do not know `one-shot`, and tell of two moments themselves.
_SAMPLE = "stats?stream=false&one-shot=true"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """version: of the engine, such as 20.10.24; api_version: the one spoken with it, such as 1.41."""

    version: str
    api_version: str


class DockerEngine(Contact):
    """`services.ports.Engine` over a link."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._inspects = asyncio.Semaphore(INSPECTS)
        # Apart from those: hundreds that an audit asks for must not keep a card or a restart waiting.
        self._inventories = asyncio.Semaphore(INSPECTS)
        self._samples = asyncio.Semaphore(SAMPLES)
        self._listed = Listed(link.host, self._reads)

    @property
    def link(self) -> Link:
        return self._link

    async def ping(self, *, deadline: float) -> EngineInfo:
        version = await self._read(lambda sdk: answers.version(sdk.version()), deadline)
        return EngineInfo(version, self._link.api_version)

    async def containers(self, *, deadline: float) -> Sequence[Container]:
        async with self._within(deadline):
            return await self._again(self._list)

    async def _list(self) -> Sequence[Container]:
        async with self._ask("", "containers/json?all=1") as response:
            return await self._listed.rows(await response.whole(MOST_BYTES))

    async def inspect(self, container_id: str, *, deadline: float = 5) -> Details:
        async with self._within(deadline), self._inspects:
            try:
                return answers.details(await self._again(partial(self._json, container_id, "json")))
            except EngineRefused as refusal:
                if not refusal.forbidden:
                    raise
            # A filter before the engine: what an inspection tells of environments is none of ours.
            rows = {row.id: row for row in await self._again(self._list)}
            if container_id not in rows:
                raise ContainerGone(self.host, container_id)
            return answers.assumed(rows[container_id])

    async def inventory(self, *, deadline: float) -> Inventory:
        async with self._within(deadline):
            return await self._again(partial(taken, self._ask, self._inventories))

    async def stock(self, protects: Protects, *, deadline: float) -> Stock:
        """The engine measures every volume for it, which takes its time."""
        async with self._within(deadline):
            body = await self._again(partial(self._whole, "system/df", stocked.NEWEST))
            return await asyncio.to_thread(stocked.stock, self.host, datetime.now(UTC), body, protects)

    async def remove(self, kind: Kind, identity: str, *, image: str = "", deadline: float) -> None:
        """Without force, so what is in use is refused. image: the id of the one that this name must still lead to, or
        that, being this id, must still have no name; "" asks nothing of the kind."""
        await self._act(removal(kind, identity, image), deadline, identity)

    async def usage(self, container_id: str, *, deadline: float = 5) -> Usage | None:
        """The engine itself takes one to two seconds for it."""
        async with self._within(deadline), self._ask(container_id, "stats?stream=false") as response:
            return samples.usage(await response.json())

    async def sample(self, container_id: str, *, deadline: float = 5) -> Sample | None:
        async with self._within(deadline), self._samples:
            return samples.sample(await self._again(partial(self._json, container_id, _SAMPLE)))

    async def machine(self, *, deadline: float) -> Machine:
        async with self._within(deadline):
            return samples.machine(await self._again(partial(self._json, "", "info")))

    async def restart(self, container_id: str, *, stop_timeout: int, deadline: float) -> None:
        await self._act(lambda sdk: sdk.restart(container_id, timeout=stop_timeout), deadline, container_id)

    async def stop(self, container_id: str, *, stop_timeout: int, deadline: float) -> None:
        await self._act(lambda sdk: sdk.stop(container_id, timeout=stop_timeout), deadline, container_id)

    async def start(self, container_id: str, *, deadline: float) -> None:
        await self._act(lambda sdk: sdk.start(container_id), deadline, container_id)

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        seconds = float("inf") if deadline is None else deadline
        end = asyncio.get_running_loop().time() + seconds
        async with aclosing(self._logs(container_id, query)) as buffers:
            while True:
                # A timeout around the loop would strike the reader's own code between two buffers.
                async with self._within(seconds, end):
                    data = await anext(buffers, b"")
                if not data:
                    return
                yield data

    async def _logs(self, container_id: str, query: LogQuery) -> AsyncGenerator[bytes, None]:
        async with self._ask(container_id, answers.logs_query(query)) as response:
            buffers = doubted(response, QUIET, self._doubt) if query.follow else response.body()
            async with aclosing(buffers):
                async for data in buffers:
                    yield data

    async def events(self, *, since: datetime | None) -> AsyncGenerator[Event, None]:
        async with AsyncExitStack() as stack:
            async with self._within(2 * QUIET):
                response = await stack.enter_async_context(self._ask("", answers.events_query(since)))
            async with self._within(float("inf")):  # it has no end of its own
                async for line in endless_lines(response, QUIET, self._doubt):
                    if event := answers.event(self.host, line):
                        yield event

    async def history(self, *, since: datetime | None, until: datetime, deadline: float) -> History:
        async with self._within(deadline):
            return await news.remembered(lambda what: self._ask("", what), self.host, since, until)
