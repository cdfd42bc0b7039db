"""Pictures, judged by what can be seen in them."""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.metrics import Curve, Mark, MarkKind, Thresholds, Unit
from services.pictures.drawing import NAMED, Drawing, Theme, Words
from services.pictures.ends import spread
from services.pictures.lettering import PLAIN
from services.pictures.palette import PALETTES
from tests.unit.picture_scenery import DAY, NOW, STEP, curve, drawing, ink, picture, place

LIGHT = PALETTES[Theme.LIGHT]
FIRST, SECOND = LIGHT.curves[:2]
# Where curves lie in a picture of one curve, by a good margin.
LEFT, TOP, RIGHT, BOTTOM = 130, 30, 1260, 630
LIMITS = Thresholds(80, 90)


@pytest.mark.parametrize("theme", Theme)
def test_a_curve_on_telegrams_own_background(theme: Theme) -> None:
    palette = PALETTES[theme]
    found = picture(drawing(curve(), title="CPU", theme=theme))
    assert found.size == (1280, 840)
    assert ink(found, palette.background) > 0.7 * 1280 * 840
    assert ink(found, palette.curves[0]) > 3000
    assert ink(found, palette.ink) > 500, "the title, and the figures of the legend"
    assert not ink(found, PALETTES[Theme.DARK if theme is Theme.LIGHT else Theme.LIGHT].background)


def test_the_first_eight_are_coloured_and_the_others_thin() -> None:
    few = picture(drawing(*(curve(str(number), [number] * 361) for number in range(10, 10 + NAMED))))
    assert all(ink(few, colour) > 1000 for colour in LIGHT.curves)
    assert not ink(few, LIGHT.rest)
    many = picture(drawing(*(curve(str(number), [number] * 361) for number in range(10, 60))))
    assert all(ink(many, colour) > 1000 for colour in LIGHT.curves)
    assert ink(many, LIGHT.rest) > 42 * 500
    assert many.height > few.height, "a line tells how many there are besides"
    told = picture(drawing(curve(), words=Words(more="and 4 more")))
    assert ink(told, LIGHT.quiet) > ink(picture(drawing(curve())), LIGHT.quiet), (
        "left out before they came here"
    )


def test_limits_are_dashed_and_only_there_when_near() -> None:
    near = picture(drawing(curve(values=[60.0] * 361), thresholds=LIMITS))
    assert ink(near, LIGHT.warning) > 1000
    assert ink(near, LIGHT.critical) > 1000
    box = place(near, LIGHT.warning)
    assert box
    row = [near.getpixel((x, box[3] - 2)) for x in range(box[0], box[2])]
    changes = sum(before != after for before, after in pairwise(row))
    assert changes > 40, "dashes"
    far = picture(drawing(curve(values=[10.0] * 361), thresholds=LIMITS))
    assert not ink(far, LIGHT.warning)
    assert not ink(far, LIGHT.critical)


def test_a_gap_is_a_gap() -> None:
    whole = curve(values=[50.0] * 361)
    holed = replace(whole, points=whole.points[:120] + whole.points[240:])
    assert ink(picture(drawing(holed)), FIRST) < 0.75 * ink(picture(drawing(whole)), FIRST)
    missed = replace(whole, points=whole.points[:120] + whole.points[121:])  # one scrape: no gap yet
    assert ink(picture(drawing(missed)), FIRST) == ink(picture(drawing(whole)), FIRST)
    unknown = curve(values=[50.0] * 120 + [math.nan, math.inf] * 60 + [50.0] * 121)
    assert ink(picture(drawing(unknown)), FIRST) < 0.75 * ink(picture(drawing(whole)), FIRST)


def test_a_lone_point_is_a_dot() -> None:
    found = picture(drawing(Curve("server1", ((NOW - DAY / 2, 50.0),))))
    box = place(found.crop((LEFT, TOP, RIGHT, BOTTOM)), FIRST)
    assert box
    left, top, right, bottom = box
    assert 12 <= right - left <= 24
    assert 12 <= bottom - top <= 24
    assert (left + right) / 2 == pytest.approx((RIGHT - LEFT) / 2, rel=0.1)


def test_no_point_at_all() -> None:
    for empty in (drawing(words=Words(empty="нет данных"), thresholds=LIMITS), drawing(Curve("server1", ()))):
        found = picture(empty)
        assert found.size == (1280, 840)
        assert not ink(found.crop((LEFT, TOP, RIGHT, BOTTOM)), FIRST)
        assert not ink(found, LIGHT.warning)
        assert place(found.crop((400, 200, 900, 500)), LIGHT.quiet), "words instead"


def test_what_is_outside_the_time_is_not_drawn() -> None:
    before = curve(start=NOW - 3 * DAY)
    assert not ink(picture(drawing(before)).crop((LEFT, TOP, RIGHT, BOTTOM)), FIRST)


def test_marks_are_apart_without_their_colour() -> None:
    def marked(kind: MarkKind) -> tuple[int, int]:
        """Pixels of the triangle and of the line."""
        found = picture(drawing(marks=(Mark(NOW - DAY / 2, kind, ""),)))
        colour = LIGHT.restart if kind is MarkKind.RESTART else LIGHT.incident
        middle = 1280 // 2
        return (
            ink(found.crop((middle - 60, 0, middle + 60, 70)), colour),
            ink(found.crop((middle - 60, 90, middle + 60, 250)), colour),
        )

    hollow, dotted = marked(MarkKind.RESTART)
    full, solid = marked(MarkKind.INCIDENT)
    assert 0 < hollow < 0.6 * full
    assert 0 < dotted < 0.6 * solid
    many = tuple(Mark(NOW - STEP * number, MarkKind.INCIDENT, "x" * 99) for number in range(300))
    found = picture(drawing(marks=many))
    assert not ink(found.crop((LEFT, 100, RIGHT, 600)), LIGHT.incident), "so many lines would hide the curves"
    later = Mark(NOW + DAY, MarkKind.INCIDENT, "later")
    assert not ink(picture(drawing(marks=(later,))), LIGHT.incident)


def test_a_small_picture_has_no_legend() -> None:
    found = picture(drawing(curve(values=[50.0] * 361), title="CPU", small=True))
    assert found.size == (1280, 480)
    assert ink(found, FIRST) > 3000
    two = picture(drawing(curve("in"), curve("out", [10] * 361), small=True))
    box = place(two, SECOND)
    assert box
    assert box[2] > 1200, "its name at its end"


HOSTILE = [
    "🚀 rocket 👩‍👩‍👧", "日本語 and ไทย", "\u202eabc\u2066def\u200f", "a\x00b\x1b[31mc\x7f\n\td",
    "$x^2$ $\\frac", "$\\frac{$", "%s {} \\n",
    "Z" + "\u0301" * 200, "\ud800", "\ufffe\U0010ffff", "שלום عالم", "W" * 5000, "", " ", "_^_$", "Ёжик и ’кавычки’",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("small", [False, True])
def test_odd_names(name: str, *, small: bool) -> None:
    mark = Mark(NOW - DAY / 2, MarkKind.INCIDENT, name)
    words = Words(name, name, name, name, name, name)
    curves = (curve(name), curve(name, [5.0]), Curve(name, ()))
    found = picture(drawing(*curves, title=name, subject=name, marks=(mark,), words=words, small=small))
    assert found.width == 1280
    assert ink(found, FIRST) > 1000


def test_words_fit_their_room_and_keep_both_ends() -> None:
    long = "server2/project-with-a-very-long-name-web-17"
    short = PLAIN.fitted(long, 400)
    assert PLAIN.width(short) <= 400
    assert short.startswith("server2/")
    assert short.endswith("-17")
    assert PLAIN.fitted("server1", 400) == "server1"
    assert PLAIN.fitted(long, 1) == ""
    assert PLAIN.clean("a\u202eb \U0001f680\U0001f680 c\u0301\u0302\u0303\u0304") == "ab □ ć\u0302"


def test_names_that_would_look_alike_lose_what_is_common() -> None:
    names = [f"server2/project-{number}-with-a-long-name-web" for number in range(3)]
    fitted = PLAIN.told_apart(names, 420)
    assert len(set(fitted)) == 3
    assert all(PLAIN.width(name) <= 420 for name in fitted)
    assert PLAIN.told_apart(["a", "a"], 420) == ["a", "a"]


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 361, [7.0] * 361, [-5.0] * 361, [1e300, -1e300] * 180, [1.7e308, -1.7e308] * 180, [5e-324] * 361,
        [1e-12, 3e-12] * 180, [math.nan] * 361, [math.inf, -math.inf] * 180, [1e9 + n * 1e-3 for n in range(361)],
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", Unit)
def test_odd_values(values: list[float], unit: Unit) -> None:
    picture(
        drawing(curve(values=values), unit=unit, thresholds=Thresholds(values[0], -values[0], below=True))
    )


FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.lists(FLOATS, max_size=30), max_size=12),
    limit=st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    unit=st.sampled_from(Unit),
    text=st.text(max_size=40),
    span=st.timedeltas(timedelta(seconds=-1), timedelta(days=4000)),
    small=st.booleans(),
)
def test_anything_is_a_picture(
    values: list[list[float]], limit: float | None, unit: Unit, text: str, span: timedelta, *, small: bool
) -> None:
    start = NOW - span
    curves = tuple(
        Curve(
            f"{text}{number}", tuple((start + span / 30 * place, value) for place, value in enumerate(each))
        )
        for number, each in enumerate(values)
    )
    marks = (Mark(start + span / 2, MarkKind.RESTART, text),)
    limits = Thresholds(limit, limit)
    picture(
        Drawing(text, curves, unit, start, NOW, span.total_seconds() / 30, "Asia/Almaty", limits, marks, small=small)
    )  # fmt: skip


@given(st.lists(st.floats(0, 400), max_size=12).map(sorted))
def test_labels_keep_apart_and_in_order(wanted: list[float]) -> None:
    found = spread(wanted, 41, 20, 380)
    assert len(found) == len(wanted)
    apart = min(41, 360 / max(len(wanted) - 1, 1))
    assert all(after - before >= apart - 1e-6 for before, after in pairwise(found))
    assert all(20 - 1e-6 <= place <= 380 + 1e-6 for place in found)


def test_labels_stay_where_there_is_room() -> None:
    assert spread([50, 200, 300], 41, 20, 380) == [50, 200, 300]
    assert spread([100, 100], 40, 20, 380) == [80, 120]
