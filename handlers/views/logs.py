"""`/logs`: a title, the lines in one block; what does not fit is one document with all of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.spans import is_relative
from handlers.views.answer import CAPTION_UNITS, MESSAGE_UNITS, Answer, File, units
from handlers.views.failures import sentence
from handlers.views.log_buttons import keyboard
from handlers.views.log_lines import Row, Seam, labels_of, log_block, log_file, time_seams
from handlers.views.moments import clock, day, duration, moment
from handlers.words import zone
from services.errors import HostSilent
from services.logs.pages.page import LogPage, Look
from services.logs.pages.questions import Sieve
from services.logs.pages.restarts import Restart
from services.logs.text.levels import Level

_MOST_NAMES = 3
# A container that was away for so long: its seam says so.
_LONG_AWAY = timedelta(minutes=1)


def log_page(page: LogPage, asker: str) -> Answer:
    above = Text(Bold(_title(page)), *(Text("\n", note) for note in _notes(page)))
    if not any(line.text.strip() for line in page.lines):
        return Answer(Text(above, "\n", _nothing(page)), keyboard(page, asker))
    several = len(page.containers) > 1
    labels = labels_of((each.host, each.name) for each in page.containers)
    rows = _rows(page)
    taken = units(above.render()[0]) + 1
    block = log_block(rows, MESSAGE_UNITS - taken, labels=labels, times=several)
    if block.whole:
        return Answer(Text(above, "\n", block.node), keyboard(page, asker, to_file=True))
    block = log_block(rows, CAPTION_UNITS - taken, labels=labels, times=several)
    caption = Text(above, "\n", block.node) if block.text.strip() else above
    return Answer(caption, keyboard(page, asker), _file(page))


def log_page_file(page: LogPage) -> Answer:
    """All lines of the page, as they were written."""
    return Answer(Text(Bold(_title(page))), (), _file(page))


def waiting(look: Look) -> Answer:
    words = _("reading …")
    if look.back_to:
        words = _("looking back, at {time} …").format(time=_day_and_clock(look.back_to))
    return Answer(Text("⏳ ", words))


def nothing_further(page: LogPage, *, older: bool) -> str:
    """Said over the page that stays as it is."""
    if older:
        return _("Nothing older.")
    return _("Nothing newer, {time}.").format(time=clock(page.at, seconds=True))


def _title(page: LogPage) -> str:
    parts = [_where(page)]
    count = len(page.lines)
    sieve = _sieve(page.asked.sieve)
    span = page.asked.span
    if sieve:
        parts.append(sieve)
    if count:
        parts.append(_amount(page, count))
    if page.newest and span.since:
        parts.append(_("since {time}").format(time=moment(span.since, page.at)))
    elif count and not page.newest:
        parts.append(_stretch(page.lines[0].at, page.lines[-1].at, page.at))
    if page.cut:
        parts.append(_("too large, the oldest left out"))
    if page.newest:
        parts.append(clock(page.at))
    return " · ".join(parts)


def _where(page: LogPage) -> str:
    names = [container.name for container in page.containers]
    hosts = {container.host for container in page.containers}
    if len(names) > _MOST_NAMES:
        asked = page.asked.names
        typed = (
            ", ".join(asked)
            if isinstance(asked, tuple) and len(asked) <= _MOST_NAMES
            else ", ".join(sorted(hosts))
        )
        count = ngettext("{count} container", "{count} containers", len(names)).format(count=len(names))
        return f"{typed} · {count}"
    if len(hosts) == 1:
        return _("{name} on {host}").format(name=", ".join(names), host=hosts.pop())
    return ", ".join(container.full_name for container in page.containers)


def _amount(page: LogPage, count: int) -> str:
    question = page.asked
    if not page.newest or question.span.since or page.back_to or page.cut:
        return ngettext("{count} line", "{count} lines", count).format(count=count)
    if count < question.lines:
        return ngettext("{count} line, that is all", "{count} lines, that is all", count).format(count=count)
    return ngettext("last {count} line", "last {count} lines", count).format(count=count)


def _sieve(sieve: Sieve) -> str:
    parts = []
    least, most = sieve.least, sieve.most
    if least and least is most:
        parts.append(least.name)
    elif least and (most is None or most is Level.FATAL):
        parts.append(_("{level} and above").format(level=least.name))
    elif least and most:
        parts.append(f"{least.name}–{most.name}")
    elif most:
        parts.append(_("{level} and below").format(level=most.name))
    if sieve.stream is not None:
        parts.append(sieve.stream.name.lower())
    return ", ".join(parts)


def _notes(page: LogPage) -> Iterator[str]:
    """⚠️ a line each for what could not be read; then how far back it looked."""
    told = set()
    for error in page.silent:
        words = sentence(error, page.at)
        if words not in told:
            told.add(words)
            yield words if isinstance(error, HostSilent) else f"⚠️ {words}"
    if page.back_to and page.lines:
        yield _("Looked back to {time}.").format(time=moment(page.back_to, page.at))


def _nothing(page: LogPage) -> str:
    span = page.asked.span
    if page.lines:
        return _("Only blank lines.")
    if page.back_to:
        return _("Nothing found back to {time}.").format(time=moment(page.back_to, page.at))
    if span.since and span.until:
        words = _("No lines from {since} to {until}.")
        until = clock(span.until) if _same_day(span.since, span.until) else moment(span.until, page.at)
        words = words.format(since=moment(span.since, page.at), until=until)
    elif span.until:
        words = _("No lines before {time}.").format(time=moment(span.until, page.at))
    elif span.since and is_relative(page.asked.text):
        words = _("No lines in the last {span}.").format(span=duration(page.at - span.since))
    elif span.since:
        words = _("No lines since {time}.").format(time=moment(span.since, page.at))
    elif page.asked.sieve != Sieve():
        words = _("No such line in the whole log.")
    elif page.newest:
        return _("The log is empty.")
    else:
        return _("Nothing older.")
    if page.last is None or (span.since and span.until):
        return words
    return words + " " + _("Last line: {time}.").format(time=moment(page.last, page.at))


def _rows(page: LogPage) -> Sequence[Row]:
    """The lines with seams where a container was restarted."""
    places = [(each.place_in(page.lines, newest=page.newest), each) for each in page.restarts]
    rows: list[Row] = list(page.lines)
    for place, restart in sorted(
        ((place, each) for place, each in places if place is not None), key=lambda found: -found[0]
    ):
        rows.insert(place, Seam(_restarted(restart, page)))
    return rows if len(page.containers) > 1 else time_seams(rows)


def _restarted(restart: Restart, page: LogPage) -> str:
    at = restart.started or restart.finished
    time = clock(at, seconds=True) if _same_day(at, page.at) else _day_and_clock(at)
    words = _("restarted {time}") if restart.started else _("ended {time}")
    parts = [words.format(time=time)]
    if restart.exit_code is not None:
        parts.append(_("exit {code}").format(code=restart.exit_code))
    if restart.started and restart.started - restart.finished >= _LONG_AWAY:
        parts.append(_("down {span}").format(span=duration(restart.started - restart.finished)))
    prefix = f"{restart.container.name}: " if len(page.containers) > 1 else ""
    return prefix + ", ".join(parts)


def _stretch(first: datetime, last: datetime, now: datetime) -> str:
    """`13:40–13:58`, `20 Nov, 13:40–13:58`; with seconds where it is short."""
    if clock(first) == clock(last) and _same_day(first, last):
        times = list(dict.fromkeys(clock(each, seconds=True) for each in (first, last)))
        return "–".join(times if _same_day(last, now) else [f"{day(first)}, {times[0]}", *times[1:]])
    return f"{moment(first, now)}–{clock(last) if _same_day(first, last) else moment(last, now)}"


def _same_day(one: datetime, other: datetime) -> bool:
    here = zone.get()
    return one.astimezone(here).date() == other.astimezone(here).date()


def _day_and_clock(at: datetime) -> str:
    return f"{day(at)}, {clock(at, seconds=True)}"


def _file(page: LogPage) -> File:
    stamp = page.at.astimezone(zone.get()).strftime("%Y%m%d-%H%M%S")
    first = page.containers[0]
    name = f"{first.name}-{first.host}" if len(page.containers) == 1 else "logs"
    return File(f"{name}-{stamp}.log", log_file(page.lines))
