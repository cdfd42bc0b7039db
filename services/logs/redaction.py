"""Secrets out of log text: what is hidden reads `•••`, what it belongs to stays readable.

One alternation of RE2 runs over the text, so the time is linear in it whatever it holds. What it finds
is judged one by one, which is the dear part, so a text has only so many judgements: they go to its newest
lines, and what is left without one is withheld, never shown as it is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import re2

from services.logs.judgements import Finding, Rule
from services.logs.private_keys import TRACES, private_keys
from services.logs.secrets import TABLES
from services.logs.sequels import sequels
from services.logs.statements import inserted

HIDDEN = "•••"
# A shorter value could not be told from ordinary text.
SHORTEST_EXTRA = 6
# Of one text: about a quarter of a second.
MOST_JUDGEMENTS = 20_000
# Bytes of whole lines, or one longer line, that go through all tables together: many, for each table's automaton
# wants the processor's cache to itself. Where the judgements run out, what is shown or withheld together is little.
_STRETCH, _BLOCK = 2**20, 16 * 2**10
# What a judgement sees, in bytes: how much before and behind the match on its line, how much of what leads to the
# secret. The more there is to see, the longer what is found in vain is looked at again and again.
_AROUND, _LONGEST_HEAD = 160, 320
# Bytes without a blank: what is longer is no word, so it is hidden unjudged.
_LONGEST_JUDGED = 512
# Of a table's automaton, in bytes; one that outgrows it is a hundred times slower.
_MOST_MEMORY = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Redacted:
    """`withheld`: instead of the oldest lines stands one line `•••`, for there was too much to judge."""

    text: str
    withheld: bool = False


def redact(text: str, extra: Sequence[str] = ()) -> str:
    """`text` with its secrets hidden; doing so twice changes nothing.

    `extra`: values to hide wherever they stand, such as a container's own environment; those
    shorter than six characters are left alone.
    """
    return redacted(text, extra).text


def redacted(text: str, extra: Sequence[str] = ()) -> Redacted:
    """As `redact`, and whether something was withheld."""
    for value in sorted(extra, key=len, reverse=True):
        if len(value) >= SHORTEST_EXTRA:
            text = text.replace(value, HIDDEN)
    data = text.encode(errors="replace")
    if any(trace in data for trace in TRACES):
        data = _without_private_keys(data.decode()).encode()
    data = _hide(data, sequels(data))
    data = _hide(data, inserted(data))
    pieces: list[bytes] = []
    judgements, end, size = MOST_JUDGEMENTS, len(data), _STRETCH
    while end:
        start = _block_start(data, end, size)
        block, left = _without_secrets(data[start:end], judgements)
        if left < 0 and size > _BLOCK:
            size = _BLOCK
            continue
        pieces.append(block)
        judgements, end = left, start if left >= 0 else 0
    return Redacted(b"".join(reversed(pieces)).decode(), judgements < 0)


def _without_secrets(block: bytes, judgements: int) -> tuple[bytes, int]:
    """And how many judgements are left: below zero when there were too few, and the block is withheld."""
    for pattern, rule_of_group in _alternations():
        secrets, judgements = _secrets(pattern, rule_of_group, block, judgements)
        if judgements < 0:
            return HIDDEN.encode() + b"\n" * block.endswith(b"\n"), judgements
        block = _hide(block, secrets)
    return block, judgements


def _block_start(data: bytes, end: int, size: int) -> int:
    if end <= size:
        return 0
    return (data.find(b"\n", end - size, end - 1) + 1) or (data.rfind(b"\n", 0, end - size) + 1)


def _hide(data: bytes, secrets: Iterable[tuple[int, int]]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for start, end in secrets:
        pieces += data[done:start], HIDDEN.encode()
        done = end
    return b"".join((*pieces, data[done:])) if pieces else data


def _secrets(
    pattern: "re2._Regexp", rule_of_group: Sequence[Rule], data: bytes, judgements: int
) -> tuple[Sequence[tuple[int, int]], int]:
    """Where they stand, in order, and how many judgements are left."""
    secrets: list[tuple[int, int]] = []
    position = 0
    while judgements >= 0 and (match := pattern.search(data, position)):
        judgements -= 1
        group = match.lastindex
        first, _ = match.span()
        start, end = match.span(group)
        judge = rule_of_group[group].is_secret
        if end > start and (
            judge is None or end - start > _LONGEST_JUDGED or judge(_finding(data, first, start, end))
        ):
            secrets.append((start, end))
            position = end
        else:
            # What was taken for a secret may hold one.
            position = max(start, first + 1)
    return secrets, judgements


def _finding(data: bytes, first: int, start: int, end: int) -> Finding:
    before = data[max(0, first - _AROUND) : first].rpartition(b"\n")[2]
    head = data[first : min(start, first + _LONGEST_HEAD)]
    return Finding(before, head, data[start:end], data[end : end + _AROUND].partition(b"\n")[0])


@cache
def _alternations() -> tuple[tuple["re2._Regexp", tuple[Rule, ...]], ...]:
    """For each table its one pattern, and the rule by number of group (0 is the whole match)."""
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    # Byte by byte: the rules speak ASCII, and a negated class passes over UTF-8 whole; a tenth of the program.
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MOST_MEMORY
    found = []
    for table in TABLES:
        rule_of_group = [table[0]]
        for rule in table:
            rule_of_group += [rule] * re2.compile(rule.pattern.encode(), options).groups
        whole = "(?m)" + "|".join(f"(?:{rule.pattern})" for rule in table)
        found.append((re2.compile(whole.encode(), options), tuple(rule_of_group)))
    return tuple(found)


def _without_private_keys(text: str) -> str:
    """Line for line, so that their number stays."""
    pieces: list[str] = []
    done = 0
    for start, end in private_keys(text):
        pieces += text[done:start], re.sub(r"[^\n]+", HIDDEN, text[start:end])
        done = end
    return "".join((*pieces, text[done:])) if pieces else text
