"""Incidents, their alerts and posts in the store: the names of keys, and how they are read and written.

incident/<id>  alert/<id>/<fingerprint>   the incident and each of its alerts
group/<hash of the key>                    → id of the incident that this group is now
firing/<fingerprint>                       → id of the incident in which it fires
open/<id>                                  incidents that fire, and those that wait to be shown
post/<id>  posted/<destination>/<incident> the message, and which one shows an incident there
said/<chat>/<message>                      → post: to know what was replied to or pressed
queue outbox/<destination>                 incidents that may have something to tell there
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2s

from services.alerts.policy import Policy
from services.domain.alerts import Alert, Evidence, Incident
from services.domain.posts import Destination, Post
from services.ports import Append, Delete, Put, Schedule, Store, Unschedule, Write
from services.store.records import Codec

SLICE = 200
HISTORY = "incidents"  # a log: the id of each incident that opened, reopened or ended
LATEST = 500
ENDED_KEPT = timedelta(days=2)  # for those who look back over a day at most

incidents_codec, alerts_codec, posts_codec, evidence_codec = (
    Codec(Incident),
    Codec(Alert),
    Codec(Post),
    Codec(Evidence),
)


def queue_of(to: Destination) -> str:
    return f"outbox/{to.key}"


def closed_key(to: Destination) -> str:
    return f"closed/{to.key}"


def group_key(key: str) -> str:
    return f"group/{blake2s(key.encode(errors='replace'), digest_size=16).hexdigest()}"


class Ledger:
    """`turn`: whoever changes an incident or a post holds it from reading to writing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.turn = asyncio.Lock()

    async def write(self, *writes: Write) -> None:
        await self._store.write(*writes)

    # Incidents

    async def incident(self, identity: str) -> Incident | None:
        value = await self._store.get(f"incident/{identity}")
        return None if value is None else incidents_codec.unpack(value)

    async def incidents(self, identities: Sequence[str]) -> dict[str, Incident]:
        found: dict[str, Incident] = {}
        for some in _slices(list(dict.fromkeys(identities))):
            values = await self._store.get_many([f"incident/{identity}" for identity in some])
            for value in values.values():
                incident = incidents_codec.unpack(value)
                found[incident.id] = incident
        return found

    async def of_group(self, key: str) -> Incident | None:
        """The latest incident of the group."""
        value = await self._store.get(group_key(key))
        return None if value is None else await self.incident(value.decode())

    async def firing_in(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """fingerprint → the incident in which it fires."""
        found: dict[str, str] = {}
        for some in _slices(list(dict.fromkeys(fingerprints))):
            values = await self._store.get_many([f"firing/{fingerprint}" for fingerprint in some])
            found |= {key.removeprefix("firing/"): value.decode() for key, value in values.items()}
        return found

    async def latest_of(self, fingerprint: str) -> str | None:
        """The incident in which it fires, or did so lately."""
        keys = [f"firing/{fingerprint}", f"ended/{fingerprint}"]
        found = await self._store.get_many(keys)
        return next((found[key].decode() for key in keys if key in found), None)

    async def open(self) -> list[Incident]:
        """All that fire, the oldest first."""
        keys = await self._store.scan("open/")
        found = await self.incidents([key.removeprefix("open/") for key in keys])
        return sorted(found.values(), key=lambda incident: incident.opened)

    async def latest(self) -> list[Incident]:
        """Of the last ones that changed, the newest first."""
        rows = await self._store.read_log(HISTORY, limit=LATEST)
        found = await self.incidents([row.value.decode() for row in rows])
        return list(found.values())

    async def quiet_since(self) -> datetime | None:
        """When the last incident ended; None where there was none."""
        ends = [incident.resolved for incident in await self.latest() if incident.resolved]
        return max(ends, default=None)

    async def alerts_of(self, identity: str, fingerprints: Sequence[str]) -> dict[str, Alert]:
        keys = [f"alert/{identity}/{fingerprint}" for fingerprint in dict.fromkeys(fingerprints)]
        found = (alerts_codec.unpack(value) for value in (await self._store.get_many(keys)).values())
        return {alert.fingerprint: alert for alert in found}

    async def alerts(self, identity: str) -> AsyncIterator[Alert]:
        """All of an incident. Thousands do not hold the event loop."""
        values = await self._store.scan(f"alert/{identity}/")
        for number, value in enumerate(values.values(), 1):
            yield alerts_codec.unpack(value)
            if number % SLICE == 0:
                await asyncio.sleep(0)

    async def evidence(self, fingerprint: str) -> Evidence | None:
        value = await self._store.get(f"evidence/{fingerprint}")
        return None if value is None else evidence_codec.unpack(value)

    # Posts

    async def post(self, identity: str) -> Post | None:
        value = await self._store.get(f"post/{identity}")
        return None if value is None else posts_codec.unpack(value)

    async def posted(self, to: Destination) -> list[str]:
        """All incidents that have a message there."""
        prefix = f"posted/{to.key}/"
        return [key.removeprefix(prefix) for key in await self._store.scan(prefix)]

    async def posts(self, to: Destination, incidents: Sequence[str]) -> dict[str, Post]:
        """incident → the message that shows it there, for those that have one."""
        found: dict[str, Post] = {}
        for some in _slices(list(dict.fromkeys(incidents))):
            prefix = f"posted/{to.key}/"
            links = await self._store.get_many([prefix + identity for identity in some])
            kept = await self._store.get_many(
                [f"post/{value.decode()}" for value in dict.fromkeys(links.values())]
            )
            posts = {key.removeprefix("post/"): posts_codec.unpack(value) for key, value in kept.items()}
            for key, value in links.items():
                if post := posts.get(value.decode()):
                    found[key.removeprefix(prefix)] = post
        return found

    async def diverted(self, to: Destination, incidents: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """incident → the keys of the closed chats in whose stead it is shown there."""
        prefix = f"diverted/{to.key}/"
        found: dict[str, tuple[str, ...]] = {}
        for some in _slices(incidents):
            values = await self._store.get_many([prefix + identity for identity in some])
            found |= {
                key.removeprefix(prefix): tuple(value.decode().split()) for key, value in values.items()
            }
        return found

    async def looks(self, incident: Incident, policy: Policy, due: datetime) -> list[Write]:
        """Something about it may be news in each of its chats, and in those that stand in for them."""
        own = [Destination.of(key) for key in incident.tallies]
        others = dict.fromkeys(other for to in own for other in policy.instead_of(to))
        keys = {f"diverted/{other.key}/{incident.id}": other for other in others if other not in own}
        shown = await self._store.get_many(list(keys)) if keys else {}
        return [look_at(to, incident.id, due) for to in (*own, *(keys[key] for key in shown))]

    async def closed_since(self, to: Destination) -> datetime | None:
        """Since when the chat does not let us write, as far as we know."""
        value = await self._store.get(closed_key(to))
        return None if value is None else datetime.fromisoformat(value.decode())

    async def post_at(self, chat: int, message: int) -> Post | None:
        value = await self._store.get(f"said/{chat}/{message}")
        return None if value is None else await self.post(value.decode())


def incident_writes(incident: Incident, before: Incident | None, alerts: Iterable[Alert]) -> list[Write]:
    """The incident with what leads to it, and those of its alerts that changed."""
    writes: list[Write] = [Put(f"incident/{incident.id}", incidents_codec.pack(incident))]
    if before is None or before.episode != incident.episode or before.resolved != incident.resolved:
        writes.append(Append(HISTORY, incident.id.encode(), incident.resolved or incident.opened))
    if before is None or before.key != incident.key:
        writes.append(Put(group_key(incident.key), incident.id.encode()))
    if incident.resolved is None:
        writes.append(Put(f"open/{incident.id}", b""))
    else:
        writes.append(Delete(f"open/{incident.id}"))
    for alert in alerts:
        writes.append(Put(f"alert/{incident.id}/{alert.fingerprint}", alerts_codec.pack(alert)))
        firing, ended = f"firing/{alert.fingerprint}", f"ended/{alert.fingerprint}"
        if alert.firing:
            writes += [Put(firing, incident.id.encode()), Delete(ended)]
        else:
            writes += [Delete(firing), Put(ended, incident.id.encode(), alert.last + ENDED_KEPT)]
    return writes


def post_writes(post: Post, *, fresh: bool) -> list[Write]:
    """The post; a fresh one with all that leads to it."""
    writes: list[Write] = [Put(f"post/{post.id}", posts_codec.pack(post))]
    if fresh:
        writes += [Put(f"posted/{post.to.key}/{identity}", post.id.encode()) for identity in post.incidents]
    if post.message is not None:
        writes.append(Put(f"said/{post.chat}/{post.message}", post.id.encode()))
    return writes


def divert(to: Destination, incident: str, instead_of: Sequence[str]) -> Put:
    return Put(f"diverted/{to.key}/{incident}", " ".join(instead_of).encode())


def look_at(to: Destination, incident: str, due: datetime) -> Schedule:
    return Schedule(queue_of(to), incident, b"", due)


def look_no_more(to: Destination, incident: str) -> Unschedule:
    return Unschedule(queue_of(to), incident)


def _slices(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))
