"""A stretch of time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Both ends belong to it. None: as far as there is anything."""

    since: datetime | None = None
    until: datetime | None = None
