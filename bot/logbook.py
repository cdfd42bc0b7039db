"""The bot's own log: one line a record on stderr, with every secret masked wherever it turns up."""

import logging
import sys
from collections.abc import Iterable
from types import TracebackType
from urllib.parse import quote

MASK = "•••"

# What a terminal or a log's reader would obey, or take for the end of a line: C0, DEL, C1, U+2028 and U+2029,
# and the marks that turn the direction of writing. A line feed is shown.
_OBEYED = (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_PLAIN = {**dict.fromkeys(_OBEYED), ord("\t"): " ", ord("\n"): " ⏎ "}


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret hidden, also where it stands encoded in an address."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def plain(text: str) -> str:
    """One line that is only read, whatever a peer has put into it."""
    return text.translate(_PLAIN)


class Masking(logging.Formatter):
    """Masks in the finished line, so that arguments, exceptions and tracebacks are covered alike."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return mask(plain(super().format(record)), self._secrets)


def open_logbook(secrets: Iterable[str], level: int = logging.INFO) -> None:
    """Send all logging, warnings and uncaught exceptions of this process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masking(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("asyncssh").setLevel(logging.WARNING)  # tells every channel
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)  # tells every update
    logging.getLogger("httpx").setLevel(logging.WARNING)  # tells every request, with its address
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("vakhta").critical("stopped by an unforeseen error", exc_info=(kind, error, trace))
