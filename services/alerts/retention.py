"""What is so old that nobody needs it goes, with all that led to it: nothing grows for ever."""

from collections.abc import Iterable
from datetime import datetime

from services.alerts.ledger import HISTORY, incidents_codec, posts_codec
from services.ports import Delete, Store

_AT_ONCE = 500  # writes in one transaction
# Each key of these ends with an incident, of those with a value that is one.
_ENDING_WITH_ONE = ("posted/", "diverted/")
_NAMING_ONE = ("group/",)


async def prune(store: Store, older_than: datetime) -> int:
    """Drop incidents that ended before, and whatever leads to none that is left; how many. Raises StoreUnavailable.

    What points is read before what it points to: a message that is being sent meanwhile loses nothing.
    """
    said = await store.scan("said/")
    links = {prefix: await store.scan(prefix) for prefix in (*_ENDING_WITH_ONE, *_NAMING_ONE)}
    posts = [posts_codec.unpack(value) for value in (await store.scan("post/")).values()]
    incidents = [incidents_codec.unpack(value) for value in (await store.scan("incident/")).values()]
    old = {each.id for each in incidents if each.resolved is not None and each.resolved < older_than}
    left = {each.id for each in incidents} - old
    living = {post.id for post in posts if not left.isdisjoint(post.incidents)}
    dead = [key for key, value in said.items() if value.decode() not in living]
    for prefix in _ENDING_WITH_ONE:
        dead += [key for key in links[prefix] if key.rpartition("/")[2] not in left]
    for prefix in _NAMING_ONE:
        dead += [key for key, value in links[prefix].items() if value.decode() not in left]
    dead += [f"post/{post.id}" for post in posts if post.id not in living]
    for identity in old:
        dead += [*await store.scan(f"alert/{identity}/"), f"incident/{identity}"]
    await _delete(store, dead)
    await store.trim_log(HISTORY, older_than=older_than)
    return len(old)


async def _delete(store: Store, keys: Iterable[str]) -> None:
    """In order: an incident goes behind all that led to it, so that what is cut off is found again."""
    writes = [Delete(key) for key in keys]
    for start in range(0, len(writes), _AT_ONCE):
        await store.write(*writes[start : start + _AT_ONCE])
