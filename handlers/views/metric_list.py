"""The choice of a metric, and what may have been meant by a name that is none."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _

from handlers.chart_args import ChartArgs
from handlers.metric_callbacks import Graph, MetricList
from handlers.views.alert_text import one_line
from handlers.views.answer import Answer, Row, button, in_pairs
from handlers.views.failures import sentence
from handlers.views.metric_words import group_title, metric_title
from handlers.views.paging import beside, to_page
from services import errors
from services.domain.containers import key_of
from services.domain.metrics import Group, Metric
from services.fleet.names import MOST_SUGGESTIONS
from services.metrics.available import Available
from services.metrics.subjects import Subject

_A_PAGE = 16
_GROUPS = tuple(Group)
_MOST_MEANT = 16
_SHORTEST_STEM = 3


def metric_list(found: Available, asker: str, *, page: int = 0, everything: bool = False) -> Answer:
    """Those that have figures, or everything; where nothing has any, everything too."""
    rows = found.all if everything or not found.known else found.known
    rows = tuple(sorted(rows, key=lambda metric: _GROUPS.index(metric.group)))
    pages = max(math.ceil(len(rows) / _A_PAGE), 1)
    page = min(page, pages - 1)
    shown = rows[page * _A_PAGE : (page + 1) * _A_PAGE]
    lines = [Text("\n", line) for line in _lines(shown)]
    text = Text(Bold(_("Which metric?")), "\n", *lines, *_note(found))
    opening = [button(metric_title(metric), Graph(asker=asker, metric=metric.id)) for metric in shown]
    turning = list(_turning(found, asker, page, pages, everything=len(rows) == len(found.all)))
    return Answer(text, (*in_pairs(opening), turning))


def _lines(metrics: Sequence[Metric]) -> Iterator[str]:
    for group, members in groupby(metrics, key=lambda metric: metric.group):
        yield f"{group_title(group)}: " + ", ".join(metric.id for metric in members)


def _note(found: Available) -> Iterator[str]:
    if found.failure is not None:
        yield "\n\n⚠️ " + sentence(found.failure, found.at)
    elif not found.known:
        yield "\n\n⚠️ " + _("None of them has figures now.")


def _turning(
    found: Available, asker: str, page: int, pages: int, *, everything: bool
) -> Iterator[InlineKeyboardButton]:
    yield from beside(page, pages, to_page(MetricList(asker=asker, everything=everything)))
    if everything and found.known and len(found.known) < len(found.all):
        label = _("With figures: {count}").format(count=len(found.known))
        yield button(label, MetricList(asker=asker))
    elif not everything:
        label = _("All: {count}").format(count=len(found.all))
        yield button(label, MetricList(asker=asker, everything=True))


def understood(asked: ChartArgs, metrics: Sequence[Metric]) -> ChartArgs:
    """With the metric first, by its id: somebody may name the server first, or the metric by its title."""
    ids = {metric_title(metric).lower(): metric.id for metric in metrics} | {
        each.id: each.id for each in metrics
    }
    first, second = ids.get(asked.metric.lower()), ids.get((asked.name or "").lower())
    if first is None and second is not None:
        return replace(asked, metric=second, name=asked.metric)
    return replace(asked, metric=first or asked.metric)


def with_titles(error: errors.NoSuchMetric, metrics: Sequence[Metric]) -> errors.NoSuchMetric:
    """Those first that have such a word in their titles, whatever its ending."""
    stem = error.name.lower()[: max(_SHORTEST_STEM, len(error.name) - 1)]
    if len(stem) < _SHORTEST_STEM:
        return error
    titled = (
        metric.id
        for metric in metrics
        if any(word.startswith(stem) for word in metric_title(metric).lower().split())
    )
    return errors.NoSuchMetric(error.name, tuple(dict.fromkeys([*titled, *error.near]))[:MOST_SUGGESTIONS])


def meant_instead(
    error: errors.VakhtaError, asked: ChartArgs, asker: str, subject: Subject | None
) -> tuple[Row, ...]:
    """The same picture of what may have been meant; of metrics the choice where nothing comes near, else nothing.
    subject: what it was asked of, where only the metric is none."""
    reach, metric = asked.reach, asked.metric
    found: list[tuple[str, Graph]] = []
    match error:
        case errors.NoSuchMetric(near=()):
            return ([button(_("Charts"), MetricList(asker=asker))],)
        case errors.NoSuchMetric(near=ids):
            host, container = (subject.host, subject.container) if subject else ("", "")
            key = key_of(host, container) if container else ""
            found = [(each, Graph(asker=asker, metric=each, reach=reach, host=host, key=key)) for each in ids]
        case errors.NoSuchContainer(near=near) | errors.Ambiguous(choices=near):
            names = [name for _host, name in near]
            found = [
                (
                    f"{host}/{name}" if names.count(name) > 1 else name,
                    Graph(asker=asker, metric=metric, reach=reach, host=host, key=key_of(host, name)),
                )
                for host, name in near[:_MOST_MEANT]
            ]
        case errors.NoSuchHost(near=hosts):
            found = [(host, Graph(asker=asker, metric=metric, reach=reach, host=host)) for host in hosts]
    return tuple(in_pairs([button(one_line(label), press) for label, press in found]))
