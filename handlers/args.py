"""Text behind a command → domain values. Syntax only, no I/O.

Phones turn quotes into “curly” ones and two dashes into one long: both are read as typed.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from handlers.spans import take_span
from services.domain.spans import TimeSpan

MOST_LINES = 5000
DEFAULT_LINES = 50

_PHONE_TYPING = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})


class Usage(StrEnum):
    """What was wrong with the arguments; `views.failures` has a sentence for each."""

    TOO_MANY = "too_many"
    LINES = "lines"
    SPAN = "span"
    LEVEL = "level"
    OPTION = "option"
    CONTEXT = "context"
    QUOTE = "quote"
    REACH = "reach"


@dataclass(eq=False)
class UsageError(Exception):
    """`text`: the word that was not understood."""

    usage: Usage
    text: str = ""


def as_typed(args: str | None) -> str:
    """Phone typing undone, no blanks around."""
    return (args or "").translate(_PHONE_TYPING).replace("—", "--").strip()


def words(args: str | None) -> list[str]:
    """Blank-separated words, phone typing undone, surrounding quotes taken off."""
    plain = as_typed(args)
    return [word.strip("\"'") for word in plain.split() if word.strip("\"'")]


def optional_name(args: str | None) -> str | None:
    """At most one word."""
    found = words(args)
    if len(found) > 1:
        raise UsageError(Usage.TOO_MANY, found[1])
    return found[0] if found else None


_ACKNOWLEDGING = ("ack", "принято", "беру")


def name_and_note(args: str | None) -> tuple[str | None, str]:
    """`NAME [NOTE]`: the first word, and all the rest as it was written."""
    found = words(args)
    if not found:
        return None, ""
    return found[0], (args or "").strip().partition(" ")[2].strip()


def acknowledges(text: str) -> bool:
    """Whether the first word says that somebody takes it."""
    word = text.split(maxsplit=1)[:1]
    return bool(word) and word[0].lower().strip(".,:;!—-") in _ACKNOWLEDGING


def note_of(text: str) -> str:
    """What stands behind the acknowledging word."""
    return "".join(text.split(maxsplit=1)[1:]).strip()


def host_and_span(args: str | None, now: datetime, zone: tzinfo) -> tuple[str | None, TimeSpan | None]:
    """`[HOST] [since]`, in either order; None for what is left out."""
    span, left = take_span(words(args), now, zone)
    if len(left) > 1:
        raise UsageError(Usage.TOO_MANY, left[1])
    return (left[0] if left else None), span
