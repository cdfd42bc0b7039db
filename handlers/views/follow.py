"""`/follow`: the newest lines as they come, how the containers stand, and at the end how it ended."""

from collections.abc import Iterator, Sequence

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Code, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import GoOn, Open, StopAny, StopFollow
from handlers.views.alert_text import cut
from handlers.views.answer import MESSAGE_UNITS, Answer, Row, button, in_rows, units
from handlers.views.condition import silence_words
from handlers.views.failures import sentence
from handlers.views.incident_words import number
from handlers.views.log_lines import Row as LogRow
from handlers.views.log_lines import Seam, labels_of, log_block
from handlers.views.moments import clock, duration, moment
from services.domain.containers import key_of
from services.errors import HostSilent
from services.logs.follow.following import Finish, LeftOver, Missed, Running, Snapshot, Standing

# While it is live: what a phone shows at once, so that nothing jumps.
LIVE_ROWS, LIVE_UNITS = 20, 1800
_MOST_NAMES = 3
_LONGEST_PATTERN = 80


def follow(snapshot: Snapshot, asker: str) -> Answer:
    live = snapshot.finish is None
    above = Text(Bold(_title(snapshot)), *(Text("\n", note) for note in _notes(snapshot)))
    room = MESSAGE_UNITS - units(above.render()[0]) - 2
    rows = _rows(snapshot)
    if live:
        rows, room = rows[-LIVE_ROWS:], min(room, LIVE_UNITS)
    names = [(each.host, each.name) for each in snapshot.standings]
    block = log_block(rows, room, labels=labels_of(names))
    hidden = snapshot.came - min(snapshot.fresh, block.shown)
    parts: list[Text | str] = [above]
    fast = any(each.fast for each in snapshot.standings)  # then nobody has counted them
    if live and hidden > 0 and not fast:
        more = ngettext("+{count} line", "+{count} lines", hidden).format(count=number(hidden))
        parts += ["\n", more]
    if block.text.strip():
        parts += ["\n", block.node]
    elif live:
        parts += ["\n", _("No lines yet.")]
    return Answer(Text(*parts), (tuple(_buttons(snapshot, asker)),))


def left_over(follow: LeftOver) -> Answer:
    """Where a sudden end of the bot has left one that was live."""
    asker = f"{follow.asker:x}"
    words = _("No longer live: the bot was restarted.")
    title = _where(follow.names)
    rows = [button(_("Go on"), GoOn(asker=asker, token=follow.token))]
    if len(follow.names) == 1:
        rows.append(_logs(follow.names[0], asker))
    return Answer(Text(Bold(title), "\n", words), (tuple(rows),))


def which_one(running: Sequence[Running], asker: str) -> Answer:
    """Several are followed: which is not to be any more?"""
    buttons = [button(_followed(each), StopAny(asker=asker, number=f"{each.number:x}")) for each in running]
    rows: list[Row] = [*in_rows(buttons, 1), [button(_("All of them"), StopAny(asker=asker, number="0"))]]
    return Answer(Text(_("Stop following which one?")), tuple(rows))


def stopped(stopped: Sequence[Running]) -> Answer:
    if not stopped:
        return Answer(Text(_("You follow nothing here.")))
    names = ", ".join(map(_followed, stopped))
    return Answer(Text(_("Not followed any more: {names}").format(names=names)))


def _followed(running: Running) -> str:
    """Two may be of the same containers, with other patterns."""
    names = _short(running.names)
    return f"{names} · {cut(running.pattern, _LONGEST_PATTERN)}" if running.pattern else names


def _title(snapshot: Snapshot) -> str:
    where = _where([(each.host, each.name) for each in snapshot.standings])
    if snapshot.finish is None:
        return f"{where} · {_('live')} · {clock(snapshot.at, seconds=True)}"
    count = snapshot.total
    lines = ngettext("{count} line", "{count} lines", count).format(count=number(count))
    took = _("{lines} in {time}").format(lines=lines, time=duration(snapshot.at - snapshot.began))
    return f"{where} · {took} · {clock(snapshot.at)}"


def _where(names: Sequence[tuple[str, str]]) -> str:
    if len(names) == 1:
        ((host, name),) = names
        return _("{name} on {host}").format(name=name, host=host)
    labels = labels_of(names)
    return _short([labels[each] for each in names])


def _short(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} +{len(names) - _MOST_NAMES}" if len(names) > _MOST_NAMES else shown


def _notes(snapshot: Snapshot) -> Iterator[Text]:
    if end := _finish(snapshot):
        yield Text(end)
    silences: dict[str, HostSilent] = {silence.host: silence for silence in snapshot.silent}
    silences |= {each.host: each.silence for each in snapshot.standings if each.silence}
    for host, silence in silences.items():
        yield Text(f"⚠️ {host}: {silence_words(silence, snapshot.at)}")
    for standing in snapshot.standings:
        if words := _standing(standing, snapshot):
            yield Text(words)
    if snapshot.pattern:
        counts = _("{matched} of {total} lines").format(
            matched=number(snapshot.matched), total=number(snapshot.total)
        )
        yield Text(_("Only with:"), " ", Code(cut(snapshot.pattern, _LONGEST_PATTERN)), f" · {counts}")
    if snapshot.finish and snapshot.missed:
        yield Text("⚠️ ", _("There were more: some came too fast to be read."))


def _finish(snapshot: Snapshot) -> str:
    match snapshot.finish:
        case Finish.STOPPED if snapshot.by:
            return "👤 " + _("Stopped: {name}").format(name=snapshot.by)
        case Finish.STOPPED:
            return _("Stopped.")
        case Finish.TIME:
            return _("No longer live: the time is over.")
        case Finish.BOT_STOPS:
            return _("No longer live: the bot is being stopped.")
        case Finish.BROKEN:
            return "⚠️ " + _("Something broke here; it is in the log.")
    return ""


def _standing(standing: Standing, snapshot: Snapshot) -> str:
    name, now = standing.name, snapshot.at
    if standing.failure is not None:
        return f"⚠️ {sentence(standing.failure, now)}"
    if standing.gone:
        return "⚪ " + _("{name} is not there any more.").format(name=name)
    if standing.fast is not None:
        words = _("{name}: too fast to be read whole, about {count} lines a second")
        return "⚠️ " + words.format(name=name, count=number(_rounded(standing.fast)))
    if standing.back is not None:
        words = (
            _("{name} was made anew and runs since {time}")
            if standing.renewed
            else _("{name} runs again since {time}")
        )
        told = "🟢 " + words.format(name=name, time=moment(standing.back, now))
        return f"{told} ({_end(standing, snapshot)})" if standing.end and standing.end.at else told
    if standing.end is not None:
        badly = standing.end.exit_code != 0 or standing.end.out_of_memory
        told = f"{'🔴' if badly else '⚪'} {_('{name} ended').format(name=name)}, {_end(standing, snapshot)}"
        return f"{told} · {_('it is being restarted')}" if standing.awaited else told
    return ""


def _end(standing: Standing, snapshot: Snapshot) -> str:
    """`exit 137, out of memory, 14:07`."""
    end = standing.end
    assert end is not None
    parts = []
    if end.exit_code is not None:
        parts.append(_("exit {code}").format(code=end.exit_code))
    if end.out_of_memory:
        parts.append(_("out of memory"))
    if end.at is not None:
        parts.append(moment(end.at, snapshot.at))
    return ", ".join(parts)


def _rounded(rate: float) -> int:
    """To one digit: it is a guess."""
    whole = max(round(rate), 1)
    unit = int(10 ** (len(str(whole)) - 1))
    return round(whole / unit) * unit


def _rows(snapshot: Snapshot) -> list[LogRow]:
    alone = len(snapshot.standings) == 1
    return [Seam(_missed(row, alone=alone)) if isinstance(row, Missed) else row for row in snapshot.rows]


def _missed(missed: Missed, *, alone: bool) -> str:
    span = f"{clock(missed.since, seconds=True)}–{clock(missed.until, seconds=True)}"
    words = _("{span} left out: too fast") if missed.fast else _("{span} left out: too many lines")
    told = words.format(span=span)
    return told if alone else f"{missed.name}: {told}"


def _buttons(snapshot: Snapshot, asker: str) -> Iterator[InlineKeyboardButton]:
    if snapshot.finish is None:
        yield button(_("Stop following"), StopFollow(asker=asker, number=f"{snapshot.number:x}"))
        return
    yield button(_("Go on"), GoOn(asker=asker, token=snapshot.token))
    if len(snapshot.standings) == 1:
        (standing,) = snapshot.standings
        yield _logs((standing.host, standing.name), asker)


def _logs(container: tuple[str, str], asker: str) -> InlineKeyboardButton:
    host, name = container
    return button(_("Logs"), Open(asker=asker, act="logs", host=host, key=key_of(host, name)))
