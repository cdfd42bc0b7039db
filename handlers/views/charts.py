"""`/chart`: a metric over time as a photo, and what it says in few words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Code, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Open, Overview
from handlers.metric_callbacks import KEY_OF_REACH, REACHES, GraphDark, GraphLight, GraphTurn
from handlers.views.alert_text import cut, inert, one_line, web_link
from handlers.views.answer import CAPTION_UNITS, Answer, File, Row, button, units
from handlers.views.failures import sentence
from handlers.views.metric_words import figure, limit_words, metric_title, reach_label, sign
from handlers.views.moments import clock, moment
from handlers.views.notation import notation
from handlers.words import zone
from services.domain.containers import key_of
from services.domain.metrics import Curve, Graph
from services.errors import PictureError
from services.pictures.drawing import Drawing, Theme, Words

_STALE = timedelta(minutes=5)  # and a few steps: later than that a figure is none of now
_LONGEST_QUERY, _LONGEST_REASON = 300, 300
_MOST_WARNINGS = 2


@dataclass(frozen=True, slots=True)
class _Figures:
    """Of one curve. now: the last one, known `at`."""

    curve: Curve
    now: float
    at: datetime
    least: float
    mean: float
    most: float


def drawing(graph: Graph, theme: Theme) -> Drawing:
    """What is to be drawn, in the reader's language."""
    more = ngettext("and {count} more", "and {count} more", graph.more).format(count=graph.more)
    return Drawing(
        title=" · ".join(filter(None, (metric_title(graph.metric), graph.subject, reach_label(graph.reach)))),
        curves=graph.curves,
        unit=graph.metric.unit,
        start=graph.start,
        end=graph.end,
        step=graph.step.total_seconds(),
        zone=zone.get().key,
        thresholds=graph.metric.thresholds,
        marks=graph.marks,
        words=Words(_("now"), _("min"), _("avg"), _("max"), _("no data"), more if graph.more else ""),
        theme=theme,
        notation=notation(),
    )


def chart(
    graph: Graph,
    theme: Theme,
    asker: str,
    *,
    picture: bytes | None = None,
    failure: PictureError | None = None,
    link: str | None = None,
) -> Answer:
    """Without a picture its words alone; failure: why there is none. link: to more of it."""
    file = None
    if picture is not None:
        file = File(f"{graph.metric.id}-{KEY_OF_REACH[graph.reach]}.png", picture, photo=True)
    source = f"{graph.source} · {clock(graph.end, seconds=True)}"
    lines = _fitting(_lines(graph, failure), CAPTION_UNITS - units(source))
    return Answer(Text(*lines, source), tuple(_buttons(graph, theme, asker, link)), file)


def waiting(metric: str) -> Answer:
    """While a source takes its time. metric: its id, or what was typed."""
    return Answer(Text("⏳ ", _("Drawing: {what} …").format(what=inert(one_line(metric)))))


def _fitting(lines: Iterable[Text | str], room: int) -> Iterator[Text]:
    """Those that there is room for: a reason that is too long is left out, not what comes after it."""
    for line in lines:
        text = Text(line, "\n")
        if (taken := units(text.render()[0])) <= room:
            room -= taken
            yield text


def _lines(graph: Graph, failure: PictureError | None) -> Iterator[Text | str]:
    if graph.known:
        worst = _worst(graph)
        yield Bold(_headline(graph, worst))
        yield _figures(graph, worst)
        if limits := limit_words(graph.metric.thresholds, graph.metric.unit):
            yield limits
        if graph.more:
            words = ngettext("{count} curve is not drawn", "{count} curves are not drawn", graph.more)
            yield words.format(count=graph.more)
    else:
        yield from _nothing(graph)
    for error in (graph.failure, failure):
        if error is not None:
            told = cut(sentence(error, graph.end), _LONGEST_REASON)
            yield told if told.startswith("⚠️") else f"⚠️ {told}"
    for warning in graph.warnings[:_MOST_WARNINGS]:
        yield "⚠️ " + inert(one_line(warning))


def _headline(graph: Graph, worst: _Figures) -> str:
    metric = graph.metric
    named = worst.curve.name if len(graph.curves) > 1 else graph.subject or worst.curve.name
    what = " · ".join(
        dict.fromkeys(filter(None, (inert(metric_title(metric)), inert(_other_than(named, metric.id)))))
    )
    now = figure(worst.now, metric.unit)
    if graph.end - worst.at > _patience(graph):
        last = _("last {figure}, {time}").format(figure=now, time=moment(worst.at, graph.end))
        return f"⚠️ {what}: {last}"
    return f"{sign(worst.now, metric.thresholds)} {what}: {now}".strip()


def _other_than(name: str, metric: str) -> str:
    """A curve of nothing in particular bears its metric's id."""
    return "" if name == metric else name


def _figures(graph: Graph, worst: _Figures) -> str:
    among = (worst.least, worst.mean, worst.most)
    least, mean, most = (figure(value, graph.metric.unit, among=among) for value in among)
    words = _("{reach}: min {least}, avg {mean}, max {most}")
    return words.format(reach=reach_label(graph.reach), least=least, mean=mean, most=most)


def _nothing(graph: Graph) -> Iterator[Text | str]:
    metric = graph.metric
    what = " · ".join(filter(None, (inert(metric_title(metric)), inert(graph.subject))))
    yield Bold(_("{what}: no figures in {reach}").format(what=what, reach=reach_label(graph.reach)))
    if graph.narrow:  # to blame the source might be wrong, and who asks cannot mend it
        yield _("There are none about what is in your scope.")
        return
    if metric.source:
        yield _("They would come from: {source}. Does Prometheus scrape it?").format(
            source=inert(one_line(metric.source))
        )
    yield Text(_("Asked for:"), " ", Code(one_line(graph.query, _LONGEST_QUERY)))


def _worst(graph: Graph) -> _Figures:
    """What is known of now counts before what is old; then the highest, or the lowest where that is what is bad."""
    fresh = graph.end - _patience(graph)
    sense = -1 if graph.metric.thresholds.below else 1
    found = [_of_curve(curve) for curve in graph.curves if curve.points]
    return max(found, key=lambda each: (each.at >= fresh, sense * each.now))


def _of_curve(curve: Curve) -> _Figures:
    values = [value for _at, value in curve.points]
    at, now = curve.points[-1]
    return _Figures(curve, now, at, min(values), sum(values) / len(values), max(values))


def _patience(graph: Graph) -> timedelta:
    return max(_STALE, 3 * graph.step)


def _buttons(graph: Graph, theme: Theme, asker: str, link: str | None) -> Iterator[Row]:
    host, _slash, container = graph.subject.partition("/")
    key = key_of(host, container) if container else ""
    metric, here = graph.metric.id, KEY_OF_REACH[graph.reach]
    yield [
        button(
            f"✓ {reach_label(reach)}" if reach is graph.reach else reach_label(reach),
            GraphTurn(asker=asker, metric=metric, reach=each, host=host, key=key),
        )
        for each, reach in REACHES.items()
    ]
    if theme is Theme.LIGHT:
        other = button("🌙", GraphDark(asker=asker, metric=metric, reach=here, host=host, key=key))
    else:
        other = button("☀️", GraphLight(asker=asker, metric=metric, reach=here, host=host, key=key))
    again = button("↻", GraphTurn(asker=asker, metric=metric, reach=here, host=host, key=key))
    grafana = web_link(link) if link else None
    yield [again, other, *([InlineKeyboardButton(text="Grafana ↗", url=grafana)] if grafana else [])]
    if container:
        yield [button(f"{one_line(container)} ▸", Open(asker=asker, act="card", host=host, key=key))]
    elif host:
        yield [button(f"{host} ▸", Overview(asker=asker, host=host))]
