"""How stretches of formatting may lie in one another, and what Telegram makes of those that may not.

Nothing is refused: bold, italic and the like are split at the border they cross; code, links and quotes that
cross another such stretch, or lie where they may not, are dropped without a word.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from playground.telegram.state import Entity

FOUND = 100
_SOFT = ("bold", "italic", "underline", "strikethrough", "spoiler")
_PRE = {"pre", "code", "date_time"}
_QUOTE = {"blockquote", "expandable_blockquote"}


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive); the offset and length inside `entity` mean nothing here."""

    start: int
    end: int
    entity: Entity

    def moved(self, start: int, end: int) -> "Span":
        return Span(start, end, self.entity)

    @property
    def type(self) -> str:
        return self.entity.type

    def crosses(self, other: "Span") -> bool:
        """They share characters, and neither holds the other."""
        return (
            self.start < other.start < self.end < other.end or other.start < self.start < other.end < self.end
        )

    def touches(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def within(self, other: "Span") -> bool:
        return other.start <= self.start and self.end <= other.end


def _order(span: Span) -> tuple[int, int, bool]:
    return span.start, -span.end, span.type not in _QUOTE


def arrange(spans: Iterable[Span]) -> list[Span]:
    """In Telegram's order, properly nested."""
    ordered = sorted(spans, key=_order)
    return ordered if _valid(ordered) else _mend(ordered)


def _valid(ordered: list[Span]) -> bool:
    stack: list[Span] = []
    for span in ordered:
        while stack and span.start >= stack[-1].end:
            stack.pop()
        if stack:
            outer = {above.type for above in stack}
            hard_above = outer - set(_SOFT) - _QUOTE
            if span.end > stack[-1].end or span.type in outer or stack[-1].type in _PRE:
                return False
            if span.type in _PRE and outer - _QUOTE:
                return False
            if span.type not in _SOFT and hard_above:
                return False
            if span.type in _QUOTE and outer & _QUOTE:
                return False
        stack.append(span)
    return True


def _mend(ordered: list[Span]) -> list[Span]:
    quotes = _apart(span for span in ordered if span.type in _QUOTE)
    hard = _apart(span for span in ordered if span.type not in _QUOTE and span.type not in _SOFT)
    kept = quotes + [span for span in hard if all(span.within(q) or not span.touches(q) for q in quotes)]
    code = [span for span in kept if span.type in _PRE]
    for kind in _SOFT:
        pieces = _outside(_merged([span for span in ordered if span.type == kind]), code)
        kept += [part for piece in pieces for part in _cut(piece, kept)]
    return sorted(kept, key=_order)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The first of those that touch each other."""
    kept: list[Span] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = merged[-1].moved(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _outside(spans: list[Span], holes: list[Span]) -> list[Span]:
    for hole in holes:
        spans = [
            piece
            for span in spans
            for piece in (
                span.moved(span.start, min(span.end, hole.start)),
                span.moved(max(span.start, hole.end), span.end),
            )
            if piece.start < piece.end
        ]
    return spans


def _cut(span: Span, others: list[Span]) -> list[Span]:
    borders = {
        edge for o in others if span.crosses(o) for edge in (o.start, o.end) if span.start < edge < span.end
    }
    edges = [span.start, *sorted(borders), span.end]
    return [span.moved(start, end) for start, end in pairwise(edges)]


def add_found(spans: list[Span], found: list[Span]) -> list[Span]:
    """What Telegram found by itself goes where no code or link is and crosses nothing.

    No more than `FOUND` are looked at: the rest would be beyond the limit of entities anyway.
    """
    if not found:
        return spans
    taken = [span for span in spans if span.type not in _SOFT and span.type not in _QUOTE]
    for span in _apart(sorted(found, key=_order))[:FOUND]:
        if not any(span.touches(other) for other in taken) and not any(span.crosses(o) for o in spans):
            taken.append(span)
            spans = [*spans, span]
    return sorted(spans, key=_order)
