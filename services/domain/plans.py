"""A destructive act from intention to outcome.

A `Plan` says exactly what would happen and to which container id. Confirmed, it becomes an `Intent`,
written before anything is done; the `Outcome`s that follow are what the person sees.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.access import Action
from services.domain.containers import Diagnosis


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a chat something was said: opaque to services, kept so that the answer finds its way after a crash."""

    chat: int
    message: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Frozen at the moment of asking; valid for the asker alone, for 120 s, once.

    token: 22 URL-safe characters. up_since: None when it does not run. last: the latest act of this kind, if known.
    """

    token: str
    action: Action
    host: str
    container_id: str
    name: str
    asker: int
    asker_name: str
    asked: datetime
    up_since: datetime | None = None
    last_at: datetime | None = None
    last_by: str | None = None
    protected: bool = False
    domains: tuple[str, ...] = ()
    state: Diagnosis | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A confirmed plan that has been started and has no result yet. At most one attempt is ever made for it."""

    plan: Plan
    place: Place
    began: datetime


class Phase(StrEnum):
    """How far an act has come. UNCONFIRMED: the engine did not answer in time, it may still be at work."""

    RUNNING = "running"
    SETTLING = "settling"  # the engine answered; health is awaited
    DONE = "done"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CHECKED = "checked"  # looked at again after UNCONFIRMED
    INTERRUPTED = "interrupted"  # the bot died in between; the result is unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step of the way, in full, so that each can replace the message before it.

    took, healthy_after: seconds. failure: why it failed, an error of `services.errors`.
    now: the container's state where it could be seen, None where not.
    """

    plan: Plan
    phase: Phase
    at: datetime
    took: float | None = None
    healthy_after: float | None = None
    failure: Exception | None = None
    now: Diagnosis | None = None
