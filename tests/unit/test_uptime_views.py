"""`/uptime` as it reads: trouble first, in few words; one probe with its picture."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from bot.middlewares.locale import speaking
from handlers.views.answer import CAPTION_UNITS, MESSAGE_UNITS, Answer, units
from handlers.views.uptime import bars, card, overview
from handlers.words import catalogues
from services.domain.probes import ProbeFault, ProbeKind, ProbeResult, ProbeSpec
from services.domain.uptime import History, Reach, Standing, Tally, Uptime, UptimeReport
from services.pictures.bars import Bars, Column
from services.pictures.columns import bars_drawn
from tests.alerts import NOW

DAY = Tally(86400, 86400 - 60 * 10, 1430, 1430 * 120, 890)
WEEK = Tally(7 * 86400, 7 * 86400 - 600, 1, 120, 890)
MONTH = Tally(30 * 86400, 30 * 86400 - 600, 1, 120, 890)


@pytest.fixture(autouse=True, params=["en", "ru"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty"), request.param):
        yield request.param


def uptime(
    name: str = "n8n", fault: ProbeFault | None = None, detail: str = "", ago: float = 10, **more: object
) -> Uptime:
    spec = replace(ProbeSpec(name, ProbeKind.N8N, f"https://bot:secret@{name}.example.org"), **more)  # type: ignore[arg-type]
    standing = Standing(ProbeResult(NOW, 0.12, fault, detail), NOW - timedelta(minutes=ago))
    return Uptime(spec, standing, DAY, WEEK, MONTH)


def said(answer: Answer) -> str:
    return answer.text.render()[0]


def line(each: Uptime) -> str:
    return said(overview(UptimeReport(NOW, [each]), "1", configured=True)).splitlines()[2]


@pytest.mark.parametrize(
    ("fault", "detail", "en", "ru"),
    [
        (ProbeFault.TIMEOUT, "10", "no answer since 18:50 (timeout after 10 s)",
         "не отвечает с 18:50 (нет ответа за 10 с)"),
        (ProbeFault.REFUSED, "", "no answer since 18:50 (connection refused)",
         "не отвечает с 18:50 (в соединении отказано)"),
        (ProbeFault.STATUS, "502", "wrong answer since 18:50 (status 502)", "отвечает не так с 18:50 (код 502)"),
        (ProbeFault.NOT_READY, "57P03 the database system is starting up",
         "wrong answer since 18:50 (not ready: 57P03 the database system is starting up)",
         "отвечает не так с 18:50 (не готов: 57P03 the database system is starting up)"),
    ],
)  # fmt: skip
def test_what_is_wrong(language: str, fault: ProbeFault, detail: str, en: str, ru: str) -> None:
    assert line(uptime(fault=fault, detail=detail)) == f"🔴 n8n: {en if language == 'en' else ru}"


@pytest.mark.parametrize("fault", list(ProbeFault))
def test_every_fault_has_words(fault: ProbeFault) -> None:
    assert line(uptime(fault=fault, detail="5")).endswith(")")


def test_what_nobody_could_ask_is_unknown(language: str) -> None:
    told = line(uptime(fault=ProbeFault.HOST_SILENT, detail="server2"))
    words = {
        "en": "not asked since 18:50 (no contact with server2)",
        "ru": "не проверяется с 18:50 (нет связи с server2)",
    }
    assert told == f"⚠️ n8n: {words[language]}"
    never = replace(uptime(), standing=None)
    assert line(never).startswith("⚠️ n8n: ")


def test_what_is_well_says_how_well(language: str) -> None:
    words = {"en": "99.97 % in 30 d · 120 ms", "ru": "99,97 % за 30 дн · 120 мс"}
    assert line(uptime()) == f"🟢 n8n: {words[language]}", "rounded down"
    young = replace(uptime(), month=DAY, week=DAY)
    words = {"en": "99.3 % in 24 h · 120 ms", "ru": "99,3 % за 24 ч · 120 мс"}
    assert line(young) == f"🟢 n8n: {words[language]}", "a day says nothing about a month"


def test_nothing_there(language: str) -> None:
    none = overview(UptimeReport(NOW, []), "1", configured=False)
    assert (
        said(none)
        == {"en": "No probes configured (probes:).", "ru": "Проверки не настроены (probes:)."}[language]
    )
    assert "probes:" not in said(overview(UptimeReport(NOW, []), "1", configured=True))


def test_very_many_are_on_pages() -> None:
    rows = [uptime(f"{'x' * 36}-{number:03}", ProbeFault.TLS, "y" * 200) for number in range(100)]
    found = []
    for page in range(5):
        answer = overview(UptimeReport(NOW, rows), "fffffffffffff", configured=True, page=page)
        assert units(said(answer)) <= MESSAGE_UNITS
        found += [row.split(":")[0] for row in said(answer).splitlines() if row.startswith("🔴 x")]
    assert len(set(found)) == 100


def history(each: Uptime, reach: Reach = Reach.MONTH) -> History:
    bars = [Tally()] * 30 + [Tally(960, 960, 16, 16 * 120, 200)] * 59 + [Tally(960, 480, 8, 8 * 300, 890)]
    latest = [ProbeResult(NOW, 0.12), ProbeResult(NOW, 10, ProbeFault.TIMEOUT, "10"), ProbeResult(NOW, 1.5)]
    return History(NOW, each, reach, bars, latest)


def test_one_probe(language: str) -> None:
    answer = card(history(uptime(via="server2", host="server1", container="n8n")), "1", b"")
    assert "secret" not in said(answer)
    expected = {
        "en": [
            "🟢 n8n: answers since 18:50",
            "https://n8n.example.org · every 1 min · via server2",
            "",
            "24 h: 99.3 % · 7 d: 99.9 % · 30 d: 99.97 %",
            "Last answers: 120 ms, ✗, 1.5 s",
            "In 24 h: 120 ms on average, 890 ms at most",
            "",
            "30 d, a bar is 8 h. Red: down; short: unknown. Below: latency in ms, 300 at most.",
            "19:00:00",
        ],
        "ru": [
            "🟢 n8n: отвечает с 18:50",
            "https://n8n.example.org · раз в 1 мин · через server2",
            "",
            "24 ч: 99,3 % · 7 дн: 99,9 % · 30 дн: 99,97 %",
            "Последние ответы: 120 мс, ✗, 1,5 с",
            "За 24 ч: в среднем 120 мс, самое долгое 890 мс",
            "",
            "30 дн, столбик: 8 ч. Красное: не работало; короткое: неизвестно. "
            "Ниже: время ответа в мс, наибольшее 300.",
            "19:00:00",
        ],
    }
    assert said(answer).replace("\u2060", "").splitlines() == expected[language]
    labels = [[each.text for each in row] for row in answer.rows]
    assert labels == [
        ["24 h" if language == "en" else "24 ч", "7 d" if language == "en" else "7 дн", "↻"],
        ["n8n ▸"],
    ]
    assert answer.file is not None
    assert (answer.file.name, answer.file.photo) == ("n8n-30d.png", True)


@pytest.mark.parametrize(("hours", "said_of"), [(6, 1), (30, 2), (200, 3)])
def test_six_hours_are_said_to_be_no_month(hours: int, said_of: int) -> None:
    known = [Tally(min(hours * 3600, 86400 * days), hours * 3000, 1, 120, 890) for days in (1, 7, 30)]
    each = replace(uptime(), day=known[0], week=known[1], month=known[2])
    figures = said(card(history(each), "1", b"")).splitlines()[3]
    assert figures.count("%") == said_of


@pytest.mark.parametrize("reach", list(Reach))
@pytest.mark.parametrize("fault", [None, *ProbeFault])
def test_a_caption_always_fits(reach: Reach, fault: ProbeFault | None) -> None:
    each = uptime(
        "n" * 40,
        fault,
        "9" * 200 if fault is not ProbeFault.TIMEOUT else "10",
        address="https://" + "a" * 500,
    )
    assert units(said(card(history(each, reach), "fffffffffffff", b""))) <= CAPTION_UNITS


def pixels(found: list[Column]) -> tuple[int, int, int]:
    picture = Image.open(BytesIO(bars_drawn(Bars(tuple(found), ("1", "2", "3"), "890"))))
    assert picture.size == (1280, 480)
    colours = {colour: count for count, colour in picture.getcolors(1 << 20) or ()}
    return tuple(colours.get(wanted, 0) for wanted in ((63, 185, 80), (248, 81, 73), (110, 168, 254)))  # type: ignore[return-value]


def test_the_picture_shows_what_was_down() -> None:
    good, bad, value = pixels([Column(1.0, 0.1)] * 90)
    assert (good > 100_000, bad, value > 90_000) == (True, 0, True)
    assert pixels([Column(None)] * 90) == (0, 0, 0)
    good, bad, _ = pixels([Column(0.0)] * 90)
    assert (good, bad > 100_000) == (0, True)
    good, bad, _ = pixels([Column(1.0)] * 89 + [Column(0.9999)])
    assert bad > 300, "a minute in a month is seen"


def test_the_time_of_the_picture_is_the_teams() -> None:
    day, month = bars(history(uptime(), Reach.DAY)), bars(history(uptime(), Reach.MONTH))
    assert (day.ticks, day.most) == (("19:00", "07:00", "19:00"), "300")
    assert (month.ticks, month.most) == (("24.10", "08.11", "23.11"), "300")
