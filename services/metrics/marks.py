"""What happened meanwhile, to be seen in a picture: what people did to containers, and what was trouble."""

import logging
from collections.abc import Sequence
from datetime import datetime

from services.alerts.ledger import Ledger
from services.alerts.sight import sees
from services.audit import Audit
from services.domain.access import Action, Scope
from services.domain.alerts import Incident
from services.domain.metrics import Mark, MarkKind
from services.errors import StoreError
from services.metrics.subjects import Subject

MOST = 20  # more would hide the curves
_MOST_ACTS = 10 * MOST  # that are looked at: many may be about others

log = logging.getLogger(__name__)


class Marks:
    """Restarts and starts through the bot, and incidents, which is also how an engine's own restarts are known."""

    def __init__(self, audit: Audit, ledger: Ledger) -> None:
        self._audit = audit
        self._ledger = ledger

    async def between(
        self, start: datetime, end: datetime, subject: Subject, scope: Scope
    ) -> tuple[Mark, ...]:
        """At most MOST, the newest of each moment's neighbours, oldest first. Never raises: a picture without them
        is still one."""
        try:
            found = [*await self._acts(start, subject, scope), *await self._incidents(start, subject, scope)]
        except StoreError as error:
            log.warning("a picture goes without its marks: %s", error)
            return ()
        within = sorted((mark for mark in found if mark.at <= end), key=lambda mark: mark.at)
        return tuple(within[-MOST:])

    async def _acts(self, start: datetime, subject: Subject, scope: Scope) -> list[Mark]:
        entries = await self._audit.acts(start, scope, most=_MOST_ACTS)
        return [
            Mark(entry.at, MarkKind.RESTART, entry.container)
            for entry in entries
            if entry.action is not Action.STOP and subject.covers(entry.host, entry.container)
        ]

    async def _incidents(self, start: datetime, subject: Subject, scope: Scope) -> list[Mark]:
        return [
            Mark(incident.opened, MarkKind.INCIDENT, incident.labels.get("alertname", ""))
            for incident in await self._ledger.latest()
            if incident.opened >= start and sees(scope, incident) and _concerns(incident, subject)
        ]


def _concerns(incident: Incident, subject: Subject) -> bool:
    """Of a container: what is about it, or about its host as a whole."""
    if not subject.host:
        return True
    mine: Sequence[str] = ("", subject.container) if subject.container else ()
    return any(
        host == subject.host and (not mine or container in mine) for host, container in incident.targets
    )
