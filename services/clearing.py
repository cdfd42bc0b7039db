"""Making room on a host: exactly what was announced goes, once, and what became of each is told."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Protocol

from services.audit import Audit, AuditEntry, Result
from services.confirmations import Confirmations
from services.domain.access import Action, Actor, may
from services.domain.plans import Place
from services.domain.stock import (
    USUAL,
    BegunClearing,
    Cleared,
    Clearing,
    Fate,
    Item,
    Kind,
    Remains,
    Stock,
    clearable,
)
from services.errors import (
    DeadlineExceeded,
    Denied,
    EngineRefused,
    HostError,
    HostSilent,
    NoSuchHost,
    StoreError,
)
from services.fleet.names import MOST_SUGGESTIONS, nearest
from services.fleet.protection import Protection
from services.fleet.stocked import Protects
from services.ports import Append, Clock, Delete, Put, Store
from services.roster import Roster
from services.shared import Shared
from services.store.records import Codec

log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds: an engine measures every volume
REMOVAL = 60.0  # seconds for one thing
MOST_ITEMS = 500
_EVERY = 10  # removals between two words about how far it is
_BEGUN = "clearing/begun/"


class Stocked(Protocol):
    """`services.fleet.engine.DockerEngine`."""

    async def stock(self, protects: Protects, *, deadline: float) -> Stock: ...

    async def remove(self, kind: Kind, identity: str, *, image: str = "", deadline: float) -> None:
        """Without force: what is in use is refused, and an image that is no more what it was.

        Raises EngineRefused, HostSilent, DeadlineExceeded.
        """
        ...


class Clearings:
    """Of whole hosts, so a person's scope must cover them."""

    def __init__(
        self,
        engines: Mapping[str, Stocked],
        protection: Protection,
        store: Store,
        audit: Audit,
        roster: Roster,
        clock: Clock,
    ) -> None:
        self._protection = protection
        self._engines, self._store, self._audit = engines, store, audit
        self._roster, self._clock = roster, clock
        self._asked = Confirmations(store, Clearing, "clearing/plan/")
        self._begun = Codec(BegunClearing)
        self._places: dict[str, Place] = {}  # where those under way are told, by token
        self._ends = False
        self._measured: Shared[Stock | HostError] = Shared()

    def hosts(self, by: Actor) -> tuple[str, ...]:
        return tuple(host for host in self._engines if by.scope.covers_host(host))

    async def stocks(self, host: str | None, *, by: Actor) -> Sequence[Stock | HostError]:
        """Of all hosts in scope, side by side, or of one. Raises NoSuchHost."""
        wanted = self.hosts(by) if host is None else (self._seen(host, by),)

        async def ask(name: str) -> Stock | HostError:
            try:
                return await self._stock(name)
            except HostError as error:
                return error

        return await asyncio.gather(*map(ask, wanted))

    async def propose(self, host: str, kinds: Sequence[Kind] = USUAL, *, by: Actor) -> tuple[Clearing, Stock]:
        """What would go. Kept for two minutes, where there is anything. Raises Denied, NoSuchHost, HostError."""
        host = self._seen(host, by)
        await self._demand(by, host)
        stock = await self._stock(host)
        items = clearable(stock, kinds)[:MOST_ITEMS]
        clearing = Clearing(
            secrets.token_urlsafe(16), host, items, by.id, by.name, self._clock.now(), tuple(kinds)
        )
        if items:
            await self._asked.offer(clearing)
        return clearing, stock

    async def cancel(self, token: str, *, by: Actor) -> Clearing:
        """Raises PlanGone, and NotYourPlan for anybody but the asker."""
        return await self._asked.spend(token, by)

    def stop_all(self) -> None:
        """The bot is to stop: what is being removed is brought to its end, and the rest is told as not tried."""
        self._ends = True

    async def carry_out(self, token: str, *, by: Actor, place: Place) -> AsyncGenerator[Cleared, None]:
        """How far it is, again and again, until it is over. Of any number of presses one begins it.

        place: of the message that tells it, should the bot die in between.

        Raises PlanGone, NotYourPlan, Denied, NoSuchHost, StoreUnavailable, all before anything is removed.
        """
        clearing = await self._asked.peek(token, by)
        await self._demand(by, self._seen(clearing.host, by))
        begun = BegunClearing(clearing, place)
        await self._asked.spend(token, by, lambda asked: (self._intent(begun), self._at(begun)))
        self._places[token] = place
        try:
            async with aclosing(self._clear(clearing)) as steps:
                async for cleared in steps:
                    if cleared.over:
                        await self._end(cleared)
                    yield cleared
            await self._forget(clearing)  # its end has been told
        finally:
            del self._places[token]

    async def _clear(self, clearing: Clearing) -> AsyncGenerator[Cleared, None]:
        fates = [Fate.UNTRIED] * len(clearing.items)
        yield self._so_far(clearing, fates)
        failure: HostError | None = None
        still: Set[Item] = frozenset()
        try:
            still = await self._still(clearing)
        except HostError as error:
            failure = error
        for number, item in enumerate(() if failure else clearing.items):
            if self._ends:
                break
            fates[number], failure = await self._remove(clearing.host, item, still)
            if failure:
                break
            if number % _EVERY == _EVERY - 1:
                yield self._so_far(clearing, fates)
        yield self._so_far(clearing, fates, over=True, failure=failure)

    async def tells_at(self, clearing: Clearing, place: Place) -> None:
        """Another message tells how far it is from now on. What is done goes on even when that cannot be kept."""
        self._places[clearing.token] = place
        try:
            await self._store.write(self._at(BegunClearing(clearing, place)))
        except StoreError:
            log.exception("where making room on %s is told cannot be kept", clearing.host)

    async def unfinished(self) -> Sequence[BegunClearing]:
        """What an earlier run of the bot began and did not finish; to be asked before this run begins anything."""
        return [self._begun.unpack(value) for value in (await self._store.scan(_BEGUN)).values()]

    async def review(self, begun: BegunClearing) -> Cleared | Remains:
        """How it ended, or what of it could still go now. Never raises: where nobody can tell, it says why."""
        clearing, now = begun.clearing, self._clock.now()
        if begun.fates:
            return Cleared(clearing, begun.fates, now, over=True)
        if clearing.host not in self._engines:  # any more
            return Remains(clearing, now, (), NoSuchHost(clearing.host, ()))
        try:
            still = {(item.kind, item.id) for item in await self._still(clearing)}
        except HostError as error:
            return Remains(clearing, now, (), error)
        return Remains(clearing, now, tuple(item for item in clearing.items if (item.kind, item.id) in still))

    async def close(self, begun: BegunClearing) -> None:
        """Close the books on what was cut off, once that has been told."""
        cut_off = self._line(begun, Result.UNKNOWN, "the bot was restarted meanwhile")
        await self._forget(begun.clearing, *(() if begun.fates else (cut_off,)))

    async def _forget(self, clearing: Clearing, *also: Append) -> None:
        try:
            await self._store.write(Delete(_BEGUN + clearing.token), *also)
        except StoreError:
            log.exception("making room on %s stays in the books", clearing.host)

    async def _remove(self, host: str, item: Item, still: Set[Item]) -> tuple[Fate, HostError | None]:
        """What became of it, and why nothing more can be tried."""
        if _named(item) not in still:
            return Fate.REFUSED, None
        image, begun = item.id if item.kind in (Kind.IMAGES, Kind.UNUSED) else "", False
        try:
            for handle in item.handles:
                await self._engines[host].remove(item.kind, handle, image=image, deadline=REMOVAL)
                begun = True
        except (HostSilent, DeadlineExceeded) as lost:
            # A silent host was asked nothing; where the answer did not come, it may have happened.
            untried = isinstance(lost, HostSilent) and not begun
            return Fate.UNTRIED if untried else Fate.UNKNOWN, lost
        except HostError as refusal:
            log.info("%s: %s was not removed: %s", host, item.name, refusal)
            if isinstance(refusal, EngineRefused) and refusal.forbidden:
                return Fate.UNTRIED, refusal  # nothing may be removed there
            return Fate.REFUSED, None
        return Fate.REMOVED, None

    async def _end(self, done: Cleared) -> None:
        """What is done is told even when it cannot be written down."""
        result = (
            Result.UNKNOWN if done.count(Fate.UNKNOWN) else Result.FAILED if done.failure else Result.DONE
        )
        words = ", ".join(f"{done.count(fate)} {fate}" for fate in Fate if done.count(fate))
        try:
            ended = BegunClearing(done.clearing, self._places[done.clearing.token], done.fates)
            await self._store.write(self._line(ended, result, words), self._at(ended))
        except StoreError:
            log.exception("what was removed from %s is not in the books: %s", done.clearing.host, words)

    async def _still(self, clearing: Clearing) -> Set[Item]:
        """What of it nobody needs now either."""
        now = clearable(await self._stock(clearing.host), clearing.kinds)
        return frozenset(map(_named, now))

    async def _stock(self, host: str) -> Stock:
        """Engines measure one at a time, and some refuse a second asker."""

        async def ask() -> Stock | HostError:
            try:
                return await self._engines[host].stock(
                    partial(self._protection.keeps, host), deadline=PATIENCE
                )
            except HostError as error:
                return error

        found = await self._measured.answer(host, ask)
        if isinstance(found, HostError):
            raise found
        return found

    def _so_far(
        self,
        clearing: Clearing,
        fates: Sequence[Fate],
        *,
        over: bool = False,
        failure: HostError | None = None,
    ) -> Cleared:
        return Cleared(clearing, tuple(fates), self._clock.now(), over, failure)

    def _at(self, begun: BegunClearing) -> Put:
        return Put(_BEGUN + begun.clearing.token, self._begun.pack(begun))

    def _intent(self, begun: BegunClearing) -> Append:
        return self._line(begun, Result.INTENT, f"{len(begun.clearing.items)} items")

    def _line(self, begun: BegunClearing, result: Result, detail: str) -> Append:
        asked, chat = begun.clearing, begun.place.chat
        entry = AuditEntry(
            self._clock.now(),
            asked.asker,
            asked.asker_name,
            Action.PRUNE,
            result,
            asked.host,
            "",
            chat,
            detail,
        )
        return self._audit.line(entry)

    def _seen(self, host: str, by: Actor) -> str:
        known = self.hosts(by)
        found = next((name for name in known if name == host.lower()), None)
        if found is None:
            raise NoSuchHost(host, tuple(nearest(host, known)[:MOST_SUGGESTIONS]))
        return found

    async def _demand(self, by: Actor, host: str) -> None:
        if may(by, Action.PRUNE):
            await self._audit.record(by, Action.PRUNE, None, Result.DENIED, detail=host)
            raise Denied(Action.PRUNE, host, self._roster.who_may(Action.PRUNE))


def _named(item: Item) -> Item:
    """Without its size, which grows and shrinks; names in one order."""
    return replace(item, size=None, names=tuple(sorted(item.names)), name="" if item.names else item.name)
