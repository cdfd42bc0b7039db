"""Records as bytes: those of earlier versions stay readable, and what is no record is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest

from services.audit import AuditEntry, Result
from services.domain.access import Action
from services.domain.containers import Condition, Diagnosis, Reason
from services.domain.plans import Intent, Place, Plan
from services.errors import StoreUnavailable
from services.store.records import Codec

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Inner:
    pairs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Record:
    at: datetime
    colour: Colour
    level: Level
    inner: Inner
    labels: Mapping[str, str]
    many: dict[str, str] = field(default_factory=dict)
    inners: tuple[Inner, ...] = ()
    until: datetime | None = None
    ratio: float = 0.5
    note: str | None = None


RECORD = Record(
    NOON + timedelta(microseconds=1),
    Colour.RED,
    Level.HIGH,
    Inner((("a", 1), ("я\n\x00\U0001f525", -2))),
    MappingProxyType({"alertname": "x", "": "é"}),
    {"k": "v"},
    (Inner(()), Inner((("b", 2**40),))),
    NOON,
)


def test_a_record_comes_back_as_it_was() -> None:
    codec = Codec(Record)
    back = codec.unpack(codec.pack(RECORD))
    assert back == RECORD
    assert back.at.tzinfo is UTC
    assert (type(back.colour), type(back.level), type(back.inner.pairs)) == (Colour, Level, tuple)


def test_a_field_added_later_has_its_default_and_an_unknown_one_is_passed_over() -> None:
    early = (
        b'{"at":"2026-11-23T12:00:00Z","colour":"red","level":2,"inner":{"pairs":[]},"labels":{},"gone":[1]}'
    )
    assert Codec(Record).unpack(early) == Record(NOON, Colour.RED, Level.HIGH, Inner(()), {})


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    assert Codec(Inner | None).unpack(b"null") is None  # type: ignore[arg-type] # a union is no type to mypy
    assert Codec(Place).unpack(b'{"chat":-1,"message":2}') == Place(-1, 2)
    codec = Codec(datetime)
    assert codec.unpack(codec.pack(there)) == NOON
    assert codec.unpack(codec.pack(there)).utcoffset() is not None


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b"\xff", b'{"chat":1}', b'{"chat":"one","message":2}', b'{"chat":1,"message":"\xff"}'],
)
def test_what_is_no_such_record_is_said(value: bytes) -> None:
    with pytest.raises(StoreUnavailable, match="a record cannot be read"):
        Codec(Place).unpack(value)


PLAN = Plan(
    token="w7Tn2k0cXv9sQb4LmZ1aRg",
    action=Action.RESTART,
    host="server2",
    container_id="4c01db0b339c",
    name="directus",
    asker=1002,
    asker_name="Dias",
    asked=NOON + timedelta(microseconds=123456),
    up_since=NOON - timedelta(days=3),
    protected=True,
    domains=("dir.tapbot.kz",),
    state=Diagnosis(Condition.UNWELL, Reason.UNHEALTHY, NOON),
)
# As version 0.1 wrote them.
OLD_PLAN = (
    b'{"token":"w7Tn2k0cXv9sQb4LmZ1aRg","action":"restart","host":"server2","container_id":"4c01db0b339c",'
    b'"name":"directus","asker":1002,"asker_name":"Dias","asked":"2026-11-23T12:00:00.123456Z",'
    b'"up_since":"2026-11-20T12:00:00Z","last_at":null,"last_by":null,"protected":true,'
    b'"domains":["dir.tapbot.kz"],"state":{"condition":"unwell","reason":"unhealthy",'
    b'"since":"2026-11-23T12:00:00Z","exit_code":null,"by":null}}'
)
OLD_INTENT = (
    b'{"plan":' + OLD_PLAN + b',"place":{"chat":-1001,"message":7},"began":"2026-11-23T12:00:00.500000Z"}'
)
OLD_ENTRY = (
    b'{"at":"2026-11-23T12:00:00Z","actor":1001,"actor_name":"Aigerim","action":"stop","result":"done",'
    b'"host":"server1","container":"n8n","chat":-1001,"detail":"\xd0\xb4\xd0\xb0","seq":0}'
)


def test_records_of_the_first_version_are_still_read() -> None:
    assert Codec(Plan).unpack(OLD_PLAN) == PLAN
    intent = Intent(PLAN, Place(-1001, 7), NOON + timedelta(seconds=0.5))
    assert Codec(Intent).unpack(OLD_INTENT) == intent
    entry = AuditEntry(NOON, 1001, "Aigerim", Action.STOP, Result.DONE, "server1", "n8n", -1001, "да")
    assert Codec(AuditEntry).unpack(OLD_ENTRY) == entry


def test_text_that_is_none_is_never_packed() -> None:
    with pytest.raises(UnicodeEncodeError):
        Codec(Inner).pack(Inner((("\ud800", 1),)))
