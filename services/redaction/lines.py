r"""The one door through which lines of a log leave: what redaction alone would not see is looked for here, too. Pure.

Letters may be spelled out, as JSON in ASCII writes Cyrillic (`\\u043f\\u0430\\u0440`); and of a private key a page may
hold some lines without the marks around them.
"""

import re
from collections.abc import Sequence

from services.redaction.text import HIDDEN, Redacted, redacted_lines, without_sequels

_SPELLED = re.compile(r"\\u([0-9a-fA-F]{4})")


# Two lines or more of nothing but base64 in both cases: hashes and ids have one.
_KEY_LINES = re.compile(
    r"(?m)^(?:(?=[^\n]*[A-Z])(?=[^\n]*[a-z])[ \t]*[A-Za-z0-9+/]{60,76}={0,2}[ \t\r]*(?:\n|\Z)){2,}"
)


def judged(lines: Sequence[str], hidden: Sequence[str]) -> Redacted:
    """As `redacted`, of all lines together. hidden: texts that must not be seen wherever they stand."""
    return judged_alone(judged_around(lines, hidden), hidden)


def judged_around(lines: Sequence[str], hidden: Sequence[str]) -> list[str]:
    """Without what is hidden because of the lines around it. What is left each line tells by itself: `judged_alone`.

    A line may depend on some 200 before it and three behind it; of a private key, on its marks.
    """
    text = without_sequels("\n".join(judged_as_read(lines, hidden)), hidden)
    return _KEY_LINES.sub(lambda key: re.sub(r"[^\n]+", HIDDEN, key[0]), text).split("\n")


def judged_alone(lines: Sequence[str], hidden: Sequence[str]) -> Redacted:
    """Each as if there were no others. They share what may be judged of a text."""
    return redacted_lines("\n".join(lines), hidden)


def judged_as_read(lines: Sequence[str], hidden: Sequence[str]) -> list[str]:
    """The lines; of those that hold a secret only when their letters are read, the letters are written out.

    Then redaction sees what a person would who reads JSON; all other lines stay as they were written.
    """
    kept = list(lines)
    spelled = [number for number, line in enumerate(lines) if "\\u" in line]
    if not spelled:
        return kept
    read = list(lines)
    for number in spelled:
        read[number] = _SPELLED.sub(_letter, read[number])
    around = without_sequels("\n".join(read), hidden).split("\n")
    kept = [seen if seen != text else line for seen, text, line in zip(around, read, kept, strict=True)]
    alone = judged_alone([around[number] for number in spelled], hidden).text.split("\n")
    withheld = len(spelled) - len(alone)
    for place, number in enumerate(spelled):
        if place < withheld:
            kept[number] = HIDDEN
        elif alone[place - withheld] != around[number]:
            kept[number] = around[number]
    return kept


def _letter(found: "re.Match[str]") -> str:
    """Quotes, backslashes, controls, halves of pairs and what cannot be seen stay as they are spelled."""
    letter = chr(int(found[1], 16))
    return letter if letter.isprintable() and letter not in '"\\' else found[0]
