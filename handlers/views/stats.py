"""`/stats NAME`: one container in figures, with a small picture of the last hour where anybody remembers it."""

from collections.abc import Iterator
from datetime import datetime

from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Renew
from handlers.metric_callbacks import Graph
from handlers.views.alert_text import inert, one_line
from handlers.views.answer import Answer, File, Row, button
from handlers.views.card import opens
from handlers.views.condition import SYMBOL, state_words
from handlers.views.failures import sentence
from handlers.views.figure_words import SYMBOL as STRAINED
from handlers.views.figure_words import percent, rate
from handlers.views.moments import clock, duration, size
from handlers.views.notation import notation
from handlers.words import zone
from services.domain.containers import Condition, State
from services.domain.figures import ContainerStats, Strain
from services.domain.metrics import Curve, Unit
from services.errors import PictureError
from services.pictures.drawing import Drawing, Theme, Words


def drawing(stats: ContainerStats, theme: Theme) -> Drawing:
    """The last hour; there is one."""
    history, container = stats.history, stats.card.observed.container
    assert history
    curves = (Curve(_("CPU"), history.cpu), Curve(_("memory"), history.memory))
    return Drawing(
        title=f"{container.host}/{container.name}",
        curves=tuple(curve for curve in curves if curve.points),
        unit=Unit.PERCENT,
        start=history.start,
        end=history.end,
        step=history.step.total_seconds(),
        zone=zone.get().key,
        words=Words(_("now"), _("min"), _("avg"), _("max"), _("no data")),
        theme=theme,
        small=True,
        notation=notation(),
    )


def stats(
    stats: ContainerStats, asker: str, *, picture: bytes | None = None, failure: PictureError | None = None
) -> Answer:
    """Without a picture its words alone; failure: why there is none though the past is known."""
    card = stats.card
    container, diagnosis = card.observed.container, card.observed.diagnosis
    where = _("{name} on {host}").format(name=container.name, host=container.host)
    state, symbol = state_words(diagnosis, card.at), SYMBOL[diagnosis.condition]
    if diagnosis.condition is Condition.WELL and (trouble := _trouble(stats)):
        state, symbol = f"{trouble}\n{state}", STRAINED[stats.memory_strain]
    text = Text(
        symbol, " ", Bold(where), ": ", state,
        *(f"\n{line}" for line in _lines(stats)),
        "\n", _past(stats, card.at, failure),
        "\n", clock(card.at, seconds=True),
    )  # fmt: skip
    file = File(f"{container.name}.png", picture, photo=True) if picture else None
    return Answer(text, tuple(_buttons(stats, asker)), file)


def waiting(name: str) -> Answer:
    return Answer(Text("⏳ ", _("Measuring: {name} …").format(name=inert(one_line(name)))))


def _trouble(stats: ContainerStats) -> str:
    """It runs, and not for long: out of memory is what comes next. "" where it is not near."""
    share = stats.memory_share
    if share is None or stats.memory_strain is Strain.NONE:
        return ""
    return _("memory {share} of its limit").format(share=percent(share))


def _lines(stats: ContainerStats) -> Iterator[str]:
    details = stats.card.details
    if stats.sample:
        yield from _use(stats)
    elif stats.card.observed.container.runs:
        yield "⚠️ " + _("Docker told no figures in time.")
    told = []
    if stats.card.observed.container.state is State.RUNNING and details.started:
        told.append(_("up {time}").format(time=duration(stats.card.at - details.started)))
    words = ngettext("{count} restart by Docker", "{count} restarts by Docker", details.restart_count)
    told.append(words.format(count=details.restart_count))
    yield " · ".join(told)


def _use(stats: ContainerStats) -> Iterator[str]:
    sample, pace = stats.sample, stats.pace
    assert sample
    if pace.cpu is None:
        yield "⚠️ " + _("CPU was not measured in time.")
    else:
        yield _("CPU: {share} of one core").format(share=percent(pace.cpu)) + _of_machine(stats)
    yield _memory(stats)
    if sample.received is not None and sample.sent is not None:
        yield _("Network: in {received}, out {sent}").format(
            received=_flow(sample.received, pace.received), sent=_flow(sample.sent, pace.sent)
        )
    if sample.read is not None and sample.written is not None:
        yield _("Disk: read {read}, written {written}").format(
            read=_flow(sample.read, pace.read), written=_flow(sample.written, pace.written)
        )
    if sample.processes is not None:
        most = sample.most_processes
        words = _("Processes: {count} of {most}") if most else _("Processes: {count}")
        yield words.format(count=sample.processes, most=most)


def _of_machine(stats: ContainerStats) -> str:
    machine, cpu = stats.machine, stats.pace.cpu
    if cpu is None or machine is None or machine.cores < 2:
        return ""
    return " · " + _("{share} of all {count} cores").format(
        share=percent(cpu / machine.cores), count=machine.cores
    )


def _memory(stats: ContainerStats) -> str:
    sample, share = stats.sample, stats.memory_share
    assert sample
    told = size(sample.memory)
    if sample.memory_limit and share is not None:
        told = (
            _("{used} of {limit}").format(used=told, limit=size(sample.memory_limit)) + f" ({percent(share)})"
        )
    told = _("Memory: {figures}").format(figures=told)
    return told if stats.card.details.memory_limit else f"{told} · " + _("no limit of its own")


def _flow(total: int, pace: float | None) -> str:
    """Now, and in all."""
    if pace is None:
        return size(total)
    return f"{rate(pace)} (" + _("{size} in all").format(size=size(total)) + ")"


def _past(stats: ContainerStats, now: datetime, failure: PictureError | None) -> str:
    if stats.history is None:
        return _("No history: neither Prometheus nor Netdata tells of it.")
    if failure is not None:
        return f"⚠️ {sentence(failure, now)}"
    if stats.history.cpu and stats.history.memory:
        words = _("Picture: the last hour, CPU and memory in percent · {source}")
    elif stats.history.cpu:
        words = _("Picture: the last hour, CPU in percent · {source}")
    else:
        words = _("Picture: the last hour, memory in percent · {source}")
    return words.format(source=stats.history.source)


def _buttons(stats: ContainerStats, asker: str) -> Iterator[Row]:
    container = stats.card.observed.container
    if stats.history:
        yield [
            button(label, Graph(asker=asker, metric=metric, host=container.host, key=container.key))
            for metric, label in (
                ("container_cpu", _("Graph: CPU")),
                ("container_memory", _("Graph: memory")),
            )
        ]
    yield [
        opens(container, _("Status"), "card", asker),
        opens(container, _("Logs"), "logs", asker),
        button("↻", Renew(asker=asker, act="stats", host=container.host, key=container.key)),
    ]
