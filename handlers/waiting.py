"""What takes long says so in the chat: after two seconds, and how far it has got."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiogram.exceptions import AiogramError
from aiogram.types import DisabledButton, InlineKeyboardButton, InlineKeyboardMarkup, Message

from handlers.reply import replace, send, show
from handlers.views.answer import Answer
from services.errors import VakhtaError
from services.outcomes import settled, value_of

log = logging.getLogger(__name__)

# In seconds; a group takes twenty messages and edits a minute.
PATIENCE = 2.0
EVERY = 4.0

T = TypeVar("T")


class Spot:
    """Where an answer will stand: a new message, or with `in_place` the one whose button was pressed.

    Until it comes, a new message has the words of waiting as its text, a pressed one as a button above those that
    belong to them.
    """

    def __init__(self, message: Message, *, in_place: bool = False, as_reply: bool = False) -> None:
        self._message, self._in_place, self._as_reply = message, in_place, as_reply
        self._waiting: Message | None = None
        self._covered = False
        self._told = ""

    async def awaiting(self, work: Awaitable[T], words: Callable[[], Answer]) -> T:
        """What `work` comes to; meanwhile `words` are shown. What it raises leaves the chat as it was."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(settled(lambda: work))
            pause = PATIENCE
            while not (await asyncio.wait({task}, timeout=pause))[0]:
                await self._tell(words())
                pause = EVERY
        outcome = task.result()
        if isinstance(outcome, VakhtaError):
            await self.clear()
        return value_of(outcome)

    async def put(self, answer: Answer) -> None:
        """Once more: the same message made anew."""
        if self._waiting is not None:
            await replace(self._waiting, answer)
        elif self._in_place:
            await show(self._message, answer, in_place=True)
        else:
            self._waiting = await send(self._message, answer, as_reply=self._as_reply)

    async def clear(self) -> None:
        """Nothing comes after all."""
        try:
            if self._waiting is not None:
                await self._waiting.delete()
            elif self._covered:
                await self._message.edit_reply_markup(reply_markup=self._message.reply_markup)
        except AiogramError as error:
            log.warning("words of waiting stay in chat %s: %s", self._message.chat.id, error)

    async def _tell(self, words: Answer) -> None:
        """That this fails is no reason to stop the work."""
        label = words.text.render()[0]
        if label == self._told:
            return
        self._told = label
        try:
            if self._in_place:
                self._covered = True
                button = InlineKeyboardButton(text=label, disabled=DisabledButton())
                rows = [[button], *map(list, words.rows)]
                await self._message.edit_reply_markup(reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))
            elif self._waiting is None:
                self._waiting = await send(self._message, words, as_reply=self._as_reply)
            else:
                await replace(self._waiting, words)
        except AiogramError as error:
            log.warning("could not say that it takes long: %s", error)
