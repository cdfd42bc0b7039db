"""`/silences`: what is silenced, until when and by whom, each with its buttons."""

from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Hush
from handlers.views.alert_text import WORD, cut, plain
from handlers.views.answer import MESSAGE_UNITS, Answer, Row, button, units
from handlers.views.moments import moment
from services.alerts.silences import ListedSilence
from services.domain.alerts import Matcher

_MOST = 20
_WHAT_UNITS = 200
_ID_BYTES = 36
_EMPTY = '""'


def silences(rows: Sequence[ListedSilence], asker: str, now: datetime) -> Answer:
    """Those that end first come first, as they are given; what does not fit is counted."""
    if not rows:
        return Answer(Text(_("Nothing silenced.")))
    first = ngettext("{count} silence", "{count} silences", len(rows)).format(count=len(rows))
    pieces: list[Text] = []
    keyboard: list[Row] = []
    room = MESSAGE_UNITS - 200
    for place, row in enumerate(rows[:_MOST], 1):
        piece = Text("\n\n", f"{place}. ", Bold(_what(row.matchers)), "\n", _terms(row, now))
        room -= units(piece.render()[0])
        if room < 0:
            break
        pieces.append(piece)
        keyboard.append(_buttons(place, row, asker))
    if len(pieces) < len(rows):
        rest = len(rows) - len(pieces)
        more = ngettext("and {count} more", "and {count} more", rest).format(count=rest)
        pieces.append(Text("\n\n", more))
    return Answer(Text("🔕 ", first, *pieces), tuple(keyboard))


def _terms(row: ListedSilence, now: datetime) -> str:
    """`until 15:05: Dias · looking at postgres`."""
    words = _("until {time}: {who}").format(time=moment(row.ends, now), who=plain(row.by, WORD) or "?")
    if row.starts > now:
        words = f"{_('from {time}').format(time=moment(row.starts, now))}, {words}"
    comment = plain(row.comment, 100)
    return f"{words} · {comment}" if comment else words


def _what(matchers: Sequence[Matcher]) -> str:
    signs = {(True, False): "=", (True, True): "=~", (False, False): "!=", (False, True): "!~"}
    written = ", ".join(
        f"{plain(each.name, WORD)}{signs[each.equal, each.regex]}{plain(each.value, WORD) or _EMPTY}"
        for each in matchers[:10]
    )
    return cut(written, _WHAT_UNITS) or "?"


def _buttons(place: int, row: ListedSilence, asker: str) -> Row:
    if len(row.id.encode()) > _ID_BYTES or ":" in row.id:
        return ()
    return [
        button(f"{place} · " + _("+1 h"), Hush(asker=asker, id=row.id, act="extend")),
        button(f"{place} · " + _("Expire"), Hush(asker=asker, id=row.id, act="expire")),
    ]
