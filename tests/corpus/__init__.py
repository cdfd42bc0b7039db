"""Log lines to hold redaction against: what must be hidden, and what must be left alone.

``secrets.jsonl`` is to work with; ``secrets_held_back.jsonl`` has other shapes of the same kinds and is for the end.
Every value in them is invented. ``ordinary`` makes lines that hold no secret.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class Row:
    """A line and what of it may not be seen afterwards.

    ``secrets`` are exact substrings of ``line``, each found in it once: the value, and those parts of it that a mask
    which stops at a sign too early would leave. Of a payment card the first six and the last four digits may stay.
    ``env`` is the environment of the container which wrote the line; a value of it, or a part or another spelling
    of one, is then the secret.
    """

    kind: str
    line: str
    secrets: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


def rows(name: str) -> tuple[Row, ...]:
    """All rows of ``name``.jsonl, in its order."""
    text = Path(__file__).with_name(f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(msgspec.json.decode(line, type=Row) for line in text.split("\n") if line)
