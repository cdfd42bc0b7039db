"""All that an engine has, in full, as its JSON: what audits and clearing up are made from."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from services.errors import ContainerGone
from services.fleet.believing import mapping, text
from services.fleet.streams import Response

MOST_BYTES = 16 << 20
MOST_CONTAINERS = 5000

Answer = Mapping[str, Any]
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

    async def read(container: str, what: str) -> Any:
        async with turns, ask(container, what) as response:
            return json.loads(await response.whole(MOST_BYTES))

    async def inspected(container: str) -> Answer | None:
        try:
            return mapping(await read(container, "json"))
        except ContainerGone:
            return None

    info, rows, networks, volumes, images = await asyncio.gather(
        *(read("", what) for what in ("info", "containers/json?all=1", "networks", "volumes", "images/json"))
    )
    ids = [text(mapping(row).get("Id")) for row in _rows(rows)[:MOST_CONTAINERS]]
    containers = await asyncio.gather(*map(inspected, ids))
    return Inventory(
        mapping(info),
        [each for each in containers if each],
        _rows(networks),
        _rows(mapping(volumes).get("Volumes")),
        _rows(images),
    )


def _rows(value: object) -> list[Answer]:
    """A list of objects; old engines say null for an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("no list")
    return [mapping(row) for row in value]
