"""Restart, stop, start: proposed as a plan, confirmed once, carried out at most once, reported to the end.

The intent is written, and the confirmation spent, in one transaction before the engine is asked; the
result is written after. What a crash leaves in between is found at the next start and reported as unknown.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

from services.alerts.expectations import BotActs
from services.audit import Audit, Result
from services.domain.access import Action, Actor, Denial, Target, may
from services.domain.containers import (
    Condition,
    Container,
    ContainerKey,
    Details,
    Diagnosis,
    Health,
    Reason,
    State,
    diagnose,
)
from services.domain.plans import Intent, Outcome, Phase, Place, Plan
from services.errors import (
    AlreadySo,
    ContainerGone,
    DeadlineExceeded,
    Denied,
    EngineRefused,
    HostError,
    NoSuchContainer,
    OwnContainer,
    StoreError,
)
from services.fleet.fleet import Fleet
from services.fleet.protection import Protection
from services.plans import Plans
from services.ports import Clock, Engine
from services.roster import Roster

log = logging.getLogger(__name__)

LOOK_DEADLINE = 2.0
# What an act may take beyond the container's own stop timeout before the person is told it is unconfirmed.
ACT_MARGIN = 20.0
# However long a container may take to stop, the person is told by then; the engine goes on with it.
LONGEST_WAIT = 100.0
LOOK_AGAIN_AFTER = 30.0
HEALTH_PATIENCE = 60.0
HEALTH_INTERVAL = 0.5
# A container that falls over right after its start has done so by then.
STAND_FOR = 1.5


@dataclass(frozen=True, slots=True)
class _Seen:
    """The container of a plan as it is now; nothing where it is gone or could not be seen."""

    container: Container | None = None
    diagnosis: Diagnosis | None = None
    started: datetime | None = None

    def after(self, first: "_Seen") -> "_Seen":
        """With its own start since `first` it did not stand: Docker restarts it again and again."""
        if self.container is None or first.started is None or self.started == first.started:
            return self
        code = self.diagnosis.exit_code if self.diagnosis else None
        return replace(self, diagnosis=Diagnosis(Condition.DOWN, Reason.RESTARTING, exit_code=code))

    @property
    def health(self) -> Health | None:
        return self.container.health if self.container else None


class Control:
    """The hand of the fleet. Every act is checked against the access rule when proposed and again when begun.

    `own_acts` is told of each, so that the watch does not take it for trouble.
    """

    def __init__(
        self,
        fleet: Fleet,
        plans: Plans,
        audit: Audit,
        roster: Roster,
        protection: Protection,
        clock: Clock,
        own_acts: BotActs,
    ) -> None:
        self._fleet = fleet
        self._own_acts = own_acts
        self._plans = plans
        self._audit = audit
        self._roster = roster
        self._protection = protection
        self._clock = clock

    async def propose(self, action: Action, what: str | ContainerKey, *, by: Actor) -> Plan:
        """Resolve the name, check the rights, freeze what would happen. The plan awaits its confirmation for 120 s.

        Raises what `Fleet.find` raises, Denied, OwnContainer, and AlreadySo when there is nothing to do.
        """
        container = await self._fleet.find(what, by=by)
        await self._demand(by, action, self._fleet.target(container), container.name)
        if action is not Action.START and self._protection.is_self(container):
            await self._audit.record(by, action, self._fleet.target(container), Result.DENIED)
            raise OwnContainer(container.name)
        observed = await self._fleet.observe(container.host, container.id, deadline=LOOK_DEADLINE)
        if observed is None:
            raise NoSuchContainer(container.name)
        container, details = observed
        _refuse_needless(action, container, details)
        last = await self._plans.last(container.host, container.name, action)
        plan = Plan(
            token=secrets.token_urlsafe(16),
            action=action,
            host=container.host,
            container_id=container.id,
            name=container.name,
            asker=by.id,
            asker_name=by.name,
            asked=self._clock.now(),
            up_since=details.started if container.state is State.RUNNING else None,
            last_at=last[0] if last else None,
            last_by=last[1] if last else None,
            protected=self._protection.covers(container),
            domains=container.domains,
            state=diagnose(container, details),
        )
        await self._plans.offer(plan)
        return plan

    async def cancel(self, token: str, *, by: Actor) -> Plan:
        """Raises PlanGone, and NotYourPlan for anybody but the asker."""
        return await self._plans.cancel(token, by)

    async def carry_out(self, token: str, *, by: Actor, place: Place) -> AsyncGenerator[Outcome, None]:
        """Spend the confirmation and act; each outcome replaces the one before.

        Raises PlanGone, NotYourPlan, Denied, AlreadySo or HostError only before anything has been done.
        """
        plan = await self._plans.peek(token, by)
        observed = await self._fleet.observe(plan.host, plan.container_id, deadline=LOOK_DEADLINE)
        if observed is None:
            raise ContainerGone(plan.host, plan.name)
        container, details = observed
        await self._demand(by, plan.action, self._fleet.target(container), container.name)
        _refuse_needless(plan.action, container, details)
        intent = await self._plans.begin(token, by, place)
        self._own_acts.begins(plan.host, plan.name)
        try:
            yield Outcome(plan, Phase.RUNNING, self._clock.now())
            async for outcome in self._act(intent, details):
                yield outcome
        finally:
            self._own_acts.ended(plan.host, plan.name)

    async def unfinished(self) -> Sequence[Intent]:
        """What an earlier run of the bot began and did not finish; to be asked before this run begins anything."""
        return await self._plans.unfinished()

    async def review(self, intent: Intent) -> tuple[Outcome, Result]:
        """An unfinished act as far as it can be known now: the container's state, not what made it so."""
        seen = await self._look(intent.plan)
        outcome = Outcome(intent.plan, Phase.INTERRUPTED, self._clock.now(), now=seen.diagnosis)
        return outcome, _result(intent.plan, seen)

    async def close(self, intent: Intent, result: Result) -> None:
        """Close the books on an unfinished act, once the person has been told. Raises StoreError."""
        await self._plans.finish(intent, result)

    async def _act(self, intent: Intent, details: Details) -> AsyncGenerator[Outcome, None]:
        plan = intent.plan
        began = monotonic()
        try:
            await self._ask_engine(plan, details)
        except DeadlineExceeded as error:  # it was asked, and may be at it still
            async for outcome in self._look_again(intent, error, monotonic() - began):
                yield outcome
            return
        except HostError as error:  # the engine refused, or was not reached
            await self._finish(intent, Result.FAILED, _words(error))
            seen = await self._look(plan)
            yield Outcome(plan, Phase.FAILED, self._clock.now(), failure=error, now=seen.diagnosis)
            return
        self._own_acts.answered(plan.host, plan.name)
        took = monotonic() - began
        async for outcome in self._settle(intent, took, began):
            yield outcome

    async def _ask_engine(self, plan: Plan, details: Details) -> None:
        engine: Engine = self._fleet.engine(plan.host)
        deadline = min(details.stop_timeout, LONGEST_WAIT) + ACT_MARGIN
        match plan.action:
            case Action.RESTART:
                await engine.restart(plan.container_id, stop_timeout=details.stop_timeout, deadline=deadline)
            case Action.STOP:
                await engine.stop(plan.container_id, stop_timeout=details.stop_timeout, deadline=deadline)
            case Action.START:
                await engine.start(plan.container_id, deadline=deadline)
            case _:
                raise AssertionError(plan.action)

    async def _settle(self, intent: Intent, took: float, began: float) -> AsyncGenerator[Outcome, None]:
        """After the engine's yes: wait for the healthcheck's word, if there is one, and say how it ended."""
        plan = intent.plan
        first = seen = await self._look(plan)
        if plan.action is not Action.STOP:
            await asyncio.sleep(STAND_FOR)
            seen = (await self._look(plan)).after(first)
        if plan.action is not Action.STOP and seen.health is Health.STARTING:
            yield Outcome(plan, Phase.SETTLING, self._clock.now(), took=took, now=seen.diagnosis)
            while seen.health is Health.STARTING and monotonic() - began < took + HEALTH_PATIENCE:
                await asyncio.sleep(HEALTH_INTERVAL)
                seen = await self._look(plan)
        healthy_after = monotonic() - began if seen.health is Health.HEALTHY else None
        now = seen.diagnosis
        await self._finish(intent, Result.DONE)
        yield Outcome(plan, Phase.DONE, self._clock.now(), took=took, healthy_after=healthy_after, now=now)

    async def _look_again(
        self, intent: Intent, error: HostError, took: float
    ) -> AsyncGenerator[Outcome, None]:
        """No answer in time: say so, look once more later, and leave it at that; never try again."""
        plan = intent.plan
        yield Outcome(plan, Phase.UNCONFIRMED, self._clock.now(), took=took, failure=error)
        await asyncio.sleep(LOOK_AGAIN_AFTER)
        seen = await self._look(plan)
        await self._finish(intent, _result(plan, seen), _words(error))
        yield Outcome(plan, Phase.CHECKED, self._clock.now(), took=took, failure=error, now=seen.diagnosis)

    async def _finish(self, intent: Intent, result: Result, detail: str = "") -> None:
        """What is done is told even when it cannot be written down; the next start then calls it unknown."""
        try:
            await self._plans.finish(intent, result, detail)
        except StoreError:
            log.exception("the result of %s %s is not in the books", intent.plan.action, intent.plan.name)

    async def _look(self, plan: Plan) -> _Seen:
        try:
            observed = await self._fleet.observe(plan.host, plan.container_id, deadline=LOOK_DEADLINE)
        except HostError:
            return _Seen()
        if observed is None:
            return _Seen()
        container, details = observed
        return _Seen(container, diagnose(container, details), details.started)

    async def _demand(self, by: Actor, action: Action, target: Target, name: str) -> None:
        denial = may(by, action, target)
        if denial is None:
            return
        if denial is Denial.OUT_OF_SCOPE:
            raise NoSuchContainer(name)
        await self._audit.record(by, action, target, Result.DENIED)
        raise Denied(action, name, self._roster.who_may(action, target))


def _refuse_needless(action: Action, container: Container, details: Details) -> None:
    if action is Action.START and container.runs:
        raise AlreadySo(container.name, running=True, since=details.started)
    if action is Action.STOP and not container.runs:
        raise AlreadySo(container.name, running=False, since=details.finished)


def _result(plan: Plan, seen: _Seen) -> Result:
    """Of an act that was never confirmed: only a stop shows by itself that it has come about."""
    stopped = seen.container is not None and not seen.container.runs
    return Result.DONE if plan.action is Action.STOP and stopped else Result.UNKNOWN


def _words(error: HostError) -> str:
    return error.message if isinstance(error, EngineRefused) else type(error).__name__
