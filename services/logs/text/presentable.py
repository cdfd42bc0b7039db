"""What containers and engines say, made fit to leave the services: clean lines without secrets."""

from services.logs.text.lines import last_lines
from services.redaction.lines import judged


def presentable_lines(raw: bytes, count: int) -> tuple[tuple[str, ...], bool]:
    """The last `count` lines, and whether the oldest of them are withheld, a line `•••` in their stead.

    Redaction sees all of them at once: a private key spans lines.
    """
    lines = last_lines(raw, count)
    safe = judged(lines, ())
    return tuple(safe.text.split("\n")) if lines else (), safe.withheld


def presentable(words: str) -> str:
    """A few words or lines, such as an engine's error or a healthcheck's output."""
    return "\n".join(presentable_lines(words.encode(errors="replace"), words.count("\n") + 1)[0])
