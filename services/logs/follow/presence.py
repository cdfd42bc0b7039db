"""How a container that is followed stands: it runs, has ended, comes back, is made anew, or its host is silent."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from services.domain.containers import Details, State
from services.errors import DeadlineExceeded, HostError, HostSilent, Silence
from services.logs.follow.following import End, Standing
from services.ports import Clock

GRACE = 15.0  # seconds for which one that has ended is waited for, though nobody said that it would come back
_RUNS = (State.RUNNING, State.PAUSED)


def runs(details: Details) -> bool:
    """Whether more may be written to its log."""
    return details.state in _RUNS


class Presence:
    """`changed` is called whenever `standing` is another."""

    def __init__(self, host: str, name: str, changed: Callable[[], None], clock: Clock) -> None:
        self.standing = Standing(host, name)
        self._changed, self._clock = changed, clock
        self._last: Details | None = None
        self._away: float | None = None  # since when it does not run, by the loop's clock

    @property
    def container(self) -> str:
        """The id of the latest; "" before there is one."""
        return self._last.id if self._last else ""

    def note(self, details: Details) -> bool:
        """It has been inspected just now. Whether it was made anew since the last time."""
        before, self._last = self._last, details
        renewed = before is not None and before.id != details.id
        if not runs(details):
            end = End(details.finished, details.exit_code, details.oom_killed)
            ends = self.standing.ends + (end != self.standing.end)
            awaited = details.state is State.RESTARTING
            self._stands(end=end, ends=ends, back=None, awaited=awaited, silence=None, gone=False)
            return renewed
        self._away = None
        if before is not None and (renewed or before.started != details.started):
            unseen = self.standing.end is None or self.standing.back is not None  # its end was
            self._stands(
                end=End(None if renewed else details.finished, None) if unseen else self.standing.end,
                ends=self.standing.ends + unseen,
                back=details.started,
                renewed=renewed or self.standing.renewed,
            )
        self._stands(silence=None, gone=False, awaited=False)
        return renewed

    def silent(self, error: HostSilent | DeadlineExceeded) -> None:
        known = self.standing.silence
        if isinstance(error, DeadlineExceeded):
            error = known or HostSilent(error.host, Silence.TIMEOUT, since=self._clock.now())
        if known is None or (known.reason, known.since) != (error.reason, error.since):
            self._stands(silence=error)

    def gone(self) -> None:
        """It is not there, or not for the asker's eyes."""
        self._stands(gone=True, silence=None, awaited=False)

    def failed(self, error: HostError) -> None:
        self._stands(failure=error, silence=None)

    def fast(self, lines: float | None) -> None:
        """So many lines a second, too many to be read; None: no longer."""
        self._stands(fast=lines)

    def is_over(self) -> bool:
        """Whether one that does not run has been waited for long enough. Its policy may bring it back any time."""
        now = asyncio.get_running_loop().time()
        if self._away is None or self.standing.awaited:
            self._away = now
        return now - self._away >= GRACE

    def _stands(self, **changes: object) -> None:
        standing = replace(self.standing, **changes)  # type: ignore[arg-type]  # fields of its own
        if standing != self.standing:
            self.standing = standing
            self._changed()
