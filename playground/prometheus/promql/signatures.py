"""Functions and aggregations by name: what they are given, and what comes of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from playground.prometheus.promql.tree import Type

_S, _T, _V, _R = Type.SCALAR, Type.TEXT, Type.VECTOR, Type.RANGE


@dataclass(frozen=True, slots=True)
class Signature:
    """optional: how many of the last arguments may be left out; repeated: the last may come again and again."""

    takes: tuple[Type, ...]
    gives: Type = _V
    optional: int = 0
    repeated: bool = False


AGGREGATIONS = frozenset(
    ("avg", "bottomk", "count", "group", "max", "min", "quantile", "stddev", "stdvar", "sum", "topk")
)
WITH_PARAMETER = frozenset(("bottomk", "quantile", "topk"))
_OF_RANGES = (
    "avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate", "last_over_time",
    "max_over_time", "min_over_time", "rate", "resets", "sum_over_time",
)  # fmt: skip
_OF_ROWS = (
    "abs", "ceil", "exp", "floor", "ln", "log10", "log2", "sgn", "sort", "sort_desc", "sqrt", "absent",
)  # fmt: skip
SIGNATURES: Mapping[str, Signature] = {
    **{name: Signature((_R,)) for name in _OF_RANGES},
    **{name: Signature((_V,)) for name in _OF_ROWS},
    "clamp": Signature((_V, _S, _S)),
    "clamp_max": Signature((_V, _S)),
    "clamp_min": Signature((_V, _S)),
    "histogram_quantile": Signature((_S, _V)),
    "label_join": Signature((_V, _T, _T, _T), optional=1, repeated=True),
    "label_replace": Signature((_V, _T, _T, _T, _T)),
    "predict_linear": Signature((_R, _S)),
    "quantile_over_time": Signature((_S, _R)),
    "round": Signature((_V, _S), optional=1),
    "scalar": Signature((_V,), _S),
    "time": Signature((), _S),
    "vector": Signature((_S,)),
}
# What a real one knows beside them.
UNKNOWN = frozenset(
    ("absent_over_time", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "count_values",
     "day_of_month", "day_of_week", "day_of_year", "days_in_month", "deg", "histogram_count", "histogram_fraction",
     "histogram_sum", "holt_winters", "hour", "minute", "month", "pi", "present_over_time", "rad", "sin", "sinh",
     "stddev_over_time", "stdvar_over_time", "tan", "tanh", "timestamp", "year")
)  # fmt: skip
