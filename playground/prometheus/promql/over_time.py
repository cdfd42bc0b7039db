"""Functions of ranges. Each is given a series, a time (both ends of it), the present, and its parameters."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from playground.prometheus.promql.quantiles import quantile
from playground.prometheus.series import SCRAPE, Series

Work = Callable[..., float | None]
Samples = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class OverTime:
    """of_all: it looks at every sample; the others at a few."""

    work: Work
    of_all: bool = True
    keeps_name: bool = False


def _extrapolated(*, counter: bool, rate: bool) -> Work:
    """As Prometheus does it: up to the ends of the time, but not far beyond the samples and never below nothing."""

    def work(series: Series, start: float, end: float, now: float) -> float | None:
        spans = series.spans(start, end, now)
        count = sum(round((last - first) / SCRAPE) + 1 for first, last, _ in spans)
        if count < 2:
            return None
        (first, _, first_life), (_, last, last_life) = spans[0], spans[-1]
        first_value = series.sample(first, first_life)
        risen = series.sample(last, last_life) - first_value
        if counter:
            for (_, ended, life), (begun, _, next_life) in pairwise(spans):
                before = series.sample(ended, life)
                risen += before if series.sample(begun, next_life) < before else 0
        sampled, average = last - first, (last - first) / (count - 1)
        to_start, to_end = first - start, end - last
        if counter and risen > 0 and first_value >= 0:
            to_start = min(to_start, sampled * first_value / risen)
        reach = sampled
        reach += to_start if to_start < average * 1.1 else average / 2
        reach += to_end if to_end < average * 1.1 else average / 2
        return risen * reach / sampled / ((end - start) if rate else 1)

    return work


def _instant(*, rate: bool) -> Work:
    """Of the last two samples."""

    def work(series: Series, start: float, end: float, now: float) -> float | None:
        spans = series.spans(start, end, now)
        two = [
            (moment, series.sample(moment, life))
            for first, last, life in spans[-2:]
            for moment in sorted({max(first, last - SCRAPE), last})
        ][-2:]
        if len(two) < 2:
            return None
        (before, earlier), (after, later) = two
        risen = later if rate and later < earlier else later - earlier
        return risen / (after - before) if rate else risen

    return work


def _of_values(work: Callable[[list[float]], float]) -> Work:
    def over(series: Series, start: float, end: float, now: float) -> float | None:
        values = [value for _, value in series.samples(start, end, now)]
        return work(values) if values else None

    return over


def _quantile(series: Series, start: float, end: float, now: float, share: float) -> float | None:
    values = sorted(value for _, value in series.samples(start, end, now))
    return quantile(share, values) if values else None


def _line(samples: Samples, origin: float) -> tuple[float, float]:
    """Slope, and height at the origin, of the straight line that fits best."""
    times = [moment - origin for moment, _ in samples]
    mean_time, mean_value = fmean(times), fmean(value for _, value in samples)
    spread = math.fsum((time - mean_time) ** 2 for time in times)
    both = math.fsum(
        (time - mean_time) * (value - mean_value) for time, (_, value) in zip(times, samples, strict=True)
    )
    return both / spread, mean_value - both / spread * mean_time


def _deriv(series: Series, start: float, end: float, now: float) -> float | None:
    samples = list(series.samples(start, end, now))
    return _line(samples, samples[0][0])[0] if len(samples) > 1 else None


def _predicted(series: Series, start: float, end: float, now: float, ahead: float) -> float | None:
    samples = list(series.samples(start, end, now))
    if len(samples) < 2:
        return None
    slope, height = _line(samples, end)
    return slope * ahead + height


def _last(series: Series, start: float, end: float, now: float) -> float | None:
    spans = series.spans(start, end, now)
    return series.sample(spans[-1][1], spans[-1][2]) if spans else None


def _count(series: Series, start: float, end: float, now: float) -> float | None:
    spans = series.spans(start, end, now)
    return float(sum(round((last - first) / SCRAPE) + 1 for first, last, _ in spans)) or None


OVER_TIME: Mapping[str, OverTime] = {
    "avg_over_time": OverTime(_of_values(fmean)),
    "changes": OverTime(_of_values(lambda values: float(sum(a != b for a, b in pairwise(values))))),
    "count_over_time": OverTime(_count, of_all=False),
    "delta": OverTime(_extrapolated(counter=False, rate=False), of_all=False),
    "deriv": OverTime(_deriv),
    "idelta": OverTime(_instant(rate=False), of_all=False),
    "increase": OverTime(_extrapolated(counter=True, rate=False), of_all=False),
    "irate": OverTime(_instant(rate=True), of_all=False),
    "last_over_time": OverTime(_last, of_all=False, keeps_name=True),
    "max_over_time": OverTime(_of_values(max)),
    "min_over_time": OverTime(_of_values(min)),
    "predict_linear": OverTime(_predicted),
    "quantile_over_time": OverTime(_quantile),
    "rate": OverTime(_extrapolated(counter=True, rate=True), of_all=False),
    "resets": OverTime(_of_values(lambda values: float(sum(b < a for a, b in pairwise(values))))),
    "sum_over_time": OverTime(_of_values(math.fsum)),
}
