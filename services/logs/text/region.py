"""Lines of a log in their surroundings, and as they may be shown there. Pure.

What is hidden in a line may depend on those around it: a private key spans lines, and so do lists of codes. Whatever
shows lines of a log shows them in a region, so that a line reads the same wherever a page, a block or a window begins.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import re2

from services.domain.logs import STAMP, Block, joined
from services.logs.text.lines import last_lines
from services.redaction.lines import judged_alone, judged_around

# Bytes and lines before a line that may bear on what is hidden in it, and lines behind it.
MARGIN, MARGIN_LINES, BEHIND = 26_000, 200, 3
# Bytes of a margin at most: where lines are very long it has fewer.
MOST_MARGIN = 256 * 2**10
# Lines before a line that are enough where they are `settled`.
LEAST_MARGIN = 20
# A private key reaches as far as the margin does, in both directions. Around each there is one of these.
KEY_TRACES = b"PRIVATE", b"OpenVPN", b"Private-Lines"


# Nothing, or deeper than what may stand in the same place above; behind a name that a logger has put there, too.
_INDENTED = re.compile(rb"^\s|^-|^$| {3}|\t|[|\]] {2}")
_CODES = re.compile(rb"(?:^|[ |\]\t*\"',-])([A-Za-z0-9]{3,12}(?:[- ][A-Za-z0-9]{3,12}){0,3})[-*\"', \t\r]*$")
_DIGIT = re.compile(rb"\d")
_KEY_LINE = re.compile(rb"[\w+/=]{16}[ \t\r]*$|(?:Proc-Type|DEK-Info|Comment): ")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}[ \t\r]*$")


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that follow upon each other: those looked at, and around them others that only tell what they mean.

    text: the body's, clean. Lines are numbered from the first one of `before`.
    """

    before: Block
    body: Block
    after: Block
    text: bytes

    @classmethod
    def of(cls, before: Block, body: Block, after: Block) -> "Region":
        return cls(before, body, after, clean(body))

    @property
    def whole(self) -> Block:
        return joined(self.before, self.body, self.after)

    def shown(self, numbers: Iterable[int], hidden: Iterable[str]) -> Mapping[int, str]:
        """These lines, as far as they are there, as they may be shown; those that are withheld are left out.

        hidden: texts that must not be seen wherever they stand.
        """
        around = self.judged_around(numbers, tuple(hidden))
        if not around:
            return {}
        result = judged_alone(list(around.values()), tuple(hidden))
        # Of those that are withheld one line is left in place of all.
        lines = result.text.split("\n")
        seen = list(around)[len(around) - len(lines) :]
        return dict(zip(seen[result.withheld :], lines[result.withheld :], strict=True))

    def judged_around(self, numbers: Iterable[int], hidden: Sequence[str]) -> dict[int, str]:
        """These lines, in order, without what those around them say is secret; not yet to be shown."""
        texts, together = self._texts
        wanted = sorted({number for number in numbers if 0 <= number < len(texts)})
        found: dict[int, str] = {}
        for start, end in self._stretches(wanted, together, len(texts)):
            found |= enumerate(judged_around(texts[start:end], hidden), start)
        return {number: found[number] for number in wanted}

    @property
    def _texts(self) -> tuple[list[str], bytes]:
        """All lines, and the same in one piece."""
        together = b"".join((clean(self.before), self.text, clean(self.after)))
        return together.decode().split("\n")[:-1], together

    def _stretches(self, numbers: list[int], text: bytes, count: int) -> Iterator[tuple[int, int]]:
        """What must be judged together."""
        if _tells_of_key(text):
            yield 0, count
            return
        start = end = 0
        for number in numbers:
            if number - MARGIN_LINES > end:
                if end:
                    yield start, end
                start = number - MARGIN_LINES
            end = min(max(number + BEHIND + 1, end), count)
        if end:
            yield start, end


def clean(block: Block) -> bytes:
    """The block's text as people see it but for what is to be hidden: UTF-8, a newline behind each line."""
    if not block or _unplain().search(block.text) is None:
        return block.text
    return "\n".join((*last_lines(block.text, len(block)), "")).encode(errors="replace")


@cache
def _unplain() -> "re2._Regexp":
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(rb"[^ -~\n]", options)


def parted(block: Block, context: int) -> tuple[Block, Block]:
    """Its begin, large enough for so many lines of context and for what hides a line, and the rest."""
    at, count = _margin(block.text, context)
    return _slice(block, 0, at, 0, count), _slice(block, at, len(block.text), count, len(block))


def head_of(block: Block, context: int) -> Block:
    """Its begin, as `parted` takes it."""
    at, count = _margin(block.text, context)
    return _slice(block, 0, at, 0, count)


def seen_behind(before: Block, body: Block, behind: Block) -> Block:
    """Of the lines behind a body as many as may bear on it."""
    if _tells_of_key(before.text) or _tells_of_key(body.text):
        return head_of(behind, 0)
    return behind.part(0, BEHIND) if len(behind) > BEHIND else behind


def settles(text: bytes) -> bool:
    """Whether nothing above this line can hide one that is more than BEHIND lines below it.

    What reaches further than that goes on line by line: indented ones, codes, those of a key. So this is none.
    """
    head, tail = text[:160], text[-64:]
    codes = _CODES.search(tail)
    return not (_INDENTED.search(head) or _KEY_LINE.search(tail) or (codes and _DIGIT.search(codes[0])))


def is_of_key(text: bytes) -> bool:
    """Whether the line looks as those of a key do, whatever stands before it: then a key's begin may be above."""
    found = _BASE64.search(text[-96:])
    return found is not None and not found[0].islower() and not found[0].isupper()


def _tells_of_key(text: bytes) -> bool:
    return any(trace in text for trace in KEY_TRACES)


def _margin(text: bytes, context: int) -> tuple[int, int]:
    """In bytes and in lines."""
    at, count, least = 0, 0, max(context, MARGIN_LINES)
    while at < len(text) and (count < least or at < MARGIN) and at < MOST_MARGIN:
        at = text.find(b"\n", at) + 1
        count += 1
    return at, count


def tail_of(block: Block, context: int) -> Block:
    """Its end, as large as the begin that `parted` takes."""
    text, size = block.text, len(block.text)
    at, count, least = size, 0, max(context, MARGIN_LINES)
    while at > 0 and (count < least or size - at < MARGIN) and size - at < MOST_MARGIN:
        at = text.rfind(b"\n", 0, at - 1) + 1
        count += 1
    return _slice(block, at, size, len(block) - count, len(block))


def _slice(block: Block, start: int, end: int, first: int, last: int) -> Block:
    """By bytes of the text, and by lines."""
    return Block(block.text[start:end], block.stamps[first * STAMP : last * STAMP], block.kinds[first:last])
