"""What is so old that nobody needs it goes, with all that led to it: nothing grows for ever."""

from datetime import datetime

from services.alerts.ledger import HISTORY, Ledger, group_key, incidents_codec
from services.alerts.policy import Policy
from services.domain.alerts import Incident
from services.ports import Delete, Store, Write

_AT_ONCE = 500  # writes in one transaction


async def prune(store: Store, ledger: Ledger, policy: Policy, older_than: datetime) -> int:
    """Drop incidents that ended before; how many. Raises StoreUnavailable."""
    dropped = 0
    for value in (await store.scan("incident/")).values():
        incident = incidents_codec.unpack(value)
        if incident.resolved is None or incident.resolved >= older_than:
            continue
        writes = await _traces(store, ledger, policy, incident)
        for start in range(0, len(writes), _AT_ONCE):
            await store.write(*writes[start : start + _AT_ONCE])
        dropped += 1
    await store.trim_log(HISTORY, older_than=older_than)
    return dropped


async def _traces(store: Store, ledger: Ledger, policy: Policy, incident: Incident) -> list[Write]:
    """The incident itself comes last: what is cut off in between is found again."""
    keys = list(await store.scan(f"alert/{incident.id}/"))
    for to in policy.everywhere:
        keys += [f"posted/{to.key}/{incident.id}", f"diverted/{to.key}/{incident.id}"]
        post = (await ledger.posts(to, [incident.id])).get(incident.id)
        if post is not None and not post.is_digest:
            keys += [f"post/{post.id}", f"said/{post.chat}/{post.message}"]
    group = group_key(incident.key)
    if await store.get(group) == incident.id.encode():
        keys.append(group)
    return [Delete(key) for key in [*keys, f"open/{incident.id}", f"incident/{incident.id}"]]
