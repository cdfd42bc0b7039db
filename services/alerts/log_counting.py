"""One rule over one container's log: when it is met, and when that is over. Pure; times are the log's own."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.log_rules import LogRule

# Newest hits that an alert shows.
SHOWN = 10


@dataclass(slots=True)
class LogCount:
    """`met`: when the threshold was last met, since `since`; None: it is not, or that is over.

    Hits are held in a window of `threshold` moments; the newest few beside it, as they may be shown.
    """

    rule: LogRule
    since: datetime | None = None
    met: datetime | None = None
    _moments: deque[datetime] = field(init=False)
    _newest: deque[tuple[datetime, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._moments = deque(maxlen=self.rule.threshold)
        self._newest = deque(maxlen=SHOWN)

    @property
    def newest(self) -> tuple[str, ...]:
        """Of those within the window, the oldest first."""
        last = self._newest[-1][0] if self._newest else None
        return tuple(text for at, text in self._newest if last and last - at <= self.rule.within)

    def hit(self, moments: Sequence[datetime], shown: Sequence[str]) -> bool:
        """Whether the threshold is met by these, in the order of the log. shown: the last of them, SHOWN at least."""
        met = False
        for at in moments:
            self._moments.append(at)
            if len(self._moments) == self.rule.threshold and at - self._moments[0] <= self.rule.within:
                self.since = self.since or self._moments[0]
                self.met = max(self.met or at, at)
                met = True
        last = moments[-len(shown) :] if shown else ()
        self._newest.extend(zip(last, shown, strict=True))
        return met

    def over(self, now: datetime) -> datetime | None:
        """When it was last met, if that is longer ago than the cooldown: then it begins anew."""
        if self.met is None or now - self.met <= self.rule.cooldown:
            return None
        ended, self.since, self.met = self.met, None, None
        return ended
