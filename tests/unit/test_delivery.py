"""What each refusal of Telegram's means for one message."""

import pytest
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe

from handlers.delivery import delivering, mapped
from services.errors import ChatClosed, DeliveryError, MessageLost, MessageRefused, NotDelivered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Bad Request: PEER_ID_INVALID", ChatClosed),
        ("Bad Request: not enough rights to send text messages to the chat", ChatClosed),
        ("Bad Request: TOPIC_CLOSED", ChatClosed),
        ("Forbidden: user is deactivated", ChatClosed),
        ("Bad Request: message can't be edited", MessageLost),
        ("Bad Request: message to be replied not found", MessageLost),
        ("Bad Request: BUTTON_DATA_INVALID", MessageRefused),
        ("Bad Request: message is too long", MessageRefused),
    ],
)
def test_a_refusal_by_its_words(words: str, expected: type[DeliveryError]) -> None:
    error = mapped(TelegramBadRequest(GetMe(), words))
    assert type(error) is expected and words.partition(": ")[2] in str(error)


def test_the_rest_of_the_map() -> None:
    assert isinstance(mapped(TelegramEntityTooLarge(GetMe(), "Request Entity Too Large")), MessageRefused)
    assert isinstance(mapped(TelegramUnauthorizedError(GetMe(), "Unauthorized")), NotDelivered)
    assert (
        type(mapped(TelegramForbiddenError(GetMe(), "Forbidden: bot was blocked by the user"))) is ChatClosed
    )
    assert type(mapped(TelegramMigrateToChat(GetMe(), "upgraded", -1005))) is MessageLost


def test_within_a_call_they_are_raised() -> None:
    with pytest.raises(NotDelivered) as flood, delivering():
        raise TelegramRetryAfter(GetMe(), "Too Many Requests", 7)
    assert flood.value.after == 7
