"""Names and figures of metrics in words."""

from collections.abc import Iterable

from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import WORD, one_line
from handlers.views.notation import notation
from services import errors
from services.domain.metrics import Group, Metric, Reach, Thresholds, Unit
from services.pictures.scales import scale

_LONGEST_TITLE = 80


def metric_title(metric: Metric) -> str:
    """Ours in the reader's language; what the settings name as they have it."""
    return _(metric.title) if metric.own else one_line(metric.title, _LONGEST_TITLE)


def group_title(group: Group) -> str:
    return {
        Group.SYSTEM: _("System"),
        Group.APPLICATION: _("Applications"),
        Group.BUSINESS: _("Business"),
        Group.SECURITY: _("Security"),
    }[group]


def reach_label(reach: Reach) -> str:
    return {Reach.HOUR: _("1 h"), Reach.QUARTER: _("6 h"), Reach.DAY: _("24 h"), Reach.WEEK: _("7 d")}[reach]


def figure(value: float, unit: Unit, *, among: Iterable[float] = ()) -> str:
    """As pictures tell it; among: other figures that it is compared with, for one unit for all of them."""
    return scale(unit, (value, *among), notation()).told(value)


def sign(value: float, limits: Thresholds) -> str:
    """🔴, 🟡 or 🟢; "" where nothing says what is well."""
    if limits.warning is None and limits.critical is None:
        return ""
    for limit, symbol in ((limits.critical, "🔴"), (limits.warning, "🟡")):
        if limit is not None and (value <= limit if limits.below else value >= limit):
            return symbol
    return "🟢"


def limit_words(limits: Thresholds, unit: Unit) -> str:
    """What counts as trouble; "" where nothing does."""
    warning, critical = (
        "" if limit is None else figure(limit, unit) for limit in (limits.warning, limits.critical)
    )
    if limits.below:
        both = _("warning below {warning}, critical below {critical}")
        one, other = _("warning below {warning}"), _("critical below {critical}")
    else:
        both = _("warning from {warning}, critical from {critical}")
        one, other = _("warning from {warning}"), _("critical from {critical}")
    words = both if warning and critical else one if warning else other if critical else ""
    return words.format(warning=warning, critical=critical)


def about_metric(error: errors.NoSuchMetric | errors.NoSource | errors.MetricTooWide) -> str:
    name = one_line(error.name, WORD)
    match error:
        case errors.NoSuchMetric(name=""):
            return _("It is not there any more.")
        case errors.NoSuchMetric(near=near):
            words = _('No metric "{name}".').format(name=name)
            return words + " " + _("Did you mean:") if near else words
        case errors.NoSource(source=""):
            return _("{name} needs a Prometheus in the settings (prometheus).").format(name=name)
        case errors.NoSource(source=source):
            words = _("{name} needs a Prometheus in the settings (prometheus) that scrapes: {source}.")
            return words.format(name=name, source=source)
        case errors.MetricTooWide(hosts=True):
            return _("{name} is a figure of hosts, not of containers: ask it of a host.").format(name=name)
    return _("{name} is a figure of everything together: ask it without a name.").format(name=name)
