"""What stands in a query, read as dockerd reads it."""

import json
import re
from collections.abc import Mapping

from playground.engine.clock import SECOND
from playground.engine.refusal import Refused

Query = Mapping[str, str]
Filters = Mapping[str, list[str]]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_SIGNAL_NAMES = (
    *(
        "HUP",
        "INT",
        "QUIT",
        "ILL",
        "TRAP",
        "ABRT",
        "BUS",
        "FPE",
        "KILL",
        "USR1",
        "SEGV",
        "USR2",
        "PIPE",
        "ALRM",
    ),
    *(
        "TERM",
        "STKFLT",
        "CHLD",
        "CONT",
        "STOP",
        "TSTP",
        "TTIN",
        "TTOU",
        "URG",
        "XCPU",
        "XFSZ",
        "VTALRM",
        "PROF",
    ),
    *("WINCH", "IO", "PWR", "SYS"),
)
_LAST_SIGNAL = 64
_SIGNALS = {name: number for number, name in enumerate(_SIGNAL_NAMES, 1)}


def flag(query: Query, name: str, default: str = "") -> bool:
    return query.get(name, default).strip().lower() not in ("", "0", "no", "false", "none")


def whole(query: Query, name: str) -> int | None:
    """None where there is none. Raises Refused."""
    text = query.get(name)
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise Refused(500, f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def moment(query: Query, name: str) -> int:
    """Seconds and a fraction, as ns since 1970; 0 where there is none. Raises Refused."""
    seconds, point, fraction = query.get(name, "").partition(".")
    for part in (seconds, *([fraction] if point else [])):
        if part and not _WHOLE.fullmatch(part):
            raise Refused(500, f'strconv.ParseInt: parsing "{part}": invalid syntax')
    return int(seconds or 0) * SECOND + int(f"{fraction:0<9}"[:9])


def signal(query: Query) -> int:
    """The number of a signal, SIGKILL where none is named. Raises Refused."""
    text = query.get("signal") or "KILL"
    number = int(text) if text.isdecimal() else _SIGNALS.get(text.upper().removeprefix("SIG"), 0)
    if number == 0:
        raise Refused(400, f"Invalid signal: {text}")
    if number > _LAST_SIGNAL:
        raise Refused(500, f"The linux daemon does not support signal {number}")
    return number


def filters(query: Query) -> Filters:
    """Name → values, from either form: a list, or an object of true values. Raises Refused."""
    text = query.get("filters")
    if not text:
        return {}
    try:
        found = json.loads(text)
        return {name: [str(value) for value in values] for name, values in found.items()}
    except (ValueError, AttributeError, TypeError):
        raise Refused(500, f"invalid filters: {text[:80]}") from None
