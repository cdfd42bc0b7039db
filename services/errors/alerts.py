"""About alerts and silences."""

from dataclasses import dataclass
from datetime import datetime

from services.errors.base import VakhtaError


@dataclass(eq=False)
class NoSuchIncident(VakhtaError):
    """`name`: what was asked for, "" for a button."""

    name: str = ""


class NoSuchSilence(VakhtaError):
    """It has ended, or not for this person's eyes."""


@dataclass(eq=False)
class AlreadyTaken(VakhtaError):
    """By `name` (a person's), since `at`."""

    name: str
    at: datetime
