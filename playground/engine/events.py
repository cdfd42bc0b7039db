"""What the engine tells of its containers, and what it remembers of that."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from playground.engine.clock import SECOND
from playground.engine.container import Container

REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Event:
    """at: ns since 1970. kind: container, network, volume, image, builder."""

    kind: str
    action: str
    actor: str
    at: int
    attributes: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> dict[str, object]:
        """As `GET /events` has it; of a container or an image in the old form too."""
        old: dict[str, object] = {}
        if self.kind in ("container", "image"):
            old = {"status": self.action, "id": self.actor}
        if self.kind == "container":
            old["from"] = self.attributes.get("image", "")
        return old | {
            "Type": self.kind,
            "Action": self.action,
            "Actor": {"ID": self.actor, "Attributes": dict(self.attributes)},
            "scope": "local",
            "time": self.at // SECOND,
            "timeNano": self.at,
        }


class Events:
    """count: how many there have been."""

    def __init__(self) -> None:
        self.count = 0
        self._remembered: deque[Event] = deque(maxlen=REMEMBERED)
        self._listeners: set[asyncio.Queue[Event]] = set()

    def tell(self, event: Event) -> None:
        self.count += 1
        self._remembered.append(event)
        for listener in self._listeners:
            listener.put_nowait(event)

    def of(self, container: Container, action: str, at: int, **facts: str) -> None:
        """Of a container, with all its labels, as the engine has it."""
        spec = container.spec
        attributes = {**spec.labels, "image": spec.image, "name": spec.name, **facts}
        self.tell(Event("container", action, container.id, at, attributes))

    def remembered(self, since: int, until: int) -> list[Event]:
        return [event for event in self._remembered if since <= event.at <= until]

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Event]]:
        listener: asyncio.Queue[Event] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
