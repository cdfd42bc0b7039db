"""The bot's own metrics, in a registry of its own; `services.metrics.own` has their names and meanings."""

import asyncio
import gzip
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from aiogram import exceptions as refusals
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot import __version__
from services.metrics import own
from services.metrics.own import Family

# Seconds, the upper ends of a histogram's buckets.
_COMMANDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
_CALLS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)

LOOK_EVERY = 0.5  # seconds between two looks at the event loop

# The first that fits. What is asked for too often is no error of the network, though aiogram derives it so.
_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (refusals.TelegramRetryAfter, "flood"),
    (refusals.TelegramMigrateToChat, "moved"),
    (refusals.TelegramForbiddenError, "forbidden"),
    (refusals.TelegramConflictError, "conflict"),
    (refusals.TelegramUnauthorizedError, "token"),
    (refusals.TelegramNotFound, "token"),
    (refusals.TelegramServerError, "server"),
    (refusals.TelegramEntityTooLarge, "refused"),
    (refusals.TelegramNetworkError, "network"),
    (refusals.ClientDecodeError, "unreadable"),
)

Source = Callable[[], Iterable[Metric]]


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to one scrape."""

    body: bytes
    content_type: str
    gzipped: bool


class Gauges:
    """What is counted as it happens, and what is read from `sources` at each scrape.

    sources: called in the event loop, so they take next to no time; what goes through very many things belongs to
    `crowds`, called in a thread, which thus read nothing that changes in place.
    """

    def __init__(self) -> None:
        # The moment since when each counter counts: nobody asks, and it doubles the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._updates = self._counter(own.UPDATES)
        self._commands = self._counter(own.COMMANDS)
        self._command_seconds = self._histogram(own.COMMAND_SECONDS, _COMMANDS)
        self._call_seconds = self._histogram(own.CALL_SECONDS, _CALLS)
        self._call_errors = self._counter(own.CALL_ERRORS)
        self._lag = self._histogram(own.LAG, _LAGS)
        build = Gauge(own.BUILD.name, own.BUILD.text, own.BUILD.labels, registry=self.registry)
        build.labels(__version__, platform.python_version()).set(1)
        self._read = _Read()
        self.registry.register(self._read)
        self.sources: list[Source] = []
        self.crowds: list[Source] = []
        self._turn = asyncio.Lock()

    def updated(self, kind: str) -> None:
        self._updates.labels(kind).inc()

    def commanded(self, command: str, outcome: str, seconds: float) -> None:
        self._commands.labels(command, outcome).inc()
        self._command_seconds.labels(command).observe(seconds)

    def called(self, method: str, seconds: float, failure: Exception | None) -> None:
        """One try of a call to Telegram."""
        self._call_seconds.labels(method).observe(seconds)
        if failure is not None:
            kinds = (kind for error, kind in _FAILURES if isinstance(failure, error))
            self._call_errors.labels(method, next(kinds, "refused")).inc()

    async def watch_loop(self) -> NoReturn:
        """Belongs to a task that lives as long as the bot."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + LOOK_EVERY
            await asyncio.sleep(LOOK_EVERY)
            self._lag.observe(max(clock() - due, 0))

    async def page(self, accept: str, encodings: str) -> Page:
        """One at a time. accept, encodings: the request's headers `Accept` and `Accept-Encoding`."""
        async with self._turn:
            read = [metric for source in self.sources for metric in source()]
            self._read.metrics, self._read.crowds = read, tuple(self.crowds)
            return await asyncio.to_thread(self._page, accept, gzip_accepted(encodings))

    def _page(self, accept: str, zipped: bool) -> Page:
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # the library's, of a version that is no number
            encode, content_type = choose_encoder("")
        body = encode(self.registry)
        return Page(gzip.compress(body, compresslevel=1) if zipped else body, content_type, zipped)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.text, family.labels, registry=self.registry)

    def _histogram(self, family: Family, buckets: Sequence[float]) -> Histogram:
        return Histogram(family.name, family.text, family.labels, registry=self.registry, buckets=buckets)


class _Read(Collector):
    """What was read for the scrape under way."""

    def __init__(self) -> None:
        self.metrics: Sequence[Metric] = ()
        self.crowds: Sequence[Source] = ()

    def collect(self) -> Iterator[Metric]:
        yield from self.metrics
        for crowd in self.crowds:
            yield from crowd()
