"""The auditor over the hosts: how each keeps the standard now, and how it did a week ago."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from services.domain.access import Actor, Scope
from services.domain.containers import Container
from services.domain.reports import FleetReport
from services.domain.standards import (
    About,
    Audited,
    HostAudit,
    Norms,
    StandardsReport,
    audited_key,
)
from services.errors import EngineRefused, HostError, NoSuchContainer, NoSuchHost, StoreUnavailable
from services.fleet.inventory import Inventory
from services.fleet.names import MOST_SUGGESTIONS, nearest
from services.ports import Clock, Store
from services.shared import Shared
from services.standards import inspected
from services.standards.auditing import audit
from services.standards.past import Past

log = logging.getLogger(__name__)

PATIENCE = 20.0  # seconds for one host: hundreds of containers are inspected
_ODD = (TypeError, ValueError, KeyError, AttributeError)


class Inventoried(Protocol):
    """`services.fleet.engine.DockerEngine`."""

    @property
    def host(self) -> str: ...

    async def inventory(self, *, deadline: float) -> Inventory: ...


class Finder(Protocol):
    """`services.fleet.fleet.Fleet`."""

    async def look_up(self, what: str | None, *, by: Actor) -> FleetReport | Container: ...


class Standards:
    """norms: of the settings; exemptions that have expired count no more."""

    def __init__(
        self,
        fleet: Finder,
        engines: Mapping[str, Inventoried],
        norms: Norms,
        store: Store,
        clock: Clock,
    ) -> None:
        self._fleet, self._engines, self._clock = fleet, engines, clock
        self._norms = norms
        self._past = Past(store, clock)
        self._looks: Shared[HostAudit] = Shared()

    async def report(self, host: str | None = None, *, by: Actor) -> StandardsReport:
        """What is in scope of all hosts, or of one; the worst host first. Raises NoSuchHost for one out of sight."""
        wanted = [name for name in self._engines if host in (None, name) and by.scope.reaches(name)]
        found = await asyncio.gather(*map(self.look, wanted))
        audits = [each for each in (_narrowed(one, by.scope) for one in found) if each]
        if host is not None and not audits:
            known = [name for name in self._engines if by.scope.covers_host(name)]
            raise NoSuchHost(host, tuple(nearest(host, known)[:MOST_SUGGESTIONS]))
        audits.sort(key=lambda each: (not each.silent, each.score, each.host))
        return StandardsReport(tuple(audits), self._clock.now(), await self._before(audits, by))

    async def look_up(self, what: str | None, *, by: Actor) -> StandardsReport | Audited:
        """All hosts, one host or one container, whichever `what` names; a host's name wins. Raises as `Fleet.find`."""
        found = await self._fleet.look_up(what, by=by)
        if isinstance(found, Container):
            return await self.one(found.host, audited_key(found.host, About.CONTAINER, found.name), by=by)
        return await self.report(found.hosts[0].host if what and found.hosts else None, by=by)

    async def one(self, host: str, key: str, *, by: Actor) -> Audited:
        """key: its `Audited.key`. Raises NoSuchContainer, and HostSilent or the like where it cannot be asked."""
        report = await self.report(host, by=by)
        found = next((one for each in report.hosts for one in each.subjects if one.key == key), None)
        if found is not None:
            return found
        if any(each.silent for each in report.hosts):
            await self._engines[host].inventory(deadline=PATIENCE)  # raises what is wrong
        raise NoSuchContainer("")

    async def look(self, host: str) -> HostAudit:
        """Everything of one host, whatever anybody's scope. A host that cannot be asked is silent."""
        return await self._looks.answer(host, partial(self._look, host))

    async def _look(self, host: str) -> HostAudit:
        now = self._clock.now()
        try:
            found = await look_at(self._engines[host], self._norms, now)
        except HostError as error:
            log.info("%s is not audited: %s", host, error)
            return unknown(host, now, error)
        await self._note(found)
        return found

    async def _note(self, found: HostAudit) -> None:
        try:
            await self._past.note(found.host, found.score)
        except StoreUnavailable as error:
            log.warning("how %s keeps the standard today is not kept: %s", found.host, error)

    async def _before(self, audits: Sequence[HostAudit], by: Actor) -> Mapping[str, int]:
        """Scores of a week ago, of hosts that are seen as a whole."""
        whole = [each.host for each in audits if by.scope.covers_host(each.host)]
        try:
            return await self._past.scores(whole)
        except StoreUnavailable as error:
            log.warning("how the hosts kept the standard a week ago is not known now: %s", error)
            return {}


def unknown(host: str, now: datetime, why: HostError) -> HostAudit:
    """Of a host that could not be looked at."""
    barred = isinstance(why, EngineRefused) and why.forbidden
    return HostAudit(host, (), now, silent=True, barred=barred)


async def look_at(engine: Inventoried, norms: Norms, now: datetime) -> HostAudit:
    """Raises HostError."""
    inventory = await engine.inventory(deadline=PATIENCE)
    return await asyncio.to_thread(_audited, engine.host, inventory, norms, now)


def _audited(host: str, inventory: Inventory, norms: Norms, now: datetime) -> HostAudit:
    try:
        scene = inspected.scene(
            host,
            now,
            info=inventory.info,
            containers=inventory.containers,
            networks=inventory.networks,
            volumes=inventory.volumes,
            images=inventory.images,
            projects=norms.projects.get(host, {}),
        )
    except _ODD as odd:
        # Not the exception's words: they may quote what was odd.
        raise EngineRefused(host, 0, f"its inventory is not understood ({type(odd).__name__})") from None
    return audit(scene, norms.exemptions)


def _narrowed(found: HostAudit, scope: Scope) -> HostAudit | None:
    """Of networks, volumes and the engine, and of silence, only who sees the whole host is told."""
    if scope.covers_host(found.host):
        return found
    seen = [
        each
        for each in found.subjects
        if each.about is About.CONTAINER and scope.covers(each.host, each.name)
    ]
    return replace(found, subjects=tuple(seen)) if seen else None
