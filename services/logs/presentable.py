"""What containers and engines say, made fit to leave the services: clean lines without secrets."""

from services.logs.lines import last_lines
from services.logs.redaction import redact


def presentable_lines(raw: bytes, count: int) -> tuple[str, ...]:
    """The last `count` lines. Redaction sees all of them at once: a private key spans lines."""
    text = "\n".join(last_lines(raw, count))
    return tuple(redact(text).split("\n")) if text else ()


def presentable(words: str) -> str:
    """A few words or lines, such as an engine's error or a healthcheck's output."""
    return "\n".join(presentable_lines(words.encode(errors="replace"), words.count("\n") + 1))
