"""About searching and following logs."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors.base import VakhtaError


class Fault(StrEnum):
    """What is wrong with a pattern; each has its own sentence."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    LOOK_AHEAD = "look_ahead"
    NOT_AHEAD = "not_ahead"
    LOOK_BEHIND = "look_behind"
    NOT_BEHIND = "not_behind"
    BACKREFERENCE = "backreference"
    ATOMIC = "atomic"
    POSSESSIVE = "possessive"
    GROUP = "group"
    ESCAPE = "escape"
    NOT_CLOSED = "not_closed"
    NOT_OPENED = "not_opened"
    NOTHING_TO_REPEAT = "nothing_to_repeat"
    REPEATED_TWICE = "repeated_twice"
    REPEATED_TOO_OFTEN = "repeated_too_often"
    RANGE = "range"
    TRAILING_BACKSLASH = "trailing_backslash"
    OTHER = "other"


@dataclass(eq=False)
class PatternRefused(VakhtaError):
    """`part`: of the pattern, what is objected to; `place`: of its first character, from 1; 0: not known.

    plainer: a pattern that says nearly the same and is understood, "" when there is none.
    """

    fault: Fault
    part: str = ""
    place: int = 0
    plainer: str = ""


@dataclass(eq=False)
class SearchesFull(VakhtaError):
    """`most`: how many may run at a time, of one person where it is `own`, else of all."""

    most: int
    own: bool


@dataclass(eq=False)
class NotYourSearch(VakhtaError):
    """`owner`: the name of whoever asked."""

    owner: str


@dataclass(eq=False)
class FollowsFull(VakhtaError):
    """`most`: how many follows there may be at a time, of one person where it is `own`, else of all."""

    most: int
    own: bool


@dataclass(eq=False)
class NotYourFollow(VakhtaError):
    """`owner`: the name of whoever asked."""

    owner: str


class NotFollowed(VakhtaError):
    """Nothing runs behind the button any more."""


@dataclass(eq=False)
class TooManyLogs(VakhtaError):
    """`count`: how many containers were meant."""

    count: int
    most: int
