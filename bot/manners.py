"""How each method of Telegram's is delivered, and what a call is about."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import NamedTuple

from aiogram.exceptions import ClientDecodeError, TelegramEntityTooLarge, TelegramRetryAfter
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType

from bot.limits import Kind
from bot.pacing import Edit


@dataclass(frozen=True, slots=True)
class Manner:
    """How a method is delivered. paced: it counts against the rates and waits for its turn.

    request: seconds for one try; total: for all tries, from the start of the first.
    """

    paced: bool
    tries: int
    request: float
    total: float


SEND = Manner(paced=True, tries=4, request=20, total=60)
UPLOAD = Manner(paced=True, tries=3, request=110, total=240)
SWIFT = Manner(paced=False, tries=4, request=4, total=5)  # of no use later
OTHER = Manner(paced=False, tries=4, request=20, total=60)

_BACK_OFF = (0.2, 1, 3)  # seconds; the first is short: mostly an idle connection was closed

_SWIFT = ("answerCallbackQuery", "sendChatAction")
_FILES = (
    "Animation",
    "Audio",
    "Document",
    "Group",
    "Media",
    "Photo",
    "Sticker",
    "Video",
    "VideoNote",
    "Voice",
)
_EDITS = ("editMessageText", "editMessageMedia", "editMessageCaption", "editMessageReplyMarkup")
_PACED = ("send", "edit", "copy", "forward", "setMessageReaction")


def manner_of(name: str) -> Manner:
    """The rule: what puts something into a chat or changes it there is paced; see the prefixes above."""
    if name in _SWIFT:
        return SWIFT
    if not name.startswith(_PACED):
        return OTHER
    return UPLOAD if name.endswith(_FILES) else SEND


# Background's caller keeps what it wants to say and decides anew, so little patience is better than much: a newer
# state may be known by then. An answer that was lost is asked for once more, so a message comes twice at most.
BACKGROUND = {manner: replace(manner, tries=min(manner.tries, 2)) for manner in (SEND, UPLOAD, SWIFT, OTHER)}
BACKGROUND_PATIENCE = 60.0  # seconds in the queue
BACKGROUND_RETRY = 5.0  # seconds in the queue for the second try
# What is live is out of date by the second try.
LIVE = {manner: replace(manner, tries=1) for manner in BACKGROUND}
LIVE_PATIENCE = 5.0

whose: ContextVar[Kind] = ContextVar("whose", default=Kind.PEOPLE)


@contextmanager
def calling_as(kind: Kind) -> Iterator[None]:
    """Calls made in here (and in tasks begun in here) are of this kind."""
    token = whose.set(kind)
    try:
        yield
    finally:
        whose.reset(token)


def manner_as(kind: Kind, name: str) -> Manner:
    """How a call of this kind is delivered."""
    manner = manner_of(name)
    match kind:
        case Kind.BACKGROUND:
            return BACKGROUND[manner]
        case Kind.LIVE:
            return LIVE[manner]
        case Kind.PEOPLE:
            return manner


class Errand(NamedTuple):
    """One call to be delivered. `edit` is None for what is no edit; `stamp` is greater for a later errand."""

    kind: Kind
    manner: Manner
    edit: Edit | None
    stamp: int


def pause_after(failure: Exception, errand: Errand, attempt: int, left: float) -> float | None:
    """Seconds until the next try, when there is one: it could help, and begin in the seconds that are left."""
    if attempt >= errand.manner.tries or not _may_succeed(failure):
        return None
    if not isinstance(failure, TelegramRetryAfter):
        pause = _BACK_OFF[min(attempt, len(_BACK_OFF)) - 1] * random.uniform(0.7, 1.3)  # noqa: S311
    elif errand.kind is not Kind.PEOPLE:
        return None
    else:
        pause = failure.retry_after
    return pause if pause <= left else None


def _may_succeed(failure: Exception) -> bool:
    """Whether another try could help: not when it is too large, nor when it was done but not understood."""
    if isinstance(failure, ClientDecodeError):
        return not (isinstance(failure.data, dict) and failure.data.get("ok") is True)
    return not isinstance(failure, TelegramEntityTooLarge)


def edit_of(method: TelegramMethod[TelegramType]) -> Edit | None:
    """What it edits; None for a call of any other kind."""
    if method.__api_method__ not in _EDITS:
        return None
    message: int | None = getattr(method, "message_id", None)
    return Edit(message, method.__api_method__) if message else None


def chat_of(method: TelegramMethod[TelegramType]) -> int | str | None:
    chat: int | str | None = getattr(method, "chat_id", None)
    return int(chat) if isinstance(chat, str) and chat.removeprefix("-").isdecimal() else chat
