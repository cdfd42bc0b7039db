"""What a view returns: text as nodes, perhaps a keyboard, perhaps a file. Never markup by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiogram.enums import ButtonStyle
from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from aiogram.utils.formatting import Text

# Telegram's limits, in UTF-16 units.
MESSAGE_UNITS = 4096
CAPTION_UNITS = 1024
MESSAGE_ENTITIES = 100

# What half of a phone's width shows of a label.
_HALF_WIDTH = 20

Row = Sequence[InlineKeyboardButton]


@dataclass(frozen=True, slots=True)
class File:
    """photo: shown as a picture, not offered as a document."""

    name: str
    content: bytes
    photo: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One message. With a `file` it is a document, or a photo, and `text` its caption."""

    text: Text
    rows: tuple[Row, ...] = ()
    file: File | None = None

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        rows = [list(row) for row in self.rows if row]
        return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None

    def as_kwargs(self) -> dict[str, Any]:
        """For `message.answer` and `edit_text`."""
        return {
            **self.text.as_kwargs(),
            "reply_markup": self.keyboard,
            "link_preview_options": LinkPreviewOptions(is_disabled=True),
        }

    def as_caption_kwargs(self) -> dict[str, Any]:
        """For `answer_document`, `InputMediaDocument` and those of photos, without the keyboard."""
        return self.text.as_kwargs(text_key="caption", entities_key="caption_entities")


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def button(label: str, data: CallbackData, style: ButtonStyle | None = None) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=label, callback_data=data.pack(), style=style)


def in_rows(buttons: Sequence[InlineKeyboardButton], width: int) -> list[Row]:
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]


def in_pairs(buttons: Sequence[InlineKeyboardButton]) -> list[Row]:
    """Two in a row; one whose label would be cut off stands alone."""
    rows: list[list[InlineKeyboardButton]] = []
    for each in buttons:
        if rows and len(rows[-1]) == 1 and max(len(each.text), len(rows[-1][0].text)) <= _HALF_WIDTH:
            rows[-1].append(each)
        else:
            rows.append([each])
    return list(rows)
