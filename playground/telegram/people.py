"""Acting as a person in front of the bot."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from playground.telegram import text as texts
from playground.telegram import wire
from playground.telegram.parameters import Upload
from playground.telegram.state import JSON, CallbackAnswer, Chat, Content, Entity, Message, User
from playground.telegram.world import ADMINISTRATORS, ANONYMOUS, PRESENT, World

# Seconds, of a machine that has much else to do: a press can be answered no longer. What must come sooner says so.
PATIENCE = 15.0


class Person:
    """A person with a phone. `chat` is the private chat with the bot.

    What Telegram's own clients would not let a person do is an AssertionError: to write in a group that one is
    not in, to press a button that is not there.
    """

    def __init__(self, world: World, user: User, chat: Chat) -> None:
        self._world = world
        self.user = user
        self.chat = chat

    @property
    def id(self) -> int:
        return self.user.id

    def __repr__(self) -> str:
        return f"{self.user.first_name} ({self.id})"

    async def says(
        self,
        text: str,
        *,
        chat: Chat | None = None,
        reply_to: Message | None = None,
        topic: int | None = None,
        date: int | None = None,
        entities: Sequence[Entity] = (),
        anonymous: bool = False,
    ) -> Message:
        """Sends a message; the bot's update is queued when it may see it and it is not older than a day.

        Commands, mentions and links in it get their entities as in Telegram. `date`: Unix seconds, now when
        absent. `anonymous`: as the group's anonymous admin. The first private message opens the chat to the bot.
        """
        where = chat or (reply_to.chat if reply_to else self.chat)
        content = Content(texts.clean(text, entities))
        assert content.body.text, "there is nothing to send"
        return self._send(where, content, reply_to, topic, date, anonymous)

    async def sends(
        self,
        filename: str,
        content: bytes,
        *,
        caption: str = "",
        chat: Chat | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Sends a document."""
        file = self._world.keep(Upload(filename, "", content), "document")
        where = chat or (reply_to.chat if reply_to else self.chat)
        return self._send(where, Content(texts.clean(caption), file), reply_to)

    def _send(
        self,
        where: Chat,
        content: Content,
        reply_to: Message | None,
        topic: int | None = None,
        date: int | None = None,
        anonymous: bool = False,
    ) -> Message:
        self._check_place(where, topic)
        topic = topic or (reply_to.topic if reply_to else None)
        message = Message(
            self._world.new_id(where),
            where,
            ANONYMOUS if anonymous else self.user,
            self._world.now() if date is None else date,
            content,
            reply_to=reply_to,
            thread=topic or _thread(reply_to),
            topic=topic,
            sender_chat=where if anonymous else None,
        )
        if where.private and where.bot == "left":
            where.bot = "member"
        self._world.add(message)
        self._world.publish_message(message)
        return message

    def _check_place(self, where: Chat, topic: int | None) -> None:
        if where.private:
            assert where is self.chat, f"{self} cannot write in {where}"
            assert where.bot != "kicked", f"{self} has blocked the bot"
        else:
            assert where.members.get(self.id) in PRESENT, f"{self} is not in {where}"
            assert where.migrated_to is None, f"{where} became {where.migrated_to}"
        assert topic is None or topic in where.topics, f"{where} has no topic {topic}"

    async def edits(self, message: Message, text: str) -> None:
        """Changes a message of one's own; the bot gets edited_message."""
        assert message.sender.id == self.id, f"{message} is not by {self}"
        self._world.revise(message, Content(texts.clean(text)), message.keyboard)
        self._world.publish_message(message, "edited_message")

    async def presses(
        self,
        message: Message,
        label: str,
        *,
        wait: bool = True,
        timeout: float = PATIENCE,  # noqa: ASYNC109
    ) -> CallbackAnswer:
        """Presses the button with this label on the message's present keyboard; what the bot answers.

        With `wait=False` it returns an empty answer at once.
        """
        button = message.button(label)
        assert button.action == "callback_data", f"{label!r} is a {button.action} button, it calls nobody"
        return await self.presses_data(message, button.data, wait=wait, timeout=timeout)

    async def presses_data(
        self,
        message: Message,
        data: str,
        *,
        wait: bool = True,
        timeout: float = PATIENCE,  # noqa: ASYNC109
    ) -> CallbackAnswer:
        """As a hostile client: any data at all, whether there is such a button or not."""
        chat = message.chat
        assert not message.deleted, f"{message} is deleted"
        assert chat is self.chat or chat.members.get(self.id) in PRESENT, f"{self} does not see {message}"
        query = self._world.query(self.user, message, data)
        if not wait:
            return CallbackAnswer()
        try:
            async with asyncio.timeout(timeout):
                return await query.answer
        except TimeoutError:
            raise AssertionError(f"{self} pressed {data!r} on {message}: no answer in {timeout} s") from None

    async def reacts(self, message: Message, *emojis: str) -> None:
        """Sets one's reactions, none to take them back. In a group only an admin bot is told."""
        before = message.reactions.get(self.id, ())
        message.reactions[self.id] = emojis
        self._world.changes.notify()
        if not message.chat.private and message.chat.bot not in ADMINISTRATORS:
            return
        payload: dict[str, JSON] = {
            "chat": wire.chat(message.chat),
            "message_id": message.id,
            "user": wire.user(self.user),
            "date": self._world.now(),
            "old_reaction": wire.reactions(before),
            "new_reaction": wire.reactions(emojis),
        }
        self._world.publish("message_reaction", payload)

    def speaks(self, language: str) -> None:
        """The language of the person's app from now on, such as "ru"."""
        self.user = self.chat.user = replace(self.user, language_code=language)
        self._world.users[self.id] = self.user
        self._world.changes.notify()

    async def blocks(self) -> None:
        """From now on the bot gets 403, and my_chat_member first."""
        self._world.set_bot_status(self.chat, "kicked", self.user)

    async def stops(self, draft: int) -> None:
        """Presses Stop under a draft that the bot streams."""
        assert draft in self.chat.drafts, f"no draft {draft} in {self.chat}"
        assert draft in self.chat.stoppable, f"draft {draft} has no Stop"
        assert self._world.clock() < self.chat.drafts_until, f"draft {draft} has faded"
        payload: dict[str, JSON] = {"chat": wire.chat(self.chat), "draft_id": draft}
        self._world.publish("stopped_message_generation", payload)


def _thread(reply_to: Message | None) -> int | None:
    """A reply in a supergroup without topics belongs to the thread of the first message."""
    if reply_to is None or reply_to.chat.type != "supergroup" or reply_to.topic is not None:
        return None
    return reply_to.thread or reply_to.id
