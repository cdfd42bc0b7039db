"""In which order tests run when workers share them (`-n 2 --dist worksteal`).

A worker gets an equal run of the list to begin with, and one that is through takes from the end of another's. So each
run begins with its share of those marked `long`, or the last of them would be waited for by all; and ends with the
quick ones. Of the long ones those that are `busy`, too, come first with every other worker and last with the rest:
all at once they would leave no processor for what has to be in time. In between, tests that wait alternate with those
that compute: at any time some worker has a use for the processor, and seldom do all of them.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, groupby
from typing import NamedTuple

_QUICK = "tests/unit/"
# The last tenth of each run is of quick ones alone.
_ALONE = Fraction(9, 10)


class Entry(NamedTuple):
    """A test. place: in the list as it was collected."""

    place: int
    path: str
    long: bool
    busy: bool = False


def dealt(entries: Sequence[Entry], workers: int) -> list[Entry]:
    """All of them in another order. A file's tests stay together where they can: some share what takes long to make.

    The same for the same arguments, since all workers must agree.
    """
    runs: list[list[list[Entry]]] = [[] for _ in range(workers)]
    long = [each for each in entries if each.long]
    busy, waiting = (_files([each for each in long if each.busy is wanted]) for wanted in (True, False))
    for kind in (busy + waiting, _files(_others(entries))):
        for number, file in enumerate(kind):
            runs[number % workers].append(file)
    quick = [each for each in entries if not each.long and each.path.startswith(_QUICK)]
    found: list[Entry] = []
    for number, files in enumerate(runs):
        left = len(entries) - len(found)
        room = max(0, left // (workers - number) - sum(map(len, files)))
        mine, quick = quick[:room], quick[room:]
        ahead = [file for file in files if file[0].long]
        ahead.sort(key=lambda file: file[0].busy, reverse=number % 2 == 0)
        found += chain.from_iterable(ahead)
        found += _mixed([file for file in files if not file[0].long], mine)
    return found + quick


def _others(entries: Sequence[Entry]) -> list[Entry]:
    return [each for each in entries if not each.long and not each.path.startswith(_QUICK)]


def _files(entries: Sequence[Entry]) -> list[list[Entry]]:
    return [list(file) for _, file in groupby(entries, lambda each: each.path)]


def _mixed(slow: Sequence[list[Entry]], quick: Sequence[Entry]) -> list[Entry]:
    """A file of these and a file of those, in proportion."""
    swift = _files(quick)
    placed = [(Fraction(number, len(slow)) * _ALONE, file) for number, file in enumerate(slow)]
    placed += [(Fraction(number, len(swift)), file) for number, file in enumerate(swift, 1)]
    placed.sort(key=lambda each: each[0])
    return [*chain.from_iterable(file for _, file in placed)]
