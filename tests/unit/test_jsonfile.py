"""What `vakhta-grep` prints, cut anywhere, into the lines that the engine itself would have told."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.logs import Line, Stream
from services.logs.stream.jsonfile import MOST_HELD, Candidates, NewestFirst
from services.logs.stream.records import PIECE, NoRecords

ERR = Stream.STDERR


def record(text: str, number: int = 0, stream: str = "stdout", end: str = "\n") -> str:
    said = {"log": text + end, "stream": stream, "time": f"2026-11-23T14:02:11.{number:09}Z"}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def fed(text: str | bytes, size: int = 1 << 20) -> tuple[list[Candidates], NewestFirst]:
    """All candidates, oldest first, as they come from pieces of `size` bytes."""
    data = text if isinstance(text, bytes) else text.encode()
    newest_first = NewestFirst()
    found = [newest_first.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return found[::-1], newest_first


def groups(found: Iterable[Candidates]) -> list[list[Line]]:
    return [group.lines() for each in found for group in each.parted()]


def texts(found: Iterable[Candidates]) -> list[list[str]]:
    return [[line.text.decode() for line in group] for group in groups(found)]


EDGE = "\x01"


def printed(*files: Sequence[Sequence[str]]) -> str:
    """As the helper prints them: `files`, their groups and the records of those, all newest first.

    Where a file says that it is at its edge it holds EDGE.
    """
    parts = [
        "\n--\n".join("\n".join(group) for group in file) + "\n" * bool(file) + "next\n" for file in files
    ]
    return "".join(parts) + "end\n"


def test_order_streams_and_moments() -> None:
    found, state = fed(printed([[record("c", 3), record("b", 2, "stderr")], [record("a", 1)]]))
    stamp = b"2026-11-23T14:02:11.00000000%dZ"
    assert groups(found) == [
        [Line(stamp % 1, Stream.STDOUT, b"a")],
        [Line(stamp % 2, ERR, b"b"), Line(stamp % 3, Stream.STDOUT, b"c")],
    ]
    assert state.ended


def test_it_has_not_ended_before_the_end() -> None:
    text = printed([[record("a")]], [[record("b")]])
    found, state = fed(text.removesuffix("end\n"))
    assert (texts(found), state.ended) == ([["b"], ["a"]], False)
    assert not fed("")[1].ended
    found, state = fed("next\nend\n")
    assert (texts(found), state.ended) == ([], True)


@pytest.mark.parametrize(
    ("time", "stamp"),
    [
        ("2026-11-23T14:02:11Z", b"2026-11-23T14:02:11.000000000Z"),
        ("2026-11-23T14:02:11.5Z", b"2026-11-23T14:02:11.500000000Z"),
        ("2026-11-23T14:02:11.123456789Z", b"2026-11-23T14:02:11.123456789Z"),
    ],
)
def test_moments_are_as_long_as_stamps_are(time: str, stamp: bytes) -> None:
    found, _ = fed(f'{{"log":"a\\n","stream":"stdout","time":"{time}"}}\nnext\nend\n')
    assert groups(found)[0][0].stamp == stamp


_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30)


@given(
    files=st.lists(st.lists(st.lists(_LINE, min_size=1, max_size=4), max_size=4), min_size=1, max_size=3),
    size=st.integers(1, 200),
)
def test_any_text_cut_anywhere(files: list[list[list[str]]], size: int) -> None:
    numbered = iter(range(10**9, 0, -1))
    made = [[[record(line, next(numbered) % 10**9) for line in group] for group in file] for file in files]
    found, state = fed(printed(*made), size)
    wanted = [group[::-1] for file in files for group in file][::-1]
    assert texts(found) == wanted
    assert state.ended
    for each in found:
        assert each.block.text.count(b"\n") == len(each.block)
        assert not each.groups or each.groups[0] == 0
        ends = pairwise([*each.groups, len(each.block)])
        assert each.parted() == [each.block.part(start, end) for start, end in ends]


def piece(sign: str, number: int) -> str:
    """Of a longer line, as the engine cuts it."""
    return record(sign * PIECE, number, end="")


def test_pieces_of_a_line_are_joined_where_they_are_neighbours() -> None:
    newest = [record("end", 5), piece("b", 5), record("other", 5, "stderr"), piece("a", 5)]
    found, _ = fed(printed([newest, [piece("c", 4)], [record("no newline", 3, end="")]]))
    assert texts(found) == [["no newline"], ["c" * PIECE], ["other", "a" * PIECE + "b" * PIECE + "end"]]


def test_half_a_record_before_a_whole_one_and_zeros_cost_nothing() -> None:
    half = record("half")[:20]
    found, _ = fed(printed([[half + record("last", 2)], ["\0" * 100 + record("first", 1), "rubbish"]]))
    assert texts(found) == [["first"], ["last"]]


@pytest.mark.parametrize(
    "odd",
    [
        "{}",
        "[]",
        '{"log":"a\\n"}',
        '{"log":"a\\n","stream":"stdout","time":"yesterday"}',
        '{"log":1}',
        "null",
        "{",
    ],
)
def test_what_is_no_record_is_left_out(odd: str) -> None:
    found, state = fed(printed([[record("b", 2), odd, record("a", 1)]]))
    assert (texts(found), state.ended) == ([["a", "b"]], True)


def test_a_newline_within_stays_one_line() -> None:
    found, _ = fed(printed([[record("a\nb")]]))
    assert texts(found) == [["a b"]]


def test_what_surrogates_stand_for_is_harmless() -> None:
    found, _ = fed('{"log":"a\\ud800b\\n","stream":"stdout","time":"2026-11-23T14:02:11Z"}\nnext\nend\n')
    assert len(groups(found)) <= 1


def test_a_large_group_comes_in_parts_with_every_line_whole() -> None:
    lines = [record(f"{n} " + "x" * 900, n) for n in range(2000, 0, -1)]
    long = [record("end", 2001), *[piece("y", 2001)] * 40]
    found, _ = fed(printed([long + lines]), 65536)
    assert max(len(each.block.text) for each in found) <= MOST_HELD + 65536 + 41 * PIECE
    said = [line.text for group in groups(found) for line in group]
    assert said[-1] == b"y" * PIECE * 40 + b"end"
    assert [int(line.split()[0]) for line in said[:-1]] == list(range(1, 2001))


def test_memory_is_bounded() -> None:
    newest_first = NewestFirst()
    with pytest.raises(NoRecords):
        for _ in range(100):
            newest_first.feed(b"x" * MOST_HELD)


def test_a_file_that_comes_again_is_told_once() -> None:
    """It was rotated while it was read: some lines were written meanwhile, and come first."""
    first = [record("b", 2), record("a", 1)]
    again = [record("d", 4), record("c", 3), *first]
    found, state = fed(printed([first], [again], [[record("older", 0)]]))
    assert texts(found) == [["older"], ["c", "d"], ["a", "b"]]
    assert state.ended
    found, _ = fed(printed([first], [], [first], [[record("older", 0)]]))
    assert texts(found) == [["older"], ["a", "b"]]


def test_the_same_words_at_another_moment_are_another_line() -> None:
    found, _ = fed(printed([[record("a", 3), record("a", 2)]], [[record("a", 1)]]))
    assert texts(found) == [["a"], ["a", "a"]]


def test_equal_pieces_are_not_taken_for_a_file_that_comes_again() -> None:
    found, _ = fed(printed([[record("end", 1), *[piece("x", 1)] * 3]]))
    assert texts(found) == [["x" * PIECE * 3 + "end"]]


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_a_group_goes_on_where_two_files_meet(size: int) -> None:
    newest = [[record("d", 4), EDGE]]
    older = [[EDGE, record("c", 3)], [record("b", 2), EDGE]]
    oldest = [[EDGE, record("a", 1), EDGE]]
    found, state = fed(printed(newest, older, oldest), size)
    assert runs(found) == [["a", "b"], ["c", "d"]]
    assert state.ended


def test_a_group_does_not_go_on_where_a_file_does_not_say_so() -> None:
    for newest, older in (
        ([record("b", 2)], [EDGE, record("a", 1)]),
        ([record("b", 2), EDGE], [record("a", 1)]),
    ):
        found, _ = fed(printed([newest], [older]))
        assert runs(found) == [["a"], ["b"]]


def test_nothing_stands_between_a_file_and_the_one_before_when_it_comes_again() -> None:
    file = [record("c", 3), record("b", 2), EDGE]
    found, _ = fed(printed([file], [[EDGE, *file]], [[EDGE, record("a", 1), EDGE]]))
    assert runs(found) == [["a", "b", "c"]]
    again = [EDGE, record("d", 4), *file]
    found, _ = fed(printed([file], [again], [[EDGE, record("a", 1), EDGE]]))
    assert ["b", "c"] in runs(found), "what was written meanwhile does not stand before what has been here"


@pytest.mark.parametrize("size", [64, 5000, 65_536])
def test_a_large_group_in_parts_says_that_it_goes_on(size: int) -> None:
    many = [record(f"{n} " + "x" * 900, n) for n in range(1000, 0, -1)]
    found, _ = fed(printed([many], [[record("other", 0)]]), size)
    assert len([each for each in found if each.groups]) > 2
    assert [len(run) for run in runs(found)] == [1, 1000]


def runs(found: Iterable[Candidates]) -> list[list[str]]:
    """Lines that follow upon each other, oldest first, joined where they say so."""
    made: list[list[str]] = []
    for each in list(found)[::-1]:
        parts = [[line.text.decode() for line in group.lines()] for group in each.parted()]
        if parts and each.goes_on:
            made[0] = parts.pop() + made[0]
        made = parts + made
    return made
