"""What people type for a stretch of time → `TimeSpan`. Syntax only.

`30m`, `2h`, `1d`, `1w` (also `30м`, `2ч`, `1д`, `1н`) · `14:00`, `14:00:30`: today, or yesterday where that is still
to come · `2026-11-23`, `23.11`, `23.11.2026`: from its midnight · `2026-11-23T14:00` · two joined by `..`:
`14:00..14:20`, `2026-11-23 14:00..14:20`, `..14:20`, `14:00..`.
"""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from services.domain.spans import TimeSpan

_BACK = re.compile(r"(\d{1,5})(m|h|d|w|м|ч|д|н)", re.ASCII)
_UNITS = {
    "m": timedelta(minutes=1), "м": timedelta(minutes=1), "h": timedelta(hours=1), "ч": timedelta(hours=1),
    "d": timedelta(days=1), "д": timedelta(days=1), "w": timedelta(weeks=1), "н": timedelta(weeks=1),
}  # fmt: skip
_LONGEST = timedelta(days=3650)
_DAY = r"(?:(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})(?:\.(?P<y2>\d{4}))?)"
_CLOCK = r"(?P<hh>\d{1,2}):(?P<mm>\d\d)(?::(?P<ss>\d\d))?"
_CLOCK_OF_DAY = _CLOCK.replace("hh", "h1").replace("mm", "m1").replace("ss", "s1")
_MOMENT = re.compile(rf"(?:{_DAY}(?:[ T]{_CLOCK_OF_DAY})?|{_CLOCK})", re.ASCII)
_BARE_DAY = re.compile(_DAY, re.ASCII)


def take_span(words: list[str], now: datetime, zone: tzinfo) -> tuple[TimeSpan | None, list[str]]:
    """The first stretch of time among `words`, of which it may be two (a day, a time), and the words left over.

    None: none of them is one. A word that looks like one and is no moment of any calendar is left over, too.
    """
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) and _BARE_DAY.fullmatch(word) else ""
        if ":" in following and (span := parse_span(f"{word} {following}", now, zone)):
            return span, words[:at] + words[at + 2 :]
        if span := parse_span(word, now, zone):
            return span, words[:at] + words[at + 1 :]
    return None, words


def parse_span(text: str, now: datetime, zone: tzinfo) -> TimeSpan | None:
    """`now`: aware; `zone`: in which people speak. None: not a stretch of time."""
    text = text.strip().lower().replace("t", "T").replace("…", "..")
    try:
        return _span(text, now.astimezone(zone))
    except (ValueError, OverflowError):  # the 31st of June
        return None


def _span(text: str, here: datetime) -> TimeSpan | None:
    if back := _BACK.fullmatch(text):
        return TimeSpan(here - min(int(back[1]) * _UNITS[back[2]], _LONGEST))
    if ".." not in text:
        since = _moment(text, here)
        return TimeSpan(since) if since else None
    first, _, second = text.partition("..")
    since = _moment(first, here) if first else None
    until = _moment(second, here, since, end=True) if second else None
    if (first and since is None) or (second and until is None) or not (since or until):
        return None
    if since and until and until < since:
        return None
    return TimeSpan(since, until)


def _moment(
    text: str, here: datetime, after: datetime | None = None, *, end: bool = False
) -> datetime | None:
    """`after`: the first of two, on whose day a bare time of the second is, or on the next."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    hour, minute, second = found["hh"] or found["h1"], found["mm"] or found["m1"], found["ss"] or found["s1"]
    clock = time(int(hour or 0), int(minute or 0), int(second or 0))
    if found["hh"]:
        return _on_its_day(clock, here, after)
    day = _day(found, here)
    if not hour and end:  # a whole day
        return datetime.combine(day + timedelta(days=1), time(), here.tzinfo) - timedelta(microseconds=1)
    return datetime.combine(day, clock, here.tzinfo)


def _on_its_day(clock: time, here: datetime, after: datetime | None) -> datetime:
    if after is None:
        today = datetime.combine(here.date(), clock, here.tzinfo)
        return today if today <= here else today - timedelta(days=1)
    same = datetime.combine(after.date(), clock, here.tzinfo)
    return same if same >= after else same + timedelta(days=1)


def _day(found: "re.Match[str]", here: datetime) -> date:
    """Without a year: the last such day."""
    day, month = int(found["d"] or found["d2"]), int(found["m"] or found["m2"])
    if year := found["y"] or found["y2"]:
        return date(int(year), month, day)
    this = date(here.year, month, day)
    return this if this <= here.date() else date(here.year - 1, month, day)
