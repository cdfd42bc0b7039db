"""Alertmanager's API v2, as versions 0.25 and newer speak it: alerts and silences, in and out.

Every call raises ApiError, whose `api` is "alertmanager". Moments are timezone-aware; the API's own are UTC
and end at milliseconds, while the webhook tells nanoseconds: compare them by the millisecond.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from services.domain.alerts import Matcher
from services.errors import ApiRefused
from services.http import Api, Raw, open_api

API = "alertmanager"

_ALL = dict.fromkeys(("active", "silenced", "inhibited", "unprocessed"), "true")
_FNV_OFFSET, _FNV_PRIME, _64_BITS = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """One alert that is not over. `ends`: when it will count as resolved if nobody posts it again.

    receivers: their names. suppressed: nobody is notified, for a silence, an inhibiting alert or, where both
    are empty, a mute time of newer versions. inhibited_by: fingerprints; silenced_by: ids of silences.
    """

    fingerprint: str
    labels: Labels
    annotations: Labels
    starts: datetime
    ends: datetime
    generator: str
    receivers: tuple[str, ...]
    suppressed: bool
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What one notification is about. `labels`: those that it is grouped by."""

    labels: Labels
    receiver: str
    alerts: tuple[ActiveAlert, ...]


@dataclass(frozen=True, slots=True)
class PostedAlert:
    """An alert for Alertmanager. Without `ends` it counts as over after `resolve_timeout` (5 min).

    Label names: [a-zA-Z_][a-zA-Z0-9_]*; any text is a value, and an empty one is as no label.
    """

    labels: Labels
    annotations: Labels
    starts: datetime
    ends: datetime | None = None
    generator: str = ""


class SilenceState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """Applies to alerts that fit all of its matchers."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    created_by: str
    comment: str
    state: SilenceState


@dataclass(frozen=True, slots=True)
class AmStatus:
    version: str
    started: datetime


class Alertmanager:
    """Deadlines are in seconds, for the whole request."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def alerts(self, *, deadline: float = 5) -> Sequence[ActiveAlert]:
        """All that are not over, suppressed ones too, in no promised order."""
        answer = await self._api.ask("GET", "api/v2/alerts", params=_ALL, deadline=deadline)
        return await self._api.each(self._rows(answer.body), _alert)

    async def groups(self, *, deadline: float = 5) -> Sequence[Group]:
        """One for each receiver and set of group labels, suppressed alerts included."""
        answer = await self._api.ask("GET", "api/v2/alerts/groups", deadline=deadline)
        found: list[Group] = []
        for group in await self._api.each(self._rows(answer.body), _GROUP.decode):
            alerts = await self._api.each(group.alerts, _alert)
            found.append(Group(group.labels, group.receiver.name, alerts))
        return found

    async def post(self, alerts: Sequence[PostedAlert], *, deadline: float = 3) -> None:
        """Identical labels are one alert. Where some are refused, the others may have been taken all the same."""
        json = msgspec.json.encode([_posted(alert) for alert in alerts])
        await self._api.ask("POST", "api/v2/alerts", json=json, deadline=deadline)

    async def silences(self, *, deadline: float = 5) -> Sequence[Silence]:
        """Those that expired within Alertmanager's retention (5 days) too."""
        answer = await self._api.ask("GET", "api/v2/silences", deadline=deadline)
        return await self._api.each(self._rows(answer.body), _silence)

    async def silence(
        self,
        matchers: Sequence[Matcher],
        starts: datetime,
        ends: datetime,
        by: str,
        comment: str,
        *,
        id: str | None = None,
        deadline: float = 5,
    ) -> str:
        """Its id. `starts` in the past is now; refused are an end in the past and matchers that fit everything.

        With `id` that silence is replaced: it keeps its id while it runs and only `ends` or words change; else
        it expires and a new one begins. ApiRefused (404): there is none of that id.
        """
        wire = _WireSilence(
            matchers=[_WireMatcher(m.name, m.value, m.regex, m.equal) for m in matchers],
            starts_at=starts,
            ends_at=ends,
            created_by=by,
            comment=comment,
            id=id or "",
        )
        json = msgspec.json.encode(wire)
        answer = await self._api.ask("POST", "api/v2/silences", json=json, deadline=deadline)
        with self._api.understanding():
            return _SILENCED.decode(answer.body)["silenceID"]

    async def expire(self, id: str, *, deadline: float = 5) -> None:
        """End a silence now. Harmless when it is over or gone already."""
        try:
            await self._api.ask("DELETE", f"api/v2/silence/{quote(id, safe='')}", deadline=deadline)
        except ApiRefused as refused:
            # It is 404 without a word when there is no such silence, of another page with some. Over, and in
            # old versions gone too, is 500: only the words tell.
            over = refused.status == 500 and refused.message.endswith(("not found", "already expired"))
            if not (over or (refused.status == 404 and not refused.message)):
                raise

    async def status(self, *, deadline: float = 5) -> AmStatus:
        answer = await self._api.ask("GET", "api/v2/status", deadline=deadline)
        with self._api.understanding():
            status = _STATUS.decode(answer.body)
            return AmStatus(status.version_info["version"], status.uptime.astimezone(UTC))

    def _rows(self, body: bytes) -> list[Raw]:
        with self._api.understanding():
            return _ROWS.decode(body)


@asynccontextmanager
async def open_alertmanager(url: str, username: str = "", password: str = "") -> AsyncIterator[Alertmanager]:
    """`url`: as Alertmanager's --web.external-url says. Basic auth when a username is given. Nothing is asked yet."""
    async with open_api(API, url, username, password) as api:
        yield Alertmanager(api)


def fingerprint(labels: Labels) -> str:
    """Alertmanager's own name of the alert with these labels, 16 hex digits.

    FNV-1a of 64 bits over names and values in order of the names, 0xFF after each (prometheus/common,
    model/signature.go); labels without a value are dropped before.
    """
    digest = _FNV_OFFSET
    for name in sorted(name for name, value in labels.items() if value):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            digest = (digest ^ byte) * _FNV_PRIME & _64_BITS
    return f"{digest:016x}"


# What stands in the JSON; only what is used is named, so newer versions may say more.
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Wire(msgspec.Struct, rename="camel", omit_defaults=True):
    pass


class _WireStatus(_Wire):
    state: str
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


class _WireReceiver(_Wire):
    name: str


class _WireAlert(_Wire):
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: _Moment
    ends_at: _Moment
    receivers: list[_WireReceiver]
    status: _WireStatus
    generator: str = msgspec.field(default="", name="generatorURL")


class _WireGroup(_Wire):
    labels: dict[str, str]
    receiver: _WireReceiver
    alerts: list[Raw]


class _WireMatcher(_Wire, omit_defaults=False):
    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class _WireSilence(_Wire):
    matchers: list[_WireMatcher]
    starts_at: _Moment
    ends_at: _Moment
    created_by: str
    comment: str
    id: str = ""
    status: _WireStatus | None = None


class _WireAmStatus(_Wire):
    uptime: _Moment
    version_info: dict[str, str]


_ROWS = msgspec.json.Decoder(list[Raw])
_ALERT = msgspec.json.Decoder(_WireAlert)
_GROUP = msgspec.json.Decoder(_WireGroup)
_SILENCE = msgspec.json.Decoder(_WireSilence)
_SILENCED = msgspec.json.Decoder(dict[str, str])
_STATUS = msgspec.json.Decoder(_WireAmStatus)


def _alert(row: Raw) -> ActiveAlert:
    alert = _ALERT.decode(row)
    return ActiveAlert(
        fingerprint=alert.fingerprint,
        labels=alert.labels,
        annotations=alert.annotations,
        starts=alert.starts_at.astimezone(UTC),
        ends=alert.ends_at.astimezone(UTC),
        generator=alert.generator,
        receivers=tuple(receiver.name for receiver in alert.receivers),
        suppressed=alert.status.state == "suppressed",
        silenced_by=alert.status.silenced_by,
        inhibited_by=alert.status.inhibited_by,
    )


def _posted(alert: PostedAlert) -> dict[str, Any]:
    said = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": alert.starts,
        "endsAt": alert.ends,
        "generatorURL": alert.generator,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def _silence(row: Raw) -> Silence:
    silence = _SILENCE.decode(row)
    if silence.status is None:
        raise ValueError("a silence without its state")
    return Silence(
        id=silence.id,
        matchers=tuple(Matcher(m.name, m.value, m.is_regex, m.is_equal) for m in silence.matchers),
        starts=silence.starts_at.astimezone(UTC),
        ends=silence.ends_at.astimezone(UTC),
        created_by=silence.created_by,
        comment=silence.comment,
        state=SilenceState(silence.status.state),
    )
