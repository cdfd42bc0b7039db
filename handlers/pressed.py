"""The message that a pressed button stands on."""

from aiogram.types import CallbackQuery, Message


def pressed(callback: CallbackQuery) -> Message:
    """The guard lets no press through whose message the bot can no longer reach."""
    assert isinstance(callback.message, Message)
    return callback.message
