"""Where a log was left, found again when it is read anew: no line twice, and none passed over unsaid. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2s

from services.domain.logs import STAMP, Block, moment_of, stamp_of

# Lines of two streams may be stored in another order than that of their moments, but not by more.
DISORDER = timedelta(seconds=0.1)


@dataclass(frozen=True, slots=True)
class Seen:
    """The last line that was seen: its moment, and a check of its text.

    alike: how many lines of each text there were at that very moment. Without a stamp: nothing, as of an empty log.
    """

    stamp: bytes = b""
    check: bytes = b""
    alike: Mapping[bytes, int] = field(default_factory=dict)

    @property
    def copies(self) -> int:
        """How many such lines there were, the last one included."""
        return self.alike.get(self.check, 0)

    def and_then(self, block: Block) -> "Seen":
        """All of the block has been seen as well, and is newer."""
        if not block:
            return self
        last = len(block) - 1
        stamp, check = block.stamp(last), _check(block.text[:-1].rpartition(b"\n")[2])
        alike = Counter(self.alike if self.stamp == stamp else ())
        if block.stamps.find(stamp) == last * STAMP:
            alike[check] += 1
        else:
            alike.update(found for _number, found in _at(block, stamp))
        return Seen(stamp, check, alike)

    @property
    def since(self) -> bytes:
        """A stamp from which to read so that the line is surely among what comes; b"": from the beginning."""
        return self.stamp and stamp_of(moment_of(self.stamp) - timedelta(seconds=1))


class Rejoin:
    """Takes what is read anew, and gives what lies behind the line that was seen last.

    lost: that line is not there any more, so there may have been others between it and the first one given.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._wanted = seen.copies
        self._beyond = stamp_of(moment_of(seen.stamp) + DISORDER) if seen.stamp else b""
        self._held: list[Block] = []
        self.lost = False

    def feed(self, block: Block) -> list[Block]:
        """Blocks to be taken as new, in order."""
        if not self._wanted or not block:
            return [block] if block else []
        for place, check in _at(block, self._seen.stamp):
            self._wanted -= check == self._seen.check
            if not self._wanted:
                self._held.clear()
                rest = block.part(place + 1)
                return [rest] if rest else []
        self._held.append(block)
        if max(block.stamp(0), block.stamp(len(block) - 1)) <= self._beyond:
            return []
        # It should have come by now. Of several alike, some may have been dropped with the oldest lines.
        self.lost = self._wanted == self._seen.copies
        self._wanted = 0
        newer = [_newer(each, self._seen.stamp) for each in self._held]
        self._held = []
        return [each for each in newer if each]


def _newer(block: Block, stamp: bytes) -> Block:
    """Without the lines before the first that is younger than `stamp`."""
    return block.part(next((n for n in range(len(block)) if block.stamp(n) > stamp), len(block)))


def _at(block: Block, stamp: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of this moment: their numbers, and the checks of their texts."""
    at = block.stamps.find(stamp)
    texts = block.text.split(b"\n") if at >= 0 else []
    while at >= 0:
        if at % STAMP == 0:
            yield at // STAMP, _check(texts[at // STAMP])
        at = block.stamps.find(stamp, at + 1)


def _check(text: bytes) -> bytes:
    return blake2s(text, digest_size=8).digest()
