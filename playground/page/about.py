"""What the page tells about the world behind it, since the stand-in does not know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A server that the bot watches. `real`: it is this machine's own engine, which the bot only reads."""

    name: str
    real: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """roles: by a person's id, admin, operator or viewer; who is not there is a stranger."""

    roles: Mapping[int, str] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
