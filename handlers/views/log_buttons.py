"""Below a page of logs: to the pages around it, to its file, and to what else there is to do with its container."""

from datetime import timedelta
from typing import Literal

from aiogram.types import InlineKeyboardButton
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import AskPattern, Follow, LogTurn, Renew
from handlers.views.alert_text import web_link
from handlers.views.answer import Row, button
from services.logs.pages.page import LogPage

SIZES = (200, 1000)
# A restart within this is worth a button that leads before it.
_LATELY = timedelta(days=1)


def keyboard(page: LogPage, asker: str, *, to_file: bool = False) -> tuple[Row, ...]:
    """`to_file`: the lines are not in a file yet. Without a token only a single container's buttons are left."""
    return (
        _around(page, asker),
        _sizes(page, asker),
        _further(page, asker, to_file=to_file),
        _elsewhere(page, asker),
    )


def _around(page: LogPage, asker: str) -> Row:
    if page.token is None:
        return ()
    row: list[InlineKeyboardButton] = []
    if page.older:
        label = _("Further back") if page.back_to else _("Older")
        row.append(button(f"‹ {label}", LogTurn(asker=asker, token=page.token, act="older")))
    if page.lines:
        row.append(button(_("Newer") + " ›", LogTurn(asker=asker, token=page.token, act="newer")))
    return row


def _sizes(page: LogPage, asker: str) -> Row:
    """Larger ones where there is more."""
    whole = page.newest and not page.older
    sizes = [] if whole or not page.lines else [size for size in SIZES if size != page.asked.lines]
    if page.plain:  # such buttons outlive bookmarks
        host, key = page.containers[0].host, page.containers[0].key
        renewals = [*((str(size), size) for size in sizes), ("↻", page.asked.lines)]
        return [
            button(label, Renew(asker=asker, act="logs", host=host, key=key, lines=size))
            for label, size in renewals
        ]
    if page.token is None:
        return ()
    act: Literal["renew", "size"] = "renew" if page.newest else "size"
    row = [button(str(size), LogTurn(asker=asker, token=page.token, act=act, lines=size)) for size in sizes]
    renew = LogTurn(asker=asker, token=page.token, act="renew", lines=page.asked.lines)
    return [*row, button("↻", renew)]


def _further(page: LogPage, asker: str, *, to_file: bool) -> Row:
    row: list[InlineKeyboardButton] = []
    if page.token and to_file:
        row.append(button(_("File"), LogTurn(asker=asker, token=page.token, act="file")))
    if page.token:
        row.append(button(_("Follow"), Follow(asker=asker, token=page.token)))
        row.append(button(_("Search"), AskPattern(asker=asker, token=page.token)))
    return row


def _elsewhere(page: LogPage, asker: str) -> Row:
    row: list[InlineKeyboardButton] = []
    if page.token and _lately_restarted(page):
        row.append(button(_("Before the restart"), LogTurn(asker=asker, token=page.token, act="restart")))
    if page.link and (url := web_link(page.link)):
        row.append(InlineKeyboardButton(text="Dozzle ↗", url=url))
    return row


def _lately_restarted(page: LogPage) -> bool:
    """And all lines of the page are from after that."""
    if len(page.containers) != 1 or not page.restarts:
        return False
    restart = page.restarts[-1]
    lately = restart.started is not None and page.at - restart.started < _LATELY
    return lately and all(line.at > restart.seam for line in page.lines)
