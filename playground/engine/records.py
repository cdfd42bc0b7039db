"""What containers write, cut into records as the engine keeps them in a json-file."""

from typing import NamedTuple

from playground.engine.program import STDOUT, Said

PIECE = 16 * 2**10
LINE = 200  # ns from a line to the next one of the same writing: no two are of one moment
_ODD_BYTES = dict.fromkeys(range(0xDC80, 0xDD00), "\ufffd")


class Record(NamedTuple):
    """A line with its newline, or a piece of a longer one, or what a stream ended with. at: ns since 1970."""

    at: int
    stream: int
    text: bytes


class Copier:
    """Of a container's streams. A line longer than `PIECE` becomes several records, all of its first one's moment.

    A terminal has one stream, and each of its lines ends in CR LF.
    """

    def __init__(self, *, tty: bool) -> None:
        self._tty = tty
        self._rest: dict[int, bytes] = {}
        self._begun: dict[int, int] = {}
        self._last = 0

    def feed(self, said: Said) -> list[Record]:
        """The records that are whole now."""
        stream, data = said.stream, said.data
        if self._tty:
            stream, data = STDOUT, data.replace(b"\n", b"\r\n")
        if self._rest.get(stream):
            data = self._rest[stream] + data
        found: list[Record] = []
        self._last = max(self._last + LINE, said.at)
        at, start, size = self._begun.get(stream, self._last), 0, len(data)
        while start < size:
            newline = data.find(b"\n", start, start + PIECE)
            if newline < 0 and size - start < PIECE:
                break
            end = newline + 1 if newline >= 0 else start + PIECE
            found.append(Record(at, stream, _kept(data[start:end])))
            if newline >= 0:
                self._begun.pop(stream, None)
                self._last = max(self._last, at) + LINE
                at = self._last
            else:
                self._begun[stream] = at
            start = end
        self._rest[stream] = data[start:]
        return found

    def flush(self, at: int) -> list[Record]:
        """What was written without a newline, at the end of a run."""
        left = [
            Record(self._begun.get(kind, at), kind, _kept(rest)) for kind, rest in self._rest.items() if rest
        ]
        self._rest.clear()
        self._begun.clear()
        return left


def _kept(text: bytes) -> bytes:
    """A json-file holds UTF-8: every byte that is none becomes three."""
    if text.isascii():
        return text
    return text.decode(errors="surrogateescape").translate(_ODD_BYTES).encode()
