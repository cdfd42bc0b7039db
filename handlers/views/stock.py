"""What Docker keeps on the disks, and making room: what would go, to the last name, and what became of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.enums import ButtonStyle
from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.stock_callbacks import DiskList, ImageList, Prune, PruneConfirm, letters
from handlers.views.alert_text import cut, plain
from handlers.views.answer import Answer, File, Row, button, in_pairs, units
from handlers.views.failures import sentence
from handlers.views.moments import clock, date, size
from handlers.views.paging import to_page, turns
from services.domain.stock import (
    USUAL,
    Cleared,
    Clearing,
    Fate,
    Image,
    Item,
    Kind,
    Remains,
    Stock,
    clearable,
)
from services.errors import HostError

_IMAGES_A_PAGE = 20
_MOST_HOSTS = 20
_QUOTE_UNITS = 2500
_NAMES = 2
_DEAREST_FIRST = (Kind.CONTAINERS, Kind.VOLUMES, Kind.UNUSED, Kind.IMAGES, Kind.CACHE)


def looking() -> Answer:
    return Answer(Text("⏳ ", _("Docker is measuring …")))


def disks(
    found: Sequence[Stock | HostError], asker: str, now: datetime, *, host: str = "", may_prune: bool
) -> Answer:
    if not found:
        return Answer(Text(_("No whole host is in your scope.")))
    found = sorted(found, key=lambda each: isinstance(each, Stock))
    stocks = [each for each in found if isinstance(each, Stock)]
    text = Text(
        Bold(_("Docker on disk")),
        *(Text("\n\n", _disk(each, now)) for each in found[:_MOST_HOSTS]),
        "\n\n",
        clock(now, seconds=True),
    )
    rows: list[Row] = []
    for each in stocks[:6]:
        images = button(_("Images: {host}").format(host=each.host), ImageList(asker=asker, host=each.host))
        row = [images]
        if may_prune and clearable(each, tuple(Kind)):
            row.append(
                button(
                    _("Make room: {host}").format(host=each.host),
                    Prune(asker=asker, host=each.host, opens=True),
                )
            )
        rows.append(row)
    back = [button("‹ " + _("All hosts"), DiskList(asker=asker))] if host else []
    return Answer(text, (*rows, [*back, button("↻", DiskList(asker=asker, host=host))]))


def _disk(found: Stock | HostError, now: datetime) -> Text:
    if isinstance(found, HostError):
        return Text("⚠️ ", sentence(found, now))
    lines = [
        _("images: {count} · {size}").format(count=len(found.images), size=size(found.layers)),
        _("containers: {count}, running {running} · {size}").format(
            count=found.containers, running=found.running, size=size(found.written)
        ),
        _("volumes: {count} · {size}").format(
            count=len(found.volumes), size=size(sum(each.size or 0 for each in found.volumes))
        ),
        _("build cache: {count} · {size}").format(
            count=len(found.cache), size=size(sum(each.size for each in found.cache))
        ),
    ]
    spare = clearable(found, USUAL)
    if spare:
        lines.append(_("can go: {size}").format(size=size(sum(item.size or 0 for item in spare))))
    return Text(Bold(found.host), *(f"\n{line}" for line in lines))


def images(stock: Stock, here: ImageList) -> Answer:
    """The largest first."""
    rows = sorted(stock.images, key=lambda image: (-image.size, image.id))
    pages = max(-(-len(rows) // _IMAGES_A_PAGE), 1)
    page = min(here.page, pages - 1)
    shown = rows[page * _IMAGES_A_PAGE : (page + 1) * _IMAGES_A_PAGE]
    text = Text(
        Bold(_("Images on {host}: {count} · {size}").format(host=stock.host, count=len(rows), size=size(stock.layers))),
        "\n" if shown else "",
        *(
            Text(
                "\n", plain(_named(each), 120),
                f" · {size(each.size)} · {date(each.created, stock.at)} · ",
                _("in use × {count}").format(count=each.used) if each.used else _("unused"),
            )
            for each in shown
        ),
        "\n\n", clock(stock.at, seconds=True),
    )  # fmt: skip
    back = button("‹ " + _("Disk"), DiskList(asker=here.asker))
    return Answer(text, ([back, *turns(page, pages, to_page(here))],))


def _named(image: Image) -> str:
    """By its first names; by the digits of its id where it has none."""
    if not image.tags:
        return image.id.removeprefix("sha256:")[:12]
    more = len(image.tags) - _NAMES
    return ", ".join(image.tags[:_NAMES]) + (f" +{more}" if more > 0 else "")


def hosts(names: Sequence[str], asker: str) -> Answer:
    """`/prune` where there are several."""
    buttons = [button(name, Prune(asker=asker, host=name)) for name in names]
    return Answer(Text(_("Make room on which host?")), tuple(in_pairs(buttons)))


def question(clearing: Clearing, stock: Stock) -> Answer:
    """All that would go, by name: what does not fit into the message is in a file. What was added can be taken out."""
    asker, host = f"{clearing.asker:x}", clearing.host
    more = tuple(_more(clearing, stock, asker))
    if not clearing.items:
        words = _("{host}: nothing to clear away.").format(host=host)
        return Answer(Text("🟢 ", words, *_left(clearing, stock)), more)
    count, total = len(clearing.items), size(sum(item.size or 0 for item in clearing.items))
    head = ngettext(
        "Remove {count} thing from {host}, {size}?", "Remove {count} things from {host}, {size}?", count
    ).format(count=count, host=host, size=total)
    parts = [_part(kind, clearing.items) for kind in _DEAREST_FIRST]
    body = [part for part in parts if part]
    names = "\n".join(f"{_said(item, 100)} · {_size(item)}" for item in _dearest_first(clearing.items))
    fits = units(names) <= _QUOTE_UNITS
    quote = Text("\n", ExpandableBlockQuote(names)) if fits else Text("\n", _("All of them are in the file."))
    text = Text(Bold(head), *(f"\n{part}" for part in body), quote, *_left(clearing, stock))
    answer = (
        button(_("Cancel"), PruneConfirm(asker=asker, token=clearing.token, yes=False)),
        button(
            _("Yes, remove"), PruneConfirm(asker=asker, token=clearing.token, yes=True), ButtonStyle.DANGER
        ),
    )
    file = None if fits else File(f"prune-{host}.txt", names.encode())
    return Answer(text, (*more, answer), file)


def _dearest_first(items: Sequence[Item]) -> Sequence[Item]:
    """What cannot be had again is read before all that can: a folded list shows three lines."""
    return sorted(items, key=lambda item: _DEAREST_FIRST.index(item.kind))


def _said(item: Item, most: int) -> str:
    """With its kind where the name alone may be digits, or that of something that must not be missed."""
    name = plain(item.name, most)
    match item.kind:
        case Kind.CONTAINERS:
            return _("container {name}").format(name=name)
        case Kind.VOLUMES:
            return _("volume {name}").format(name=name)
        case Kind.CACHE:
            return name
    return _("image {name}").format(name=name)


def _size(item: Item) -> str:
    return size(item.size) if item.size is not None else "?"


def _part(kind: Kind, items: Sequence[Item]) -> str:
    own = [item for item in items if item.kind is kind]
    return _counted(kind, len(own), sum(item.size or 0 for item in own)) if own else ""


def _counted(kind: Kind, count: int, total: int) -> str:
    match kind:
        case Kind.IMAGES:
            words = ngettext("{count} image without a name", "{count} images without a name", count)
        case Kind.UNUSED:
            words = ngettext("{count} unused image", "{count} unused images", count)
        case Kind.VOLUMES:
            words = ngettext("{count} volume without a name", "{count} volumes without a name", count)
        case Kind.CONTAINERS:
            words = ngettext("{count} stopped container", "{count} stopped containers", count)
        case _:
            words = ngettext("{count} record of the build cache", "{count} records of the build cache", count)
    return f"{words.format(count=count)} · {size(total)}"


def _left(clearing: Clearing, stock: Stock) -> Iterator[str]:
    """What could go, too, and was not asked for."""
    others = [kind for kind in Kind if kind not in clearing.kinds]
    parts = [part for kind in others if (part := _part(kind, clearable(stock, (kind,))))]
    if parts:
        yield "\n\n" + _("Stays: {what}.").format(what="; ".join(parts))


def _more(clearing: Clearing, stock: Stock, asker: str) -> Iterator[Row]:
    """What stays can be added, what was added can be taken out again: nothing needs a new question."""
    labels = {
        Kind.VOLUMES: _("volumes"),
        Kind.UNUSED: _("unused images"),
        Kind.CONTAINERS: _("stopped containers"),
    }
    buttons = []
    for kind, label in labels.items():
        if not clearable(stock, (kind,)):
            continue
        has = kind in clearing.kinds
        kinds = tuple(each for each in Kind if (each in clearing.kinds) != (each is kind))
        here = Prune(asker=asker, host=clearing.host, kinds=letters(kinds))
        buttons.append(button(f"{'−' if has else '+'} {label}", here))
    yield from in_pairs(buttons)


def cancelled(clearing: Clearing) -> Answer:
    return Answer(Text(_("Nothing removed from {host}.").format(host=clearing.host)))


def progress(cleared: Cleared) -> Answer:
    """How far it is, and in the end what became of it."""
    clearing, total = cleared.clearing, len(cleared.fates)
    removed = cleared.count(Fate.REMOVED)
    if not cleared.over:
        words = _("Making room on {host}: {done} of {total} …")
        return Answer(Text("⏳ ", words.format(host=clearing.host, done=removed, total=total)))
    symbol = "✅" if removed == total else "⚠️"
    words = _("{host}: {done} of {total} removed, {size}")
    head = words.format(host=clearing.host, done=removed, total=total, size=size(cleared.freed))
    lines = list(_fates(cleared))
    who = f" · 👤 {clearing.asker_name}, {clock(cleared.at)}"
    again = button(_("Make room: {host}").format(host=clearing.host), _again(clearing))
    return Answer(
        Text(symbol, " ", Bold(head), who, *(f"\n{line}" for line in lines)), ([again],) if lines else ()
    )


def told_late(found: Cleared | Remains) -> Answer:
    """After a crash: the end that could not be told, or what is left of what was cut off."""
    return progress(found) if isinstance(found, Cleared) else _interrupted(found)


def _interrupted(remains: Remains) -> Answer:
    clearing = remains.clearing
    head = _("{host}: making room was interrupted, the bot was restarted meanwhile").format(
        host=clearing.host
    )
    again = button(_("Make room: {host}").format(host=clearing.host), _again(clearing))
    if remains.failure:
        lines = [sentence(remains.failure, remains.at), _("What is gone is not known.")]
    elif remains.items:
        names = cut(", ".join(_said(item, 60) for item in remains.items), 600)
        still = _("Could still go, {count} of {total}: {names}")
        lines = [still.format(count=len(remains.items), total=len(clearing.items), names=names)]
    else:
        lines = [_("Nothing of it is left to remove.")]
    disks = button(_("Disk"), DiskList(asker=f"{clearing.asker:x}"))
    row = [again, disks] if remains.items or isinstance(remains.failure, HostError) else [disks]
    return Answer(Text("⚠️ ", Bold(head), *(f"\n{line}" for line in lines)), (row,))


def _again(clearing: Clearing) -> Prune:
    return Prune(asker=f"{clearing.asker:x}", host=clearing.host, kinds=letters(clearing.kinds), opens=True)


def _fates(cleared: Cleared) -> Iterator[str]:
    rows = list(zip(cleared.clearing.items, cleared.fates, strict=True))
    if cleared.failure:
        yield sentence(cleared.failure, cleared.at)
    for fate, words in (
        (Fate.UNKNOWN, _("Not known whether removed: {names}")),
        (Fate.REFUSED, _("In use meanwhile, or gone: {names}")),
        (Fate.UNTRIED, _("Not tried: {names}")),
    ):
        names = [_said(item, 60) for item, each in rows if each is fate]
        if names:
            yield words.format(names=cut(", ".join(names), 600))
