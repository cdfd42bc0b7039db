"""Lines of several logs in one order of time. Pure.

A log's own order is never changed, though its stamps may run backwards by a little, or by an hour where
somebody set the clock.
"""

from collections.abc import Sequence
from heapq import merge
from itertools import accumulate, islice, repeat, takewhile


def newest_of(logs: Sequence[Sequence[bytes]], count: int, floor: bytes = b"") -> list[int]:
    """Which log each of the `count` newest lines is of, oldest first; of each log these are its newest lines.

    logs: the stamps of each, oldest first. floor: what is older is left out.
    """
    backwards = [zip(accumulate(reversed(stamps), min), repeat(number)) for number, stamps in enumerate(logs)]
    newest = takewhile(lambda line: line[0] >= floor, merge(*backwards, reverse=True))
    return [number for _stamp, number in islice(newest, count)][::-1]


def oldest_of(logs: Sequence[Sequence[bytes]], count: int, ceiling: bytes | None = None) -> list[int]:
    """As `newest_of` from the other end. ceiling: what is younger is left out; None: nothing is."""
    onward = [zip(accumulate(stamps, max), repeat(number)) for number, stamps in enumerate(logs)]
    oldest = takewhile(lambda line: ceiling is None or line[0] <= ceiling, merge(*onward))
    return [number for _stamp, number in islice(oldest, count)]
