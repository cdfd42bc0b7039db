"""What `/check` and `/certs` say: every fault has words, and whatever there is fits a message."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.callbacks import Open
from handlers.views.answer import MESSAGE_ENTITIES, MESSAGE_UNITS, Answer, units
from handlers.views.certs import certs
from handlers.views.check import check, picker
from handlers.views.failures import failure
from handlers.views.outside_words import expiry, wrong_words
from handlers.words import catalogues
from services.domain.certificates import Certificate, CertificateFault, Domain, Handshake
from services.domain.checks import (
    CertificatesReport,
    Certified,
    CheckFault,
    CheckReport,
    Hop,
    Sight,
    Step,
    Wrong,
)
from services.domain.containers import key_of
from services.domain.routing import StoredCertificate
from services.errors import NoSuchContainer, NoSuchDomain, NoSuchRoute
from services.outside.addresses import AddressKind

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture(params=["en", "ru"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with speaking(catalogues(request.param), ZoneInfo("Asia/Almaty")):
        yield request.param


def handshake(fault: CertificateFault | None = None, days: float = 63.5, names: int = 1) -> Handshake:
    certificate = Certificate(
        tuple(f"name-{number}.example.org" for number in range(names)), "R11" * 30,
        NOW - timedelta(days=1), NOW + timedelta(days=days), "",
    )  # fmt: skip
    return Handshake(certificate, "TLSv1.3", 2, fault)


def hop(wrong: Wrong | None = None, **more: object) -> Hop:
    fields: dict[str, object] = {
        "url": "https://dir.example.org", "host": "dir.example.org", "port": 443,
        "seconds": ((Step.DNS, 0.012), (Step.TCP, 0.03), (Step.TLS, 0.04), (Step.HTTP, 1.2)),
        "addresses": ("203.0.113.2", "2001:db8::2"), "address": "203.0.113.2",
        "handshake": handshake(), "status": 200, "reason": "OK", "wrong": wrong,
    }  # fmt: skip
    return Hop(**(fields | more))  # type: ignore[arg-type]


def fits(answer: Answer) -> str:
    text, entities = answer.text.render()
    assert units(text) <= MESSAGE_UNITS
    assert len(entities) <= MESSAGE_ENTITIES
    assert answer.keyboard is None or sum(map(len, answer.keyboard.inline_keyboard)) <= 100
    return text


FAULTS = [
    *((Step.TLS, fault, "") for fault in CertificateFault),
    *((Step.HTTP, fault, "") for fault in CheckFault),
    *((Step.DNS, CheckFault.REFUSED_ADDRESS, kind) for kind in AddressKind),
]


@pytest.mark.parametrize(("step", "fault", "detail"), FAULTS)
def test_every_fault_has_words_of_its_own(
    language: str, step: Step, fault: CheckFault | CertificateFault, detail: str
) -> None:
    words = wrong_words(hop(handshake=handshake(days=-1)), Wrong(step, fault, detail), NOW)
    assert str(fault) not in words or str(fault) == "expired"
    assert "None" not in words
    others = {
        wrong_words(hop(handshake=handshake(days=-1)), Wrong(step, other), NOW)
        for other in (*CheckFault, *CertificateFault)
        if other is not fault
    }
    assert words not in others


def test_days_that_are_left(language: str) -> None:
    assert (
        expiry(NOW + timedelta(days=63, hours=1), NOW)
        == {
            "en": "expires in 63 d · 28 Jan",
            "ru": "истекает через 63 дн. · 28 янв.",
        }[language]
    )
    assert "5" in expiry(NOW + timedelta(hours=5), NOW)
    assert expiry(NOW - timedelta(hours=5), NOW) in ("expired · 26 Nov", "истёк · 26 нояб.")


def test_a_check_with_everything_fits(language: str) -> None:
    url = "https://dir.example.org/" + "a" * 1900
    hops = tuple(hop(url=url, to="http://b.example") for _ in range(9))
    sights = [Sight("", (*hops, hop(Wrong(Step.HTTP, CheckFault.TOO_MANY_HOPS))))]
    sights += [
        Sight(f"server-with-a-long-name-{number}", (hop(status=200 + number),)) for number in range(500)
    ]
    text = fits(check(CheckReport(url, tuple(sights), NOW, "a" * 8), "3e9"))
    assert ("HTTPS" in text) and text[0] in "🔴"


def test_what_only_a_server_meets_is_told_in_the_first_line(language: str) -> None:
    down = hop(Wrong(Step.TCP, CheckFault.NOTHING_LISTENS), seconds=((Step.DNS, 0.01),))
    sights = (Sight("", (hop(),)), Sight("server1", (hop(),)), Sight("server2", (down,)))
    text = fits(check(CheckReport("https://dir.example.org", sights, NOW, "a" * 8), "3e9"))
    first = text.splitlines()[0]
    assert first.startswith("🟡 dir.example.org · ")
    assert "server2" in first


def test_a_check_leads_to_the_container_behind_the_domain() -> None:
    domain = Domain("dir.example.org", "server2", "directus")
    report = CheckReport("https://dir.example.org", (Sight("", (hop(),)),), NOW, "a" * 8)
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty")):
        found = [check(replace(report, domain=each), "3e9") for each in (domain, Domain("x.org", ""), None)]
    assert [[each.text for row in one.rows for each in row] for one in found] == [
        ["directus ▸", "↻"],
        ["↻"],
        ["↻"],
    ]
    opened = Open(asker="3e9", act="card", host="server2", key=key_of("server2", "directus"))
    assert found[0].rows[0][0].callback_data == opened.pack()


def test_a_downgrade_is_told(language: str) -> None:
    sights = (Sight("", (hop(to="http://dir.example.org/x"), hop(url="http://dir.example.org/x"))),)
    text = fits(check(CheckReport("https://dir.example.org", sights, NOW, "a" * 8), "3e9"))
    assert {"en": "from HTTPS to plain HTTP", "ru": "с HTTPS отправляет"}[language] in text


def row(number: int, fault: CertificateFault | None) -> Certified:
    domain = Domain(f"some-domain-of-many-{number:04}.example.org", "server2", "directus")
    return Certified(domain, handshake(fault, 5), Wrong(Step.TLS, fault) if fault else None)


@pytest.mark.parametrize("fault", [CertificateFault.WRONG_NAME, None])
def test_five_hundred_certificates_fit(language: str, fault: CertificateFault | None) -> None:
    rows = tuple(row(number, fault) for number in range(500))
    text = fits(certs(CertificatesReport(rows, NOW, ("server1",)), "3e9"))
    assert "500" in text.splitlines()[0]
    assert ("and 4" in text) or ("и ещё 4" in text)


def test_traefik_may_know_better(language: str) -> None:
    stored = StoredCertificate(("dir.example.org",), "R11", NOW, NOW + timedelta(days=90), "")
    wrong = Wrong(Step.TLS, CertificateFault.EXPIRED)
    expired = handshake(CertificateFault.EXPIRED, -1)
    report = CertificatesReport((Certified(Domain("dir.example.org", ""), expired, wrong, stored),), NOW)
    text = fits(certs(report, "3e9"))
    assert {"en": "Traefik holds one until 24 Feb", "ru": "У Traefik есть действующий до 24 февр."}[
        language
    ] in text


def test_many_domains_are_chosen_from_page_by_page(language: str) -> None:
    domains = [Domain(f"{number}.example.org", "server1") for number in range(40)]
    for page in (0, 1, 2, 99):
        answer = picker(domains, "3e9", page=page)
        assert answer.keyboard is not None
        fits(answer)
    assert fits(picker([], "3e9"))


def test_a_certificate_without_an_end(language: str) -> None:
    """RFC 5280, 4.1.2.5: 99991231235959Z; in Almaty that is after the end of the calendar."""
    well = row(1, None)
    assert well.handshake is not None
    endless = replace(well.handshake.certificate, not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    for handshake in (None, replace(well.handshake, certificate=endless)):
        shown = Certified(well.domain, handshake or well.handshake)
        assert well.domain.domain in fits(certs(CertificatesReport((shown,), NOW), "1"))


def test_nothing_that_a_server_says_can_be_tapped(language: str) -> None:
    """A name in a certificate is any text, and a tap on a command in a message sends it."""
    names, issuer = ("/stop_directus", "dir.example.org"), "@everybody /stop"
    certificate = replace(handshake().certificate, names=names, issuer=issuer)
    shown = Handshake(certificate, "TLSv1.3", 2, None)
    wrong = Wrong(Step.TLS, CertificateFault.WRONG_NAME)
    strange = hop(handshake=shown, status=599, reason="/stop @everybody")
    for sight in (Sight("", (hop(wrong, handshake=shown),)), Sight("", (strange,))):
        text = fits(check(CheckReport("https://dir.example.org", (sight,), NOW, "a" * 8), "1"))
        assert "/stop" not in text
        assert "@everybody" not in text


@pytest.mark.parametrize("gone", [NoSuchDomain(""), NoSuchRoute(""), NoSuchContainer("")])
def test_what_is_gone_is_not_said_to_be_a_container(gone: Exception) -> None:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty"), "ru"):
        assert fits(failure(gone, "3e9", "card", NOW)) == "Этого здесь больше нет."
