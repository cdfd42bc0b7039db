"""Updates on their way: each is in the store before Telegram forgets it, and leaves the store once handled."""

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from aiogram import Bot
from aiogram.exceptions import ClientDecodeError
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from services.errors import StoreError
from services.ports import Clock, Delete, Put, Store, Write

log = logging.getLogger(__name__)

KEPT = "update/"
BAD = "bad_update/"
CONTACT = "contact"

TRIES = 2
BAD_KEPT_FOR = timedelta(days=7)
CONTACT_EVERY = timedelta(seconds=30)
# After a week without updates Telegram begins anew at a random id: an old offset would make the bot deaf.
OFFSET_GOOD_FOR = timedelta(days=6)


class Inbox:
    """What was fetched and is not handled yet, where to fetch next, and when Telegram was last heard.

    Raises StoreUnavailable; only `forget` and `settle` do not, the next write makes up for them.
    """

    def __init__(self, bot: Bot, store: Store, clock: Clock) -> None:
        self._bot, self._store, self._clock = bot, store, clock
        self._offset: int | None = None
        self._offset_at = clock.now()
        self._offset_key = f"offset/{bot.id}"  # another bot counts from elsewhere
        self._contact_written: datetime | None = None
        self._handled: set[int] = set()  # and still in the store
        self._settling = False
        self.last_contact: datetime | None = None

    @property
    def offset(self) -> int | None:
        """The id to fetch from; None in the beginning and after six days without an update."""
        return self._offset if self._clock.now() - self._offset_at < OFFSET_GOOD_FOR else None

    async def recall(self) -> Sequence[int]:
        """Go on where the last run ended. The ids of the updates that it left unhandled, oldest first."""
        if (offset := await self._store.get(self._offset_key)) is not None:
            position, _, at = offset.decode().partition(" ")
            self._offset, self._offset_at = int(position), datetime.fromisoformat(at)
        if (contact := await self._store.get(CONTACT)) is not None:
            self.last_contact = self._contact_written = datetime.fromisoformat(contact.decode())
        return sorted(int(key.removeprefix(KEPT)) for key in await self._store.scan(KEPT))

    async def keep(self, batch: Sequence[object]) -> list[Update]:
        """Write a batch and the next offset in one go, and only then move on. Those that could be decoded."""
        now = self.last_contact = self._clock.now()
        raw = dict(_with_ids(batch))
        handled = tuple(self._handled)
        writes = _deletions(handled)
        writes += [_kept(update_id, item, tries=1) for update_id, item in raw.items()]
        if raw:
            writes.append(Put(self._offset_key, f"{max(raw) + 1} {now.isoformat()}".encode()))
        contact_is_due = self._contact_written is None or now - self._contact_written >= CONTACT_EVERY
        if contact_is_due:
            writes.append(Put(CONTACT, now.isoformat().encode()))
        if not writes:
            return []
        # Side by side: the disk takes as long as the decoding.
        _, updates = await asyncio.gather(self._store.write(*writes), self._all_decoded(raw))
        if strange := [update_id for update_id, update in updates.items() if update is None]:
            asides = [self._aside(update_id, raw[update_id]) for update_id in strange]
            await self._store.write(*asides, *_deletions(strange))
        self._handled.difference_update(handled)
        if contact_is_due:
            self._contact_written = now
        if raw:
            self._offset, self._offset_at = max(raw) + 1, now
        return [update for update in updates.values() if update is not None]

    async def take(self, update_id: int) -> Update | None:
        """An unhandled update for another try; None when it has had its tries, and is set aside."""
        kept = await self._store.get(f"{KEPT}{update_id}")
        if kept is None:
            return None
        tries, _, text = kept.partition(b" ")
        raw = json.loads(text)
        if int(tries) >= TRIES:
            log.error("Update %d was under way each time the bot died; it is set aside", update_id)
            update = None
        else:
            update = self._decoded(update_id, raw)
        if update is None:
            await self._store.write(self._aside(update_id, raw), Delete(f"{KEPT}{update_id}"))
        else:
            await self._store.write(_kept(update_id, raw, tries=int(tries) + 1))
        return update

    async def forget(self, *update_ids: int) -> None:
        """They were handled to the end, well or not."""
        self._handled.update(update_ids)
        if not self._settling:  # otherwise whoever is at it takes this one along
            await self.settle()

    async def settle(self) -> None:
        """Tell the store what has been handled: in a rush many with one write."""
        self._settling = True
        try:
            while handled := tuple(self._handled):
                await self._store.write(*_deletions(handled))
                self._handled.difference_update(handled)
        except StoreError as exc:
            log.warning("Handled updates stay in the store for now: %s", exc)
        finally:
            self._settling = False

    async def _all_decoded(self, raw: Mapping[int, object]) -> dict[int, Update | None]:
        return {update_id: self._decoded(update_id, item) for update_id, item in raw.items()}

    def _decoded(self, update_id: int, raw: object) -> Update | None:
        """None, and said in the log, for what this version cannot understand."""
        try:
            update = Update.model_validate(raw, context={"bot": self._bot})
            update.event_type  # noqa: B018 (raises for an unknown kind)
        except ValidationError as exc:
            flaw = exc.errors(include_input=False, include_url=False)[0]
            why = f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}"
        except UpdateTypeLookupError:
            why = "of an unknown kind"
        else:
            return update
        log.error(
            "Update %d cannot be decoded; it is set aside under %s: %s", update_id, f"{BAD}{update_id}", why
        )
        return None

    def _aside(self, update_id: int, raw: object) -> Put:
        return Put(f"{BAD}{update_id}", json.dumps(raw).encode(), self._clock.now() + BAD_KEPT_FOR)


def _deletions(update_ids: Iterable[int]) -> list[Write]:
    return [Delete(f"{KEPT}{update_id}") for update_id in update_ids]


def _kept(update_id: int, raw: object, *, tries: int) -> Put:
    return Put(f"{KEPT}{update_id}", f"{tries} {json.dumps(raw)}".encode())


def _with_ids(batch: Sequence[object]) -> Iterator[tuple[int, object]]:
    """Updates by id. One without an id cannot be confirmed: dropped beside others, refused when alone."""
    known = False
    for item in batch:
        if isinstance(item, dict) and isinstance(update_id := item.get("update_id"), int):
            known = True
            yield update_id, item
        else:
            log.error("Something without an update_id came from Telegram: %.200r", item)
    if batch and not known:
        raise ClientDecodeError("No update_id in the whole batch", ValueError(len(batch)), batch)
