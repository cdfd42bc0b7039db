"""Quantiles: of values, and of histograms."""

import math
from collections.abc import Sequence


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
    if len(buckets) < 2 or not math.isinf(buckets[-1][0]) or not (total := buckets[-1][1]):
        return math.nan
    rank, least, found = share * total, 0.0, len(buckets) - 1
    for number, (_, count) in enumerate(buckets[:-1]):
        least = max(least, count)  # a count that is less than one before it is a mistake of rounding
        if least >= rank:
            found = number
            break
    if found == len(buckets) - 1:
        return buckets[-2][0]
    if found == 0 and buckets[0][0] <= 0:
        return buckets[0][0]
    start, before = buckets[found - 1] if found else (0.0, 0.0)
    end, count = buckets[found]
    return start + (end - start) * ((rank - before) / (count - before))
