"""The file with all alerts of a message: each with its name, severity, state, place, times, labels and summary."""

from collections.abc import Iterator

from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import clean, cut
from handlers.views.answer import File
from handlers.views.incident_words import number, severity_word
from handlers.words import zone
from services.domain.alerts import Alert
from services.domain.posts import Bulletin
from services.logs.text.presentable import presentable_lines

_BYTES = 40 * 2**20  # Telegram takes 50 MB
_MOST = 8000  # characters of one alert
_LEAST = 200
_TOGETHER = 50  # alerts whose secrets are looked for at once


def roll_file(bulletin: Bulletin) -> File:
    """Worst first. For 1,000 alerts it takes a good part of a second: not for the event loop."""
    alerts = bulletin.roll or tuple(alert for one in bulletin.shown for alert in one.alerts)
    stamp = bulletin.at.astimezone(zone.get())
    title = f"{_('Alerts')}: {number(len(alerts))} · {stamp:%Y-%m-%d %H:%M:%S %Z}"
    most = max(min(_MOST, _BYTES // (4 * max(len(alerts), 1))), _LEAST)
    pieces = [title, ""]
    for start in range(0, len(alerts), _TOGETHER):
        some = [
            _entry(start + place + 1, alert, most)
            for place, alert in enumerate(alerts[start : start + _TOGETHER])
        ]
        pieces += _without_secrets(some)
    return File(f"alerts-{stamp:%Y%m%d-%H%M%S}.txt", ("\n".join(pieces) + "\n").encode(errors="replace"))


def _without_secrets(entries: list[str]) -> list[str]:
    """Together, which is faster; where there is too much to judge, each by itself."""
    lines, withheld = presentable_lines("\n".join(entries).encode(errors="replace"), 10**9)
    return [clean(entry) + "\n" for entry in entries] if withheld else list(lines)


def _entry(place: int, alert: Alert, most: int) -> str:
    return cut("\n".join(_lines(place, alert, most)), most) + "\n"


def _lines(place: int, alert: Alert, most: int) -> Iterator[str]:
    state = _("firing") if alert.firing else _("resolved")
    yield f"{place}. {_flat(alert.name, most // 2)} · {severity_word(alert.severity)} · {state}"
    times = _("since {time}").format(time=f"{alert.starts.astimezone(zone.get()):%Y-%m-%d %H:%M:%S}")
    if alert.ends and not alert.firing:
        times += f" – {alert.ends.astimezone(zone.get()):%Y-%m-%d %H:%M:%S}"
    yield "   " + " · ".join(part for part in (_place(alert), times) if part)
    if alert.summary:
        yield f"   {_flat(alert.summary, most // 4)}"
    labels = ", ".join(
        f'{_flat(name, 200)}="{_flat(value, 1000)}"'
        for name, value in alert.labels.items()
        if name != "alertname"
    )
    if labels:
        yield f"   {labels}"


def _place(alert: Alert) -> str:
    return "/".join(_flat(part, 200) for part in (alert.host, alert.container) if part)


def _flat(text: str, most: int) -> str:
    """On one line, without what the redaction of all entries together would take for a key that spans them."""
    text = text[:most]
    if text.isalnum():
        return text
    if not text.isprintable() or "PRIVATE KEY" in text:
        text = clean(text).replace("PRIVATE KEY", "PRIVATE_KEY")
    return " ".join(text.split())
