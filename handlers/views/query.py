"""`/query`: what a query yields now, as a table where it fits, else as a file; and over time as a picture."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from aiogram.utils.formatting import Bold, Code, Pre, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.metric_callbacks import KEY_OF_REACH, REACHES
from handlers.query_callbacks import QueryAgain, QueryPicture
from handlers.views.alert_text import clean, cut, one_line, plain
from handlers.views.answer import Answer, File, Row, button, units
from handlers.views.failures import sentence
from handlers.views.metric_words import reach_label
from handlers.views.moments import clock
from handlers.words import zone
from services.domain.metrics import Graph
from services.errors import PictureError
from services.logs.text.presentable import presentable
from services.metrics.queries import QueryAnswer
from services.prometheus import Kind, Sample, Series

_MOST_ROWS = 40
_ROOM = 2600  # units of the table
_CELL = 40
_QUERY, _QUERY_ABOVE_FILE = 700, 300
_SHARED = 300
_MOST_WARNINGS = 3
_MOST_LINES = 20_000  # of a file: more than anybody reads
_LINES_AT_ONCE = 50  # that are looked through for secrets

Labels = Mapping[str, str]


def hint() -> Answer:
    """Where nothing was asked."""
    words = _("What is to be asked? A query in PromQL, such as:")
    return Answer(
        Text(words, "\n", Code('/query sum by (host) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))'))
    )


def asking() -> Answer:
    return Answer(Text("⏳ ", _("Asking Prometheus …")))


def result(answer: QueryAnswer, asker: str) -> Answer:
    """Of many series a file is made: not for the event loop."""
    found = answer.found
    if found.kind is Kind.STRING:
        return _message(answer, asker, Text(Bold(one_line(found.text, _QUERY) or '""')))
    if found.kind is Kind.MATRIX:
        if not found.series:
            return _none(answer, asker)
        return _file(answer, _of_ranges(found.series), len(found.series), asker)
    if not found.samples:
        return _none(answer, asker)
    table = _table(found.samples) if len(found.samples) <= _MOST_ROWS else None
    if table is None:
        return _file(answer, map(_line, found.samples), len(found.samples), asker)
    return _message(answer, asker, table)


def _message(answer: QueryAnswer, asker: str, told: Text) -> Answer:
    text = Text(told, "\n", Code(cut(clean(answer.promql), _QUERY)), "\n", *_notes(answer), _moment(answer))
    return Answer(text, tuple(_buttons(answer, asker)))


def _none(answer: QueryAnswer, asker: str) -> Answer:
    return _message(answer, asker, Text(Bold(_("No data: nothing fits the query now."))))


def _file(answer: QueryAnswer, lines: Iterable[str], count: int, asker: str) -> Answer:
    stamp = answer.at.astimezone(zone.get()).strftime("%Y%m%d-%H%M%S")
    found = list(islice(lines, _MOST_LINES + 1))
    content = "".join(f"{part}\n" for part in _checked([f"# {answer.promql}", *found[:_MOST_LINES]]))
    whole = _("all in the file")
    if len(found) > _MOST_LINES:
        whole = _("the first {count} lines are in the file").format(count=_MOST_LINES)
    text = Text(
        Bold(_count(count), " · ", whole),
        "\n",
        Code(cut(clean(answer.promql), _QUERY_ABOVE_FILE)),
        "\n",
        *_notes(answer),
        _moment(answer),
    )
    file = File(f"query-{stamp}.txt", content.encode(errors="replace"))
    return Answer(text, tuple(_buttons(answer, asker)), file)


def _table(samples: Sequence[Sample]) -> Text | None:
    """None where it does not fit. What all series share stands above it, once."""
    shared = _shared([sample.labels for sample in samples])
    names = sorted({name for sample in samples for name in sample.labels} - shared.keys(), key=_name_first)
    above = cut(clean(_selector(shared)), _SHARED)
    if not names:  # there is but one
        return Text(Bold(number(samples[0].value)), f"\n{above}" if above else "")
    head = [_("value"), *(_("metric") if name == "__name__" else name for name in names)]
    rows = [[number(sample.value), *(sample.labels.get(name, "") for name in names)] for sample in samples]
    cells = [[one_line(cell, _CELL) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join([row[0].rjust(widths[0]), *map(str.ljust, row[1:], widths[1:])]).rstrip() for row in cells
    )
    block = "\n".join(lines)
    if units(block) > _ROOM:
        return None
    return Text(Bold(_count(len(samples))), f"\n{above}" if above else "", "\n", Pre(block))


def _shared(all_labels: Sequence[Labels]) -> dict[str, str]:
    first, *others = all_labels
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _name_first(label: str) -> tuple[bool, str]:
    return label != "__name__", label


def _selector(labels: Labels) -> str:
    """As Prometheus writes it: `up{job="node"}`."""
    escapes = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    pairs = ", ".join(
        f'{name}="{value.translate(escapes)}"' for name, value in sorted(labels.items()) if name != "__name__"
    )
    name = labels.get("__name__", "")
    return f"{name}{{{pairs}}}" if pairs else name


def _line(sample: Sample) -> str:
    return f"{_selector(sample.labels) or '{}'} {_whole(sample.value)}"


def _of_ranges(found: Sequence[Series]) -> Iterator[str]:
    for series in found:
        yield _selector(series.labels) or "{}"
        for at, value in series.points:
            yield f"  {_stamp(at)} {_whole(value)}"


def _checked(lines: Sequence[str]) -> Iterator[str]:
    """Without secrets."""
    rest = iter(lines)
    while part := list(islice(rest, _LINES_AT_ONCE)):
        yield presentable("\n".join(part))


def number(value: float) -> str:
    """Six digits, which is what a phone has room for; the file has them all."""
    return (
        _whole(value) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else _short(value)
    )


def _short(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else _whole(value)


def _whole(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _stamp(at: datetime) -> str:
    return at.astimezone(zone.get()).isoformat(" ", "milliseconds")


def _count(count: int) -> str:
    return ngettext("{count} series", "{count} series", count).format(count=count)


def _notes(answer: QueryAnswer) -> Iterator[str]:
    found = answer.found
    if found.left_out:
        words = ngettext(
            "{count} histogram is left out: it is no figure", "{count} histograms are left out: they are no figures",
            found.left_out,
        )  # fmt: skip
        yield "⚠️ " + words.format(count=found.left_out) + "\n"
    for warning in found.warnings[:_MOST_WARNINGS]:
        yield "⚠️ " + plain(warning) + "\n"
    for note in found.notes[:_MOST_WARNINGS]:
        yield plain(note) + "\n"


def _moment(answer: QueryAnswer) -> str:
    return clock(answer.at, seconds=True)


def _buttons(answer: QueryAnswer, asker: str) -> Iterator[Row]:
    """Of a range and of a text there is no picture."""
    if answer.token:
        if answer.found.kind in (Kind.VECTOR, Kind.SCALAR):
            yield [
                button(
                    reach_label(reach), QueryPicture(asker=asker, token=answer.token, reach=key, opens=True)
                )
                for key, reach in REACHES.items()
            ]
        yield [button("↻", QueryAgain(asker=asker, token=answer.token))]


def picture(
    graph: Graph, token: str, asker: str, *, png: bytes | None = None, failure: PictureError | None = None
) -> Answer:
    """The query over time. Without a PNG its words alone; failure: why there is none."""
    here = KEY_OF_REACH[graph.reach]
    text = Text(
        *(Text(line, "\n") for line in _of_graph(graph, failure)),
        Code(cut(clean(graph.query), _QUERY_ABOVE_FILE)),
        "\n",
        *(f"⚠️ {plain(warning)}\n" for warning in graph.warnings[:_MOST_WARNINGS]),
        f"{graph.source} · ",
        clock(graph.end, seconds=True),
    )
    reaches = [
        button(
            f"✓ {reach_label(reach)}" if key == here else reach_label(reach),
            QueryPicture(asker=asker, token=token, reach=key),
        )
        for key, reach in REACHES.items()
    ]
    again = button("↻", QueryPicture(asker=asker, token=token, reach=here))
    file = File(f"query-{here}.png", png, photo=True) if png is not None else None
    return Answer(text, (reaches, [again]), file)


def _of_graph(graph: Graph, failure: PictureError | None) -> Iterator[Text | str]:
    if not graph.known:
        yield Bold(_("No data in {reach}").format(reach=reach_label(graph.reach)))
    else:
        count = len(graph.curves) + graph.more
        yield Bold(_count(count), " · ", reach_label(graph.reach))
    if graph.more:
        words = ngettext("{count} curve is not drawn", "{count} curves are not drawn", graph.more)
        yield words.format(count=graph.more)
    if failure is not None:
        yield f"⚠️ {sentence(failure, graph.end)}"
