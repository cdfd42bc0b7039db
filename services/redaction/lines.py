r"""The one door through which lines of a log leave: what redaction alone would not see is looked for here, too. Pure.

Letters may be spelled out, as JSON in ASCII writes Cyrillic (`\\u043f\\u0430\\u0440`); and of a private key a page may
hold some lines without the marks around them.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from services.redaction.text import HIDDEN, Redacted, redacted

_SPELLED = re.compile(r"\\u([0-9a-fA-F]{4})")


# Two lines or more of nothing but base64 in both cases: hashes and ids have one.
_KEY_LINES = re.compile(
    r"(?m)^(?:(?=[^\n]*[A-Z])(?=[^\n]*[a-z])[ \t]*[A-Za-z0-9+/]{60,76}={0,2}[ \t\r]*(?:\n|\Z)){2,}"
)


def judged(lines: Sequence[str], hidden: Sequence[str]) -> Redacted:
    """As `redacted`, of all lines together. hidden: texts that must not be seen wherever they stand."""
    found = redacted("\n".join(judged_as_read(lines, hidden)), hidden)
    text = _KEY_LINES.sub(lambda key: re.sub(r"[^\n]+", HIDDEN, key[0]), found.text)
    return replace(found, text=text)


def judged_as_read(lines: Sequence[str], hidden: Sequence[str]) -> list[str]:
    """The lines; of those that hold a secret only when their letters are read, the letters are written out.

    Then redaction sees what a person would who reads JSON; all other lines stay as they were written.
    """
    kept = list(lines)
    spelled = [number for number, line in enumerate(lines) if "\\u" in line]
    if not spelled:
        return kept
    read = [_SPELLED.sub(_letter, lines[number]) for number in spelled]
    judged = redacted("\n".join(read), hidden).text.split(
        "\n"
    )  # all at once: they share what may be judged of a text
    withheld = len(read) - len(judged)
    for place, (number, text) in enumerate(zip(spelled, read, strict=True)):
        if place < withheld:
            kept[number] = HIDDEN
        elif judged[place - withheld] != text:
            kept[number] = text
    return kept


def _letter(found: "re.Match[str]") -> str:
    """Quotes, backslashes, controls, halves of pairs and what cannot be seen stay as they are spelled."""
    letter = chr(int(found[1], 16))
    return letter if letter.isprintable() and letter not in '"\\' else found[0]
