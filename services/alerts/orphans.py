"""A second copy of a message, left by a send whose answer was lost: found out when somebody presses its button."""

import secrets
from collections.abc import Mapping

from services.alerts.ledger import Ledger, look_at, post_writes
from services.alerts.policy import Policy
from services.alerts.sight import sees
from services.domain.access import Actor
from services.domain.alerts import Incident, Severity
from services.domain.posts import Destination, Post, PostState
from services.errors import DeliveryError
from services.ports import Clock, Notifier, Sent


class Orphans:
    """`moved`: groups that have become supergroups, old id to new."""

    def __init__(
        self, ledger: Ledger, notifier: Notifier, policy: Policy, clock: Clock, moved: Mapping[int, int]
    ) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self._policy = policy
        self._clock = clock
        self._moved = moved

    async def pressed(self, pressed: Sent, topic: int | None, identity: str, *, by: Actor) -> None:
        """The press itself counts in any case. A copy beside the living message points to that one; a copy that is
        the only one becomes the living message. What is no message about an incident in sight is left alone."""
        incident = await self._ledger.incident(identity)
        to = self._destination(pressed.chat, topic)
        if to is None or incident is None or not sees(by.scope, incident):
            return
        async with self._ledger.turn:
            known = await self._ledger.post_at(pressed.chat, pressed.message)
            living = (await self._ledger.posts(to, [identity])).get(identity)
            if known is not None and (identity not in known.incidents or living in (None, known)):
                return
            if living is None or living.message is None:
                await self._adopt(pressed, to, incident)
                return
        try:
            await self._notifier.redirect(
                pressed, Sent(living.chat or to.chat, living.message, living.document)
            )
        except DeliveryError:
            return  # it stays as it is until the next press

    async def _adopt(self, copy: Sent, to: Destination, incident: Incident) -> None:
        now = self._clock.now()
        tally = incident.tallies.get(to.key, incident.total)
        post = Post(
            secrets.token_hex(4), to, (incident.id,), PostState.SENT, copy.chat, copy.message,
            document=copy.document, sent=now, changed=now, urgent=True, known=tally.newest,
            worst=tally.worst or Severity.INFO, episode=incident.episode,
        )  # fmt: skip
        await self._ledger.write(*post_writes(post, fresh=True), look_at(to, incident.id, now))

    def _destination(self, chat: int, topic: int | None) -> Destination | None:
        """As the settings name it."""
        for to in self._policy.everywhere:
            if self._moved.get(to.chat, to.chat) == chat and to.topic in (topic, None):
                return to
        return None
