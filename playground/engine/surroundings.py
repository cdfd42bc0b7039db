"""What every container of a host shares."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from playground.engine.clock import Clock
from playground.engine.events import Events

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """spawn: runs something in the background for as long as the simulation lasts."""

    host: str
    clock: Clock
    events: Events
    spawn: Spawn
