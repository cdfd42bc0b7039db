"""`/grep`: what was found, how often and when, the newest hits, and how far back it looked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Code, Pre, Text, TextMention
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import CancelSearch, SearchAct, SearchTurn
from handlers.views.alert_text import cut
from handlers.views.answer import MESSAGE_UNITS, Answer, Row, button, in_pairs, units
from handlers.views.failures import sentence
from handlers.views.grep_rows import Rows, rows_of
from handlers.views.incident_words import number
from handlers.views.log_lines import labels_of, log_block
from handlers.views.moments import clock, day, moment, size
from services.errors import HostSilent, NoSuchContainer
from services.logs.search.hits import Found, SearchQuestion, Stop, Watch

_LONGEST_PATTERN = 80
_MOST_NAMES = 8
_MOST_NOTES = 5
_COLUMNS = 16
_BARS = "▁▂▃▄▅▆▇█"
# A shorter stretch needs no bar.
_SHORTEST = timedelta(seconds=10)
# Lines on either side of a hit, by the button.
CONTEXT = 3
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class SearchPage:
    """As much of it as a message holds. shown: so many hits."""

    found: Found
    above: Text
    block: Pre | None
    shown: int

    def answer(self, token: str | None, asker: str) -> Answer:
        """`token`: for the buttons; without it there are none."""
        text = Text(self.above, "\n", self.block) if self.block else self.above
        return Answer(text, _buttons(self, token, asker) if token else ())


def search_page(found: Found) -> SearchPage:
    if not found.count:
        lines = [*_notes(found), *_hints(found)]
        return SearchPage(found, Text(head(found), *_below(lines)), None, 0)
    above = Text(head(found), *_below([*_notes(found), *_counts(found)]), *_bar(found))
    labels = labels_of((tally.host, tally.name) for tally in found.tallies)
    rows = rows_of(found.hits)
    room = MESSAGE_UNITS - units(above.render()[0]) - 2
    block = log_block(rows.rows, room, labels=labels, times=True, keep_first=True, brief=True)
    if block.shown < block.total or rows.hits < found.count:
        room -= 40  # for the words that tell so
        block = log_block(rows.rows, room, labels=labels, times=True, keep_first=True, brief=True)
        rows = rows.first(block.shown) or Rows.of_one(found.hits[0])
        block = log_block(rows.rows, room, labels=labels, times=True, keep_first=True, brief=True)
        newest = _("The newest {count} of {all}:").format(count=rows.hits, all=number(found.count))
        above = Text(above, "\n", newest)
    return SearchPage(found, above, block.node if block.text.strip() else None, rows.hits)


def progress(watch: Watch, question: SearchQuestion, asker: str) -> Answer:
    """While it searches."""
    now = watch.progress()
    parts = [_("{done} of {all}").format(done=now.done, all=now.of)] if now.of else ["…"]
    if now.bytes:
        parts.append(size(now.bytes))
    if now.reached:
        parts.append(_("back to {time}").format(time=_when(now.reached)))
    cancel = button(_("Cancel"), CancelSearch(asker=asker, token=watch.token))
    text = Text("⏳ ", *_pattern(question), " · ", " · ".join(parts))
    return Answer(text, ((cancel,),) if watch.token else ())


def instead(
    error: NoSuchContainer, questions: Sequence[tuple[SearchQuestion, str]], asker: str, now: datetime
) -> Answer:
    """What may have been meant, each with its token: another name, or all of it as one pattern."""
    words = sentence(error, now)
    if questions and not error.near:
        words += " " + _("Did you mean:")
    names = [name for _host, name in error.near]
    labels = [f"{host}/{name}" if names.count(name) > 1 else name for host, name in error.near]
    labels += [cut(f"🔎 {question.pattern}", _LONGEST_LABEL) for question, _token in questions[len(labels) :]]
    buttons = [
        button(label, SearchTurn(asker=asker, token=token, act="again"))
        for label, (_question, token) in zip(labels, questions, strict=True)
    ]
    return Answer(Text(words), (*in_pairs(buttons[: len(names)]), buttons[len(names) :]))


def ask_pattern(names: Sequence[str], whom: TextMention | None) -> Text:
    """`names`: where it is to be searched; none: everywhere. whom: to be called by name, in a group."""
    words = _("What shall I look for? Reply with words or a pattern.")
    where = _("In: {names}").format(names=", ".join(names)) if names else _("In all logs that you may see.")
    return Text("🔎 ", *([whom, ": "] if whom else []), words, "\n", where)


def placeholder() -> str:
    """In the input field, while it is empty."""
    return _("e.g. timeout|refused")


def head(found: Found) -> Text:
    """The first line: a lock screen shows hardly more."""
    return Text("🔎 ", *_pattern(found.question), " · ", Bold(" · ".join(_amounts(found))))


def notes(found: Found) -> list[str]:
    """⚠️ a line each for what could not be read."""
    told = []
    for failure in found.failures:
        words = sentence(failure, found.at)
        told.append(words if isinstance(failure, HostSilent) else f"⚠️ {words}")
    more = len(told) - _MOST_NOTES
    return [*told[:_MOST_NOTES], f"⚠️ +{more}"] if more > 0 else told


def _pattern(question: SearchQuestion) -> Iterator[Text | str]:
    if question.pattern:
        yield Code(cut(question.pattern, _LONGEST_PATTERN))
    flags = "".join([" -i"] * question.ignore_case + [" -v"] * question.invert)
    sieve = question.sieve
    level = f" ≥ {sieve.least.name}" if sieve.least else f" ≤ {sieve.most.name}" if sieve.most else ""
    stream = f" {sieve.stream.name.lower()}" if sieve.stream is not None else ""
    yield (flags + level + stream) if question.pattern else (flags + level + stream).strip()


def _amounts(found: Found) -> Iterator[str]:
    searched = sum(tally.done or tally.reached is not None for tally in found.tallies)
    count, some = found.count, sum(tally.count > 0 for tally in found.tallies)
    if not count:
        if len(found.tallies) == 1:
            yield _("no hit in {name}").format(name=found.tallies[0].name)
        else:
            yield ngettext("no hit in {count} log", "no hit in {count} logs", searched).format(count=searched)
    else:
        further = found.question.places is not None
        hits = (
            ngettext("{count} further hit", "{count} further hits", count)
            if further
            else ngettext("{count} hit", "{count} hits", count)
        ).format(count=number(count))
        if len(found.tallies) == 1:
            yield _("{hits} in {name}").format(hits=hits, name=found.tallies[0].name)
        else:
            words = ngettext("{hits} in {some} of {all}", "{hits} in {some} of {all}", some)
            yield words.format(hits=hits, some=some, all=len(found.tallies))
    if reach := _reach(found):
        yield reach


def _reach(found: Found) -> str:
    """How far back it looked."""
    if found.reached is not None:
        return _("back to {time}").format(time=moment(found.reached, found.at))
    if found.stop is not None:
        return ""
    if since := found.question.span.since:
        return _("since {time}").format(time=moment(since, found.at))
    return ngettext("the whole log", "all of the logs", len(found.tallies))


def _notes(found: Found) -> Iterator[str]:
    yield from notes(found)
    if found.question.span.until:
        yield _("Not after {time}.").format(time=moment(found.question.span.until, found.at))
    if found.stop is Stop.CANCELLED:
        yield _("Cancelled.")
    elif found.stop is Stop.TIME:
        yield _("The time was up; there is more further back.")
    if found.unbegun:
        words = ngettext("{count} log was not begun.", "{count} logs were not begun.", found.unbegun)
        yield words.format(count=found.unbegun)


def _counts(found: Found) -> Iterator[str]:
    if len(found.tallies) < 2:
        return
    labels = labels_of((tally.host, tally.name) for tally in found.tallies)
    counts = [
        f"{labels[tally.host, tally.name]} {number(tally.count)}" for tally in found.tallies if tally.count
    ]
    more = len(counts) - _MOST_NAMES
    yield " · ".join([*counts[:_MOST_NAMES], *([f"+{more}"] if more > 0 else [])])


def _bar(found: Found) -> Iterator[Text | str]:
    """How the hits lie in time."""
    first, until = found.times.first, found.question.span.until or found.at
    if found.count < 2 or first is None:
        return
    since = found.reached or found.question.span.since or first
    if until - since < _SHORTEST:
        return
    counts = found.times.spread(since, until, _COLUMNS)
    most = max(counts)
    if most:
        bars = "".join(_BARS[-(-count * 7 // most)] if count else " " for count in counts)
        yield "\n"
        yield Text(_edge(since, until), " ", Code(f"▕{bars}▏"), " ", _edge(until, found.at))


def _edge(at: datetime, other: datetime) -> str:
    return clock(at) if day(at) == day(other) else f"{day(at)}, {clock(at)}"


def _hints(found: Found) -> Iterator[str]:
    """What to try where nothing was found."""
    question = found.question
    if found.stop:
        return
    if not (question.span.since or question.span.until or question.names):
        yield _("A part of a word is enough.")


def _buttons(page: SearchPage, token: str, asker: str) -> tuple[Row, ...]:
    found, question = page.found, page.found.question
    row: list[InlineKeyboardButton] = []

    def add(label: str, act: SearchAct) -> None:
        row.append(button(label, SearchTurn(asker=asker, token=token, act=act)))

    if found.onward(page.shown):
        more = found.count > page.shown or found.stop is Stop.ENOUGH
        add(_("More") if more else _("Go on"), "on" if page.shown else "on_here")
    if found.count:
        if not question.context:
            add(_("Context"), "context")
        add(_("File"), "file")
    else:
        _widen(found, add)
    add("↻", "again")
    if not question.quoted:
        return (row,)
    quoted = SearchTurn(asker=asker, token=token, act="quoted")
    return [button(cut(f"🔎 {question.quoted}", _LONGEST_LABEL), quoted)], row


def _widen(found: Found, add: Callable[[str, SearchAct], None]) -> None:
    """Where nothing was found."""
    question = found.question
    cased = question.pattern.lower() != question.pattern.upper()
    if cased and not (question.ignore_case or question.invert):
        add(_("Ignore case"), "fold")
    if found.stop:
        return
    if question.span.since or question.span.until:
        add(_("All of the log"), "always")
    elif question.names:
        add(_("All logs"), "everywhere")


def _below(lines: Sequence[str]) -> list[str]:
    return [part for line in lines for part in ("\n", line)]


def _when(at: datetime) -> str:
    return f"{day(at)}, {clock(at)}"
