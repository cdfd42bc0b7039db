"""Where what is live is shown: a message that is edited, or a draft that becomes a message at its end.

A private chat shows one draft at a time; Telegram lets it fade after thirty seconds, and the bot's next message
takes it away until it is shown again.
"""

from aiogram.enums import ChatType
from aiogram.types import Message

from handlers.delivery import delivering
from handlers.reply import replace, send
from handlers.views.follow import follow
from services.domain.plans import Place
from services.errors import ChatClosed, MessageRefused
from services.logs.follow.following import Pace, Snapshot

# Of a group's twenty messages a minute ten are for what is live; see `bot.pacing.Rates`.
GROUP = Pace(least=3, every=6, burst=4, refresh=60)
PRIVATE = Pace(least=1.5, every=2, burst=3, refresh=60)
DRAFT = Pace(least=1.2, every=1.2, burst=1, refresh=20)


class EditedMessage:
    """A `Sink` that sends one message and edits it from then on; `shown`: it is there already."""

    drafted = False

    def __init__(self, beside: Message, asker: str, shown: Message | None = None) -> None:
        self._beside, self._asker, self._shown = beside, asker, shown
        self.pace = PRIVATE if beside.chat.type == ChatType.PRIVATE else GROUP

    @property
    def place(self) -> Place | None:
        return Place(self._shown.chat.id, self._shown.message_id) if self._shown else None

    async def show(self, snapshot: Snapshot) -> None:
        answer = follow(snapshot, self._asker)
        with delivering():
            if self._shown is None:
                self._shown = await send(self._beside, answer)
            else:
                await replace(self._shown, answer)


class Draft:
    """A `Sink` of a private chat. Where Telegram takes no drafts, an edited message instead."""

    def __init__(self, beside: Message, asker: str, number: int) -> None:
        self._beside, self._asker, self._number = beside, asker, number
        self._placed = False
        self._instead: EditedMessage | None = None

    @property
    def pace(self) -> Pace:
        return self._instead.pace if self._instead else DRAFT

    @property
    def drafted(self) -> bool:
        return self._instead is None

    @property
    def place(self) -> Place | None:
        if self._instead is not None:
            return self._instead.place
        return Place(self._beside.chat.id, self._beside.message_id) if self._placed else None

    async def show(self, snapshot: Snapshot) -> None:
        if self._instead is None and snapshot.finish is None:
            try:
                with delivering():
                    await self._draft(snapshot)
            except (MessageRefused, ChatClosed):  # of drafts alone, perhaps
                if self._placed:
                    raise
            else:
                self._placed = True
                return
        # Also the last word: a draft that has ended becomes a message.
        self._instead = self._instead or EditedMessage(self._beside, self._asker)
        await self._instead.show(snapshot)

    async def _draft(self, snapshot: Snapshot) -> None:
        bot, message = self._beside.bot, self._beside
        assert bot is not None
        await bot.send_message_draft(
            message.chat.id,
            self._number,
            message_thread_id=message.message_thread_id if message.is_topic_message else None,
            **follow(snapshot, self._asker).text.as_kwargs(),
            can_stop=True,
            keep_on_stop=True,
        )
