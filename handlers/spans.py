"""What people type for a stretch of time → `TimeSpan`. Syntax only.

`30m`, `2h`, `1d`, `1w`, `90s` (also `30м`, `30 мин`, `2 часа назад`, `последний час`) · `14:00`, `14:00:30`: today, or
yesterday where that is still to come · `2026-11-23`, `23.11`, `23.11.2026`, `today`: from its midnight ·
`yesterday`, `вчера`: that day alone · `2026-11-23T14:00`, `вчера 14:00` · two joined by `..`: `14:00..14:20`,
`2026-11-23 14:00..14:20`, `2h..1h`, `..14:20`, `14:00..`.
"""

import re
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from services.domain.spans import TimeSpan

# A unit by how its word begins, written short or in full; the first that fits.
_UNITS = (
    (re.compile("сут.*|д|день|дня|дней|d|days?"), timedelta(days=1)),
    (re.compile("с|сек.*|s|secs?|seconds?"), timedelta(seconds=1)),
    (re.compile("м|мин.*|m|mins?|minutes?"), timedelta(minutes=1)),
    (re.compile("ч|час|часа|часов|h|hrs?|hours?"), timedelta(hours=1)),
    (re.compile("н|нед.*|w|weeks?"), timedelta(weeks=1)),
)
_BACK = re.compile(r"-?(\d{1,5}) ?([a-zа-я]{1,8})", re.ASCII)
# Such a word alone is one of it. Apart from its number `с` may begin what follows: `50 с 14:00`.
_ONE = {"час": "1ч", "сутки": "1д", "день": "1д", "неделю": "1н", "полчаса": "30м"}
_NOT_APART = frozenset("сs")
_DAYS_AGO = {"today": 0, "сегодня": 0, "yesterday": 1, "вчера": 1, "позавчера": 2}
_NAMED_DAY = re.compile(rf"\b(?:{'|'.join(_DAYS_AGO)})\b")
_BEFORE = frozenset(
    ["since", "from", "at", "last", "past", "с", "со", "в", "за", "последний", "последние", "последнюю"]
)
_BEHIND = frozenset(("ago", "назад"))
_LONGEST = timedelta(days=3650)
_DAY = r"(?:(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})(?:\.(?P<y2>\d{4}))?)"
_CLOCK = r"(?P<hh>\d{1,2}):(?P<mm>\d\d)(?::(?P<ss>\d\d))?"
_CLOCK_OF_DAY = _CLOCK.replace("hh", "h1").replace("mm", "m1").replace("ss", "s1")
_MOMENT = re.compile(rf"(?:{_DAY}(?:[ T]{_CLOCK_OF_DAY})?|{_CLOCK})", re.ASCII)
_BARE_DAY = re.compile(_DAY, re.ASCII)


def take_span(words: list[str], now: datetime, zone: tzinfo) -> tuple[TimeSpan | None, list[str]]:
    """The first stretch of time among `words`, of which it may be two (a day, a time), and the words left over.

    Words such as `since` and `назад` beside it belong to it. None: none of them is one. A word that looks like one and
    is no moment of any calendar is left over, too.
    """
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        pair = _pair(word, following)
        if pair and (span := parse_span(pair, now, zone)):
            return span, _without(words, at, at + 2)
        if span := parse_span(word, now, zone):
            return span, _without(words, at, at + 1)
    return None, words


def parse_span(text: str, now: datetime, zone: tzinfo) -> TimeSpan | None:
    """`now`: aware; `zone`: in which people speak. None: not a stretch of time."""
    here = now.astimezone(zone)
    text = text.strip().lower().replace("…", "..")
    if _DAYS_AGO.get(text):
        text = f"{text}..{text}"
    text = _NAMED_DAY.sub(lambda found: f"{here.date() - timedelta(days=_DAYS_AGO[found[0]])}", text)
    try:
        return _span(re.sub(r"(?<=\d)t(?=\d)", "T", text), here)
    except (ValueError, OverflowError):  # the 31st of June
        return None


def is_relative(text: str) -> bool:
    """Whether behind its first word the time was typed as `30m`: another one whenever it is asked again."""
    words = text.split()[1:]
    pairs = filter(None, (_pair(first, second) for first, second in pairwise(words)))
    return any(_back(typed.lower()) for typed in (*words, *pairs))


def _pair(word: str, following: str) -> str | None:
    """A number and its unit, or a day and a time of it, together; None where they are neither."""
    if word.isdecimal():
        return None if following in _NOT_APART else f"{word} {following}"
    if ":" in following and (word.lower() in _DAYS_AGO or _BARE_DAY.fullmatch(word)):
        return f"{word} {following}"
    if ":" in word and following.lower() in _DAYS_AGO:
        return f"{following} {word}"
    return None


def _without(words: list[str], first: int, end: int) -> list[str]:
    while first and words[first - 1].lower() in _BEFORE:
        first -= 1
    while end < len(words) and words[end].lower() in _BEHIND:
        end += 1
    return words[:first] + words[end:]


def _span(text: str, here: datetime) -> TimeSpan | None:
    if ".." not in text:
        since = _moment(text, here)
        return TimeSpan(since) if since else None
    first, _, second = text.partition("..")
    since = _moment(first, here) if first else None
    until = _moment(second, here, since, end=True) if second else None
    if (first and since is None) or (second and until is None) or not (since or until):
        return None
    if since and until and until < since:
        return TimeSpan(until, since) if _back(first) and _back(second) else None
    return TimeSpan(since, until)


def _moment(
    text: str, here: datetime, after: datetime | None = None, *, end: bool = False
) -> datetime | None:
    """`after`: the first of two, on whose day a bare time of the second is, or on the next."""
    if back := _back(text):
        return here - back
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


def _back(text: str) -> timedelta | None:
    """`30m`, `2 часа`: so long before now."""
    found = _BACK.fullmatch(_ONE.get(text, text))
    if not found:
        return None
    unit = next((unit for words, unit in _UNITS if words.fullmatch(found[2])), None)
    return min(int(found[1]) * unit, _LONGEST) if unit else None


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
