"""Secrets out of log text: what is hidden reads `•••`, what it belongs to stays readable.

Alternations of RE2 run over the text, so the time is linear in it whatever it holds. What they find is judged one by
one, which is the dear part, so a text has only so many judgements: they go to its newest lines, and what is left
without one is withheld, never shown as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import re2

from services.redaction.judgements import Finding, Rule
from services.redaction.secrets import TABLES
from services.redaction.sequels import sequels

HIDDEN = "•••"
# A shorter value could not be told from ordinary text.
SHORTEST_EXTRA = 6
# Among the values to hide: of every e-mail address the part before the @.
EMAILS = "*@*"
# Of one text: about a quarter of a second.
MOST_JUDGEMENTS = 20_000
# Bytes of whole lines, or one longer line, that go through all tables together: many, for each table's automaton
# wants the processor's cache to itself. Where the judgements run out, what is shown or withheld together is little.
_STRETCH, _BLOCK = 4 * 2**20, 16 * 2**10
# What a judgement sees, in bytes: how much before and behind the match on its line, how much of what leads to the
# secret. The more there is to see, the longer what is found in vain is looked at again and again.
_AROUND, _LONGEST_HEAD = 160, 320
# Bytes without a blank: what is longer is no word, so it is hidden unjudged.
_LONGEST_JUDGED = 512
# Of one automaton, in bytes; one that outgrows it is a hundred times slower.
_MOST_MEMORY = 16 * 2**20

# The local part of an address; what a unit of systemd or a version is called looks like one.
_EMAIL = r"\b([\w.+-]+)(?:@|%40)(?:[\w-]+\.)+(?:[A-Za-z]{2,24}|xn--[\w-]+)\b"
_NO_PEOPLE = frozenset(
    f".{kind}".encode()
    for kind in ["service", "socket", "timer", "mount", "slice", "scope", "target", "path"]
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Redacted:
    """`withheld`: instead of the oldest lines stands one line `•••`, for there was too much to judge."""

    text: str
    withheld: bool = False


def redact(text: str, extra: Sequence[str] = ()) -> str:
    """`text` with its secrets hidden; doing so twice changes nothing.

    `extra`: values to hide wherever they stand, such as a container's own environment; those
    shorter than six characters are left alone. `EMAILS` among them: also who e-mail addresses belong to.
    """
    return redacted(text, extra).text


def redacted(text: str, extra: Sequence[str] = ()) -> Redacted:
    """As `redact`, and whether something was withheld."""
    return redacted_lines(without_sequels(text, extra), extra)


def without_sequels(text: str, extra: Sequence[str] = ()) -> str:
    """Without the values to hide, and what other lines or statements say is secret: the first half of `redacted`."""
    plain, text = _encoded(text)
    data = _hide(plain, _literals(tuple(extra), plain)) if extra else plain
    data = _hide(data, sequels(data))
    return text if data is plain else data.decode()


def redacted_lines(text: str, extra: Sequence[str] = ()) -> Redacted:
    """Without what each line tells by itself, whatever stands around it: the second half."""
    plain, text = _encoded(text)
    data, withheld = _judged(plain)
    data = _hide(data, _people(data)) if EMAILS in extra else data
    return Redacted(text if data is plain else data.decode(), withheld)


def _encoded(text: str) -> tuple[bytes, str]:
    """And the text that this stands for: halves of pairs are no characters."""
    try:
        return text.encode(), text
    except UnicodeEncodeError:
        plain = text.encode(errors="replace")
        return plain, plain.decode()


def secrets_in(text: str) -> tuple[str, ...]:
    """What the rules find in each line of a text."""
    data = text.encode(errors="replace")
    found: list[bytes] = []
    for pattern, rule_of_group in _alternations():
        secrets, _ = _secrets(pattern, rule_of_group, data, MOST_JUDGEMENTS)
        found += (data[start:end] for start, end in secrets)
        data = _hide(data, secrets)
    return tuple(secret.decode(errors="replace") for secret in found if HIDDEN.encode() not in secret)


def _judged(data: bytes) -> tuple[bytes, bool]:
    """Without what the rules find, and whether something was withheld; the same object when there is nothing."""
    pieces: list[bytes] = []
    judgements, end, size = MOST_JUDGEMENTS, len(data), _STRETCH
    changed = False
    while end and judgements >= 0:
        start = _block_start(data, end, size)
        block = data[start:end]
        shown, left = _without_secrets(block, judgements)
        if left < 0 and size > _BLOCK:
            size = _BLOCK
            continue
        pieces.append(shown)
        changed = changed or shown is not block
        judgements, end = left, start
    return b"".join(reversed(pieces)) if changed else data, judgements < 0


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


def _hide(data: bytes, secrets: Iterable[Span]) -> bytes:
    """The same object when there are none."""
    pieces: list[bytes] = []
    done = 0
    for start, end in secrets:
        pieces += data[done:start], HIDDEN.encode()
        done = end
    return b"".join((*pieces, data[done:])) if pieces else data


def _secrets(
    pattern: "re2._Regexp", rule_of_group: Sequence[Rule], data: bytes, judgements: int
) -> tuple[Sequence[Span], int]:
    """Where they stand, in order, and how many judgements are left."""
    secrets: list[Span] = []
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
            # What was taken for a secret may hold one, and so may what led to it.
            position = first + 1
    return secrets, judgements


def _finding(data: bytes, first: int, start: int, end: int) -> Finding:
    before = data[max(0, first - _AROUND) : first].rpartition(b"\n")[2]
    head = data[first : min(start, first + _LONGEST_HEAD)]
    return Finding(before, head, data[start:end], data[end : end + _AROUND].partition(b"\n")[0])


def _literals(values: tuple[str, ...], data: bytes) -> Iterator[Span]:
    pattern = _any_of(values)
    return (match.span() for match in pattern.finditer(data)) if pattern else iter(())


def _people(data: bytes) -> Iterator[Span]:
    for match in _alternation(_EMAIL).finditer(data):
        if match.group(1) != b"git" and not any(match.group().endswith(kind) for kind in _NO_PEOPLE):
            yield match.span(1)


@lru_cache(64)  # of the containers that are read at a time
def _any_of(values: tuple[str, ...]) -> "re2._Regexp | None":
    """One pattern however many they are; where several fit, the longest."""
    kept = {
        value.encode(errors="replace")
        for value in values
        if len(value) >= SHORTEST_EXTRA and "\n" not in value
    }
    if not kept:
        return None
    return re2.compile(b"|".join(map(re2.escape, sorted(kept, key=len, reverse=True))), _options())


@cache
def _alternations() -> tuple[tuple["re2._Regexp", tuple[Rule, ...]], ...]:
    """For each table its one pattern, and the rule by number of group (0 is the whole match)."""
    found = []
    for table in TABLES:
        rule_of_group = [table[0]]
        for rule in table:
            rule_of_group += [rule] * _alternation(rule.pattern).groups
        found.append((_alternation(*(rule.pattern for rule in table)), tuple(rule_of_group)))
    return tuple(found)


@cache
def _alternation(*patterns: str) -> "re2._Regexp":
    return re2.compile(("(?m)" + "|".join(f"(?:{pattern})" for pattern in patterns)).encode(), _options())


def _options() -> re2.Options:
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    # Byte by byte: the rules speak ASCII, and a negated class passes over UTF-8 whole; a tenth of the program.
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MOST_MEMORY
    return options
