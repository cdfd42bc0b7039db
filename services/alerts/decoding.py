"""Alertmanager's webhook JSON (payload version 4) ⇄ the domain.

Whoever sends may be odd, and no alert is to be lost for that: what is missing or has the wrong type gets a default,
and an alert that cannot be read at all is a `Flaw` beside the others. Sizes are bounded, so that a hostile body
costs neither memory nor the event loop.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import count
from typing import TypeVar

import msgspec
from msgspec import Raw

from services.alertmanager import fingerprint
from services.alerts.mending import AT_ONCE, clean, mended, mended_in_parts
from services.domain.alerts import Notification, Report, Status
from services.errors import VakhtaError

MOST_ALERTS = 100_000

# Up to so many values a list of them is small; in a body with more the alerts are counted first.
_FEW_COMMAS = 1_000_000
# Alertmanager's own fingerprint is computed byte by byte.
_SIGNED = 16 << 10
# Before: Go's zero time, which says "not known". From: sums with durations would overflow.
_YEARS = range(1970, 9000)
_NULL = Raw(b"null")

T = TypeVar("T")


@dataclass(eq=False)
class Undecodable(VakhtaError):
    """A body that is no notification at all. `reason`: for the admins, without the body's content."""

    reason: str


class TooLongToMend(Undecodable):
    """It is not quite JSON, and too long for the patience of `head`."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """The alert at `index` cannot be read; `reason` as in `Undecodable`."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """A notification whose alerts are still to be read. `labels`: those that the group has in common."""

    key: str
    labels: Mapping[str, str]
    receiver: str
    url: str
    truncated: int
    alerts: Sequence[Raw]


class _Top(msgspec.Struct, rename="camel"):
    alerts: list[Raw]
    group_key: Raw = _NULL
    group_labels: Raw = _NULL
    receiver: Raw = _NULL
    external_url: Raw = msgspec.field(default=_NULL, name="externalURL")
    truncated_alerts: Raw = _NULL


class _Wire(msgspec.Struct, rename="camel"):
    """An alert as it should be."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    status: str = ""
    starts_at: str = ""
    ends_at: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")


_TOP = msgspec.json.Decoder(_Top)
_WIRE = msgspec.json.Decoder(_Wire)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_STRING = msgspec.json.Decoder(str)


def head(body: bytes) -> Head:
    """All but the alerts. 32 MiB take some 40 ms. Raises Undecodable, TooLongToMend."""
    return _patiently(_head, body)


async def patient_head(body: bytes) -> Head:
    """`head` of what must be mended however long it is. Raises Undecodable."""
    try:
        return head(body)
    except TooLongToMend:
        pass
    try:
        return head(await mended_in_parts(body))
    except RecursionError:
        raise Undecodable("nested too deeply") from None
    except ValueError as error:  # json's are such
        raise Undecodable(str(error)) from None


def _head(body: bytes) -> Head:
    if body.count(b",") > _FEW_COMMAS:
        _count(body)
    top = _TOP.decode(body)
    if len(top.alerts) > MOST_ALERTS:
        raise Undecodable(f"more than {MOST_ALERTS} alerts")
    labels = _texts(top.group_labels)
    receiver = _text(top.receiver)
    key = _text(top.group_key) or f"{receiver}:{json.dumps(labels, sort_keys=True)}"
    return Head(key, labels, receiver, _text(top.external_url), _number(top.truncated_alerts), top.alerts)


def reports(head: Head, received: datetime) -> Iterator[Report | Flaw]:
    """Each alert when it is asked for, in the body's order. `received` stands for a start that is not told."""
    for index, raw in enumerate(head.alerts):
        try:
            yield _report(_patiently(_wire, bytes(raw)), received)
        except Undecodable as flaw:
            yield Flaw(index, flaw.reason)


def encode(notification: Notification) -> bytes:
    """What Alertmanager would send. `head` and `reports` give back all but `origin` and `received`."""
    told = {
        "version": "4",
        "groupKey": clean(notification.key),
        "truncatedAlerts": notification.truncated,
        "status": "firing" if any(_fires(each) for each in notification.reports) else "resolved",
        "receiver": clean(notification.receiver),
        "groupLabels": _cleaned(notification.labels),
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": clean(notification.url),
        "alerts": [_told(each) for each in notification.reports],
    }
    return msgspec.json.encode(told)


def _fires(report: Report) -> bool:
    return report.status is Status.FIRING


def _told(report: Report) -> dict[str, object]:
    return {
        "status": report.status.value,
        "labels": _cleaned(report.labels),
        "annotations": _cleaned(report.annotations),
        "startsAt": report.starts.isoformat(),
        "endsAt": report.ends.isoformat() if report.ends else "0001-01-01T00:00:00Z",
        "generatorURL": clean(report.generator),
        "fingerprint": report.fingerprint,
    }


def _patiently(decode: Callable[[bytes], T], body: bytes) -> T:
    """Once more after a mend, when it is not quite JSON. Raises Undecodable."""
    try:
        return decode(body)
    except RecursionError:
        raise Undecodable("nested too deeply") from None
    except msgspec.ValidationError as error:
        raise Undecodable(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if len(body) > AT_ONCE:
            raise TooLongToMend(str(error)) from None
    try:
        return decode(mended(body))
    except RecursionError:
        raise Undecodable("nested too deeply") from None
    except ValueError as error:  # msgspec's and json's are such
        raise Undecodable(str(error)) from None


def _count(body: bytes) -> None:
    """Raise ValidationError at one alert too many, keeping none; 20 ms for 32 MiB."""
    number = count(1)

    class Element(msgspec.Struct):
        def __post_init__(self) -> None:
            if next(number) > MOST_ALERTS:
                raise ValueError(f"more than {MOST_ALERTS} alerts")

    class Counted(msgspec.Struct):
        alerts: list[Element]

    msgspec.json.decode(body, type=Counted)


def _wire(raw: bytes) -> _Wire:
    try:
        return _WIRE.decode(raw)
    except msgspec.ValidationError:
        return _odd(_FIELDS.decode(raw))


def _odd(fields: Mapping[str, Raw]) -> _Wire:
    """Field by field, where some do not have the type that they should."""
    names = ("status", "startsAt", "endsAt", "generatorURL")
    texts = (_text(fields.get(name, _NULL)) for name in names)
    return _Wire(_texts(fields.get("labels", _NULL)), _texts(fields.get("annotations", _NULL)), *texts)


def _texts(raw: Raw) -> dict[str, str]:
    """An object's values as text; nothing for what is no object."""
    if not bytes(raw).lstrip().startswith(b"{"):
        return {}
    return {name: _text(value, "null") for name, value in _FIELDS.decode(raw).items()}


def _text(raw: Raw, null: str = "") -> str:
    """A string's content; of anything else its JSON."""
    value = bytes(raw).strip()
    if value.startswith(b'"'):
        return _STRING.decode(value)
    return null if value == b"null" else value.decode(errors="replace")


def _number(raw: Raw) -> int:
    text = _text(raw)
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _report(wire: _Wire, received: datetime) -> Report:
    labels = wire.labels
    return Report(
        # Never the sender's word: two alerts of one fingerprint would be one.
        fingerprint=_signature(labels),
        labels=labels,
        annotations=wire.annotations,
        status=Status.RESOLVED if wire.status.lower() == "resolved" else Status.FIRING,
        starts=_moment(wire.starts_at) or received,
        ends=_moment(wire.ends_at),
        generator=wire.generator_url,
    )


def _signature(labels: Mapping[str, str]) -> str:
    if sum(len(name) + len(value) for name, value in labels.items()) <= _SIGNED:
        return fingerprint(labels)
    digest = blake2b(digest_size=8)
    for name in sorted(labels):
        digest.update(b"%b\xff%b\xff" % (name.encode(), labels[name].encode()))
    return digest.hexdigest()


def _moment(text: str) -> datetime | None:
    """RFC 3339 of any zone and precision, to the microsecond; None for none, or an impossible one."""
    try:
        moment = datetime.fromisoformat(text.upper())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None


def _cleaned(texts: Mapping[str, str]) -> dict[str, str]:
    return {clean(name): clean(value) for name, value in texts.items()}
