"""All that an engine has, in full, as its JSON: what audits and clearing up are made from."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.errors import ContainerGone
from services.fleet.believing import mapping, text
from services.fleet.listed import SHORT, understood
from services.fleet.streams import Response

MOST_BYTES = 16 << 20
MOST_IN_ALL = 96 << 20
MOST_CONTAINERS = 5000

Answer = Mapping[str, Any]
T = TypeVar("T")
Ask = Callable[[str, str], AbstractAsyncContextManager[Response]]


@dataclass(frozen=True, slots=True)
class Inventory:
    """info: `GET /info`. containers: each inspected, running or not. The others as the engine lists them; those with
    values of environments are for nobody's eyes, so it is never shown."""

    info: Answer
    containers: Sequence[Answer] = field(repr=False)
    networks: Sequence[Answer]
    volumes: Sequence[Answer]
    images: Sequence[Answer]


async def taken(ask: Ask, turns: asyncio.Semaphore) -> Inventory:
    """ask: an answer about a container's id, or "" for the engine itself. What vanishes meanwhile is left out."""
    room = MOST_IN_ALL

    async def read(container: str, what: str) -> Any:
        nonlocal room
        async with turns, ask(container, what) as response:
            body = await response.whole(min(MOST_BYTES, room))
            room -= len(body)
            return understood(body) if len(body) <= SHORT else await asyncio.to_thread(understood, body)

    async def inspected(container: str) -> Answer | None:
        try:
            return mapping(await read(container, "json"))
        except ContainerGone:
            return None

    info, rows, networks, volumes, images = await _side_by_side(
        read("", what) for what in ("info", "containers/json?all=1", "networks", "volumes", "images/json")
    )
    ids = [text(mapping(row).get("Id")) for row in _rows(rows)[:MOST_CONTAINERS]]
    containers = await _side_by_side(map(inspected, ids))
    return Inventory(
        mapping(info),
        [each for each in containers if each],
        _rows(networks),
        _rows(mapping(volumes).get("Volumes")),
        _rows(images),
    )


async def _side_by_side(asked: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Raises the first error, and then none of the others goes on, which nobody would wait for or end."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in asked]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _rows(value: object) -> list[Answer]:
    """A list of objects; old engines say null for an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("no list")
    return [mapping(row) for row in value]
