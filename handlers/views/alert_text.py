"""What labels and annotations say, made fit for a message: clean, without secrets, cut to size, never a link.

Anybody who can raise an alert writes these texts, so none of them may act: no control characters, no bidi
tricks, no mention that calls a person, no command that a tap would send.
"""

import re

from services.logs.text.presentable import presentable

WORD = 64  # units: a name, a person, a label on a button
LINE = 160
PATIENCE = 20_000  # characters of one text that are looked at

_JOINER = "\u2060"  # unseen; it breaks what Telegram would make a link of
_ACTS = re.compile(r"(?<!\w)[@#$/](?=\w)|(?<=\w)@(?=\w)|(?<=\w):(?=//)|(?<=\w)\.(?=[^\W\d_])")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Several lines at most as they were written. Secrets read `•••`."""
    if text.isalnum() and text.isascii():
        return text
    return presentable(_BREAKS.sub("\n", text[:PATIENCE])).strip()


def plain(text: str, most: int = LINE) -> str:
    """One clean line of at most so many units, which nothing in it turns into a link. "" for only blanks."""
    return cut(inert(one_line(text, most)), most)


def one_line(text: str, most: int = LINE) -> str:
    return cut(_SPACES.sub(" ", clean(text)).strip(), most)


def inert(text: str) -> str:
    """With an unseen sign inside of what Telegram would make a link, mention or command of."""
    return _ACTS.sub(lambda found: found[0] + _JOINER, text)


def cut(text: str, most: int) -> str:
    """At most so many UTF-16 units, the last one a "…" when something is missing."""
    if len(text) <= most // 2 or _units(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"


def tail(lines: tuple[str, ...], most: int) -> str:
    """As many whole lines from the end as fit; of a last one that is too long by itself, its beginning."""
    found: list[str] = []
    for line in reversed(lines):
        cost = _units(line) + 1
        if cost > most:
            break
        found.insert(0, line)
        most -= cost
    if not found and lines and most > 1:
        found = [cut(lines[-1], most)]
    return "\n".join(found)


def web_link(url: str) -> str | None:
    """The address as a button may open it; None where Telegram would refuse it, or it bears a secret."""
    found = _WEB.match(url) if len(url) <= 2048 else None
    if found is None or clean(url) != url:
        return None
    port = found["port"]
    return url if port is None or 0 < int(port) < 65536 else None


_WEB = re.compile(
    r"^https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)+)(?::(?P<port>\d{1,5}))?(?:[/?#][!-~]*)?$", re.IGNORECASE
)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
