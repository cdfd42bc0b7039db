"""The restart of a whole Compose project: one container after another, for as long as all goes well.

Each container goes through `services.fleet.control`, which checks the rights once more, keeps the books, and keeps the
watch quiet. What is kept here besides is the project's own place in its order, so that a crash in between can be told.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from time import monotonic

from services.audit import Audit, Result
from services.confirmations import Confirmations
from services.domain.access import Action, Actor, Denial, Target, may
from services.domain.containers import Condition, Container, ContainerKey, Diagnosis, diagnose, key_of
from services.domain.plans import Outcome, Phase, Place
from services.domain.projects import (
    Begun,
    Member,
    Project,
    ProjectKey,
    ProjectPlan,
    Rolling,
    Stand,
    is_once,
    members_of,
    service_of,
    stand_of,
)
from services.errors import (
    AlreadySo,
    ContainerGone,
    Denied,
    HostError,
    OwnContainer,
    PlanGone,
    ProjectBarred,
    ProjectBusy,
    ProjectIdle,
    StoreError,
    VakhtaError,
)
from services.fleet.control import LOOK_DEADLINE, Control
from services.fleet.fleet import LIST_DEADLINE, Fleet
from services.fleet.protection import Protection
from services.ports import Clock, Delete, Put, Store
from services.projects import Projects
from services.roster import Roster
from services.store.records import Codec

log = logging.getLogger(__name__)

COME_UP = 120.0  # seconds that one container may take until it is well
LOOK_EVERY = 0.5

_BEGUN = "project/begun/"


@dataclass(slots=True)
class _Run:
    """A restart under way. ends: no more of it is wanted, by whom `stopped_by` names, or because the bot stops."""

    plan: ProjectPlan
    ends: bool = False
    stopped_by: str = ""


class ProjectControl:
    """A project is restarted as a whole or not at all: for nobody whose rights do not reach all of it."""

    def __init__(
        self,
        projects: Projects,
        fleet: Fleet,
        control: Control,
        protection: Protection,
        store: Store,
        audit: Audit,
        roster: Roster,
        clock: Clock,
    ) -> None:
        self._projects = projects
        self._fleet, self._control, self._protection = fleet, control, protection
        self._store, self._audit, self._roster, self._clock = store, audit, roster, clock
        self._plans = Confirmations(store, ProjectPlan, "project/plan/")
        self._begun = Codec(Begun)
        self._running: dict[str, _Run] = {}

    async def propose(self, key: ProjectKey, *, by: Actor) -> ProjectPlan:
        """What a restart would do, kept for two minutes.

        Raises as `Projects.find` does, Denied, ProjectBarred, OwnContainer, ProjectIdle, ProjectBusy, HostError.
        """
        project = await self._projects.find(key, by=by)
        if may(by, Action.RESTART):
            await self._deny(by, project)
            raise Denied(Action.RESTART, project.name, self._roster.who_may(Action.RESTART))
        protected = await self._demand_whole(project, by)
        self._refuse_twice(project.host, project.name)
        members = members_of(project)
        if not members:
            raise ProjectIdle(project.name)
        chosen = {member.id for member in members}
        left = [row.container for row in project.containers if row.container.id not in chosen]
        plan = ProjectPlan(
            secrets.token_urlsafe(16),
            project.host,
            project.name,
            members,
            by.id,
            by.name,
            self._clock.now(),
            tuple(dict.fromkeys(map(service_of, left))),
            tuple(container.name for container in protected if container.id in chosen),
        )
        await self._plans.offer(plan)
        return plan

    async def cancel(self, token: str, *, by: Actor) -> ProjectPlan:
        """Before it has begun. Raises PlanGone, and NotYourPlan for anybody but the asker."""
        return await self._plans.spend(token, by)

    def stop(self, token: str, *, by: Actor) -> ProjectPlan | None:
        """What is under way is brought to its end, and then no more is restarted; None where it is over already.

        Whoever may restart what is left may stop it, too. Raises Denied.
        """
        run = self._running.get(token)
        if run is None:
            return None
        for member in run.plan.members:
            if may(by, Action.RESTART, Target(run.plan.host, member.name)):
                raise Denied(Action.RESTART, run.plan.project)
        run.ends, run.stopped_by = True, by.name
        return run.plan

    def stop_all(self) -> None:
        """As `stop`, since the bot itself is to stop."""
        for run in self._running.values():
            run.ends = True

    async def carry_out(self, token: str, *, by: Actor, place: Place) -> AsyncGenerator[Rolling, None]:
        """How far it is, again and again, until it is over. Of any number of presses one begins it.

        Raises PlanGone, NotYourPlan, ProjectBusy, ProjectBarred, OwnContainer, HostError, StoreUnavailable, all before
        anything is restarted.
        """
        plan = await self._plans.peek(token, by)
        await self._demand_whole(Project(plan.host, plan.project, ()), by)
        with self._run(plan) as run:
            begun = Begun(plan, place)
            await self._plans.spend(token, by, lambda plan: (self._at(begun),))
            rolling = Rolling(plan, 0, self._clock.now())
            async with aclosing(self._roll(begun, run, by)) as steps:
                async for rolling in steps:
                    if not rolling.over:
                        yield rolling
            await self.close(begun)
            yield rolling

    async def unfinished(self) -> Sequence[Begun]:
        """What an earlier run of the bot began and did not finish; to be asked before this run begins anything."""
        return [self._begun.unpack(value) for value in (await self._store.scan(_BEGUN)).values()]

    async def close(self, begun: Begun) -> None:
        """Close the books on it. What is done is told even when that cannot be written down."""
        try:
            await self._store.write(Delete(_BEGUN + begun.plan.token))
        except StoreError:
            log.exception("the restart of project %s stays in the books", begun.plan.project)

    async def _roll(self, begun: Begun, run: _Run, by: Actor) -> AsyncGenerator[Rolling, None]:
        """The last one is over."""
        plan = begun.plan
        rolling = Rolling(plan, 0, self._clock.now())
        for done, member in enumerate(plan.members):
            if run.ends:
                break
            try:
                if done:
                    await self._store.write(self._at(replace(begun, done=done)))
                async with aclosing(self._restart(begun, member, by)) as outcomes:
                    async for outcome in outcomes:
                        rolling = Rolling(plan, done, self._clock.now(), outcome, stopped_by=run.stopped_by)
                        if rolling.goes_on:
                            yield rolling
            except VakhtaError as error:  # before it was touched: `Control.carry_out` raises nothing later
                yield Rolling(plan, done, self._clock.now(), over=True, failure=error)
                return
            if rolling.stand is not Stand.UP:
                yield replace(rolling, over=True, at=self._clock.now())
                return
            rolling = Rolling(plan, done + 1, self._clock.now())
        stopped_by = run.stopped_by if rolling.untouched else ""
        yield replace(rolling, over=True, stopped_by=stopped_by)

    async def _restart(self, begun: Begun, member: Member, by: Actor) -> AsyncGenerator[Outcome, None]:
        """One container, until it is well, or is surely not, or its time is up."""
        host, until = begun.plan.host, monotonic() + COME_UP
        key = ContainerKey(host, key_of(host, member.name))
        plan = await self._control.propose(Action.RESTART, key, by=by)
        if plan.container_id != member.id:
            raise ContainerGone(host, member.name)
        if plan.state and plan.state.condition is Condition.STOPPED and not member.ends:
            # By somebody, since the question was asked: to restart it would be to start it.
            raise AlreadySo(member.name, running=False, since=plan.state.since)
        outcome = Outcome(plan, Phase.RUNNING, self._clock.now())
        async with aclosing(self._control.carry_out(plan.token, by=by, place=begun.place)) as outcomes:
            async for outcome in outcomes:
                yield outcome
        while (
            outcome.phase is Phase.DONE and stand_of(member, outcome) is Stand.WAITING and monotonic() < until
        ):
            await asyncio.sleep(LOOK_EVERY)
            now = await self._look(host, member.id)
            outcome = replace(outcome, now=now, at=self._clock.now())
            if stand_of(member, outcome) is not Stand.WAITING:
                yield outcome

    async def _look(self, host: str, identity: str) -> Diagnosis | None:
        try:
            observed = await self._fleet.observe(host, identity, deadline=LOOK_DEADLINE)
        except HostError:
            return None
        return diagnose(*observed) if observed else None

    async def _demand_whole(self, project: Project, by: Actor) -> Sequence[Container]:
        """Those of its containers that are protected and may be restarted all the same."""
        rows = await self._fleet.engine(project.host).containers(deadline=LIST_DEADLINE)
        parts = [row for row in rows if row.project == project.name and not is_once(row)]
        targets = {row.name: self._fleet.target(row) for row in parts}
        denials = {name: may(by, Action.RESTART, target) for name, target in targets.items()}
        if Denial.OUT_OF_SCOPE in denials.values():
            await self._deny(by, project)
            raise ProjectBarred(project.name)
        if barred := [name for name, denial in denials.items() if denial]:
            await self._deny(by, project)
            who = self._roster.who_may(Action.RESTART, targets[barred[0]])
            raise ProjectBarred(project.name, tuple(barred), who)
        if own := [row for row in parts if self._protection.is_self(row)]:
            await self._deny(by, project)
            raise OwnContainer(own[0].name)
        return [row for row in parts if targets[row.name].protected]

    async def _deny(self, by: Actor, project: Project) -> None:
        detail = f"project {project.host}/{project.name}"
        await self._audit.record(by, Action.RESTART, None, Result.DENIED, detail=detail)

    def _refuse_twice(self, host: str, name: str) -> None:
        for run in self._running.values():
            if (run.plan.host, run.plan.project) == (host, name):
                raise ProjectBusy(name, run.plan.asker_name)

    @contextmanager
    def _run(self, plan: ProjectPlan) -> Iterator[_Run]:
        if plan.token in self._running:
            raise PlanGone
        self._refuse_twice(plan.host, plan.project)
        run = self._running[plan.token] = _Run(plan)
        try:
            yield run
        finally:
            del self._running[plan.token]

    def _at(self, begun: Begun) -> Put:
        return Put(_BEGUN + begun.plan.token, self._begun.pack(begun))
