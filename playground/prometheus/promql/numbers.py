"""How Prometheus writes numbers."""

import math
from decimal import Decimal


def in_answer(value: float) -> str:
    """The shortest that is exact, without exponents."""
    return _odd(value) or _plain(value)


def in_query(value: float) -> str:
    """As Go prints it: with an exponent from a million on."""
    text = _odd(value)
    if text:
        return text
    if value and not 1e-4 <= abs(value) < 1e6:
        return _scientific(value)
    return _plain(value)


def in_alert(value: float) -> str:
    """As an alert's value is told: 1e+00."""
    return _odd(value) or _scientific(value)


def _odd(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("+Inf" if value > 0 else "-Inf") if math.isinf(value) else ""


def _plain(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    first, rest = digits[0], "".join(map(str, digits[1:]))
    power = exponent + len(digits) - 1 if value else 0
    return f"{'-' if sign else ''}{first}{'.' + rest if rest else ''}e{power:+03d}"
