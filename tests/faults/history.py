"""What is known at the end of a schedule: the truth that was told to the bot, and what people see in the chats.

An alert has a name of its own, its box: `box3n1` is the second alert of group 3. It stands in the summary, so
wherever the alert is readable, its box is.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

BOX = re.compile(r"\bbox(\d+)n\d+\b")


def group_of(box: str) -> int:
    found = BOX.fullmatch(box)
    assert found, box
    return int(found[1])


@dataclass(slots=True)
class Fact:
    """An alert as the bot last answered 200 about it. `chats`: the ids of the settings it is routed to."""

    box: str
    chats: tuple[int, ...]
    firing: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of the bot's. `texts`: every revision's text or caption, the present one last.

    upto: of the Acknowledge button now; None where there is none. file: what is in its document now.
    """

    chat: int
    id: int
    texts: tuple[str, ...]
    first_labels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    upto: int | None = None
    file: str = ""
    reply_to: int | None = None

    @property
    def text(self) -> str:
        return self.texts[-1]

    @property
    def is_file(self) -> bool:
        """The list of all alerts, below the message that names some."""
        return bool(self.file) and not self.texts[0]

    @property
    def is_ring(self) -> bool:
        """One line that makes the sound which an edit cannot."""
        return not self.file and not self.first_labels and "\n" not in self.texts[0]

    @property
    def boxes(self) -> frozenset[str]:
        """Readable in it, in any revision."""
        return frozenset(each[0] for text in (*self.texts, self.file) for each in BOX.finditer(text))

    @property
    def first_groups(self) -> frozenset[int]:
        """The groups of alerts that its first revision showed."""
        return frozenset(int(each[1]) for text in (self.texts[0], self.file) for each in BOX.finditer(text))


@dataclass(slots=True)
class Press:
    """A tap on a button of an incident's message. `answer`: the toast; None: none came.

    in_vain: it was told that the store does not work and nothing was done.
    """

    label: str
    group: int
    chat: int
    upto: int | None = None
    answer: str | None = None

    @property
    def in_vain(self) -> bool:
        return self.answer is not None and self.answer.startswith(
            "The bot's store does not work; nothing was done"
        )


@dataclass(slots=True)
class History:
    """facts: by box. fallback, admin: ids of private chats. allowed: what may come twice there, by chat.

    closed: chats of the settings that refused a message with 403; moved: the old id of a group → the new one.
    refused: what the stand-in refused of its own accord; gave_up: what Alertmanager will not try again;
    troubles: of the bot itself. unasked: updates that the bot gave up after two deaths. away: the store has been.
    """

    fallback: int
    admin: int
    facts: Mapping[str, Fact] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()
    presses: tuple[Press, ...] = ()
    allowed: Counter[int] = field(default_factory=Counter)
    closed: frozenset[int] = frozenset()
    moved: Mapping[int, int] = field(default_factory=dict)
    strangers: frozenset[int] = frozenset()
    refused: tuple[str, ...] = ()
    gave_up: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    unasked: int = 0
    away: bool = False
