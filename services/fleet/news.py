"""What an engine remembers of its own events, taken apart with suspicion.

It is the last 256 of its own run, of which a healthcheck takes three each time. What an event holds beyond the few
facts below (every label of a container is in it) is not even read.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

import msgspec

from services.domain.containers import Health
from services.domain.news import Deed, Fact, History
from services.fleet.answers import FIRST_YEAR, LAST_YEAR
from services.fleet.streams import Lines, Response
from services.logs.text.presentable import presentable

# An engine that remembers more is a newer one, or none: its newest are kept.
MOST_FACTS = 500
LONGEST_NAME = 128
_AT_A_TIME = 50  # lines, before others have their turn
# An engine tells its time in whole seconds.
_IN_STEP = timedelta(seconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9a-f]{64}")
_IMAGE_ID = re.compile(r"(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}")
_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_EXIT_CODE = re.compile(r"-?[0-9]{1,10}")
_SIGNAL = re.compile(r"[0-9]{1,3}")
_OF_A_CONTAINER = (Deed.CONNECT, Deed.DISCONNECT, Deed.MOUNT, Deed.UNMOUNT)

Ask = Callable[[str], AbstractAsyncContextManager[Response]]

logger = logging.getLogger(__name__)


class _Attributes(msgspec.Struct, rename="camel"):
    name: str | None = None
    old_name: str | None = None
    exit_code: str | None = None
    signal: str | None = None
    container: str | None = None


class _Subject(msgspec.Struct):
    id: str | None = msgspec.field(name="ID", default=None)
    attributes: _Attributes | None = msgspec.field(name="Attributes", default=None)


class _Event(msgspec.Struct):
    kind: str = msgspec.field(name="Type")
    action: str = msgspec.field(name="Action")
    seconds: int = msgspec.field(name="time", default=0)
    nanoseconds: int = msgspec.field(name="timeNano", default=0)
    subject: _Subject | None = msgspec.field(name="Actor", default=None)


_EVENT = msgspec.json.Decoder(_Event)


async def remembered(ask: Ask, host: str, since: datetime | None, until: datetime) -> History:
    """What the engine that `ask` asks remembers of this time. until: now, by our clock.

    An engine that is asked for what is still to come by its own clock would wait for it, and one that is ahead would
    keep its newest news back: where the clocks differ, its own counts.
    """
    async with ask(_query(since, until)) as response:
        there = _time_of(response)
        if there is None or abs(until - there) <= _IN_STEP:
            return await _read(response, host)
    async with ask(_query(since, there)) as response:
        return await _read(response, host)


def _query(since: datetime | None, until: datetime) -> str:
    """Without filters: only so can it be told how far back the engine remembers."""
    start = f"{since.timestamp():.6f}" if since else "0"
    return f"events?since={start}&until={until.timestamp():.6f}"


def _time_of(response: Response) -> datetime | None:
    """By the engine's own clock, to the second; None where it does not tell."""
    try:
        there = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return there if there.tzinfo and FIRST_YEAR <= there.year <= LAST_YEAR else None


async def _read(response: Response, host: str) -> History:
    facts: deque[Fact] = deque(maxlen=MOST_FACTS)
    oldest: datetime | None = None
    number = 0
    async for line in _lines(response):
        number += 1
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
        if event := event_of(host, line):
            at, fact = event
            oldest = min(oldest or at, at)
            if fact:
                facts.append(fact)
    ordered = tuple(sorted(facts, key=lambda fact: fact.at))
    return History(ordered, ordered[0].at if len(ordered) == MOST_FACTS else oldest)


async def _lines(response: Response) -> AsyncIterator[bytes]:
    lines = Lines()
    async for data in response.body():
        for line in lines.feed(data):
            yield line
    for line in lines.feed(b"\n"):
        yield line


def event_of(host: str, line: bytes) -> tuple[datetime, Fact | None] | None:
    """A line of `GET /events`: its moment, and the fact where it is worth telling. None: it is no event."""
    if not line.strip():
        return None
    try:
        event = _EVENT.decode(line)
        at = _moment(event)
        word, _, more = event.action.partition(": ")  # "health_status: unhealthy"
        try:
            deed = Deed(f"{event.kind} {word}")
        except ValueError:
            return at, None
        return at, _fact(deed, at, event.subject or _Subject(), more)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as exc:
        logger.warning("%s: an event was not understood: %.200r (%s)", host, line, exc)
        return None


def _moment(event: _Event) -> datetime:
    found = _EPOCH + timedelta(microseconds=(event.nanoseconds or event.seconds * 10**9) // 1000)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError("a moment out of all time")
    return found


def _fact(deed: Deed, at: datetime, subject: _Subject, more: str) -> Fact:
    facts = subject.attributes or _Attributes()
    own_id = subject.id or ""
    if deed.of_container:
        # Labels stand among the attributes, so each of these counts only where the engine itself sets it.
        signal = facts.signal if deed is Deed.KILL else None
        exit_code = facts.exit_code if deed is Deed.DIE else None
        return Fact(
            deed,
            at,
            name=_container_name(facts.name) or _matching(_ID, own_id)[:12],
            id=_matching(_ID, own_id),
            container=own_id,
            old_name=_container_name(facts.old_name) if deed is Deed.RENAME else "",
            exit_code=int(_matching(_EXIT_CODE, exit_code)) if exit_code else None,
            signal=int(signal) if signal and _SIGNAL.fullmatch(signal) else 0,
            health=Health(more) if more in set(Health) else None,
        )
    whose = _matching(_ID, facts.container or "") if deed in _OF_A_CONTAINER else ""
    return Fact(deed, at, _thing_name(deed, own_id, facts.name or ""), own_id[:LONGEST_NAME], whose)


def _thing_name(deed: Deed, own_id: str, name: str) -> str:
    kind = deed.partition(" ")[0]
    if kind == "daemon":
        return ""
    if kind == "volume":
        return _shown(own_id)
    if kind == "network":
        return _shown(name)
    reference = next((each for each in (own_id, name) if each and not _IMAGE_ID.fullmatch(each)), "")
    short = _IMAGE_ID.fullmatch(own_id)
    return _shown(reference) or (short[1] if short else "")


@lru_cache(1024)
def _shown(text: str) -> str:
    """What people are shown of it: one short clean line."""
    if _ID.fullmatch(text):
        return text
    return presentable(" ".join(text[: 4 * LONGEST_NAME].splitlines()))[:LONGEST_NAME]


def _container_name(name: str | None) -> str:
    bare = (name or "").removeprefix("/")
    return bare if _CONTAINER_NAME.fullmatch(bare) else ""


def _matching(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"not as it should be written: {value[:80]!r}")
    return value
