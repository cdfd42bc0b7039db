"""What a chat needs next. Pure: state in, one step out; the outbox carries it out and comes back to ask again.

State is delivered, not a queue of texts: whatever happened while a chat could not be reached, it is shown how
things are now. Many new incidents become one digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from services.alerts import ringing
from services.domain.alerts import Incident, Severity, Tally
from services.domain.posts import Post, Ringing

FEW = 3  # so many new messages at once go one by one; more become a digest
NAMED = 10  # so many alerts are named in a message; of more, the worst, and all in a file
WINDOW = timedelta(seconds=60)
# New messages of a chat: after so many in a minute the next one waits so long, and gathers what comes meanwhile.
SPACING = (timedelta(), timedelta(seconds=1.5), timedelta(seconds=1.5), timedelta(seconds=20))
EDITS_APART = timedelta(seconds=4)  # edits of one message that nobody waits for


class Need(IntEnum):
    """In the order of urgency."""

    ANSWER = 0  # somebody pressed a button and waits for the edit
    NEW = 1
    NEW_OVER = 2  # heard of when it was over
    RING = 3
    OVER = 4  # an edit that tells the end
    FILE = 5
    EDIT = 6


@dataclass(frozen=True, slots=True)
class Look:
    """One incident in one chat, or a digest there with its incidents as `parts`.

    keys: of the destinations that it is shown for: this chat's, and those of closed ones.
    need: what to do now. at: nothing to do before then. Neither: nothing until something changes.
    """

    incident: Incident
    tally: Tally
    post: Post | None = None
    need: Need | None = None
    ringing: Ringing | None = None
    at: datetime | None = None
    keys: tuple[str, ...] = ()
    parts: tuple["Look", ...] = ()

    @property
    def all(self) -> tuple["Look", ...]:
        return self.parts or (self,)


@dataclass(frozen=True, slots=True)
class Step:
    """For one message. `need` NEW with several looks: a new digest. compact: as a document, without a file below."""

    need: Need
    looks: tuple[Look, ...]
    compact: bool = False


def look(look: Look, *, remind: timedelta, now: datetime, scale: float = 1) -> Look:
    """The same with its need. For a digest give the combined look."""
    incident, tally, post = look.incident, look.tally, look.post
    if not tally.total:
        return look
    if post is None or post.message is None:
        if post and post.shown.get(incident.id, 0) >= incident.revision:
            return look  # refused as it is
        if incident.held_until is not None and incident.held_until > now:
            return replace(look, at=incident.held_until)
        return replace(look, need=Need.NEW if tally.firing else Need.NEW_OVER)
    if post.urgent:
        return replace(look, need=Need.ANSWER)
    due = ringing.due(incident, tally, post, remind=remind, now=now)
    edit = _edit(incident, tally, post, now)
    if due.why is not None and edit is None:
        return replace(look, need=Need.RING, ringing=due.why)
    if edit is not None:
        free = (post.changed or now) + EDITS_APART * scale
        if free <= now or due.why or (edit is Need.FILE and post.file is None):
            return replace(look, need=edit)
        return replace(look, at=free)
    later = [due.at, post.menu.until if post.menu else None]
    later.append(incident.quiet.until if incident.quiet and incident.quiet.until > now else None)
    return replace(look, at=min((moment for moment in later if moment), default=None))


def _edit(incident: Incident, tally: Tally, post: Post, now: datetime) -> Need | None:
    if post.shown.get(incident.id, 0) < incident.revision:
        return Need.EDIT if tally.firing else Need.OVER
    changed = post.changed or now
    if post.menu and post.menu.until <= now:
        return Need.EDIT
    if incident.quiet and changed < incident.quiet.until <= now:
        return Need.EDIT
    if tally.total > NAMED and post.filed < tally.newest:
        return Need.FILE
    return None


def combined(looks: Sequence[Look]) -> Look:
    """Several incidents of one digest as if they were one: sums, and the worst of each."""
    first = looks[0]
    assert first.post is not None
    tallies = [look.tally for look in looks]
    stale = any(first.post.shown.get(look.incident.id, 0) < look.incident.revision for look in looks)
    incident = replace(
        first.incident,
        episode=sum(look.incident.episode for look in looks),
        revision=first.post.shown.get(first.incident.id, 0) + stale,
        held_until=None,
        quiet=None,
    )
    return replace(first, incident=incident, tally=added(tallies), parts=tuple(looks))


def added(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        **{
            name: sum(getattr(tally, name) for tally in tallies)
            for name in ("critical", "warning", "info", "resolved", "uncovered", "audible", "newest")
        }
    )


def choose(
    looks: Sequence[Look], recent: Sequence[datetime], now: datetime, scale: float = 1
) -> Step | datetime:
    """The next step, or when to look again. `recent`: when the chat's latest new messages went."""
    by_need = sorted((each for each in looks if each.need is not None), key=_urgency)
    fresh = [each for each in by_need if each.need in (Need.NEW, Need.NEW_OVER)]
    free = free_at(recent, now, scale)
    for each in by_need:
        assert each.need is not None
        if each.need in (Need.NEW, Need.NEW_OVER):
            if free <= now:
                refused = [each for each in fresh if each.post is not None]
                if refused:  # together they were refused: by itself each harms no other
                    return Step(Need.NEW, (refused[0],))
                many = _messages(fresh) > FEW
                busy = len(_counted(recent, now, scale)) > 1
                return Step(Need.NEW, tuple(fresh) if many else (each,), compact=busy)
        else:
            return Step(each.need, (each,))
    later = [each.at for each in looks if each.at is not None] + ([free] if by_need else [])
    return min(later, default=now + timedelta(days=1))


def _messages(fresh: Sequence[Look]) -> int:
    """How many messages they would be one by one, files included."""
    return sum(1 + (each.tally.total > NAMED) for each in fresh)


def free_at(recent: Sequence[datetime], now: datetime, scale: float = 1) -> datetime:
    """When the next new message may go."""
    counted = _counted(recent, now, scale)
    pause = SPACING[min(len(counted), len(SPACING) - 1)] * scale
    return max(counted) + pause if counted else now


def _counted(recent: Sequence[datetime], now: datetime, scale: float) -> list[datetime]:
    return [moment for moment in recent if moment > now - WINDOW * scale]


def _urgency(look: Look) -> tuple[int, int, datetime]:
    assert look.need is not None
    return look.need, -(look.tally.worst or Severity.INFO), look.incident.opened
