"""A log cut into windows and chunks anywhere is looked through as if it were one piece."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from services.domain.logs import Block, Line, Stream, block_of
from services.logs.patterns import Pattern
from services.logs.search.hits import Hit
from services.logs.search.scan import Scan, Wanted
from services.logs.search.stretch import Stretch
from services.logs.text import region
from services.logs.text.region import Region, head_of, parted, tail_of
from services.redaction import private_keys, sequels
from tests.unit.engine_log import EngineLog, stamped

SOURCE = EngineLog().source()


def lines(count: int) -> list[Line]:
    """Every third one is a hit."""
    return [
        Line(stamped(number), Stream.STDOUT, f"{'hit' if number % 3 == 0 else 'line'} {number}".encode())
        for number in range(count)
    ]


def cut(count: int, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Stretches of `count` things, none of them empty."""
    ends = sorted({0, count, *(place % count for place in places)}) if count else []
    yield from pairwise(ends)


def looked_through(
    log: Sequence[Line], places: Sequence[int], chunks: Sequence[int], context: int
) -> list[Hit]:
    """As a walk does it: the newest window first, each oldest chunk first."""
    wanted = Wanted(Pattern.of("hit"), context=context, most=10**6, room=10**9)
    edge = ahead = Block()
    hits: list[Hit] = []
    for start, end in reversed(list(cut(len(log), places))):
        scan = Scan(SOURCE, wanted)
        stretch = Stretch(scan, context, edge, ahead)
        window = log[start:end]
        for first, last in cut(len(window), chunks):
            stretch.feed(block_of(window[first:last]))
        stretch.end()
        edge, ahead = stretch.edge, stretch.ahead
        hits += scan.catch.hits
    scan = Scan(SOURCE, wanted)
    Stretch(scan, context, edge, ahead).end_at_the_oldest()
    return [*hits, *scan.catch.hits]


@given(
    st.integers(0, 120),
    st.lists(st.integers(0, 1000), max_size=6),
    st.lists(st.integers(0, 1000), max_size=8),
    st.integers(0, 5),
    st.integers(1, 8),
    st.sampled_from([1, 40, 200]),
)
def test_each_hit_once_with_its_whole_context(
    count: int, places: list[int], chunks: list[int], context: int, margin: int, size: int
) -> None:
    log = lines(count)
    with patch.object(region, "MARGIN", size), patch.object(region, "MARGIN_LINES", margin):
        hits = looked_through(log, places, chunks, context)
    texts = [line.text.decode() for line in log]
    numbers = [texts.index(hit.line.text) for hit in hits]
    assert sorted(numbers) == list(range(0, count, 3))
    for number, hit in zip(numbers, hits, strict=True):
        assert [line.text for line in hit.before] == texts[max(number - context, 0) : number]
        assert [line.text for line in hit.after] == texts[number + 1 : number + 1 + context]


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(0, 10))
def test_margins_are_whole_lines_and_large_enough(lengths: list[int], context: int) -> None:
    block = block_of(Line(stamped(n), Stream.STDERR, b"x" * length) for n, length in enumerate(lengths))
    with patch.object(region, "MARGIN", 500), patch.object(region, "MARGIN_LINES", 3):
        head, rest = parted(block, context)
        tail = tail_of(block, context)
        assert head == head_of(block, context)
    assert [*head.lines(), *rest.lines()] == block.lines()
    assert tail.lines() == block.lines()[len(block) - len(tail) :]
    for margin in (head, tail):
        assert margin == Block(block.text, block.stamps, block.kinds) or (
            len(margin) >= max(context, 3) and len(margin.text) >= 500
        )


def test_lines_are_shown_as_what_stands_above_them_wants() -> None:
    texts = [b"secret: |", *[b"  part %d" % number for number in range(150)], b"over"]
    block = block_of(Line(stamped(n), Stream.STDOUT, text) for n, text in enumerate(texts))
    here = Region.of(Block(), block, Block())
    assert here.shown([140, 151], ()) == {140: "  •••", 151: "over"}
    assert here.shown([], ()) == {}
    parted_off = Region.of(block.part(0, 100), block.part(100), Block())
    assert parted_off.shown([140, 151], ("over and out", "over")[:1]) == {140: "  •••", 151: "over"}


def test_margins_reach_as_far_as_what_hides_a_line() -> None:
    assert max(row.most for row in sequels._ROWS) <= region.MARGIN_LINES
    assert private_keys._LONGEST < region.MARGIN


def test_the_containers_own_secrets_are_hidden_and_matched_by_nothing() -> None:
    log = EngineLog()
    source = type(SOURCE)(log, "n8n", "1" * 64, tty=False, hidden=("s3cr3tvalue",))  # type: ignore[arg-type]
    block = block_of([Line(stamped(1), Stream.STDOUT, b"it is s3cr3tvalue indeed")])
    for pattern, count in (("s3cr3t", 0), ("it is", 1), ("is .* indeed", 0), ("indeed$", 1)):
        scan = Scan(source, Wanted(Pattern.of(pattern)))
        scan.look(Region.of(Block(), block, Block()), 0)
        assert scan.catch.count == count, pattern
        assert all(hit.line.text == "it is ••• indeed" for hit in scan.catch.hits)


def test_what_is_withheld_is_no_hit() -> None:
    """There is too much to be judged in one line."""
    text = b" ".join(b"token=x%d" % number for number in range(30_000))
    block = block_of(
        [Line(stamped(1), Stream.STDOUT, text), Line(stamped(2), Stream.STDOUT, b"token of trust")]
    )
    scan = Scan(SOURCE, Wanted(Pattern.of("token|x29")))
    scan.look(Region.of(Block(), block, Block()), 0)
    assert [hit.line.text for hit in scan.catch.hits] == ["token of trust"]
