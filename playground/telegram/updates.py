"""The queue of updates and getUpdates upon it, after tdlib's TQueue and the Bot API server.

Left out: the server's brakes on a client that asks for the same offset again and again (it then waits 3 s or
answers one update at a time), its delay before a second 409, and the 24 hours after which updates are dropped.
"""

import asyncio
import json
from collections.abc import Callable, Iterable

from playground.telegram.refusal import Refused, bad
from playground.telegram.state import JSON, names

TYPES = names(
    "message edited_message channel_post edited_channel_post business_connection business_message "
    "edited_business_message deleted_business_messages guest_message message_reaction message_reaction_count "
    "inline_query chosen_inline_result callback_query shipping_query pre_checkout_query purchased_paid_media poll "
    "poll_answer my_chat_member chat_member chat_join_request chat_boost removed_chat_boost managed_bot "
    "subscription stopped_message_generation"
)
DEFAULT_TYPES = TYPES - {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_POLL = 50
_FUTURE = 10
_PLACE = b"UPDATE_ID"


class Updates:
    """`pending` maps update ids to the update's JSON, oldest first; `allowed` is remembered between calls.
    `polls`: how many times somebody has asked.

    `changed` is called whenever the queue or who waits at it has changed.
    """

    def __init__(self, changed: Callable[[], None], first_id: int) -> None:
        self._changed = changed
        self.allowed = DEFAULT_TYPES
        self.pending: dict[int, bytes] = {}
        self.polls = 0
        self._next = first_id
        self._poll: asyncio.Future[None] | None = None

    def put(self, kind: str, payload: dict[str, JSON]) -> int | None:
        """The update's id; None when the bot did not ask for this kind."""
        if kind not in self.allowed:
            return None
        return self._add(json.dumps({"update_id": self._next, kind: payload}).encode())

    def put_raw(self, raw: bytes | dict[str, JSON]) -> int:
        """Anything at all. A dict without update_id gets one; in bytes, UPDATE_ID is replaced by it."""
        if isinstance(raw, bytes):
            return self._add(raw.replace(_PLACE, str(self._next).encode()))
        return self._add(json.dumps({"update_id": self._next, **raw}).encode())

    def _add(self, update: bytes) -> int:
        update_id, self._next = self._next, self._next + 1
        self.pending[update_id] = update
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        self._changed()
        return update_id

    def allow(self, names: JSON) -> None:
        """`allowed_updates` of a call; absent leaves what was, an empty list means the default."""
        if names is None:
            return
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise bad("allowed_updates must be an Array of String")
        if unknown := {str(name) for name in names} - TYPES:
            raise bad(f"unknown update types {sorted(unknown)} in allowed_updates")
        self.allowed = frozenset(map(str, names)) or DEFAULT_TYPES

    async def poll(self, offset: int, limit: int, timeout: int) -> Iterable[bytes]:  # noqa: ASYNC109
        """One getUpdates. `offset` forgets all that is older; negative keeps the newest -offset."""
        self.polls += 1
        limit = min(max(limit, 1), 100)
        self._forget(offset)
        if not self.pending and timeout > 0:
            await self._wait(min(timeout, LONGEST_POLL))
            self._forget(offset)
        return list(self.pending.values())[:limit]

    def _forget(self, offset: int) -> None:
        if offset < 0:
            for update_id in list(self.pending)[:offset]:
                del self.pending[update_id]
        elif offset <= self._next + _FUTURE:
            for update_id in [known for known in self.pending if known < offset]:
                del self.pending[update_id]
        self._changed()

    async def _wait(self, seconds: float) -> None:
        """Until an update comes; 409 for the one that waited before."""
        if self._poll and not self._poll.done():
            self._poll.set_exception(
                Refused(
                    409,
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
            )
        mine = self._poll = asyncio.get_running_loop().create_future()
        self._changed()
        try:
            async with asyncio.timeout(seconds):
                await mine
        except TimeoutError:
            pass
        finally:
            if self._poll is mine:
                self._poll = None
            self._changed()

    @property
    def polled(self) -> bool:
        """Somebody waits for updates now."""
        return self._poll is not None

    def close(self) -> None:
        """Ends the poll under way, without updates."""
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
