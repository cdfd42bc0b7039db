"""What Telegram's refusals, and trouble on the way there, mean for one message: aiogram's errors become the port's."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
)

from services.errors import ChatClosed, DeliveryError, MessageLost, MessageRefused, NotDelivered

# Telegram's words, in lower case, for what it says with 400 instead of a status of its own.
_CLOSED = (
    "chat not found",
    "bot was kicked",
    "bot was blocked",
    "user is deactivated",
    "peer_id_invalid",
    "not enough rights",
    "have no rights to send",
    "need administrator rights",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "user_is_blocked",
    "group is deactivated",
    "bot is not a member",
    "can't initiate conversation",
)
_LOST = (
    "message to edit not found",
    "message can't be edited",
    "message to be replied not found",
    "message_id_invalid",
    "there is no text in the message to edit",
    "there is no caption in the message to edit",
    "group chat was upgraded",
)
NO_TOPIC = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")


def mapped(error: AiogramError) -> DeliveryError:
    """What Telegram's refusal, or the way there, means for one message."""
    words = str(getattr(error, "message", error))
    low = words.lower()
    match error:
        case TelegramForbiddenError():
            return ChatClosed(words)
        case TelegramMigrateToChat():
            return MessageLost(words)
        case TelegramRetryAfter():
            return NotDelivered(words, float(error.retry_after))
        case TelegramEntityTooLarge():
            return MessageRefused(words)
        case TelegramNetworkError() | TelegramServerError() | ClientDecodeError():
            return NotDelivered(words)
        case TelegramBadRequest() | TelegramNotFound():
            if any(each in low for each in (*_CLOSED, *NO_TOPIC)):
                return ChatClosed(words)
            return MessageLost(words) if any(each in low for each in _LOST) else MessageRefused(words)
        case TelegramAPIError():  # 401, 409: the token, not the message
            return NotDelivered(words)
    return MessageRefused(words)


@contextmanager
def delivering() -> Iterator[None]:
    """Raises DeliveryError where a call of Telegram's within raises AiogramError."""
    try:
        yield
    except AiogramError as error:
        raise mapped(error) from error
