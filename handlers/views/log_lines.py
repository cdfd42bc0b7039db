"""Log lines as every chat shows them: one block of monospace, made for forty columns; and as a file has them.

In the block a line that says WARN or worse begins with a square, and with the word where the line itself has
none; lines of several containers begin with a name, and JSON is told in words. In a file stands what was written.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiogram.utils.formatting import Pre

from handlers.views.alert_text import cut
from handlers.views.answer import units
from handlers.views.moments import clock, day, moment
from handlers.words import zone
from services.logs.text.levels import REACH, Level, level_of, parse_level
from services.logs.text.presenter import ShownLine
from services.logs.text.readable import readable
from services.redaction.text import redact

# In a log; whole containers are marked by circles.
MARKS = {Level.WARN: "🟨", Level.ERROR: "🟥", Level.FATAL: "🟥"}
_OWN_TIME = re.compile(
    r"^\[?(?:\d{4}[-/.]\d\d[-/.]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"(?:Z|\s?[+-]\d\d:?\d\d|\s(?:UTC|GMT|MSK))?(?:\]|(?=\s))[\s|]*"
)
# Anywhere near a line's beginning; JSON has its own.
_TELLS_TIME = re.compile(r"\d:[0-5]\d(?::[0-5]\d)|^\{")
_TIME_REACH = 48
_SEAMS = 8
_LEAST_STEP = timedelta(minutes=1)
_WORD = re.compile(r"[^\W\d_]{3,}")
_SHORTEST_CUT = 80  # units of a line that are still worth showing

Labels = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Seam:
    """Words of ours between lines."""

    words: str


Row = ShownLine | Seam


@dataclass(frozen=True, slots=True)
class LogBlock:
    """`text`: what the block holds, perhaps nothing. shown: how many of the `total` lines are in it.

    whole: nothing is missing, not even the end of a line.
    """

    text: str
    shown: int
    total: int
    whole: bool

    @property
    def node(self) -> Pre:
        return Pre(self.text)


def log_block(
    rows: Sequence[Row],
    room: int,
    *,
    labels: Labels | None = None,
    times: bool = False,
    keep_first: bool = False,
    brief: bool = False,
) -> LogBlock:
    """As many of the last rows (or the first ones) as `room` holds, in UTF-16 units.

    Where not even one line fits, its beginning is shown. labels: as of `labels_of`, which is asked where this is
    None. times: each line begins with its time, in place of one of its own that it begins with. brief: of a line
    that reads as several, such as an error with its stack, the first one.
    """
    rows = _with_days(rows) if times else rows
    lines = [row for row in rows if isinstance(row, ShownLine)]
    if labels is None:
        labels = labels_of((line.host, line.name) for line in lines)
    levels = _levels_before(rows)
    kept: list[str] = []
    shown = 0
    whole = True
    for number in range(len(rows)) if keep_first else reversed(range(len(rows))):
        row = rows[number]
        if isinstance(row, Seam):
            text = f"— {row.words} —"
        else:
            text = _line(row, labels.get((row.host, row.name)), levels[number], times=times)
            text = _first_of(text) if brief else text
        cost = units(text) + bool(kept)
        if cost > room:
            whole = False
            if not shown and isinstance(row, ShownLine) and room >= _SHORTEST_CUT:
                kept.append(cut(text, room - bool(kept)))
                shown = 1
            break
        kept.append(text)
        shown += isinstance(row, ShownLine)
        room -= cost
    return LogBlock("\n".join(kept if keep_first else reversed(kept)), shown, len(lines), whole)


def log_file(lines: Iterable[ShownLine]) -> bytes:
    """All of them as they were written; those of several containers behind moment, `host/name` and stream."""
    lines = list(lines)
    if len({(line.host, line.name) for line in lines}) <= 1:
        return "".join(line.text + "\n" for line in lines).encode(errors="replace")
    here = zone.get()
    rows = (
        f"{line.at.astimezone(here).isoformat(' ', 'milliseconds')} {line.host}/{line.name}"
        f" {line.stream.name.lower()} {line.text}\n"
        for line in lines
    )
    return "".join(rows).encode(errors="replace")


def in_words(line: str) -> str:
    """A line whose secrets are hidden; where it is JSON, as a person reads it, perhaps in several lines."""
    text = readable(line, zone.get())
    # What JSON had spelled out, or coloured, was not seen when its secrets were hidden.
    return text if text == line else redact(text)


def labels_of(containers: Iterable[tuple[str, str]]) -> Labels:
    """For (host, name) pairs: nothing for a single one, else the name, with its host where names coincide."""
    pairs = sorted(set(containers))
    if len(pairs) < 2:
        return {}
    names = [name for _host, name in pairs]
    return {(host, name): f"{host}/{name}" if names.count(name) > 1 else name for host, name in pairs}


def time_seams(rows: Sequence[Row]) -> list[Row]:
    """Where much time lies between lines that tell none themselves: its clock, a few times among them all."""
    moments = [row.at for row in rows if isinstance(row, ShownLine)]
    if not moments:
        return list(rows)
    step = max((moments[-1] - moments[0]) / _SEAMS, _LEAST_STEP)
    found: list[Row] = []
    last = moments[0]
    for row in rows:
        if isinstance(row, ShownLine) and row.at - last >= step:
            last = row.at
            told = found and isinstance(found[-1], Seam)  # of a restart: it has its own
            if not told and not _TELLS_TIME.search(row.text, 0, _TIME_REACH):
                found.append(Seam(moment(row.at, moments[-1])))
        found.append(row)
    return found


def _with_days(rows: Iterable[Row]) -> list[Row]:
    """A seam wherever a line is of another day than the one before it."""
    found: list[Row] = []
    here = zone.get()
    last = None
    for row in rows:
        if isinstance(row, ShownLine):
            at = row.at.astimezone(here)
            if last not in (None, at.date()):
                found.append(Seam(day(at)))
            last = at.date()
        found.append(row)
    return found


def _levels_before(rows: Iterable[Row]) -> list[Level | None]:
    """For each row the level of the line before it in the same log."""
    found: list[Level | None] = []
    latest: dict[tuple[str, str], Level | None] = {}
    for row in rows:
        if isinstance(row, Seam):
            found.append(None)
            continue
        found.append(latest.get((row.host, row.name)))
        latest[row.host, row.name] = row.level
    return found


def _line(line: ShownLine, label: str | None, before: Level | None, *, times: bool) -> str:
    """`before`: the level of the line before it: what only continues that line, such as a stack trace, has no mark."""
    parts = []
    text = in_words(line.text)
    if line.level in MARKS and (line.level is not before or level_of(line.text)):
        parts.append(MARKS[line.level])
        if not _says(text, line.level):
            parts.append(line.level.name)
    if times:
        parts.append(clock(line.at, seconds=True))
        text = _OWN_TIME.sub("", text)
    if label:
        parts.append(f"{label}│")
    return " ".join((*parts, text))


def _first_of(text: str) -> str:
    first, more, _rest = text.partition("\n")
    return f"{first} ⋯" if more else first


def _says(text: str, level: Level) -> bool:
    return any(parse_level(word) is level for word in _WORD.findall(text, 0, REACH))
