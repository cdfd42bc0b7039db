"""`/top`: hosts and what they are busy with, trouble first, and where the figures are from."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Open
from handlers.figure_callbacks import TopTurn
from handlers.metric_callbacks import Graph
from handlers.views.alert_text import one_line
from handlers.views.answer import MESSAGE_UNITS, Answer, Row, button, in_pairs, in_rows, units
from handlers.views.condition import silence_words
from handlers.views.failures import sentence
from handlers.views.figure_words import SYMBOL, others, percent, shares, strained, unknown
from handlers.views.moments import clock, size
from handlers.views.paging import beside, to_page
from handlers.views.status_lines import nothing_here
from services.domain.containers import key_of
from services.domain.figures import ContainerLoad, HostTop, Strain, TopReport
from services.domain.metrics import Source
from services.errors import NoSuchHost

# Room is kept for the headline, what is wrong with a source, and the time.
_PAGE_UNITS = MESSAGE_UNITS - 1200
_PER_PAGE = 6
_MOST_PAGES = 1000  # that buttons can name
_MOST_TROUBLES = 3  # in the headline
_MOST_FAULTS = 2
_FEW, _MANY = 3, 10  # top containers of one host among several, and alone
_NAME = 40


def top(report: TopReport, here: TopTurn, *, more: bool = False) -> Answer:
    """here: the press that leads here. more: what engines have not told yet follows."""
    if not report.hosts:
        return Answer(Text(nothing_here()))
    told = [(each, _host(each, report, alone=bool(here.host), more=more)) for each in report.hosts]
    pages = list(_pages(told))[:_MOST_PAGES]
    here = here.model_copy(update={"page": min(here.page, len(pages) - 1)})
    page = pages[here.page]
    text = Text(
        Bold(_headline(report)), "\n",
        *(Text(f"⚠️ {sentence(fault, report.at).removeprefix('⚠️ ')}", "\n") for fault in report.faults[:_MOST_FAULTS]),
        *(words for _each, words in page),
        "\n", clock(report.at, seconds=True),
    )  # fmt: skip
    return Answer(text, tuple(_buttons([each for each, _words in page], here, len(pages))))


def _pages(told: Sequence[tuple[HostTop, Text]]) -> Iterator[list[tuple[HostTop, Text]]]:
    page: list[tuple[HostTop, Text]] = []
    room = _PAGE_UNITS
    for host, words in told:
        size = units(words.render()[0])
        if page and (size > room or len(page) == _PER_PAGE):
            yield page
            page, room = [], _PAGE_UNITS
        page.append((host, words))
        room -= size
    yield page


def no_such_host(
    error: NoSuchHost, containers: Sequence[tuple[str, str]], asker: str, now: datetime
) -> Answer:
    """containers: (host, name) of those that may have been meant instead; their figures are `/stats`."""
    hosts = [button(host, TopTurn(asker=asker, host=host)) for host in error.near]
    names = [name for _host, name in containers]
    others = [
        button(
            one_line(f"{host}/{name}" if names.count(name) > 1 else name, _NAME),
            Open(asker=asker, act="stats", host=host, key=key_of(host, name)),
        )
        for host, name in containers[:_MANY]
    ]
    words = sentence(NoSuchHost(error.name, error.near or tuple(names)), now)
    every = button("‹ " + _("All hosts"), TopTurn(asker=asker))
    return Answer(Text(words), (*in_pairs([*hosts, *others]), [every]))


def waiting() -> Answer:
    return Answer(Text("⏳ ", _("Measuring …")))


def _headline(report: TopReport) -> str:
    """For a lock screen: the worst, and where."""
    silent = [each.host for each in report.hosts if each.silence]
    troubled = [
        (strain, f"{each.host}: {words}")
        for each in report.hosts
        if each.figures
        for strain, words, _limits in shares(each.figures, report.limits, brief=True)
        if strain
    ]
    if troubled:
        troubled.sort(key=lambda found: -found[0])
        told = [words for _strain, words in troubled[:_MOST_TROUBLES]]
        if (rest := len(troubled) - _MOST_TROUBLES) > 0:
            told.append(ngettext("and {count} more", "and {count} more", rest).format(count=rest))
        return f"{SYMBOL[troubled[0][0]]} " + " · ".join(told)
    if silent:
        more = ", …" if len(silent) > _MOST_TROUBLES else ""
        return "⚠️ " + _("not known: {names}").format(names=", ".join(silent[:_MOST_TROUBLES]) + more)
    known = sum(each.figures is not None for each in report.hosts)
    if not known:
        return _("What containers use now")
    words = ngettext("{count} host within limits", "{count} hosts within limits", known).format(count=known)
    return f"{SYMBOL[Strain.NONE]} {words}"


def _host(host: HostTop, report: TopReport, *, alone: bool, more: bool) -> Text:
    lines = list(_lines(host, report, _MANY if alone else _FEW, more=more))
    return Text("\n", Bold(host.host), _sources(host), "\n", *(f"{line}\n" for line in lines))


def _sources(host: HostTop) -> str:
    """Beside the name: who says so."""
    told = [str(host.source)] if host.source else []
    if host.measured_by and host.measured_by is not host.source:
        told.append(_("containers: {source}").format(source=host.measured_by))
    return "".join(f" · {each}" for each in told)


def _lines(host: HostTop, report: TopReport, most: int, *, more: bool) -> Iterator[str]:
    if host.silence:
        yield f"⚠️ {silence_words(host.silence, report.at)}"
    for fault in host.faults[:_MOST_FAULTS]:
        yield f"⚠️ {sentence(fault, report.at).removeprefix('⚠️ ')}"
    if host.figures:
        yield from _figures(host, report)
    elif host.whole:
        yield from _by_engine(host)
    yield from _containers(host, most)
    if more and host.unfinished:
        yield "⏳ " + _("CPU of containers: being measured …")
    else:
        yield from _unmeasured(host)


def _figures(host: HostTop, report: TopReport) -> Iterator[str]:
    figures = host.figures
    assert figures
    found = shares(figures, report.limits)
    yield from (strained(*each) for each in found if each[0])
    if fine := [words for strain, words, _limits in found if not strain]:
        yield f"{SYMBOL[Strain.NONE]} " + _("fine: {figures}").format(figures=", ".join(fine))
    if missing := unknown(figures):
        yield f"⚠️ {missing}"
    cores = figures.cores or (host.machine.cores if host.machine else None)
    if more := list(others(figures, cores)):
        yield " · ".join(more)


def _by_engine(host: HostTop) -> Iterator[str]:
    """What there is without host figures."""
    yield "⚠️ " + _("Host figures need node-exporter or Netdata.")
    machine, containers = host.machine, host.containers
    if machine is None:
        return
    told = _("Cores: {count}, memory: {memory}").format(count=machine.cores, memory=size(machine.memory))
    if containers and machine.cores:
        cpu = sum(each.cpu or 0 for each in containers) / machine.cores
        memory = size(round(sum(each.memory or 0 for each in containers)))
        used = _("containers together: CPU {cpu}, memory {memory}").format(cpu=percent(cpu), memory=memory)
        told = f"{told} · {used}"
    yield told


def _containers(host: HostTop, most: int) -> Iterator[str]:
    if found := host.by_cpu(most):
        yield _("CPU: {names}").format(names=_named(found, [percent(each.cpu or 0) for each in found]))
    if found := host.by_memory(most):
        figures = [size(round(each.memory or 0)) for each in found]
        yield _("Memory: {names}").format(names=_named(found, figures))


def _unmeasured(host: HostTop) -> Iterator[str]:
    missing = host.running - len(host.containers)
    if host.silence or not host.running:
        return
    if host.measured_by is None and not host.sampled:
        words = _("Containers were not measured; one host alone: {command}")
        yield "⚠️ " + words.format(command=f"/top {host.host}")
    elif missing > 0:
        words = ngettext(
            "{count} container was not measured", "{count} containers were not measured", missing
        )
        yield "⚠️ " + words.format(count=missing)
    elif not host.by_cpu(1):
        yield "⚠️ " + _("CPU was not measured in time.")


def _named(found: Sequence[ContainerLoad], figures: Sequence[str]) -> str:
    pairs = zip(found, figures, strict=True)
    return ", ".join(f"{one_line(each.name, _NAME)} {figure}" for each, figure in pairs)


def _buttons(shown: Sequence[HostTop], here: TopTurn, pages: int) -> Iterator[Row]:
    asker = here.asker
    if not here.host and len(shown) > 1:
        yield from in_rows(
            [button(f"{each.host} ▸", TopTurn(asker=asker, host=each.host)) for each in shown], 3
        )
    yield from in_pairs([_card(each, asker) for each in _most(shown)])
    if any(each.source in (Source.PROMETHEUS, Source.NETDATA) for each in shown):
        yield [
            button(label, Graph(asker=asker, metric=metric, host=here.host))
            for metric, label in (("cpu", _("Graph: CPU")), ("memory", _("Graph: memory")))
        ]
    last = beside(here.page, pages, to_page(here))
    if here.host:
        last.append(button("‹ " + _("All hosts"), TopTurn(asker=asker)))
    yield [*last, button("↻", here)]


def _most(shown: Sequence[HostTop]) -> list[ContainerLoad]:
    """Which takes most CPU and which most memory, of all that is shown."""
    by_cpu = [found for each in shown for found in each.by_cpu(1)]
    by_memory = [found for each in shown for found in each.by_memory(1)]
    found = [max(by_cpu, key=lambda each: each.cpu or 0)] if by_cpu else []
    found += [max(by_memory, key=lambda each: each.memory or 0)] if by_memory else []
    return list({each.key: each for each in found}.values())


def _card(load: ContainerLoad, asker: str) -> InlineKeyboardButton:
    opened = Open(asker=asker, act="card", host=load.host, key=load.key)
    return button(f"{one_line(load.name, _NAME)} ▸", opened)
