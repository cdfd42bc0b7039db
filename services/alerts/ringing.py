"""When a reply to a living message makes a sound. One rule for all chats, pure, under whatever clock.

A first message rings by itself, an edit never does. Everything that must ring waits until five minutes have
passed since the last sound, and is dropped if there is no reason left by then. Only a higher severity does not
wait for the first message's five minutes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.alerts import Incident, Severity, Tally
from services.domain.posts import Post, Ringing

APART = timedelta(minutes=5)
OLD_AFTER = timedelta(minutes=10)  # the end of an incident is told by a silent reply below a message so old


@dataclass(frozen=True, slots=True)
class Due:
    """`why`: ring now. `at`: look again then. Neither: nothing to ring for until something changes."""

    why: Ringing | None = None
    at: datetime | None = None


def due(incident: Incident, tally: Tally, post: Post, *, remind: timedelta, now: datetime) -> Due:
    """For a message that has been sent. `tally`: what its chat sees."""
    if post.sent is None:
        return Due()
    if tally.firing == 0:
        over = post.sent + OLD_AFTER <= now and not post.over_told
        return Due(Ringing.OVER if over else None)
    if incident.held_until is not None and incident.held_until > now:
        return Due(at=incident.held_until)
    quiet = incident.quiet
    if quiet is not None and quiet.until > now and tally.newest <= quiet.upto:
        return Due(at=quiet.until)
    if why := _news(incident, tally, post):
        before = post.rung or (None if why is Ringing.WORSE else post.sent)
        free = before + APART if before else now
        return Due(why) if free <= now else Due(at=free)
    return _reminder(tally, post, remind, now)


def _news(incident: Incident, tally: Tally, post: Post) -> Ringing | None:
    if incident.episode > post.episode:
        return Ringing.AGAIN
    if tally.worst is not None and tally.worst > post.worst:
        return Ringing.WORSE
    return Ringing.NEW_ALERT if tally.newest > post.known and tally.uncovered else None


def _reminder(tally: Tally, post: Post, remind: timedelta, now: datetime) -> Due:
    """Critical and not acknowledged: after so long, and each time so long again."""
    assert post.sent is not None
    if not (tally.worst is Severity.CRITICAL and tally.uncovered) or not remind:
        return Due()
    last = max(moment for moment in (post.sent, post.rung, post.reminded) if moment is not None)
    at = last + remind
    return Due(Ringing.REMIND) if at <= now else Due(at=at)
