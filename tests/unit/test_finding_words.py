"""What the rounds have found, as the first line of an alert, in both languages."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.views import alerts as views
from handlers.words import catalogues
from services.domain.alerts import Alert
from services.domain.certificates import CertificateFault
from services.domain.probes import ProbeFault
from services.domain.routes import RouteFault
from tests.unit.alert_samples import NOW, alert, bulletin, shown


def first(one: Alert, language: str = "en") -> str:
    with speaking(catalogues(language), ZoneInfo("Asia/Almaty")):
        line = views.living(bulletin(shown(one))).text.render()[0].split("\n")[0]
    return line.replace("\u2060", "")


def drift(faults: str, **more: Any) -> Alert:
    return alert(
        "route_drift",
        labels={"domain": "dir.tapbot.kz"},
        annotations={"faults": faults},
        severity="warning",
        **more,
    )


def certificate(fault: str, **annotations: str) -> Alert:
    labels = {"domain": "n8n.tapbot.kz"}
    return alert("certificate_problem", labels=labels, annotations={"fault": fault, **annotations})


def probe(fault: str, detail: str = "", **more: Any) -> Alert:
    notes = {"fault": fault, "detail": detail}
    return alert("probe_failed", labels={"probe": "n8n"}, annotations=notes, host="", container="", **more)


@pytest.mark.parametrize(
    ("one", "english", "russian"),
    [
        (
            drift("no_tls,no_redirect"),
            "🔥 dir.tapbot.kz: no TLS, plain HTTP is not redirected · server2",
            "🔥 dir.tapbot.kz: без TLS, HTTP не перенаправляется на HTTPS · server2",
        ),
        (
            drift("missing"),
            "🔥 dir.tapbot.kz: no such route in Traefik · server2",
            "🔥 dir.tapbot.kz: в Traefik нет такого маршрута · server2",
        ),
        (
            certificate("expires_soon", expires="2026-11-28T09:00:00+00:00"),
            "🔥 n8n.tapbot.kz: the certificate expires on 28 Nov",
            "🔥 n8n.tapbot.kz: сертификат истекает 28 нояб.",
        ),
        (
            certificate("expired", expires="2026-11-20T09:00:00+00:00"),
            "🔥 n8n.tapbot.kz: the certificate expired on 20 Nov",
            "🔥 n8n.tapbot.kz: сертификат истёк 20 нояб.",
        ),
        (
            certificate("expired", expires="2027-01-28T09:00:00+00:00"),
            "🔥 n8n.tapbot.kz: a certificate of the chain has expired",
            "🔥 n8n.tapbot.kz: истёк один из сертификатов цепочки",
        ),
        (
            certificate("default_certificate"),
            "🔥 n8n.tapbot.kz: Traefik's default certificate, it has none for this name",
            "🔥 n8n.tapbot.kz: стандартный сертификат Traefik: своего для этого имени у него нет",
        ),
        (probe("timeout", "10"), "🔥 n8n: timeout after 10 s", "🔥 n8n: нет ответа за 10 с"),
        (probe("status", "502"), "🔥 n8n: status 502", "🔥 n8n: код 502"),
        (
            drift("no_tls", resolved=NOW + timedelta(minutes=8)),
            "✅ dir.tapbot.kz is routed as it should be on server2 · after 11 min",
            "✅ server2: маршрут dir.tapbot.kz снова в порядке · длилось 11 мин",
        ),
        (
            probe("refused", resolved=NOW + timedelta(minutes=8)),
            "✅ n8n answers again · away 11 min",
            "✅ n8n снова отвечает · простой 11 мин",
        ),
    ],
)
def test_the_first_line_says_what_is_wrong(one: Alert, english: str, russian: str) -> None:
    assert (first(one), first(one, "ru")) == (english, russian)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_fault_has_its_words(language: str) -> None:
    alerts = [drift(fault) for fault in RouteFault]
    alerts += [certificate(fault) for fault in CertificateFault]
    alerts += [probe(fault, "1") for fault in ProbeFault]
    lines = [first(one, language) for one in alerts]
    assert len(set(lines)) == len(lines)
    assert not [line for line in lines if line.count(":") < 1]


@pytest.mark.parametrize(
    "one",
    [
        drift(""),
        drift("of,nobody"),
        certificate("of nobody"),
        probe("timeout", "soon"),
        alert("route_drift", annotations={"faults": "no_tls"}),
    ],
    ids=["nothing", "unknown", "unknown certificate's", "no number", "no domain"],
)
def test_what_is_odd_reads_as_any_alert(one: Alert) -> None:
    assert one.name.replace("_", " ") in first(one)


def test_a_wrong_moment_is_left_out() -> None:
    assert (
        first(certificate("expires_soon", expires="soon")) == "🔥 n8n.tapbot.kz: the certificate expires soon"
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (certificate("expires_soon", expires="9999-12-31T23:59:59+00:00"), "expires on 31 Dec"),
        (certificate("expired", expires="0001-01-01T00:00:00+14:00"), "expired on 1 Jan"),
        (probe("timeout", "9" * 400), "probe failed"),
    ],
)
def test_no_annotation_stops_an_alert(one: Alert, said: str) -> None:
    assert said in first(one)
