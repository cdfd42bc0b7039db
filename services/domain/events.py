"""What an engine tells of its containers as it happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.domain.containers import Health


class EventAction(StrEnum):
    """The engine's own words, those that are listened for. A start that fails has none: only its CREATE is told."""

    CREATE = "create"
    START = "start"
    DIE = "die"
    OOM = "oom"
    KILL = "kill"
    HEALTH_STATUS = "health_status"
    DESTROY = "destroy"
    RENAME = "rename"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    STOP = "stop"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Event:
    """at: the host's own time. name: as of then; old_name: what a RENAME took from it.

    exit_code: of a DIE. signal: of a KILL, its number as Docker writes it, 0 where it is not known.
    health: of a HEALTH_STATUS, None for a word that is not known. labels: those that mean something here.
    """

    host: str
    action: EventAction
    container_id: str
    name: str
    at: datetime
    exit_code: int | None = None
    signal: int = 0
    health: Health | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    old_name: str = ""
