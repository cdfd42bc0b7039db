"""The memory of the watch over one host: what has been heard, what is open, what must be looked at and when.

Decides and does nothing: `Watcher` brings events and looks, and reports what comes of them. Times are ours,
except in findings, where they are the host's.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.alerts.watch_falls import Falls
from services.alerts.watch_grace import Grace
from services.alerts.watching import (
    History,
    Look,
    Open,
    Rules,
    ended_at,
    ends,
    evidence_of,
    last_oom,
    settled_at,
    started_of,
    troubles,
)
from services.domain.alerts import Evidence
from services.domain.containers import Container, State, needs_details
from services.domain.events import Event, EventAction
from services.domain.findings import (
    CRASH_LOOP,
    HOST_UNREACHABLE,
    OOM_KILLED,
    SERVICE_DOWN,
    SEVERITIES,
    Finding,
)

_A_MOMENT = timedelta(seconds=1)
_AT_ONCE = {
    EventAction.START,
    EventAction.DESTROY,
    EventAction.RENAME,
    EventAction.HEALTH_STATUS,
    EventAction.UNPAUSE,
}


class HostWatch:
    """lost: since when there has been no contact, None while there is. since: from when events are wanted next time."""

    def __init__(self, host: str, rules: Rules, open_findings: Iterable[Finding], now: datetime) -> None:
        self.host = host
        self.rules = rules
        self.lost: datetime | None = now
        self._born = now
        self._open = {finding.key: finding for finding in open_findings}
        self._due: dict[str, datetime] = {}
        self._histories: dict[str, History] = {}
        self._unsettled: dict[str, datetime] = {}  # deaths not looked at yet, in the host's time
        self._last: datetime | None = None
        self._grace = Grace()
        self._falls = Falls(rules)
        if fall := self.fall:
            self._falls.down |= set(fall.containers)
        self._contacts = 0
        self._contact = now
        self.reporting = asyncio.Lock()  # one report at a time
        self.verdicts: dict[
            str, bool
        ] = {}  # of what was judged: whether it is down, or comes and goes, in vain

    @property
    def fall(self) -> Finding | None:
        """The open finding about several."""
        return self._open.get(f"{SERVICE_DOWN}/{self.host}/")

    @property
    def since(self) -> datetime:
        """Deaths that could not be looked at are heard of again; at first, those of a crash loop's time."""
        if self._last is None:
            return self._born - self.rules.crash_within
        return min([*self._unsettled.values(), self._last + timedelta(microseconds=1)])

    def current(self, finding: Finding) -> Finding | None:
        """What is open under its key, if it is the same trouble still."""
        kept = self._open.get(finding.key)
        return kept if kept and kept.started == finding.started else None

    def made_contact(self, now: datetime) -> None:
        self.lost = None
        self._contacts += 1
        self._contact = now
        self._grace.begin(now + self.rules.grace)

    def waits(self, now: datetime) -> None:
        """It has not been tried yet, so nobody can say that it is silent."""
        if not self._contacts:
            self.lost = now

    def lost_contact(self, at: datetime) -> None:
        self.lost = self.lost or at

    def host_changes(self, now: datetime) -> list[Finding]:
        """Whether the host has been silent for too long, or is so no more."""
        known = self._open.get(f"{HOST_UNREACHABLE}/{self.host}/")
        if self.lost is None:
            return [replace(known, ended=max(self._contact, known.started))] if known else []
        if known or now < self.lost + self.rules.silence:
            return []
        return [self._finding(HOST_UNREACHABLE, "", self.lost)]

    def heard(self, event: Event, now: datetime) -> None:
        self._last = max(self._last or event.at, event.at)
        at = min(event.at, now)
        name = event.name
        if event.action is EventAction.OOM and at < self._born:
            return  # an earlier run has told of it
        self._histories[name] = self._histories.get(name, History()).after(event, at)
        if event.action is EventAction.DIE:
            if not self.verdicts.get(name):
                self.verdicts.pop(name, None)  # was about another life of it
            self._died(name, event.at, now)
        elif event.action is EventAction.START:
            self._grace.started(name)
        elif ends(event):
            self._falls.died(name, event.at)
        elif event.action is EventAction.RENAME and event.old_name:
            self._histories[name] = self._histories.pop(event.old_name, self._histories[name])
            self.look_at([event.old_name], now)
        elif event.action is EventAction.DESTROY:
            self._unsettled.pop(name, None)
        if event.action in _AT_ONCE:
            self.look_at([name], now)
        elif event.action is EventAction.CREATE:
            self.look_at([name], now + self.rules.collect)
        elif event.action is EventAction.OOM:  # it dies of it, or does not
            self._due[name] = now + self.rules.collect
            self._unsettled.setdefault(name, event.at)

    def _died(self, name: str, at: datetime, now: datetime) -> None:
        self._grace.died(name)
        self._unsettled.setdefault(name, at)
        self._falls.died(name, at)
        if fellows := self._falls.fellows(name):
            begun, due = not self._falls.is_due, self._falls.due(now)
            # The first to die wait for the others, and only once.
            waiting = [each for each in fellows if begun and self._due.get(each, now) > now]
            self._due |= dict.fromkeys([name, *waiting], due)
        else:
            self._due[name] = now + self.rules.collect

    def look_at(self, names: Iterable[str], at: datetime) -> None:
        """Then, or earlier if that is due already; a death is never looked at before its time."""
        for name in names:
            if name not in self._unsettled or name not in self._due:
                self._due[name] = min(self._due.get(name, at), at)

    def listed(self, rows: Collection[Container], now: datetime) -> None:
        """The whole host: whatever may be in trouble, or has been, is due."""
        there = {row.name for row in rows}
        self._histories = {name: kept for name, kept in self._histories.items() if name in there}
        self.verdicts = {name: kept for name, kept in self.verdicts.items() if name in there}
        troubled = [row for row in rows if needs_details(row)]
        self._grace.found(row.name for row in troubled if row.state is not State.RUNNING)
        # What is down at this very moment may be about to come up.
        self.look_at((row.name for row in troubled), now + self.rules.collect)
        self.look_at((finding.container for finding in self._open.values() if finding.container), now)
        self.look_at(self._falls.down, now)

    def any_due(self, now: datetime) -> bool:
        return any(at <= now for at in self._due.values())

    @property
    def next_due(self) -> datetime | None:
        return min(self._due.values(), default=None)

    def take_due(self, now: datetime) -> list[str]:
        """To be looked at and judged now; if that fails, `look_at` is told of them again."""
        taken = [name for name, at in self._due.items() if at <= now]
        for name in taken:
            del self._due[name]
        return taken

    def history(self, container: Container) -> History:
        kept = self._histories.get(container.name, History())
        return kept if kept.container_id in ("", container.id) else History()

    def in_grace(self, name: str, now: datetime) -> bool:
        return self._grace.covers(name, now)

    def judge(self, looks: Mapping[str, Look | None], now: datetime) -> list[Finding]:
        """What has changed; None in `looks`: there is no container of that name. It counts once it is `noted`."""
        changes: list[Finding] = []
        true: dict[str, frozenset[str]] = {}
        for name, look in looks.items():
            if name in self._due:
                continue  # something has been heard of it since it was looked at
            self._unsettled.pop(name, None)
            open_ = self._about(name)
            found = troubles(look, open_, now, self.rules) if look else frozenset()
            if look:
                self.verdicts[name] = bool(found and found & {SERVICE_DOWN, CRASH_LOOP})
            if found is None:
                self._due[name] = self._undecided_until(look, now)
                continue
            true[name] = found
            changes += (
                replace(known, ended=ended_at(known, look, now))
                for known in open_.values()
                if known.name not in found
            )
            if look is None:
                self._histories.pop(name, None)
            else:
                changes += self._begun(open_, found - {SERVICE_DOWN}, look, now)
                self._wait(open_, found, look, now)
        return [*changes, *self._down(true, looks, now)]

    def noted(self, finding: Finding) -> None:
        """It has been reported."""
        if finding.ended:
            self._open.pop(finding.key, None)
        else:
            self._open[finding.key] = finding
        if finding.name in (SERVICE_DOWN, CRASH_LOOP, OOM_KILLED):
            for name in finding.containers or (finding.container,):
                if name in self._histories:
                    self._histories[name] = replace(self._histories[name], oom=None)

    def _about(self, name: str) -> Open:
        keys = ((each, f"{each}/{self.host}/{name}") for each in SEVERITIES)
        return {each: self._open[key] for each, key in keys if key in self._open}

    def _finding(self, name: str, container: str, started: datetime) -> Finding:
        return Finding(name, self.host, container, SEVERITIES[name], started)

    def _undecided_until(self, look: Look | None, now: datetime) -> datetime:
        until = self._grace.until if look and look.grace and not look.acting else None
        return until or now + _A_MOMENT

    def _begun(self, open_: Open, true: Iterable[str], look: Look, now: datetime) -> list[Finding]:
        """Those not open yet, and those of which more has been known for some time."""
        changes = []
        for name in sorted(true):
            evidence = evidence_of(name, look, now, self.rules)
            known = open_.get(name)
            if known is None:
                started = started_of(name, look, now, self.rules)
                changes.append(replace(self._finding(name, look.container.name, started), evidence=evidence))
            elif _tells_more(evidence, known) and now >= self._refreshed(known):
                changes.append(replace(known, evidence=evidence))
        return changes

    def _refreshed(self, known: Finding) -> datetime:
        return (known.evidence.at if known.evidence else known.started) + self.rules.refresh

    def _wait(self, open_: Open, true: Collection[str], look: Look, now: datetime) -> None:
        """Look again when what is true now will have ended by itself."""
        name = look.container.name
        if CRASH_LOOP in true:
            loop = open_.get(CRASH_LOOP)
            over = settled_at(look, loop.started if loop else now, self.rules)
            self.look_at([name], max(over, now + _A_MOMENT))
            if loop and _tells_more(evidence_of(CRASH_LOOP, look, now, self.rules), loop):
                self.look_at([name], max(self._refreshed(loop), now + _A_MOMENT))
        if look.details.oom_killed and look.container.state is State.RESTARTING:
            self._histories[name] = replace(look.history, oom=look.history.oom or now)
        if OOM_KILLED in true and (oom := last_oom(look.history, open_)):
            self.look_at([name], max(oom + self.rules.oom_over, now + _A_MOMENT))

    def _down(
        self, true: Mapping[str, Collection[str]], looks: Mapping[str, Look | None], now: datetime
    ) -> list[Finding]:
        """service_down of those found down now: each by itself, or all that fell together."""
        fall, falls = self.fall, self._falls
        down = {name for name, found in true.items() if SERVICE_DOWN in found}
        told = falls.down & set(fall.containers) if fall else set()
        new = {name for name in down - told if SERVICE_DOWN not in self._about(name)}
        up = true.keys() - down
        for name in up:
            falls.rose(name)
        falls.down -= up
        joining = falls.joining(new, [name for name in new if self._grace.late(name, now)])
        falls.down |= joining
        changes = []
        for name in sorted(new - joining):
            if look := looks[name]:
                changes += self._begun({}, [SERVICE_DOWN], look, now)
        if fall and not falls.down:
            ends = [ended_at(fall, looks[name], now) for name in up & set(fall.containers)]
            changes.append(replace(fall, ended=max(ends, default=now)))
        elif fall and (more := sorted(joining - set(fall.containers))):
            changes.append(replace(fall, containers=(*fall.containers, *more)))
        elif joining and not fall:
            found = [look for name in joining if (look := looks[name])]
            started = min(started_of(SERVICE_DOWN, look, now, self.rules) for look in found)
            fallen = self._finding(SERVICE_DOWN, "", started)
            changes.append(replace(fallen, containers=tuple(sorted(joining))))
        return changes


def _tells_more(evidence: Evidence, known: Finding) -> bool:
    """Of a crash loop: it died again."""
    return known.name == CRASH_LOOP and known.evidence is not None and evidence.deaths > known.evidence.deaths
