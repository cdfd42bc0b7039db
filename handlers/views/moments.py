"""Times, durations and sizes in words: in the team's zone, absolute where they stay."""

from datetime import datetime, timedelta

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n.context import get_i18n
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal
from babel.units import format_unit

from handlers.words import zone


def _here(moment: datetime) -> datetime:
    """In the team's zone; at either end of the calendar, which certificates without an end use, as it is."""
    try:
        return moment.astimezone(zone.get())
    except OverflowError:
        return moment


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """`14:02` or `14:02:31`."""
    return _here(moment).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(moment: datetime) -> str:
    """`20 Nov`."""
    return format_date(_here(moment), "d MMM", locale=get_i18n().current_locale)


def date(then: datetime, now: datetime) -> str:
    """`20 Nov`, `20 Nov 2025` in another year."""
    at = _here(then)
    if at.year == _here(now).year:
        return day(then)
    return format_date(at, "d MMM y", locale=get_i18n().current_locale)


def moment(then: datetime, now: datetime) -> str:
    """`14:02` today, `20 Nov, 14:02` before, `20 Nov 2025, 14:02` in another year."""
    if _here(then).date() == _here(now).date():
        return clock(then)
    return f"{date(then, now)}, {clock(then)}"


def duration(span: timedelta) -> str:
    """In the largest unit that fits, short: `3 days`."""
    return format_timedelta(span, format="short", threshold=1, locale=get_i18n().current_locale)


def seconds(span: float) -> str:
    """`0.3 s`, `11 s`: tenths only below ten seconds."""
    value = round(span, 1) if span < 10 else round(span)
    return _("{count} s").format(count=format_decimal(value, locale=get_i18n().current_locale))


def size(count: int) -> str:
    """Bytes as `210 MB`, in powers of 1,024 as Docker shows them."""
    value = float(count)
    for unit in ("digital-byte", "digital-kilobyte", "digital-megabyte"):
        if value < 1024:
            return format_unit(round(value), unit, "short", locale=get_i18n().current_locale)
        value /= 1024
    return format_unit(round(value, 1), "digital-gigabyte", "short", locale=get_i18n().current_locale)
