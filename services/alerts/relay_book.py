"""What the relay knows, in memory as it is in the store.

finding/<key>            a finding, with what has been done about it
evidence/<fingerprint>   what its host told about it
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from services.alerts.relaying import Relayed, inhibits
from services.domain.alerts import Evidence
from services.domain.findings import Finding
from services.errors import RecordUnreadable
from services.ports import Clock, Delete, Put, Store, Write
from services.store.records import Codec

log = logging.getLogger(__name__)

EVIDENCE_KEPT = timedelta(days=30)

_records, _evidence = Codec(Relayed), Codec(Evidence)


class RelayBook:
    """`turn`: whoever changes a record holds it from reading to writing. All but the views of it raise StoreError.

    hosts: of the settings; None: any.
    """

    def __init__(self, store: Store, clock: Clock, hosts: Collection[str] | None) -> None:
        self._store = store
        self._clock = clock
        self._hosts = hosts
        self._loaded = False
        self._records: dict[str, Relayed] = {}
        self._keys: dict[str, str] = {}  # fingerprint → key
        self.turn = asyncio.Lock()

    async def load(self) -> Mapping[str, Relayed]:
        """All records by their finding's key; read from the store the first time. Under the `turn`."""
        if not self._loaded:
            for key, value in (await self._store.scan("finding/")).items():
                try:
                    record = _records.unpack(value)
                except RecordUnreadable:
                    log.exception("%s is passed over", key)
                    continue
                self._remember(key.removeprefix("finding/"), self._of_a_known_host(record))
            self._loaded = True
        return self._records

    def may_know(self, fingerprint: str) -> bool:
        return not self._loaded or fingerprint in self._keys

    def named(self, fingerprint: str) -> tuple[str, Relayed] | None:
        """The record of that alert, by its key."""
        key = self._keys.get(fingerprint)
        return None if key is None else (key, self._records[key])

    def inhibited(self, record: Relayed) -> bool:
        """Whether another finding says all that is to be said of it."""
        now = self._clock.now()
        return any(inhibits(other, record, now) for other in self._records.values())

    async def keep(self, records: Mapping[str, Relayed], evidence: Evidence | None = None) -> None:
        """`evidence`: about each of them."""
        writes: list[Write] = []
        until = self._clock.now() + EVIDENCE_KEPT
        for key, record in records.items():
            writes.append(Put(f"finding/{key}", _records.pack(record)))
            if evidence:
                writes.append(Put(f"evidence/{record.fingerprint}", _evidence.pack(evidence), until))
        await self._store.write(*writes)
        for key, record in records.items():
            self._remember(key, record)

    async def drop(self, keys: Iterable[str]) -> None:
        gone = list(keys)
        await self._store.write(*(Delete(f"finding/{key}") for key in gone))
        for key in gone:
            self._keys.pop(self._records.pop(key).fingerprint, None)

    async def with_evidence(self, records: Sequence[Relayed]) -> Sequence[Finding]:
        kept = await self._store.get_many([f"evidence/{each.fingerprint}" for each in records])
        evidence = {key.removeprefix("evidence/"): _read(key, value) for key, value in kept.items()}
        return [replace(each.finding, evidence=evidence.get(each.fingerprint)) for each in records]

    def _of_a_known_host(self, record: Relayed) -> Relayed:
        """Of a host that the settings no longer have nobody would ever tell the end."""
        host = record.finding.host
        if self._hosts is None or not host or host in self._hosts or record.over is not None:
            return record
        now = self._clock.now()
        return replace(record, finding=replace(record.finding, ended=now), over=now)

    def _remember(self, key: str, record: Relayed) -> None:
        self._records[key] = record
        self._keys[record.fingerprint] = key


def _read(key: str, value: bytes) -> Evidence | None:
    """None for what cannot be read: whoever waits for the finding would wait for ever."""
    try:
        return _evidence.unpack(value)
    except RecordUnreadable:
        log.exception("%s is passed over", key)
        return None
