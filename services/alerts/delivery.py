"""One step of the outbox carried out: a message, an edit, a ring or a file, and what the store must know of it."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from services.alerts import dispatching
from services.alerts.bulletins import Bulletins
from services.alerts.dispatching import Look, Need, Step
from services.alerts.ledger import Ledger, look_at, post_writes
from services.alerts.ringing import OLD_AFTER
from services.alerts.surely import surely
from services.domain.alerts import Severity
from services.domain.posts import AlertChart, Destination, Post, PostState, Ringing
from services.ports import Clock, Delete, Notifier, Put, Sent, Write

log = logging.getLogger(__name__)


Posted = Callable[[Post, AlertChart | None], None]


def nobody(_post: Post, _chart: AlertChart | None) -> None:
    """Where nobody wants to know."""


class Delivery:
    """Records what has been shown as soon as it is known; a message whose answer never came goes again."""

    def __init__(
        self,
        ledger: Ledger,
        notifier: Notifier,
        bulletins: Bulletins,
        clock: Clock,
        posted: Posted = nobody,
    ) -> None:
        """posted: told of each new message about one incident, once it is recorded."""
        self._posted = posted
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
            ring = await self._bulletins.ring(part, first.ringing, now)
            rung = await self._notifier.ring(to, ring, sent)
            await surely(partial(self._note_ring, first, first.ringing, rung))
            return False
        bulletin = await self._bulletins.of(to, first.all, now, first.post)
        if step.need is Need.FILE:
            file = await self._notifier.attach(bulletin, sent, first.post.file)
            made = {"file": file, "filed": first.tally.newest, "changed": self._clock.now()}
            said = Put(f"said/{sent.chat}/{file}", first.post.id.encode())
            await surely(partial(self._record, first.post, said, **made))
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
            delayed=bulletin.delayed,
            chat=sent.chat,
            message=sent.message,
            document=sent.document,
            filed=whole.newest if sent.document else 0,
            sent=done,
            changed=done,
        )
        await surely(partial(self._keep_new, post, step.looks))
        if not bulletin.is_digest:
            self._posted(post, bulletin.shown[0].chart)

    async def _keep_new(self, post: Post, looks: Sequence[Look]) -> None:
        async with self._ledger.turn:
            shown = await self._shown(post.to, looks)
            less = post.shown.keys() - shown.keys()
            diverted = await self._ledger.diverted(post.to, list(less))
            instead_of = dict.fromkeys(
                (*post.instead_of, *(key for keys in diverted.values() for key in keys))
            )
            now = self._clock.now()
            await self._ledger.write(
                *post_writes(replace(post, shown=shown, instead_of=tuple(instead_of)), fresh=True),
                *(look_at(post.to, identity, now) for identity in less),
            )

    async def _shown(self, to: Destination, looks: Sequence[Look]) -> dict[str, int]:
        """incident → the revision that a message shows which was made of these looks.

        Without those that it stands in for since, for another chat that was closed meanwhile: of them it shows less.
        """
        diverted = await self._ledger.diverted(to, [look.incident.id for look in looks])
        shown = {}
        for look in looks:
            incident = look.incident
            keys = {key for key in diverted.get(incident.id, ()) if key in incident.tallies}
            if keys <= set(look.keys):
                shown[incident.id] = incident.revision
        return shown

    async def _note_edit(self, look: Look, *, folded: bool) -> None:
        """`folded`: there was no menu to show."""
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
                shown=await self._shown(post.to, look.all),
                numbers=numbers,
                changed=self._clock.now(),
                urgent=pressed,
                menu=post.menu if pressed or not folded else None,
                over_told=look.tally.firing == 0 and (before.over_told or _young(before, self._clock.now())),
            )
            await self._ledger.write(*post_writes(post, fresh=False))

    async def _note_ring(self, look: Look, why: Ringing, rung: Sent | None = None) -> None:
        """`rung`: the reply, None where it was refused; who answers it answers the message."""
        assert look.post is not None
        now = self._clock.now()
        said = [Put(f"said/{rung.chat}/{rung.message}", look.post.id.encode())] if rung else []
        if why is Ringing.OVER:
            await self._record(look.post, *said, over_told=True)
            return
        await self._record(
            look.post,
            *said,
            rung=now,
            reminded=now if why is Ringing.REMIND else look.post.reminded,
            known=look.tally.newest,
            worst=max(look.post.worst, look.tally.worst or Severity.INFO),
            episode=look.incident.episode,
            over_told=False,
        )

    async def _record(self, before: Post, *also: Write, **changes: Any) -> None:
        async with self._ledger.turn:
            post = await self._ledger.post(before.id)
            if post is not None:
                await self._ledger.write(*post_writes(replace(post, **changes), fresh=False), *also)

    async def forget(self, step: Step) -> None:
        """The message is gone: what it showed has none now."""
        post = step.looks[0].post
        if post is None:
            return
        now = self._clock.now()
        writes: list[Write] = [Delete(f"post/{post.id}"), Delete(f"said/{post.chat}/{post.message}")]
        for identity in post.incidents:
            writes += [Delete(f"posted/{post.to.key}/{identity}"), look_at(post.to, identity, now)]
        async with self._ledger.turn:
            await self._ledger.write(*writes)

    async def note_refusal(self, to: Destination, step: Step, why: str) -> None:
        """What was refused is not tried again until it has changed; of a new digest, each goes by itself."""
        first = step.looks[0]
        if step.need is Need.RING and first.ringing is not None:
            await self._note_ring(first, first.ringing)
            return
        failed: dict[str, Any] = {"state": PostState.FAILED, "why": why[:200], "urgent": False}
        async with self._ledger.turn:
            if step.need is Need.NEW:
                shown = await self._shown(to, step.looks) if len(step.looks) == 1 else {}
                posts = [
                    Post(secrets.token_hex(4), to, (look.incident.id,), shown=shown, **failed)
                    for look in step.looks
                ]
            else:
                assert first.post is not None
                post = await self._ledger.post(first.post.id) or first.post
                shown = await self._shown(to, first.all)
                posts = [replace(post, shown=shown, filed=first.tally.newest, **failed)]
            await self._ledger.write(*(write for each in posts for write in post_writes(each, fresh=True)))


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
