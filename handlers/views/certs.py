"""`/certs`: certificates that need somebody, then the rest behind a tap."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.outside_callbacks import CertList, Check
from handlers.views.answer import MESSAGE_UNITS, Answer, button, in_pairs, units
from handlers.views.moments import clock, day
from handlers.views.outside_words import certificate_words, expiry, issuer_of, wrong_words
from services.domain.alerts import Severity
from services.domain.certificates import severity_of
from services.domain.checks import CertificatesReport, Certified, Hop

_ROOM, _QUOTE_ROOM = MESSAGE_UNITS - 1700, 1400
_MOST_TROUBLED, _MOST_BUTTONS = 20, 8


def looking(asker: str) -> Answer:
    again = button("↻", CertList(asker=asker))
    return Answer(Text("⏳ ", _("Asking each domain for its certificate …")), ([again],))


def certs(report: CertificatesReport, asker: str) -> Answer:
    if not report.rows:
        return Answer(Text(_("No certificate to look at: no domain with HTTPS is in your scope.")))
    troubled = report.troubled
    fine = [row for row in report.rows if not row.wrong]
    text = Text(
        _headline(report),
        *_fitting([_troubled(row, report.at) for row in troubled[:_MOST_TROUBLED]], len(troubled)),
        *_fine(fine, report.at),
        *(_silent(host) for host in report.silent[:5]),
        "\n",
        clock(report.at, seconds=True),
    )
    checks = [
        button(f"{row.domain.domain} ▸", Check(asker=asker, key=row.domain.key))
        for row in troubled[:_MOST_BUTTONS]
    ]
    return Answer(text, (*in_pairs(checks), [button("↻", CertList(asker=asker))]))


def _headline(report: CertificatesReport) -> Text:
    count, total = len(report.troubled), len(report.rows)
    if not count:
        words = ngettext("{count} certificate, well", "{count} certificates, all well", total)
        return Text("🟢 ", Bold(words.format(count=total)), "\n")
    words = ngettext(
        "{count} of {total} certificates needs you", "{count} of {total} certificates need you", count
    )
    return Text(_symbol(report.rows[0], report.at), " ", Bold(words.format(count=count, total=total)), "\n")


def _symbol(row: Certified, now: datetime) -> str:
    if row.fault is None:
        return "⚠️"
    return "🔴" if severity_of(row.fault, row.expires, now) is Severity.CRITICAL else "🟡"


def _troubled(row: Certified, now: datetime) -> Text:
    """`🔴 dir.example.org · server2: the certificate is for *.example.org`."""
    name: tuple[Bold | str, ...] = (Bold(row.domain.domain), f" · {row.domain.host}: ")
    if not row.domain.host:
        name = (Bold(row.domain.domain), ": ")
    return Text("\n", _symbol(row, now), " ", *name, _what(row, now))


def _what(row: Certified, now: datetime) -> str:
    assert row.wrong is not None
    if row.fault:
        words = certificate_words(row.fault, row.handshake, row.wrong.detail, now)
    else:
        words = wrong_words(Hop("", row.domain.domain, 443), row.wrong, now)
    stored, shown = row.stored, row.handshake
    if stored and (shown is None or stored.not_after > shown.certificate.not_after):
        words += ". " + _("Traefik holds one until {day}").format(day=day(stored.not_after))
    return words


def _fitting(lines: Sequence[Text], total: int) -> Iterator[Text]:
    """As many as there is room for; the rest is counted."""
    room, told = _ROOM, 0
    for line in lines:
        room -= units(line.render()[0])
        if room < 0:
            break
        told += 1
        yield line
    if told < total:
        rest = total - told
        yield Text("\n", ngettext("and {count} more", "and {count} more", rest).format(count=rest))
    if total:
        yield Text("\n")


def _fine(rows: Sequence[Certified], now: datetime) -> Iterator[Text]:
    """What expires first comes first."""
    if not rows:
        return
    words = ngettext("{count} fine", "{count} fine", len(rows)).format(count=len(rows))
    lines: list[str] = []
    room = _QUOTE_ROOM
    for row in rows:
        assert row.handshake is not None
        certificate = row.handshake.certificate
        line = f"{row.domain.domain}: {expiry(certificate.not_after, now)} · {issuer_of(certificate)}"
        room -= units(line) + 1
        if room < 0:
            rest = len(rows) - len(lines)
            lines.append(ngettext("and {count} more", "and {count} more", rest).format(count=rest))
            break
        lines.append(line)
    yield Text("\n🟢 ", words, "\n", ExpandableBlockQuote("\n".join(lines)))


def _silent(host: str) -> Text:
    return Text("\n⚠️ ", _("{host}: its Traefik cannot be asked now").format(host=host))
