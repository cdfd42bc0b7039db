"""Lists of alerts and silences, `/why`, what admins are told, and errors in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.callbacks import AckListed, Hush
from handlers.views import alert_lists as lists
from handlers.views import alerts as views
from handlers.views.alert_notices import notice
from handlers.views.answer import Answer, units
from handlers.views.failures import sentence
from handlers.views.silences import silences
from handlers.words import catalogues
from services.alerts.browse import OpenAlerts, Trace
from services.alerts.silences import ListedSilence
from services.domain.alerts import Decision, Matcher, Why
from services.domain.posts import Destination, Notice, Post, PostState, Shown, Trouble
from services.errors import AlreadyTaken, ApiRefused, ApiTimeout, NoSuchIncident
from tests.unit.alert_samples import NOW, alert, shown

LATER = NOW + timedelta(hours=1)


@contextmanager
def words(language: str) -> Iterator[None]:
    with speaking(catalogues(language), ZoneInfo("Asia/Almaty")):
        yield


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with words("en"):
        yield


def text(answer: Answer) -> str:
    return answer.text.render()[0]


def labels(answer: Answer) -> list[list[str]]:
    return [[button.text for button in row] for row in answer.rows if row]


def data(answer: Answer, label: str) -> str:
    found = next(button for row in answer.rows for button in row if button.text == label)
    return found.callback_data or found.url or ""


def found(*rows: Shown) -> OpenAlerts:
    return OpenAlerts(rows, NOW, NOW - timedelta(hours=4, minutes=25))


def test_lists_of_alerts() -> None:
    assert text(lists.open_alerts(found(), (), "3e9")) == "No alerts. Quiet since 09:40."
    assert text(lists.open_alerts(found(), ("server2",), "3e9")) == "No alerts: server2"
    with words("ru"):
        assert text(lists.open_alerts(found(), (), "3e9")) == "Алертов нет. Тихо с 09:40."
    rows = [shown(alert(container=f"c{n}"), identity=f"{n:08x}") for n in range(40)]
    seen, page = "", 0
    while True:
        answer = lists.open_alerts(found(*rows), (), "3e9", page=page)
        assert units(text(answer)) <= 4096
        seen += text(answer) + "\n"
        if not any(f"{page + 2}/" in label for row in labels(answer) for label in row):
            break
        page += 1
    assert all(f"c{n} is down" in seen for n in range(40))
    assert "and 25 more" in text(lists.open_alerts(found(*rows), ("server2",), "3e9"))


def test_what_waits_has_a_button_each() -> None:
    assert text(lists.waiting(found())) == "Nothing waits for anybody."
    answer = lists.waiting(found(shown(alert(), identity="0000000b"), shown(alert(container="n8n"))))
    assert "2 wait for somebody" in text(answer)
    assert data(answer, "👤 directus is down on server2") == AckListed(incident="0000000b", upto=1).pack()


def test_why_has_a_sentence_for_every_decision_and_state() -> None:
    trace = tuple(Decision(why, "container=directus") for why in Why)
    posts = tuple(Post(f"{n}", Destination(-100, 5), ("a",), state) for n, state in enumerate(PostState))
    one = shown(alert(trace=trace))
    for language in ("en", "ru"):
        with words(language):
            said = text(lists.why([Trace(one.incident, one.alerts[0], posts, NOW)] * 5))
        assert said.count("container=directus") >= len(Why)
        assert units(said) <= 4096
    assert "-100:5" in said


def test_silences_with_their_buttons() -> None:
    assert text(silences([], "3e9", NOW)) == "Nothing silenced."
    identity = "01234567-89ab-cdef-0123-456789abcdef"
    matchers = (Matcher("host", "server2"), Matcher("container", "a|b", regex=True))
    row = ListedSilence(identity, matchers, NOW, LATER, "Dias", "deploying", ours=False)
    answer = silences([row], f"{2**52 - 1:x}", NOW)
    assert text(answer) == "🔕 1 silence\n\n1. host=server2, container=~a|b\nuntil 15:05: Dias · deploying"
    pressed = Hush.unpack(data(answer, "1 · Expire"))
    assert (pressed.id, pressed.act) == (identity, "expire")
    hostile = [replace(row, comment="x" * 9000, by="y" * 9000, matchers=matchers * 50)] * 90
    assert units(text(silences(hostile, "3e9", NOW))) <= 4096


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_trouble_has_its_sentence(trouble: Trouble, language: str) -> None:
    facts = {"chat": "-100", "why": "kicked.", "instead": "1001", "since": NOW.isoformat(), "rules": "disk"}
    with words(language):
        full, bare = text(notice(Notice(trouble, NOW, facts))), text(notice(Notice(trouble, NOW)))
    assert "{" not in full + bare and full and bare


def test_errors_of_alerts_are_sentences() -> None:
    assert sentence(AlreadyTaken("Aigerim", NOW), NOW) == "Aigerim has it since 14:05."
    assert sentence(AlreadyTaken("Aigerim", NOW), NOW) == views.taken("Aigerim", NOW)
    assert sentence(NoSuchIncident("x"), NOW) == 'No alert "x".'
    assert sentence(ApiTimeout("alertmanager", 5), NOW).startswith("Alertmanager did not answer within 5 s")
    assert (
        sentence(ApiRefused("alertmanager", 400, "bad matcher"), NOW) == "Alertmanager refused: bad matcher"
    )
