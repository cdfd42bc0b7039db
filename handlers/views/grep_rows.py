"""Hits with their context as rows for the chat and for a file: neighbours together, the newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.views.log_lines import Row, Seam
from services.logs.search.hits import Hit
from services.logs.text.presenter import ShownLine


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that follow upon each other, oldest first; `hits`: which of them are, by number."""

    lines: tuple[ShownLine, ...]
    hits: frozenset[int]


@dataclass(frozen=True, slots=True)
class Rows:
    """`hits`: how many are among the rows."""

    groups: tuple[Group, ...]

    @classmethod
    def of_one(cls, hit: Hit) -> "Rows":
        """Alone, where its context leaves no room for it."""
        return cls((Group((hit.line,), frozenset({0})),))

    @property
    def hits(self) -> int:
        return sum(len(group.hits) for group in self.groups)

    @property
    def has_context(self) -> bool:
        return any(len(group.lines) > len(group.hits) for group in self.groups)

    @property
    def rows(self) -> list[Row]:
        rows: list[Row] = []
        for group in self.groups:
            rows += [Seam("…")] if rows and self.has_context else []
            rows += group.lines
        return rows

    def first(self, lines: int) -> "Rows | None":
        """The first groups that so many lines hold whole; None when not even one is."""
        kept: list[Group] = []
        for group in self.groups:
            lines -= len(group.lines)
            if lines < 0:
                break
            kept.append(group)
        return Rows(tuple(kept)) if kept else None


def rows_of(hits: Sequence[Hit]) -> Rows:
    """`hits`: newest first."""
    return Rows(tuple(_grouped(hits)))


def _grouped(hits: Sequence[Hit]) -> Iterator[Group]:
    lines: dict[int, ShownLine] = {}
    group: list[Hit] = []
    for hit in hits:
        if group and not _touches(hit, group[-1]):
            yield _group(lines, group)
            lines, group = {}, []
        first = hit.number - len(hit.before)
        lines |= dict(enumerate((*hit.before, hit.line, *hit.after), first))
        group.append(hit)
    if group:
        yield _group(lines, group)


def _touches(older: Hit, newer: Hit) -> bool:
    """Whether their contexts overlap, or one begins where the other ends; without any each is by itself."""
    if older.container != newer.container or not (older.after or newer.before):
        return False
    return older.number + len(older.after) + 1 >= newer.number - len(newer.before)


def _group(lines: dict[int, ShownLine], hits: Sequence[Hit]) -> Group:
    numbers = sorted(lines)
    of_hits = {hit.number for hit in hits}
    found = frozenset(place for place, number in enumerate(numbers) if number in of_hits)
    return Group(tuple(lines[number] for number in numbers), found)
