"""Silences: real ones in Alertmanager where there is one, else ours, which the pipeline's mute stage obeys."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.alertmanager import Alertmanager, SilenceState
from services.alerts.policy import Policy
from services.alerts.stages import CONTAINER_LABELS, HOST_LABELS, Silence
from services.domain.alerts import Alert, Incident, Matcher, Quiet, Span
from services.errors import NoSuchSilence
from services.ports import Clock, Delete, Put, Store
from services.store.records import Codec

OURS = "silence/"


@dataclass(frozen=True, slots=True)
class ListedSilence:
    """`ours`: kept by us and not by Alertmanager."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str
    comment: str
    ours: bool


class Silences:
    """Calls to Alertmanager raise ApiError; then nothing was silenced."""

    def __init__(self, store: Store, clock: Clock, alertmanager: Alertmanager | None) -> None:
        self._store = store
        self._clock = clock
        self._alertmanager = alertmanager
        self._codec = Codec(Silence)
        self._cached: dict[str, Silence] | None = None

    async def ours_active(self) -> Sequence[Silence]:
        """What the mute stage obeys."""
        now = self._clock.now()
        return [each for each in (await self._ours()).values() if each.ends > now]

    async def add(self, matchers: Sequence[Matcher], until: datetime, by: str, what: str) -> Quiet:
        """`by`: a person's name, recorded as the author; `what`: in a word or two."""
        now = self._clock.now()
        if self._alertmanager is not None:
            identity = await self._alertmanager.silence(matchers, now, until, by, what)
            return Quiet(identity, until, by, what)
        silence = Silence(secrets.token_hex(8), tuple(matchers), now, until, by, what)
        await self._keep(silence)
        return Quiet(silence.id, until, by, what, ours=True)

    async def extend(self, identity: str, by: str, longer: timedelta) -> datetime:
        """Until when it lasts now. Raises NoSuchSilence."""
        found = await self.one(identity)
        ends = found.ends + longer
        if found.ours:
            await self._keep(replace((await self._ours())[identity], ends=ends))
            return ends
        assert self._alertmanager is not None
        await self._alertmanager.silence(found.matchers, found.starts, ends, by, found.comment, id=identity)
        return ends

    async def expire(self, identity: str) -> ListedSilence:
        """End it now. Raises NoSuchSilence when it has ended."""
        found = await self.one(identity)
        if found.ours:
            await self._store.write(Delete(OURS + identity))
            (await self._ours()).pop(identity, None)
        else:
            assert self._alertmanager is not None
            await self._alertmanager.expire(identity)
        return found

    async def one(self, identity: str) -> ListedSilence:
        for each in await self.listing():
            if each.id == identity:
                return each
        raise NoSuchSilence

    async def listing(self) -> Sequence[ListedSilence]:
        """All that are in force, those that end first before the others."""
        now = self._clock.now()
        found = [
            ListedSilence(each.id, each.matchers, each.starts, each.ends, each.by, each.comment, True)
            for each in (await self._ours()).values()
            if each.ends > now
        ]
        if self._alertmanager is not None:
            found += [
                ListedSilence(
                    each.id,
                    each.matchers,
                    each.starts,
                    each.ends,
                    each.created_by,
                    each.comment,
                    ours=False,
                )
                for each in await self._alertmanager.silences()
                if each.state is not SilenceState.EXPIRED
            ]
        return sorted(found, key=lambda each: each.ends)

    async def _ours(self) -> dict[str, Silence]:
        if self._cached is None:
            kept = await self._store.scan(OURS)
            silences = (self._codec.unpack(value) for value in kept.values())
            self._cached = {each.id: each for each in silences}
        return self._cached

    async def _keep(self, silence: Silence) -> None:
        await self._store.write(Put(OURS + silence.id, self._codec.pack(silence), silence.ends))
        (await self._ours())[silence.id] = silence


def spans(incident: Incident, alerts: Sequence[Alert]) -> tuple[tuple[Span, str], ...]:
    """How wide one may silence from this incident, narrowest first, with the word for each."""
    found: list[tuple[Span, str]] = []
    hosts = {host for host, _container in incident.targets if host}
    if incident.target:
        found.append((Span.CONTAINER, incident.target[1]))
    if len(hosts) == 1 and not incident.wide:
        found.append((Span.HOST, next(iter(hosts))))
    names = {alert.name for alert in alerts if alert.name}
    if len(names) == 1:
        found.append((Span.NAME, next(iter(names))))
    if not found:
        found.append((Span.GROUP, ""))
    return tuple(found)


def matchers(span: Span, incident: Incident, alerts: Sequence[Alert], policy: Policy) -> tuple[Matcher, ...]:
    """By the very labels that the alerts bear, so that Alertmanager's own comparison fits them."""
    if span is Span.NAME:
        return (Matcher("alertname", next(alert.name for alert in alerts if alert.name)),)
    if span is Span.GROUP:
        labels = incident.labels or alerts[0].labels
        return tuple(Matcher(name, value) for name, value in sorted(labels.items()))
    sample = next(alert for alert in alerts if alert.host and (alert.container or span is Span.HOST))
    host = _host_matcher(sample, policy)
    if span is Span.HOST:
        return (host,)
    container = next(label for label in CONTAINER_LABELS if sample.labels.get(label))
    return host, Matcher(container, sample.labels[container])


def _host_matcher(sample: Alert, policy: Policy) -> Matcher:
    label = next(name for name in HOST_LABELS if policy.host_named(sample.labels.get(name, "")))
    if label == "host":
        return Matcher(label, sample.labels[label])
    names = "|".join(re.escape(name) for name in (sample.host, *policy.hosts.get(sample.host, ())))
    return Matcher(label, f"({names})(:[0-9]+)?", regex=True)
