"""Log bytes → lines for a chat: as many as Docker counts, and nothing in them that acts or deceives."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.logs.text.lines import last_lines


@pytest.mark.parametrize(
    ("raw", "count", "lines"),
    [
        (b"", 3, ()),
        (b"one", 3, ("one",)),
        (b"one\n", 3, ("one",)),
        (b"one\ntwo\nthree\n", 2, ("two", "three")),
        (b"one\ntwo\nthree", 2, ("two", "three")),
        (b"one\n\n\n", 2, ("", "")),
        (b"\n", 3, ("",)),
        (b"one\n", 0, ()),
        ("a\x0bb\x0cc\x85d\u2028e\u2029f".encode(), 3, ("a b c d e f",)),
        (b"one\r\ntwo\r\n", 1, ("two",)),
    ],
)
def test_exactly_the_last_lines_and_only_a_newline_ends_one(
    raw: bytes, count: int, lines: tuple[str, ...]
) -> None:
    assert last_lines(raw, count) == lines


@given(st.lists(st.text("ab\r \t", max_size=4), max_size=8), st.integers(1, 9))
def test_as_many_lines_as_were_written(written: list[str], count: int) -> None:
    raw = "".join(f"{line}\n" for line in written).encode()
    assert len(last_lines(raw, count)) == min(count, len(written))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;208mbold\x1b[m", "bold"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x1b[2K\x1b[1Gup", "up"),
        ("\x1b]8;id=1;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]8;;http://evil.example\x07link\x1b]8;;\x07", "link"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1b]0;a title without its end", "0;a title without its end"),
        ("\x1bP1;2|sixel\x1b\\after", "after"),
        ("\x1b_app\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\after", "after"),
        ("\x1b(B\x1b=\x1b7after", "after"),
        ("cut \x1b[", "cut "),
        ("cut \x1b", "cut "),
        ("nul\x00 bell\x07 back\x08 del\x7f c1\x84", "nul bell back del c1"),
        ("a\tb", "a   b"),
        ("\tat main", "    at main"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("\u2066isolate\u2069 \u200fmark\u200e \u061c", "isolate mark "),
        ("zero\u200bwidth\ufeff joiner\u2060 soft\u00adhyphen", "zerowidth joiner softhyphen"),
        ("\u3164filler\u1160\uffa0", "filler"),
        ("tag\U000e0041\U000e007f selector\U000e0101\ufe0f", "tag selector"),
        ("letters‍joined\u200chere", "lettersjoinedhere"),
    ],
)
def test_what_acts_or_deceives_is_taken_away(written: str, shown: str) -> None:
    assert last_lines(written.encode(), 1) == (shown,)


@pytest.mark.parametrize(
    "text",
    [
        "👨‍👩‍👧 family",
        "❤️ heart",
        "🏳️‍🌈 flag",
        "1️⃣ keycap",
        "👍🏽 tone",
        "🧑🏽‍💻 both",
        "🇰🇿 Қазақстан",
        "Ошибка: <b>&amp;</b>",
        "日本語",
    ],
)
def test_what_people_read_stays_whole(text: str) -> None:
    assert last_lines(text.encode(), 1) == (text,)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10%\r20%\r30%", "30%"),
        ("10%\r20%\r", "20%"),
        ("10%\r\x1b[K20%\x1b[0m\r", "20%"),
        ("\r\r\r", ""),
        ("\rdone", "done"),
    ],
)
def test_of_a_line_that_rewrites_itself_the_last_state_stays(written: str, shown: str) -> None:
    assert last_lines(written.encode() + b"\n", 1) == (shown,)


def test_bytes_that_are_no_utf_8_are_marked() -> None:
    assert last_lines(b"caf\xe9 \xf0\x9f\x94\n\xff", 2) == ("caf\ufffd \ufffd", "\ufffd")


@given(st.text(max_size=60))
def test_no_control_character_is_left(text: str) -> None:
    for line in last_lines(text.encode(errors="replace"), 99):
        assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Zl", "Zp"}
        assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = last_lines(text.encode(errors="replace"), 99)
    assert last_lines("".join(f"{line}\n" for line in once).encode(), 99) == once


def test_a_line_without_end_is_one_line() -> None:
    raw = b"x" * 300_000
    assert last_lines(raw, 50) == ("x" * 300_000,)
