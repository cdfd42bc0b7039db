"""The lines before a window of a log that tell what its own may be shown as."""

from services.domain.logs import Block, Line, joined
from services.logs.stream.records import PIECE
from services.logs.text.region import BEHIND, MARGIN_LINES, is_of_key, settles


class Margin:
    """What stands before a window is taken off its beginning: `least` lines or more, none with 0.

    block: that. first: the first line behind it; None: there is none yet. begin: as many of those as come at once,
    BEHIND at least. begun: anything has come, be it an empty block.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self.block = self.begin = Block()
        self.first: Line | None = None
        self.begun = False

    @property
    def is_all(self) -> bool:
        """There was no more than that."""
        return self._least > 0 and self.begun and self.first is None

    def without(self, block: Block) -> Block:
        """The window's own lines of the next block."""
        self.begun = True
        if self._least and self.first is None:
            self.block = joined(self.block, block)
            place = _seam(self.block, self._least)
            if place is None:
                return Block()
            self.block, block = self.block.part(0, place), self.block.part(place)
            self.first = block.line(0)
        if len(self.begin) < BEHIND:
            self.begin = joined(self.begin, block)
        return block


def _seam(block: Block, least: int) -> int | None:
    """The first place behind so many lines which those before it suffice for; a mark can be made there if possible."""
    texts = block.text.split(b"\n")
    settled, of_key = False, False
    for place in range(1, len(block)):
        of_key = of_key or is_of_key(texts[place - 1])
        settled = settled or (place > BEHIND and settles(texts[place - 1 - BEHIND]))
        if place < least or (place < MARGIN_LINES and (of_key or not settled)):
            continue
        alike = (
            block.stamp(place) == block.stamp(place - 1) or len(texts[place]) >= PIECE
        )  # it may still grow
        if not (alike and place < 20 * least) and not (is_of_key(texts[place]) and place < 2 * MARGIN_LINES):
            return place
    return None
