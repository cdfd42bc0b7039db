"""About pictures: what is drawn in a process of its own."""

from dataclasses import dataclass

from services.errors.base import VakhtaError


class PictureError(VakhtaError):
    """There is no picture; what it would have shown can still be told in figures."""


@dataclass(eq=False)
class PictureFailed(PictureError):
    """`detail`: for the log, what was wrong with the drawing, or how the process ended."""

    detail: str


@dataclass(eq=False)
class PictureTooSlow(PictureError):
    """Not there after `seconds`, the wait for its turn included."""

    seconds: float


@dataclass(eq=False)
class PicturesFull(PictureError):
    """`most`: how many wait for their turn already."""

    most: int
