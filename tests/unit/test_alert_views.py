"""How alerts read in the chat, in both languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.callbacks import Ack as AckButton
from handlers.callbacks import AckAll, Mute, Open, Release, Unmute
from handlers.outside_callbacks import Check
from handlers.views import alerts as views
from handlers.views.alert_text import cut, plain, web_link
from handlers.views.answer import Answer, units
from handlers.words import catalogues
from services.domain.alerts import Ack, Alert, Evidence, Quiet, Span
from services.domain.certificates import Domain
from services.domain.containers import key_of
from services.domain.posts import Menu, Ring, Ringing
from tests.unit.alert_samples import NOW, OPENED, alert, bulletin, shown

LATER = NOW + timedelta(hours=1)
EVIDENCE = Evidence(NOW, 137, True, "", ("ERROR refused", "ERROR exited"), 3, timedelta(minutes=10))
TAKEN = Ack(1001, "Aigerim", NOW, 1, "looking at postgres")
SPANS = ((Span.CONTAINER, "directus"), (Span.HOST, "server2"), (Span.NAME, "service_down"))


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


def first(answer: Answer) -> str:
    return text(answer).split("\n")[0]


def labels(answer: Answer) -> list[list[str]]:
    return [[button.text for button in row] for row in answer.rows if row]


def data(answer: Answer, label: str) -> str:
    found = next(button for row in answer.rows for button in row if button.text == label)
    return found.callback_data or found.url or ""


def test_a_container_that_died_reads_as_in_the_book() -> None:
    answer = views.living(bulletin(shown(alert(), evidence=EVIDENCE)))
    assert text(answer) == (
        "🔥 directus is down on server2\n"
        "critical · service_down · since 14:02 · exit 137, out of memory · 3 restarts in 10 min\n"
        "\nERROR refused\nERROR exited"
    )
    assert labels(answer) == [["Acknowledge", "Silence"], ["Logs", "Restart"]]
    assert data(answer, "Acknowledge") == AckButton(incident="0000000a", upto=1).pack()
    opened = Open(asker="0", act="restart", host="server2", key=key_of("server2", "directus"))
    assert data(answer, "Restart") == opened.pack()


def test_evidence_begins_where_it_gets_serious() -> None:
    def shown_of(*lines: str) -> str:
        evidence = replace(EVIDENCE, lines=lines)
        return text(views.living(bulletin(shown(alert(), evidence=evidence)))).split("\n\n")[1]

    assert shown_of("INFO one", "WARN two", "INFO three", "ERROR four") == "WARN two\nINFO three\nERROR four"
    assert shown_of("one", "INFO two") == "one\nINFO two"


def test_evidence_in_json_is_told_in_words_and_keeps_its_secrets() -> None:
    lines = (
        '{"level":50,"time":1795653455623,"pid":18,"hostname":"85ff1036b87a","msg":"refused","attempt":3}',
        '{"level":40,"msg":"with pass\\u0077ord=hunter2hunter2"}',
    )
    answer = views.living(bulletin(shown(alert(), evidence=replace(EVIDENCE, lines=lines))))
    assert text(answer).endswith("\n\n05:37:35 ERROR refused · attempt=3\nWARN with password=•••")


@pytest.mark.parametrize(
    ("one", "in_english", "in_russian"),
    [
        (alert(), "🔥 directus is down on server2", "🔥 server2: directus не работает"),
        (alert("ServiceDown"), "🔥 directus is down on server2", "🔥 server2: directus не работает"),
        (alert("host_unreachable", container=""), "🔥 server2 does not answer", "🔥 server2: не отвечает"),
        (
            alert("unhealthy"),
            "🔥 directus is unhealthy on server2",
            "🔥 server2: directus, проверка не проходит",
        ),
        (
            alert("oom_killed"),
            "🔥 directus ran out of memory on server2",
            "🔥 server2: directus, кончилась память",
        ),
        (
            alert("crash_loop"),
            "🔥 directus keeps crashing on server2",
            "🔥 server2: directus падает снова и снова",
        ),
        (
            alert(container="", annotations={"containers": "a, b, c, d, e"}),
            "🔥 5 containers are down on server2: a, b, c, d, …",
            "🔥 server2: не работают 5 контейнеров: a, b, c, d, …",
        ),
        (alert("high_cpu", container=""), "🔥 high cpu · server2", "🔥 high cpu · server2"),
        (alert("HighCPU", host="", container=""), "🔥 HighCPU", "🔥 HighCPU"),
        (
            alert("HighCPU", host="", container="", labels={"instance": "10.0.0.1:9100"}),
            "🔥 HighCPU · 10.0.0.1:9100",
            "🔥 HighCPU · 10.0.0.1:9100",
        ),
        (
            alert("X", annotations={"summary": "CPU above\n90 %  on server2"}),
            "🔥 CPU above 90 % on server2",
            "🔥 CPU above 90 % on server2",
        ),
        (
            alert(resolved=OPENED + timedelta(minutes=11)),
            "✅ directus is back on server2 · down 11 min",
            "✅ server2: directus снова работает · простой 11 мин",
        ),
        (
            alert("X", annotations={"summary": "Disk of server2 full"}, resolved=NOW),
            "✅ resolved: Disk of server2 full · lasted 3 min",
            "✅ решено: Disk of server2 full · длилось 3 мин",
        ),
        (
            alert(
                "directus_errors",
                annotations={"log_hits": "5", "log_pattern": "ERROR", "log_within": "60", "summary": "-"},
            ),
            '🔥 directus on server2: 5 × "ERROR" in 1 min',
            "🔥 server2: directus, 5 × «ERROR» за 1 мин",
        ),
        (alert("", host="", container=""), "🔥 nameless alert", "🔥 алерт без имени"),
    ],
)
def test_the_first_line_says_what_is_wrong_and_where(one: Alert, in_english: str, in_russian: str) -> None:
    assert first(views.living(bulletin(shown(one)))) == in_english
    with words("ru"):
        assert first(views.living(bulletin(shown(one)))) == in_russian


def test_a_group_counts_and_names_each_that_it_has_room_for() -> None:
    many = [alert("Storm", container=f"c{number}", number=number) for number in range(1, 1001)]
    answer = views.living(bulletin(shown(*many), roll=tuple(many)))
    assert first(answer) == "🔥 1,000 alerts: Storm · server2 · 10 shown, all in the file"
    assert all(f"server2/c{number}\n" in text(answer) + "\n" for number in range(1, 11))
    some = [alert("Storm", container=f"c{n}", number=n, resolved=NOW if n > 2 else None) for n in range(1, 6)]
    answer = views.living(bulletin(shown(*some)))
    assert first(answer) == "🔥 2 of 5: Storm · server2"
    assert text(answer).count("✅") == 3
    over = [replace(each, status=some[4].status, ends=NOW) for each in some]
    assert first(views.living(bulletin(shown(*over)))).startswith(
        "✅ resolved: 5 alerts: Storm · server2 · lasted"
    )


def test_each_of_differing_alerts_is_named() -> None:
    both = [alert(), alert("HighCPU", number=2, annotations={"summary": "CPU above 90 %"})]
    said = text(views.living(bulletin(shown(*both))))
    assert "service down" in said and "HighCPU" in said and "CPU above 90 %" in said


def test_who_has_it_and_what_is_silenced() -> None:
    one = shown(alert(), acks=(TAKEN,), quiet=Quiet("x", LATER, "Dias", "directus"))
    answer = views.living(bulletin(one))
    assert '👤 Acknowledged: Aigerim, 14:05 · "looking at postgres"' in text(answer)
    assert "🔕 until 15:05: Dias · directus" in text(answer)
    assert labels(answer)[0] == ["Release", "Undo"]
    assert data(answer, "Release") == Release(incident="0000000a").pack()
    assert data(answer, "Undo") == Unmute(incident="0000000a").pack()
    with words("ru"):
        assert "👤 Принято: Aigerim, 14:05 · «looking at postgres»" in text(views.living(bulletin(one)))
    past = replace(one, incident=replace(one.incident, quiet=Quiet("x", NOW, "Dias", "directus")))
    assert labels(views.living(bulletin(past)))[0] == ["Release", "Silence"]


def test_an_acknowledgement_covers_what_it_saw() -> None:
    four = [alert(container=f"c{number}", number=number) for number in range(1, 5)]
    answer = views.living(bulletin(shown(*four, acks=(replace(TAKEN, upto=3),))))
    assert "👤 Acknowledged 3 of 4: Aigerim, 14:05" in text(answer)
    assert data(answer, "Acknowledge") == AckButton(incident="0000000a", upto=4).pack()


def test_silence_asks_what_and_then_how_long_and_can_be_left() -> None:
    one = shown(alert())
    asked = views.living(bulletin(one, menu=Menu(LATER), spans=SPANS))
    assert "🔕 Silence what?" in text(asked)
    assert labels(asked) == [["directus", "all of server2", "service_down"], ["‹"]]
    assert data(asked, "all of server2") == Mute(incident="0000000a", span="host").pack()
    assert data(asked, "‹") == Mute(incident="0000000a", fold=True).pack()
    long = views.living(bulletin(one, menu=Menu(LATER, Span.CONTAINER), spans=SPANS))
    assert "🔕 directus: how long?" in text(long)
    assert labels(long) == [["1 h", "4 h", "24 h", "till 09:00"], ["‹"]]
    assert data(long, "till 09:00") == Mute(incident="0000000a", span="container", hold="morning").pack()
    assert data(long, "‹") == Mute(incident="0000000a").pack()


def test_the_end_keeps_who_had_it_and_the_logs_and_drops_the_rest() -> None:
    one = shown(alert(resolved=NOW), acks=(TAKEN,), evidence=EVIDENCE)
    answer = views.living(bulletin(one))
    assert "Acknowledged: Aigerim" in text(answer) and "ERROR" not in text(answer)
    assert labels(answer) == [["Logs"]]


def test_what_is_told_about_the_message_itself() -> None:
    one = shown(alert(), episode=4, away=True)
    said = text(views.living(bulletin(one, delayed=timedelta(minutes=3), instead_of=-100123)))
    assert "⏳ 14:05, 3 min late" in said
    assert "⚠️ meant for chat -100123, which does not let me write" in said
    assert "4th time since 14:02" in said and "while I was away" in said


def test_a_description_is_told_when_it_says_more() -> None:
    same = alert("X", annotations={"summary": "Disk full", "description": "Disk full"})
    assert text(views.living(bulletin(shown(same)))).count("Disk full") == 1
    more = alert("X", annotations={"summary": "Disk full", "description": "/var is at 99 %\nClean up"})
    assert "var is at 99 %\nClean up" in text(views.living(bulletin(shown(more))))
    only = alert("X", annotations={"description": "word " * 300})
    assert 400 < units(text(views.living(bulletin(shown(only))))) < 800


@pytest.mark.parametrize(
    ("name", "below"),
    [("certificate_problem", ["Check"]), ("route_drift", ["Logs", "Restart", "Check"])],
)
def test_trouble_of_a_domain_leads_to_its_check_and_no_certificate_to_a_restart(
    name: str, below: list[str]
) -> None:
    one = alert(name, labels={"domain": "dir.example.org"})
    answer = views.living(bulletin(shown(one)))
    assert labels(answer) == [["Acknowledge", "Silence"], below]
    assert data(answer, "Check") == Check(asker="0", key=Domain("dir.example.org", "server2").key).pack()
    several = shown(one, alert(name, labels={"domain": "pg.example.org"}))
    assert labels(views.living(bulletin(several)))[1] == ["Logs", "Restart"]


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://wiki.example.com/runbooks/1?a=b#c", True),
        ("http://10.0.0.5:9090/graph?g0.expr=up", True),
        ("http://localhost:9090/graph", False),
        ("http://prometheus:9090/graph", False),
        ("ftp://example.com/x", False),
        ("javascript:alert(1)", False),
        ("https://example.com/a b", False),
        ("https://example.com:99999/", False),
        ("https://user:secret@example.com/", False),
        ("https://example.com/" + "x" * 2048, False),
    ],
)
def test_only_links_that_telegram_takes_become_buttons(url: str, *, taken: bool) -> None:
    assert (web_link(url) == url) is taken
    answer = views.living(bulletin(shown(alert(annotations={"runbook_url": url}, generator=url))))
    assert (["Runbook", "Source"] in labels(answer)) is taken


def test_a_digest_names_the_worst_and_files_all() -> None:
    each = [alert("Disk", container=f"c{n}") for n in range(12)]
    parts = [
        shown(one, identity=f"{place:08x}", received=OPENED + timedelta(seconds=place * 3.5))
        for place, one in enumerate(each)
    ]
    new = bulletin(*parts, roll=tuple(each))
    answer = views.digest(new)
    assert first(answer) == "🔥 12 alerts in 38 s · 10 shown, all in the file"
    assert answer.file is not None
    listed = answer.file.content.decode()
    assert all(f"server2/c{number} " in listed for number in range(12))
    assert data(answer, "Acknowledge all") == AckAll(post="abcdef01").pack()
    over = [replace(one, tally=replace(one.tally, critical=0, resolved=1, uncovered=0)) for one in parts[:5]]
    edited = views.digest(replace(new, shown=(*over, *parts[5:])), document=True)
    assert edited.file is None and "🔥 7 firing · ✅ 5 resolved" in text(edited)
    few = views.digest(bulletin(*parts[:4]))
    assert few.file is None and text(few).count("🔴") == 4


def test_a_large_incident_alone_may_be_one_document_with_its_own_buttons() -> None:
    many = [alert("Storm", container=f"c{number}", number=number) for number in range(1, 101)]
    one = shown(*many, quiet=Quiet("x", LATER, "Dias", "Storm"))
    answer = views.digest(bulletin(one, roll=tuple(many)))
    assert first(answer) == "🔥 100 alerts: Storm · server2 · 10 shown, all in the file"
    assert "🔕 until 15:05: Dias · Storm" in text(answer)
    assert answer.file is not None and units(text(answer)) <= 1024
    assert labels(answer) == [["Acknowledge", "Undo"]]


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Ringing.NEW_ALERT, "🔥 3 new alerts: directus is down on server2 · and 2 more"),
        (Ringing.WORSE, "🔥 critical now: directus is down on server2 · and 2 more"),
        (Ringing.AGAIN, "🔥 directus is down on server2 · and 2 more · 4th time since 14:02"),
        (Ringing.REMIND, "⏳ nobody has it, 18 min already: directus is down on server2 · and 2 more"),
    ],
)
def test_a_ring_is_one_line(why: Ringing, said: str) -> None:
    ring = Ring(why, shown(alert(), episode=4), NOW + timedelta(minutes=15), 3, (alert(),))
    assert text(views.ringing(ring)) == said


def test_the_end_is_told_as_the_first_line_tells_it() -> None:
    ring = Ring(Ringing.OVER, shown(alert(resolved=NOW)), NOW)
    assert text(views.ringing(ring)) == "✅ directus is back on server2 · down 3 min"


def test_text_is_cut_by_units_and_never_acts() -> None:
    assert cut("a" * 10, 5) == "aaaa…"
    assert cut("🔥" * 10, 6) == "🔥🔥…"
    assert units(cut("a🔥" * 100, 50)) <= 50
    said = plain(
        "@dias see https://evil.example.com /restart #tag \u202egpj.exe\x00\x1b[31m password=hunter22"
    )
    assert not {"\u202e", "\x00", "\x1b"} & set(said) and "hunter22" not in said
    for link in ("@dias", "https://", "evil.example", "/restart", "#tag"):
        assert link not in said and link in said.replace("\u2060", "")
