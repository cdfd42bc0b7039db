r"""Secrets behind letters that are spelled out, as JSON in ASCII writes Cyrillic: `\u043f\u0430\u0440`. Pure."""

import re
from collections.abc import Sequence

from services.logs.redaction import redacted

_SPELLED = re.compile(r"\\u([0-9a-fA-F]{4})")


def judged_as_read(lines: Sequence[str], hidden: Sequence[str]) -> list[str]:
    """The lines; of those that hold a secret only when their letters are read, the letters are written out.

    Then redaction sees what a person would who reads JSON; all other lines stay as they were written.
    """
    kept = list(lines)
    spelled = [number for number, line in enumerate(lines) if "\\u" in line]
    if not spelled:
        return kept
    read = [_SPELLED.sub(_letter, lines[number]) for number in spelled]
    # Each by itself: what is withheld of many must not shift the others.
    for number, text in zip(spelled, read, strict=True):
        if text != lines[number] and redacted(text, hidden).text != text:
            kept[number] = text
    return kept


def _letter(found: "re.Match[str]") -> str:
    """Quotes, backslashes, controls, halves of pairs and what cannot be seen stay as they are spelled."""
    letter = chr(int(found[1], 16))
    return letter if letter.isprintable() and letter not in '"\\' else found[0]
