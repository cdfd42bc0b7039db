"""A second copy of a message, left by a send whose answer was lost: found out when somebody presses its button."""

import secrets

from services.alerts.ledger import Ledger, look_at, post_writes
from services.alerts.policy import Policy
from services.domain.posts import Destination, Post, PostState
from services.errors import DeliveryError
from services.ports import Clock, Notifier, Sent


class Orphans:
    def __init__(self, ledger: Ledger, notifier: Notifier, policy: Policy, clock: Clock) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self._policy = policy
        self._clock = clock

    async def pressed(self, pressed: Sent, topic: int | None, incident: str) -> None:
        """The press itself counts in any case. A copy beside the living message points to that one; a copy that is
        the only one becomes the living message."""
        if await self._ledger.post_at(pressed.chat, pressed.message) is not None:
            return
        to = self._destination(pressed.chat, topic)
        if to is None:
            return
        async with self._ledger.turn:
            living = (await self._ledger.posts(to, [incident])).get(incident)
            if living is None or living.message is None:
                now = self._clock.now()
                post = Post(
                    secrets.token_hex(4), to, (incident,), PostState.SENT, pressed.chat, pressed.message,
                    document=pressed.document, sent=now, changed=now, urgent=True,
                )  # fmt: skip
                await self._ledger.write(*post_writes(post, fresh=True), look_at(to, incident, now))
                return
        newer = Sent(living.chat or to.chat, living.message, living.document)
        try:
            await self._notifier.redirect(pressed, newer)
        except DeliveryError:
            return  # it stays as it is until the next press

    def _destination(self, chat: int, topic: int | None) -> Destination | None:
        """A group that has moved has another id than in the settings; then the only fitting topic tells."""
        everywhere = self._policy.everywhere
        exact = [to for to in everywhere if to.chat == chat and to.topic in (topic, None)]
        return exact[0] if exact else None
