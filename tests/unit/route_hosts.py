"""Hosts with a Traefik each, in a test's hand: what routes are surveyed by."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from services.domain.access import Actor, Role, Scope
from services.domain.containers import Container, Details, State, Stop
from services.domain.routes import ExpectedRoute
from services.domain.routing import Routing
from services.errors import ContainerGone, DeadlineExceeded, HostError, StoreUnavailable, VakhtaError
from services.ports import Engine
from services.routes.survey import Surveyor

LONG_AGO = datetime(2026, 11, 20, tzinfo=UTC)


def actor(*globs: str) -> Actor:
    return Actor(1, "Dias", Role.OPERATOR, Scope.of(*globs))


@dataclass
class HostInHand:
    """silence, trouble: of the engine and of Traefik. hangs: neither ever answers.

    started: by name, else long ago. deadlines: that were run into, and how many of them at once.
    """

    rows: Sequence[Container] = ()
    routing: Routing | None = None
    silence: HostError | None = None
    trouble: VakhtaError | None = None
    hangs: bool = False
    started: dict[str, datetime] = field(default_factory=dict)
    inspected: list[str] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def stop(self, name: str, state: State = State.EXITED) -> None:
        self.rows = [
            replace(row, state=state, addresses=()) if row.name == name else row for row in self.rows
        ]


@dataclass
class HostsInHand:
    """Implements `RoutingSource`, and makes engines."""

    by_name: Mapping[str, HostInHand]
    stops: dict[tuple[str, str], Stop] = field(default_factory=dict)
    store_is_away: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.by_name)

    async def routing(self, host: str, *, deadline: float = 5) -> Routing:
        here = self.by_name[host]
        await _hang(here, deadline)
        if here.trouble:
            raise here.trouble
        assert here.routing
        return here.routing

    def engine(self, host: str) -> Engine:
        return cast(Engine, _Engine(host, self.by_name[host]))

    async def stopped(self) -> Mapping[tuple[str, str], Stop]:
        if self.store_is_away:
            raise StoreUnavailable("as the test says")
        return self.stops

    def surveyor(self, *expected: ExpectedRoute) -> Surveyor:
        return Surveyor(self, self.engine, self.stopped, expected, {})


@dataclass
class _Engine:
    host: str
    here: HostInHand

    async def containers(self, *, deadline: float) -> Sequence[Container]:
        await _hang(self.here, deadline)
        if self.here.silence:
            raise self.here.silence
        return self.here.rows

    async def inspect(self, container_id: str, *, deadline: float = 5) -> Details:
        row = next((row for row in self.here.rows if row.id == container_id), None)
        if row is None:
            raise ContainerGone(self.host, container_id)
        self.here.inspected.append(row.name)
        return Details(
            row.id, row.state, row.health, self.here.started.get(row.name, LONG_AGO), None,
            137, False, "", 0, "always", 10, False, "json-file", None,
        )  # fmt: skip


async def _hang(here: HostInHand, deadline: float) -> None:
    if here.hangs:
        here.deadlines.append(deadline)
        here.at_once += 1
        here.most_at_once = max(here.most_at_once, here.at_once)
        await asyncio.sleep(deadline)
        here.at_once -= 1
        raise DeadlineExceeded("", deadline)
