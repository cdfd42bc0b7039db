"""The stand-in measures, cleans and formats text as Telegram does."""

import time

import pytest

from playground.telegram import Entity
from playground.telegram.html import Unreadable, read
from playground.telegram.refusal import Refused
from playground.telegram.state import JSON
from playground.telegram.text import clean, formatted, given_entities, units

Shape = list[tuple[str, int, int]]


def shape(entities: tuple[Entity, ...] | list[Entity]) -> Shape:
    return [(entity.type, entity.offset, entity.length) for entity in entities]


def test_units_are_utf16() -> None:
    assert [units(text) for text in ("abc", "тест", "😀", "🔴 a")] == [3, 4, 2, 4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/status", [("bot_command", 0, 7)]),
        ("/status@vakhta_bot directus", [("bot_command", 0, 18)]),
        ("please /up_1, now", [("bot_command", 7, 5)]),
        ("a/b //c </d> e/", []),
        ("😀 /logs", [("bot_command", 3, 5)]),
        ("@dias ask me@host", [("mention", 0, 5)]),
        ("#урок #1 #a1", [("hashtag", 0, 5), ("hashtag", 9, 3)]),
        ("see https://dir.tapbot.kz/admin?x=1.", [("url", 4, 31)]),
        ("dir.tapbot.kz is 1.2.3", [("url", 0, 13)]),
        ("http://localhost:8080/x", [("url", 0, 23)]),
        ("main.py and app.foo", [("url", 0, 7)]),
        ("write a.b@tapbot.kz", [("email", 6, 13)]),
        ("$USD and $usd", [("cashtag", 0, 4)]),
    ],
)
def test_finds_by_itself(text: str, expected: Shape) -> None:
    assert shape(clean(text).entities) == expected


def test_finds_nothing_inside_code() -> None:
    made = clean("/up x /up", [Entity("code", 0, 5)])
    assert shape(made.entities) == [("code", 0, 5), ("bot_command", 6, 3)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("  hello \n", "hello"),
        ("a\tb\x00c\rd", "a b cd"),
        ("a\u202eb\u2028c", "abc"),
        ("line\n\nline", "line\n\nline"),
    ],
)
def test_cleans(given: str, expected: str) -> None:
    assert clean(given).text == expected


def test_entities_move_with_the_cleaning() -> None:
    made = clean("  \r😀 bold  ", [Entity("bold", 6, 6), Entity("italic", 3, 2)])
    assert made.text == "😀 bold"
    assert shape(made.entities) == [("italic", 0, 2), ("bold", 3, 4)]


def test_leading_space_stays_inside_an_entity() -> None:
    assert clean("  code", [Entity("pre", 0, 6)]).text == "  code"


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        (Entity("bold", -1, 2), "incorrect offset -1"),
        (Entity("bold", 0, -2), "incorrect length -2"),
        (Entity("bold", 5, 1), "begins after the end of the text at UTF-16 offset 5"),
        (
            Entity("bold", 1, 5),
            "beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 6",
        ),
        (Entity("bold", 2, 1), "begins in a middle of a UTF-16 symbol"),
        (Entity("bold", 0, 2), "ends in a middle of a UTF-16 symbol"),
    ],
)
def test_refuses_entities_out_of_place(entity: Entity, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        clean("a😀bc", [entity])


def test_the_101st_entity_is_dropped_in_silence() -> None:
    made = clean("xy" * 101, [Entity("bold", 2 * i, 1) for i in range(101)])
    assert len(made.entities) == 100 and made.entities[-1].offset == 198


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("bold", 0, 4), ("italic", 1, 2)], [("bold", 0, 4), ("italic", 1, 2)]),
        ([("bold", 0, 4), ("italic", 2, 4)], [("bold", 0, 4), ("italic", 2, 2), ("italic", 4, 2)]),
        ([("bold", 0, 3), ("bold", 2, 3)], [("bold", 0, 5)]),
        ([("code", 0, 4), ("code", 2, 4)], [("code", 0, 4)]),
        ([("bold", 0, 6), ("code", 2, 2)], [("bold", 0, 2), ("code", 2, 2), ("bold", 4, 2)]),
        ([("code", 0, 6), ("bold", 2, 2)], [("code", 0, 6)]),
        ([("blockquote", 0, 6), ("code", 2, 2)], [("blockquote", 0, 6), ("code", 2, 2)]),
        ([("blockquote", 0, 4), ("code", 2, 4)], [("blockquote", 0, 4)]),
        ([("blockquote", 0, 6), ("expandable_blockquote", 1, 2)], [("blockquote", 0, 6)]),
        ([("spoiler", 0, 0)], []),
    ],
)
def test_overlaps_end_as_in_telegram(given: Shape, expected: Shape) -> None:
    assert shape(clean("abcdef", [Entity(*entity) for entity in given]).entities) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"type": "bold"}, "expected an Array"),
        (["bold"], "expected an Object"),
        ([{"type": "bold", "offset": 0}], 'Can\'t find field "length"'),
        ([{"type": "bold", "offset": 0, "length": 1, "color": "red"}], 'unknown field "color"'),
        ([{"type": "text_link", "offset": 0, "length": 1}], 'Can\'t find field "url"'),
        (
            [{"type": "text_link", "offset": 0, "length": 1, "url": "http://grafana:3000"}],
            "is invalid: Wrong HTTP URL",
        ),
        (
            [{"type": "date_time", "offset": 0, "length": 1, "unix_time": 1, "date_time_format": "Y"}],
            "date-time format",
        ),
    ],
)
def test_refuses_entities_it_cannot_read(value: JSON, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        given_entities(value)


def test_a_thousand_mentions_cost_nothing() -> None:
    began = time.process_time()
    assert len(clean("@dias " * 680).entities) == 100
    assert time.process_time() - began < 1


def test_does_not_trust_found_entities() -> None:
    found: JSON = [{"type": "mention", "offset": 0, "length": 4}]
    assert formatted("text", "", found).entities == ()


@pytest.mark.parametrize(
    ("markup", "text", "expected"),
    [
        ("<b>a</b> <i>b</i> <u>c</u> <s>d</s>", "a b c d", "bold italic underline strikethrough"),
        (
            "<strong>a</strong><em>b</em><ins>c</ins><del>d</del>",
            "abcd",
            "bold italic underline strikethrough",
        ),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", "spoiler spoiler"),
        ('<a href="https://a.kz/?x=1&amp;y=2">a</a>', "a", "text_link"),
        ('<a href="tg://user?id=5">a</a><a href="nowhere">b</a>', "ab", "text_mention"),
        ("<blockquote expandable>a</blockquote>", "a", "expandable_blockquote"),
        ('<pre><code class="language-py">a</code></pre>', "a", "pre"),
        ('<code class="language-py">a</code>', "a", "code"),
        ("&lt;&gt;&amp;&quot;&#33;&#x1F600;&apos;& &nbsp;", '<>&"!😀&apos;& &nbsp;', ""),
        ("<B>a</>", "a", "bold"),
    ],
)
def test_reads_html(markup: str, text: str, expected: str) -> None:
    read_text, entities = read(markup)
    assert (read_text, " ".join(entity.type for entity in entities)) == (text, expected)


def test_html_keeps_what_belongs_to_an_entity() -> None:
    [link] = read('<a href="https://a.kz/?x=1&amp;y=2">a</a>')[1]
    [pre] = read('<pre><code class="language-py">a</code></pre>')[1]
    assert read('<code class="language-py">a</code><b></b>')[1] == [Entity("code", 0, 1)]
    assert link.url == "https://a.kz/?x=1&y=2" and pre.language == "py"
    assert shape(read("😀<b>жы</b>")[1]) == [("bold", 2, 2)]


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("ж<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("if a < b", 'Unsupported start tag "" at byte offset 5'),
        ("a <3", "Unclosed start tag at byte offset 2"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ('<span class="x">a</span>', 'Tag "span" must have class "tg-spoiler"'),
        ('<a href="x>a</a>', 'Unclosed start tag "a"'),
        ("<a href=x/y>a</a>", "Unexpected end of name token"),
        ("<tg-emoji emoji-id='x'>a</tg-emoji>", "Invalid custom emoji identifier"),
    ],
)
def test_refuses_html(markup: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(markup)
    assert reason in str(caught.value)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(Refused, match="must be encoded in UTF-8"):
        clean("a\ud800")
