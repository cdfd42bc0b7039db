"""The list of silences as one person may see and change it."""

from collections.abc import Sequence
from datetime import timedelta

from services.alerts.acts import AlertActs
from services.alerts.policy import Policy
from services.alerts.sight import silence_in_sight
from services.alerts.silences import ListedSilence, Silences
from services.audit import Audit, Result
from services.domain.access import Action, Actor, Denial, may
from services.errors import Denied, NoSuchSilence
from services.roster import Roster


class Quieting:
    """A silence is in a person's sight when the host and container that its matchers name are."""

    def __init__(
        self, silences: Silences, acts: AlertActs, policy: Policy, audit: Audit, roster: Roster
    ) -> None:
        self._silences = silences
        self._acts = acts
        self._policy = policy
        self._audit = audit
        self._roster = roster

    async def listing(self, *, by: Actor) -> Sequence[ListedSilence]:
        return [each for each in await self._silences.listing() if self._in_sight(each, by)]

    async def extend(self, identity: str, longer: timedelta, *, by: Actor) -> None:
        await self._demand(identity, Action.SILENCE, by)
        ends = await self._silences.extend(identity, by.name, longer)
        await self._acts.extended(identity, ends)
        await self._audit.record(by, Action.SILENCE, None, Result.DONE, detail=f"{identity} +{longer}")

    async def expire(self, identity: str, *, by: Actor) -> None:
        await self._demand(identity, Action.UNSILENCE, by)
        found = await self._silences.expire(identity)
        await self._acts.lifted(identity)
        await self._audit.record(by, Action.UNSILENCE, None, Result.DONE, detail=found.comment)

    async def _demand(self, identity: str, action: Action, by: Actor) -> None:
        if not self._in_sight(await self._silences.one(identity), by):
            raise NoSuchSilence
        if may(by, action) is Denial.ROLE:
            raise Denied(action, "", self._roster.who_may(action))

    def _in_sight(self, silence: ListedSilence, by: Actor) -> bool:
        return silence_in_sight(by.scope, silence.matchers, self._policy)
