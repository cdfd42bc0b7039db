"""Where the buttons of a list of containers lead, and the way back from what is shown in the place of a menu."""

from dataclasses import replace
from typing import Protocol

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import Go, Open, Overview
from handlers.views.answer import Answer, button
from services.domain.containers import Container


class Ways(Protocol):
    """Pages count from 0."""

    def all(self) -> InlineKeyboardButton:
        """From the list of one host to all of them."""
        ...

    def page(self, host: str, page: int) -> CallbackData: ...

    def card(self, container: Container, page: int) -> CallbackData:
        """`page`: of the list that it is on."""
        ...


class StatusWays:
    """Of `/status`: another list in the same message, a card in one of its own."""

    def __init__(self, asker: str) -> None:
        self._asker = asker

    def all(self) -> InlineKeyboardButton:
        return button("‹ " + _("All hosts"), self.page("", 0))

    def page(self, host: str, page: int) -> CallbackData:
        return Overview(asker=self._asker, host=host, page=page)

    def card(self, container: Container, page: int) -> CallbackData:
        return Open(asker=self._asker, act="card", host=container.host, key=container.key)


class MenuWays:
    """Of `/menu`: everything in the same message."""

    def __init__(self, asker: str) -> None:
        self._asker = asker

    def all(self) -> InlineKeyboardButton:
        return button("‹ " + _("Menu"), self.page("", 0))

    def page(self, host: str, page: int) -> CallbackData:
        return Go(asker=self._asker, host=host, page=page)

    def card(self, container: Container, page: int) -> CallbackData:
        return Go(asker=self._asker, host=container.host, key=container.key, page=page)


def with_way_back(answer: Answer, stood: InlineKeyboardMarkup | None) -> Answer:
    """What is shown in place of a menu's screen leads back there, and so does what comes after it in the same place.

    stood: the keyboard until now. The last button of a screen is its own ↻, and that of what stands in its place
    the way back; so it is from there that the way is known, and nothing has to be kept.
    """
    back = _last(stood)
    if back is None or _last(answer.keyboard) is not None:
        return answer
    return replace(
        answer,
        rows=(
            *answer.rows,
            [InlineKeyboardButton(text="‹ " + _("Back"), callback_data=back.callback_data)],
        ),
    )


def _last(keyboard: InlineKeyboardMarkup | None) -> InlineKeyboardButton | None:
    """The last button, when it leads to a screen of the menu."""
    if keyboard is None or not keyboard.inline_keyboard:
        return None
    last = keyboard.inline_keyboard[-1][-1]
    return last if (last.callback_data or "").startswith(f"{Go.__prefix__}:") else None
