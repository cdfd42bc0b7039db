"""The newest hits of several logs, as their searches bring them. Pure."""

from collections.abc import Iterable, Iterator
from heapq import merge

from services.logs.search.hits import Hit

# So many hits are not put in order anew for each few that come.
_MANY = 1000

Ranked = tuple[bytes, Hit]


class Board:
    """Holds the newest `most` of all hits, in `room` bytes.

    A log's own order is never changed, though its stamps may run backwards by a little: a hit ranks by the least
    stamp from itself to the newest of its log.
    """

    def __init__(self, most: int, room: int) -> None:
        self._most, self._room = most, room
        self._logs: dict[str, list[Ranked]] = {}
        self._floor: bytes | None = None
        self._new = self._new_size = 0  # since it was looked whether all have room

    def add(self, container: str, hits: Iterable[Hit], *, missing: bool) -> None:
        """Newest first, all older than this log's earlier ones. missing: it had more, that are older than these."""
        log = self._logs.setdefault(container, [])
        rank = log[-1][0] if log else b"\xff"
        before = len(log)
        for hit in hits:
            rank = min(rank, hit.line.stamp)
            log.append((rank, hit))
        if missing:
            self._floor = max(self._floor or b"", rank)
        new = log[before:]
        self._new += len(new)
        self._new_size += sum(hit.size for _rank, hit in new)
        if self._most < _MANY or self._new > self._most // 8 or self._new_size > self._room // 8:
            self._prune()

    def is_enough(self, reached: bytes | None) -> bool:
        """Whether no hit that is older than `reached` would find a place."""
        return self._floor is not None and reached is not None and reached <= self._floor

    def newest(self) -> tuple[Hit, ...]:
        self._prune()
        return tuple(hit for _rank, hit in self._ordered())

    def _ordered(self) -> Iterator[Ranked]:
        return merge(*self._logs.values(), key=lambda ranked: ranked[0], reverse=True)

    def _prune(self) -> None:
        self._new = self._new_size = 0
        kept = dict.fromkeys(self._logs, 0)
        size = count = 0
        last = floor = self._floor or b""
        for rank, hit in self._ordered():
            size += hit.size
            if rank < floor or count == self._most or (count and size > self._room):
                break
            last = rank
            kept[hit.container] += 1
            count += 1
        dropped = any(len(self._logs[container]) > number for container, number in kept.items())
        if dropped or count == self._most:
            self._floor = max(floor, last)
        for container, number in kept.items():
            del self._logs[container][number:]
