"""What the page tells about the world behind it, since the stand-in does not know it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playground.telegram.state import Chat, Command, User


@dataclass(frozen=True, slots=True)
class Place:
    """A server that the bot watches. `real`: it is this machine's own engine, which the bot only reads."""

    name: str
    real: bool = False


def _nothing(person: User, chat: Chat) -> list[Command]:
    return []


@dataclass(frozen=True, slots=True)
class About:
    """roles: by a person's id, admin, operator or viewer; who is not there is a stranger.

    menu: the commands that a person is offered until the bot has set some itself.
    """

    roles: Mapping[int, str] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    menu: Callable[[User, Chat], list[Command]] = _nothing
