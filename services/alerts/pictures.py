"""The picture that follows an alert: a silent reply, after the alert itself has been delivered.

Nothing waits for it: what does not fit into the queue, comes too late or fails is left out, and the button is there.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.domain.access import Actor, Role, Scope
from services.domain.metrics import Graph, Reach
from services.domain.posts import AlertChart, Destination, Post
from services.errors import VakhtaError
from services.metrics.graphs import Graphs
from services.metrics.subjects import Subject
from services.ports import Clock, Put, Sent, Store

MOST = 16  # that wait
LATE = timedelta(minutes=2)  # after which nobody wants it any more
KEPT = timedelta(days=30)
REACH = Reach.HOUR

log = logging.getLogger(__name__)


class Illustrator(Protocol):
    """Where graphs become pictures in a chat. Raises DeliveryError, PictureError."""

    async def illustrate(self, graph: Graph, to: Destination, message: Sent) -> None:
        """A silent reply to the message."""
        ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    to: Destination
    incident: str
    message: Sent
    chart: AlertChart
    at: datetime


class AlertPictures:
    """At most one for an incident in a chat, however often it changes or begins anew."""

    def __init__(
        self, store: Store, graphs: Graphs, illustrator: Illustrator, clock: Clock, *, most: int = MOST
    ) -> None:
        self._store = store
        self._graphs = graphs
        self._illustrator = illustrator
        self._clock = clock
        self._queue: asyncio.Queue[_Wanted] = asyncio.Queue(most)

    def posted(self, post: Post, chart: AlertChart | None) -> None:
        """An alert stands in its chat. Never waits, never raises. A picture is of a host or a container: what is
        about several is not for every chat's eyes."""
        if chart is None or not chart.host or post.chat is None or post.message is None:
            return
        sent = Sent(post.chat, post.message, post.document)
        wanted = _Wanted(post.to, post.incidents[0], sent, chart, self._clock.now())
        try:
            self._queue.put_nowait(wanted)
        except asyncio.QueueFull:
            log.warning("incident %s goes without its picture: too many wait", wanted.incident)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            wanted = await self._queue.get()
            try:
                await self._draw(wanted)
            except VakhtaError as error:
                log.warning("incident %s goes without its picture: %s", wanted.incident, error)

    async def _draw(self, wanted: _Wanted) -> None:
        if self._clock.now() - wanted.at > LATE:
            log.warning("incident %s goes without its picture: it would be late", wanted.incident)
            return
        chart = wanted.chart
        graph = await self._graphs.of(
            self._graphs.metric(chart.metric), REACH, Subject(chart.host, chart.container), by=_viewer(chart)
        )
        if graph.known and await self._is_first(wanted):
            await self._illustrator.illustrate(graph, wanted.to, wanted.message)

    async def _is_first(self, wanted: _Wanted) -> bool:
        """Claimed before it is sent: rather none than two."""
        key = f"pictured/{wanted.to.key}/{wanted.incident}"
        return await self._store.write(Put(key, b"", self._clock.now() + KEPT), expect={key: None})


def _viewer(chart: AlertChart) -> Actor:
    """Sees what the alert is about, which its chat is shown anyway."""
    return Actor(0, "", Role.VIEWER, Scope.of(f"{chart.host}/{chart.container or '*'}"))
