"""Containers' logs opened side by side. What never changes about one is asked once."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeVar

from services.domain.containers import Container, Details
from services.errors import HostError, VakhtaError
from services.fleet.fleet import Fleet
from services.logs.pages.strands import Strand
from services.logs.stream.source import LogSource
from services.outcomes import value_of
from services.ports import Engine

_MOST_KNOWN = 1000

S = TypeVar("S", bound=Strand)
Inspecting = asyncio.Task[Details | VakhtaError]
NOT_INSPECTING: Mapping[str, Inspecting] = MappingProxyType({})


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

    def assert_some(self) -> None:
        """Raises what stands against all of them."""
        if self.errors and len(self.errors) == len(self.strands) + len(self.failures):
            raise self.errors[0]


class Sources:
    """Whether a container has a terminal, its log driver and what it hides never change under one id."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: OrderedDict[str, LogSource] = OrderedDict()

    @asynccontextmanager
    async def opened(
        self,
        containers: Sequence[Container],
        make: Callable[[LogSource], Awaitable[S]],
        deadline: float,
        inspecting: Mapping[str, Inspecting] = NOT_INSPECTING,
    ) -> AsyncIterator[Opened[S]]:
        """`make` may raise HostError. Inspects go on beside what is done within; behind it all details are there.

        deadline: in seconds, of an inspect. inspecting: those by container's id that are on their way already.
        """
        opened = Opened[S]()
        async with asyncio.TaskGroup() as group:

            async def strand(container: Container) -> S | HostError:
                begun = inspecting.get(container.id) or self._engine(container).inspect(
                    container.id, deadline=deadline
                )
                inspected = group.create_task(self._inspected(container, begun, opened))
                try:
                    return await make(await self._source(container, inspected))
                except HostError as error:
                    return error

            for found in await asyncio.gather(*map(strand, containers)):
                if isinstance(found, HostError):
                    opened.failures.append(found)
                else:
                    opened.strands.append(found)
            yield opened

    async def _inspected(
        self, container: Container, inspect: Awaitable[Details | VakhtaError], opened: Opened[S]
    ) -> HostError | None:
        try:
            opened.details[container.id] = details = value_of(await inspect)
            if container.id not in self._known:
                source = LogSource.of(self._engine(container), container.name, details)
                self._know(container.id, source)
        except HostError as error:
            return error
        return None

    def _engine(self, container: Container) -> Engine:
        return self._fleet.engine(container.host)

    async def _source(self, container: Container, inspected: "asyncio.Task[HostError | None]") -> LogSource:
        if container.id in self._known:
            self._known.move_to_end(container.id)
        elif error := await inspected:
            raise error
        return self._known[container.id]

    def _know(self, container_id: str, source: LogSource) -> None:
        self._known[container_id] = source
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
