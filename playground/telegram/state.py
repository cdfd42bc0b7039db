"""What the stand-in remembers: people, chats, messages with every revision, files. No rules live here.

Offsets and lengths of entities are UTF-16 units, dates are Unix seconds, as everywhere in the Bot API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

JSON: TypeAlias = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None


def names(listed: str) -> frozenset[str]:
    """The words of a list written in one text."""
    return frozenset(listed.split())


@dataclass(frozen=True, slots=True)
class User:
    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One stretch of formatted text; only the fields that belong to its type are set."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    user: int | None = None
    custom_emoji_id: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    text: str = ""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """`kind` is document or photo; `path` is where it can be downloaded below /file/bot<token>/."""

    id: str
    unique_id: str
    kind: str
    filename: str
    mime: str
    content: bytes = field(repr=False)
    path: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """`action` is the Bot API's field (callback_data, url, …), `value` what stands in it."""

    text: str
    action: str
    value: JSON
    style: str = ""
    icon: str = ""

    @property
    def data(self) -> str:
        """The callback data, or nothing when the button is of another kind."""
        return str(self.value) if self.action == "callback_data" else ""


@dataclass(frozen=True, slots=True)
class Keyboard:
    """`kind`: inline, or keyboard, remove, force_reply, which hang below the input field."""

    kind: str
    rows: tuple[tuple[Button, ...], ...] = ()

    @property
    def inline(self) -> bool:
        return self.kind == "inline"


@dataclass(frozen=True, slots=True)
class Content:
    """A message's text, or its file with the text as caption, or a service notice."""

    body: Text = Text()
    file: File | None = None
    service: Mapping[str, JSON] = field(default_factory=dict)
    preview: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message was before an edit; `until`: the date of that edit."""

    content: Content
    keyboard: Keyboard | None
    until: int


@dataclass(eq=False, slots=True)
class Message:
    """A live record: it changes when the bot edits the message, and remembers what it was."""

    id: int
    chat: "Chat"
    sender: User
    date: int
    content: Content
    keyboard: Keyboard | None = None
    reply_to: "Message | None" = None
    thread: int | None = None
    topic: int | None = None
    sender_chat: "Chat | None" = None
    relayed: bool = False
    silent: bool = False
    protected: bool = False
    edited: int | None = None
    deleted: bool = False
    edits: list[Revision] = field(default_factory=list)
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text; empty for a message with a file (see `caption`)."""
        return "" if self.content.file else self.content.body.text

    @property
    def caption(self) -> str:
        return self.content.body.text if self.content.file else ""

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Of the text or of the caption."""
        return self.content.body.entities

    @property
    def document(self) -> File | None:
        """The file, document or photo: `filename`, `content`."""
        return self.content.file

    @property
    def buttons(self) -> list[list[str]]:
        """The labels of the current keyboard, row by row."""
        return [[button.text for button in row] for row in self.keyboard.rows] if self.keyboard else []

    def button(self, label: str) -> Button:
        """The first button with that label; an AssertionError that lists the labels when there is none."""
        for row in self.keyboard.rows if self.keyboard else ():
            for button in row:
                if button.text == label:
                    return button
        raise AssertionError(f"no button {label!r} on {self}; there are {self.buttons}")

    def __str__(self) -> str:
        what = self.content.body.text or (self.content.file and self.content.file.filename) or "(service)"
        return f"message {self.id} in {self.chat.id} {what[:60]!r}"

    __repr__ = __str__


@dataclass(eq=False, slots=True)
class Chat:
    """A private chat (`user` is the other side), a group or a supergroup.

    `bot`: the bot's own status, as in a ChatMember; `members`: everybody else's.
    `sent`: the bot's messages in the order they were sent, the deleted ones too.
    """

    id: int
    type: str
    title: str = ""
    username: str = ""
    user: User | None = None
    bot: str = "left"
    members: dict[int, str] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    migrated_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    drafts: dict[int, Text] = field(default_factory=dict)  # one at most
    drafts_until: float = 0.0  # Unix seconds: then its preview fades
    stoppable: set[int] = field(default_factory=set)  # drafts that have a Stop
    pinned: list[int] = field(default_factory=list)
    last_id: int = 0

    @property
    def private(self) -> bool:
        return self.type == "private"

    @property
    def forum(self) -> bool:
        return bool(self.topics)

    def __str__(self) -> str:
        return f"chat {self.id}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the person who pressed sees: nothing, a toast, or an alert to be closed."""

    text: str = ""
    show_alert: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    command: str
    description: str
