"""Confirmations and what they set going, kept so that no crash and no second press makes anything happen twice.

A plan waits under its token for 120 s. Beginning it spends the token, writes the intent and the audit's
line in one transaction; finishing deletes the intent and writes the result in one more. An intent without
a result is therefore exactly what a crash interrupted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit import Audit, AuditEntry, Result
from services.confirmations import Confirmations
from services.domain.access import Action, Actor
from services.domain.containers import Stop
from services.domain.plans import Intent, Place, Plan
from services.ports import Clock, Delete, Put, Store, Write
from services.store.records import Codec

_INTENTS = "intent/"
_STOPS = "stop/"


@dataclass(frozen=True, slots=True)
class Act:
    """The latest act of a kind upon a container: when, and by whom (a person's name)."""

    at: datetime
    by: str


class Plans:
    """All calls raise StoreUnavailable when the store does: then nothing was begun."""

    def __init__(self, store: Store, clock: Clock, audit: Audit) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._plans = Confirmations(store, Plan, "plan/")
        self._intents = Codec(Intent)
        self._stops = Codec(Stop)
        self._acts = Codec(Act)

    async def offer(self, plan: Plan) -> None:
        """Keep it for confirmation until 120 s after it was asked for."""
        await self._plans.offer(plan)

    async def peek(self, token: str, by: Actor) -> Plan:
        """The plan, still unspent. Raises PlanGone, and NotYourPlan for anybody but the asker."""
        return await self._plans.peek(token, by)

    async def begin(self, token: str, by: Actor, place: Place) -> Intent:
        """Spend the token. Of any number of presses, one gets the intent.

        Raises PlanGone, and NotYourPlan for anybody but the asker.
        """
        now = self._clock.now()

        def begun(plan: Plan) -> tuple[Write, ...]:
            intent = Intent(plan, place, now)
            return (
                Put(_INTENTS + token, self._intents.pack(intent)),
                self._line(intent, now, Result.INTENT),
            )

        return Intent(await self._plans.spend(token, by, begun), place, now)

    async def cancel(self, token: str, by: Actor) -> Plan:
        """Raises PlanGone, and NotYourPlan for anybody but the asker."""
        return await self._plans.spend(token, by)

    async def finish(self, intent: Intent, result: Result, detail: str = "") -> None:
        """Close the books on it; a second time changes nothing. `detail`: why it failed."""
        key = _INTENTS + intent.plan.token
        kept = await self._store.get(key)
        if kept is None:
            return
        now = self._clock.now()
        await self._store.write(
            Delete(key),
            self._line(intent, now, result, detail),
            *(self._consequences(intent.plan, now) if result is Result.DONE else ()),
            expect={key: kept},
        )

    async def unfinished(self) -> Sequence[Intent]:
        """Begun without a result, oldest first."""
        found = await self._store.scan(_INTENTS)
        return sorted(map(self._intents.unpack, found.values()), key=lambda intent: intent.began)

    async def stops(self) -> Mapping[tuple[str, str], Stop]:
        """Stops through the bot, by (host, name), that no start through it has ended."""
        found = await self._store.scan(_STOPS)
        return {_host_and_name(key): self._stops.unpack(value) for key, value in found.items()}

    async def last(self, host: str, name: str, action: Action) -> tuple[datetime, str] | None:
        """When this was last done to the container through the bot, and the name of who did it."""
        value = await self._store.get(_act_key(action, host, name))
        if value is None:
            return None
        act = self._acts.unpack(value)
        return act.at, act.by

    def _consequences(self, plan: Plan, now: datetime) -> tuple[Write, ...]:
        act = Put(_act_key(plan.action, plan.host, plan.name), self._acts.pack(Act(now, plan.asker_name)))
        stop_key = f"{_STOPS}{plan.host}/{plan.name}"
        if plan.action is Action.STOP:
            return act, Put(stop_key, self._stops.pack(Stop(plan.asker_name, now)))
        return act, Delete(stop_key)

    def _line(self, intent: Intent, at: datetime, result: Result, detail: str = "") -> Write:
        plan = intent.plan
        return self._audit.line(
            AuditEntry(
                at,
                plan.asker,
                plan.asker_name,
                plan.action,
                result,
                plan.host,
                plan.name,
                intent.place.chat,
                detail,
            )
        )


def _act_key(action: Action, host: str, name: str) -> str:
    return f"act/{action}/{host}/{name}"


def _host_and_name(key: str) -> tuple[str, str]:
    host, _, name = key.removeprefix(_STOPS).partition("/")
    return host, name
