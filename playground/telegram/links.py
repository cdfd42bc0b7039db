"""Which links Telegram takes in a button or a text_link, after tdlib's LinkManager."""

import re

_USER = re.compile(r"^tg:(?://)?user\?id=(\d+)$", re.IGNORECASE)
_OWN = re.compile(r"^(?:tg|ton|tonsite):(?://)?[\w-]+(?:[/?#].*)?$", re.IGNORECASE)
_HTTP = re.compile(
    r"^(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:[^/?#@\s]*@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^/?#@:\s\[\]]+)(?::(?P<port>\d{1,5}))?(?:[/?#]\S*)?$",
    re.IGNORECASE,
)


# A deep link with other characters, or more of them, leads to the bot without what it should say there.
_DEEP = re.compile(
    r"^(?:https?://)?(?:t|telegram)\.me/\w+\?(?:\S*&)?start(?:group)?=(?P<payload>[^&#]*)", re.IGNORECASE
)
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def user_id(url: str) -> int | None:
    """The person that `tg://user?id=…` mentions."""
    found = _USER.match(url)
    return int(found.group(1)) if found else None


def fault(url: str, *, https: bool = False) -> str | None:
    """Why Telegram refuses the link; None when it takes it. A host of one word is refused: "localhost" too."""
    if _OWN.match(url):
        return "Only HTTPS links are allowed" if https else None
    if (deep := _DEEP.match(url)) and not _PAYLOAD.fullmatch(deep["payload"]):
        return "Wrong start parameter specified in the URL"
    found = _HTTP.match(url)
    if not found:
        return "Wrong HTTP URL"
    scheme = (found["scheme"] or "http").lower()
    if scheme not in ("http", "https"):
        return "Unsupported URL protocol"
    if https and scheme != "https":
        return "Only HTTPS links are allowed"
    if found["port"] and not 0 < int(found["port"]) < 65536:
        return "Wrong port number specified in the URL"
    if "." not in found["host"] and not found["host"].startswith("["):
        return "Wrong HTTP URL"
    return None
