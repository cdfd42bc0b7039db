"""Values of an engine's JSON: believed only when they are of their kind, and made fit to be shown.

Whatever is odd raises TypeError or ValueError.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from services.logs.text.presentable import presentable

LONGEST_LINE, LONGEST_TEXT = 128, 4096


def mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def whole(value: object) -> int:
    """Nothing is zero. Raises TypeError, and ValueError for what no engine can count to."""
    if value is None:
        return 0
    if type(value) is not int:
        raise TypeError("no whole number")
    if abs(value) >= 1 << 64:
        raise ValueError("too large a number")
    return value


def flag(value: object) -> bool:
    if value not in (None, False, True):
        raise TypeError("neither true nor false")
    return bool(value)


def matching(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"not as it should be written: {value[:80]!r}")
    return value


def words(value: object) -> str:
    return presentable(text(value)[:LONGEST_TEXT])


def line(said: str) -> str:
    """What people are shown of it: one short clean line."""
    return _clean_line(said[: 4 * LONGEST_LINE])


@lru_cache(1024)  # the same few words come with every list
def _clean_line(said: str) -> str:
    return presentable(" ".join(said.splitlines()))[:LONGEST_LINE]
