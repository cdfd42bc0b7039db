"""One step of the outbox carried out: a message, an edit, a ring or a file, and what the store must know of it."""

import logging
import secrets
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from services.alerts import dispatching
from services.alerts.bulletins import Bulletins
from services.alerts.dispatching import Look, Need, Step
from services.alerts.ledger import Ledger, post_writes
from services.alerts.ringing import OLD_AFTER
from services.alerts.surely import surely
from services.domain.alerts import Severity
from services.domain.posts import Destination, Post, PostState, Ringing
from services.errors import MessageRefused
from services.ports import Clock, Delete, Notifier, Sent

log = logging.getLogger(__name__)


class Delivery:
    """Records what has been shown as soon as it is known; a message whose answer never came goes again."""

    def __init__(self, ledger: Ledger, notifier: Notifier, bulletins: Bulletins, clock: Clock) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self._bulletins = bulletins
        self._clock = clock

    async def carry_out(self, to: Destination, step: Step, now: datetime) -> bool:
        """Whether a new message came of it. Raises what the notifier raises, with nothing recorded."""
        first = step.looks[0]
        if step.need is Need.NEW:
            await self._post(to, step, now)
            return True
        assert first.post is not None and first.post.message is not None and first.post.chat is not None
        sent = Sent(first.post.chat, first.post.message, first.post.document)
        if step.need is Need.RING and first.ringing is not None:
            part = _rung(first)
            await self._notifier.ring(to, await self._bulletins.ring(to, part, first.ringing, now), sent)
            await surely(partial(self._note_ring, first, first.ringing))
            return False
        bulletin = await self._bulletins.of(to, first.all, now, first.post)
        if step.need is Need.FILE:
            file = await self._notifier.attach(bulletin, sent, first.post.file)
            made = {"file": file, "filed": first.tally.newest, "changed": self._clock.now()}
            await surely(partial(self._record, first.post, **made))
            return first.post.file is None
        await self._notifier.revise(bulletin, sent)
        await surely(partial(self._note_edit, first, folded=bulletin.menu is None))
        return False

    async def _post(self, to: Destination, step: Step, now: datetime) -> None:
        instead_of = dict.fromkeys(key for look in step.looks for key in look.keys if key != to.key)
        whole = dispatching.added([look.tally for look in step.looks])
        draft = Post(
            id=secrets.token_hex(4),
            to=to,
            incidents=tuple(look.incident.id for look in step.looks),
            instead_of=tuple(instead_of),
            shown={look.incident.id: look.incident.revision for look in step.looks},
            numbers={look.incident.id: look.incident.numbers for look in step.looks},
            known=whole.newest,
            worst=whole.worst or Severity.INFO,
            episode=sum(look.incident.episode for look in step.looks),
            over_told=whole.firing == 0,
        )
        bulletin = await self._bulletins.of(to, step.looks, now, draft, compact=step.compact)
        sent = await self._notifier.post(bulletin)
        done = self._clock.now()
        post = replace(
            draft,
            state=PostState.SENT,
            chat=sent.chat,
            message=sent.message,
            document=sent.document,
            filed=whole.newest if sent.document else 0,
            sent=done,
            changed=done,
        )
        await surely(partial(self._keep_new, post))

    async def _keep_new(self, post: Post) -> None:
        async with self._ledger.turn:
            await self._ledger.write(*post_writes(post, fresh=True))

    async def _note_edit(self, look: Look, *, folded: bool) -> None:
        """`folded`: there was no menu to show."""
        shown = {part.incident.id: part.incident.revision for part in look.all}
        numbers = {part.incident.id: part.incident.numbers for part in look.all}
        assert look.post is not None
        before = look.post
        async with self._ledger.turn:
            post = await self._ledger.post(before.id)
            if post is None:
                return
            pressed = post.menu != before.menu or (post.urgent and not before.urgent)
            post = replace(
                post,
                state=PostState.EDITED,
                shown=shown,
                numbers=numbers,
                changed=self._clock.now(),
                urgent=pressed,
                menu=post.menu if pressed or not folded else None,
                over_told=look.tally.firing == 0 and (before.over_told or _young(before, self._clock.now())),
            )
            await self._ledger.write(*post_writes(post, fresh=False))

    async def _note_ring(self, look: Look, why: Ringing) -> None:
        assert look.post is not None
        now = self._clock.now()
        if why is Ringing.OVER:
            await self._record(look.post, over_told=True)
            return
        await self._record(
            look.post,
            rung=now,
            reminded=now if why is Ringing.REMIND else look.post.reminded,
            known=look.tally.newest,
            worst=max(look.post.worst, look.tally.worst or Severity.INFO),
            episode=look.incident.episode,
            over_told=False,
        )

    async def _record(self, before: Post, **changes: Any) -> None:
        async with self._ledger.turn:
            post = await self._ledger.post(before.id)
            if post is not None:
                await self._ledger.write(*post_writes(replace(post, **changes), fresh=False))

    async def forget(self, step: Step) -> None:
        """The message is gone: what it showed has none now."""
        post = step.looks[0].post
        if post is None:
            return
        links = [Delete(f"posted/{post.to.key}/{identity}") for identity in post.incidents]
        async with self._ledger.turn:
            await self._ledger.write(*links, Delete(f"post/{post.id}"))

    async def note_refusal(self, to: Destination, step: Step, refused: MessageRefused) -> None:
        """It is not tried again until it has changed."""
        parts = [part for look in step.looks for part in look.all]
        post = step.looks[0].post or Post(secrets.token_hex(4), to, tuple(part.incident.id for part in parts))
        failed = replace(
            post,
            state=PostState.FAILED,
            why=refused.detail[:200],
            urgent=False,
            shown={**post.shown, **{part.incident.id: part.incident.revision for part in parts}},
            filed=step.looks[0].tally.newest,
        )
        async with self._ledger.turn:
            await self._ledger.write(*post_writes(failed, fresh=True))


def _young(post: Post, now: datetime) -> bool:
    """Whether its edit will be seen without a reply below it."""
    return post.sent is not None and now - post.sent < OLD_AFTER


def _rung(look: Look) -> Look:
    """Of a digest: the incident that the ring is about."""
    if not look.parts:
        return look
    post = look.post
    assert post is not None
    return max(
        look.parts,
        key=lambda part: (part.incident.revision > post.shown.get(part.incident.id, 0), part.tally.uncovered),
    )
