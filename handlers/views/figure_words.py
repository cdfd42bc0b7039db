"""Figures of hosts and containers in words."""

from collections.abc import Iterator, Sequence

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n.context import get_i18n
from babel.numbers import format_decimal

from handlers.views.alert_text import one_line
from handlers.views.moments import size
from services.domain.figures import HostFigures, Limits, Strain
from services.domain.metrics import Thresholds

SYMBOL = {Strain.CRITICAL: "🔴", Strain.WARNING: "🟡", Strain.NONE: "🟢"}
_MOUNTPOINT = 40


def percent(value: float) -> str:
    """Whole, but for what is nearly nothing."""
    shown = f"{value:.1f}" if 0 < value < 0.95 else f"{value:.0f}"
    return f"{decimal(float(shown))} %"


def decimal(value: float) -> str:
    return format_decimal(round(value, 2), locale=get_i18n().current_locale)


def rate(value: float) -> str:
    return _("{size}/s").format(size=size(round(value)))


def shares(
    figures: HostFigures, limits: Limits, *, brief: bool = False
) -> Sequence[tuple[Strain, str, Thresholds]]:
    """CPU, memory and disk as far as they are known, the worst first. brief: for a headline."""
    cpu, memory, disk = limits.strains(figures)
    found: list[tuple[Strain, str, Thresholds]] = []
    if figures.cpu is not None:
        found.append((cpu, _("CPU {share}").format(share=percent(figures.cpu)), limits.cpu))
    if figures.memory is not None:
        words = _("memory {share}").format(share=percent(figures.memory))
        if figures.memory_size and not brief:
            words = _("{share} of {whole}").format(share=words, whole=size(round(figures.memory_size)))
        found.append((memory, words, limits.memory))
    if figures.disk is not None:
        words = _("disk {share}").format(share=percent(figures.disk.used))
        if not brief:
            words = f"{words} ({one_line(figures.disk.mountpoint, _MOUNTPOINT)})"
        found.append((disk, words, limits.disk))
    return sorted(found, key=lambda each: -each[0])


def strained(strain: Strain, words: str, limits: Thresholds) -> str:
    """`🔴 disk 93 % (/): critical, from 90 %`."""
    label = _("critical") if strain is Strain.CRITICAL else _("high")
    limit = limits.critical if strain is Strain.CRITICAL else limits.warning
    told = _("{figure}: {state}, from {limit}").format(figure=words, state=label, limit=percent(limit or 0))
    return f"{SYMBOL[strain]} {told}"


def unknown(figures: HostFigures) -> str:
    """What a source should have told, and did not."""
    missing = [
        label
        for label, value in (
            (_("CPU"), figures.cpu),
            (_("memory"), figures.memory),
            (_("disk"), figures.disk),
        )
        if value is None
    ]
    return _("not known: {names}").format(names=", ".join(missing)) if missing else ""


def others(figures: HostFigures, cores: int | None) -> Iterator[str]:
    """What has no threshold."""
    if figures.load is not None:
        if cores:
            words = _("load {load} ({each} per core)")
            yield words.format(load=decimal(figures.load), each=decimal(figures.load / cores))
        else:
            yield _("load {load}").format(load=decimal(figures.load))
    if figures.received is not None and figures.sent is not None:
        yield _("network: in {received}, out {sent}").format(
            received=rate(figures.received), sent=rate(figures.sent)
        )
