"""Containers' logs opened side by side. What never changes about one is asked once."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from services.domain.containers import Container, Details
from services.errors import HostError
from services.fleet.fleet import Fleet
from services.logs.source import LogSource
from services.logs.strands import Strand

_MOST_KNOWN = 1000

S = TypeVar("S", bound=Strand)


@dataclass(slots=True)
class Opened(Generic[S]):
    """strands: of those logs that can be read; a strand may fail later. failures: what stands against the others.

    details: by container, of those that have been inspected by now.
    """

    strands: list[S] = field(default_factory=list)
    failures: list[HostError] = field(default_factory=list)
    details: dict[str, Details] = field(default_factory=dict)

    @property
    def errors(self) -> list[HostError]:
        return self.failures + [strand.error for strand in self.strands if strand.error]


class Sources:
    """Whether a container has a terminal, its log driver and what it hides never change under one id."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: OrderedDict[str, LogSource] = OrderedDict()

    @asynccontextmanager
    async def opened(
        self, containers: Sequence[Container], make: Callable[[LogSource], Awaitable[S]], deadline: float
    ) -> AsyncIterator[Opened[S]]:
        """`make` may raise HostError. Inspects go on beside what is done within; behind it all details are there.

        deadline: in seconds, of an inspect.
        """
        opened = Opened[S]()
        async with asyncio.TaskGroup() as group:

            async def strand(container: Container) -> S | HostError:
                inspecting = group.create_task(self._inspect(container, deadline, opened))
                try:
                    return await make(await self._source(container, inspecting))
                except HostError as error:
                    return error

            for found in await asyncio.gather(*map(strand, containers)):
                if isinstance(found, HostError):
                    opened.failures.append(found)
                else:
                    opened.strands.append(found)
            yield opened

    async def _inspect(self, container: Container, deadline: float, opened: Opened[S]) -> HostError | None:
        engine = self._fleet.engine(container.host)
        try:
            opened.details[container.id] = details = await engine.inspect(container.id, deadline=deadline)
            if container.id not in self._known:
                self._know(container.id, LogSource.of(engine, container.name, details))
        except HostError as error:
            return error
        return None

    async def _source(self, container: Container, inspecting: "asyncio.Task[HostError | None]") -> LogSource:
        if container.id in self._known:
            self._known.move_to_end(container.id)
        elif error := await inspecting:
            raise error
        return self._known[container.id]

    def _know(self, container_id: str, source: LogSource) -> None:
        self._known[container_id] = source
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
