"""Quantiles: of values, and of histograms."""

import math
from collections.abc import Sequence
from itertools import accumulate


def quantile(share: float, values: Sequence[float]) -> float:
    """values: sorted, at least one."""
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    rank = share * (len(values) - 1)
    lower = math.floor(rank)
    upper = min(lower + 1, len(values) - 1)
    weight = rank - lower
    return values[lower] * (1 - weight) + values[upper] * weight


def bucket_quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float:
    """buckets: upper bound and count of all below it, sorted by bound."""
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    bounds = [bound for bound, _ in buckets]
    counts = list(
        accumulate((count for _, count in buckets), max)
    )  # less than before is a mistake of rounding
    if len(bounds) < 2 or not math.isinf(bounds[-1]) or not counts[-1]:
        return math.nan
    rank = share * counts[-1]
    found = next((number for number, count in enumerate(counts[:-1]) if count >= rank), len(bounds) - 1)
    if found == len(bounds) - 1:
        return bounds[-2]
    if found == 0 and bounds[0] <= 0:
        return bounds[0]
    start, before = (bounds[found - 1], counts[found - 1]) if found else (0.0, 0.0)
    return start + (bounds[found] - start) * ((rank - before) / (counts[found] - before))
