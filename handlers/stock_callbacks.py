"""Typed data of the buttons below `/df`, `/images` and `/prune`."""

from typing import Annotated

from pydantic import Field

from handlers.callbacks import Press
from services.domain.stock import Kind

# A letter for each kind, as a button has little room.
LETTERS = {Kind.IMAGES: "i", Kind.CACHE: "c", Kind.VOLUMES: "v", Kind.UNUSED: "u", Kind.CONTAINERS: "k"}


class DiskList(Press, prefix="df"):
    """What takes room, on all hosts or on one, in the same message."""

    host: str = ""


class ImageList(Press, prefix="im"):
    """The images of a host, at a page, in the same message."""

    host: str
    page: Annotated[int, Field(ge=0, lt=1000)] = 0


class Prune(Press, prefix="mr"):
    """What would go on a host, of these kinds. opens: in a message of its own."""

    host: str
    kinds: Annotated[str, Field(pattern="^[icvuk]{1,5}$")] = "ic"
    opens: bool = False

    @property
    def chosen(self) -> tuple[Kind, ...]:
        return tuple(kind for kind, letter in LETTERS.items() if letter in self.kinds)


class PruneConfirm(Press, prefix="mrc"):
    """The answer to the question."""

    token: Annotated[str, Field(max_length=24)]
    yes: bool


def letters(kinds: tuple[Kind, ...]) -> str:
    return "".join(LETTERS[kind] for kind in kinds)
