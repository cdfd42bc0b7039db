"""`/logs`: a title, the lines in one block; what does not fit is one document with all of them."""

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Pre, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Renew
from handlers.views.answer import CAPTION_UNITS, MESSAGE_UNITS, Answer, File, button, units
from handlers.views.moments import clock
from handlers.words import zone
from services.logs.reader import LogPage


def log_page(page: LogPage, asker: str) -> Answer:
    title = _title(page)
    keyboard = (_keyboard(page, asker),)
    if not page.lines:
        return Answer(Text(Bold(title), "\n", _("The log is empty.")), keyboard)
    body = "\n".join(page.lines)
    if not body.strip():
        return Answer(Text(Bold(title), "\n", _("Only blank lines.")), keyboard)
    if units(title) + units(body) + 1 <= MESSAGE_UNITS:
        return Answer(Text(Bold(title), "\n", Pre(body)), keyboard)
    newest = _newest(page.lines, CAPTION_UNITS - units(title) - 1)
    caption = Text(Bold(title), "\n", Pre(newest)) if newest.strip() else Text(Bold(title))
    return Answer(caption, keyboard, File(_file_name(page), (body + "\n").encode()))


def _title(page: LogPage) -> str:
    count = len(page.lines)
    lines = ngettext("last {count} line", "last {count} lines", count).format(count=count)
    if count < page.asked and not page.cut:
        lines = ngettext("{count} line, that is all", "{count} lines, that is all", count).format(count=count)
    where = _("{name} on {host}").format(name=page.container.name, host=page.container.host)
    cut = " · " + _("too large, the oldest left out") if page.cut else ""
    return f"{where} · {lines}{cut} · {clock(page.at)}"


def _newest(lines: tuple[str, ...], room: int) -> str:
    """As many whole lines from the end as fit; of a last line that is too long by itself, its end."""
    found: list[str] = []
    for line in reversed(lines):
        cost = units(line) + 1
        if cost > room:
            break
        found.insert(0, line)
        room -= cost
    if found:
        return "\n".join(found)
    # Two units a character at most: half the room always fits.
    return "…" + lines[-1][-(room // 2 - 2) :]


def _file_name(page: LogPage) -> str:
    stamp = page.at.astimezone(zone.get()).strftime("%Y%m%d-%H%M%S")
    return f"{page.container.name}-{page.container.host}-{stamp}.log"


def _keyboard(page: LogPage, asker: str) -> list[InlineKeyboardButton]:
    def again(label: str, lines: int) -> InlineKeyboardButton:
        data = Renew(
            asker=asker,
            act="logs",
            host=page.container.host,
            key=page.container.key,
            lines=lines,
        )
        return button(label, data)

    more = [again(str(lines), lines) for lines in (200, 1000) if lines != page.asked]
    return [*more, again("↻", page.asked)]
