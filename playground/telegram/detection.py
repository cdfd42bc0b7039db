"""What Telegram finds in a text by itself: commands, mentions, hashtags, cashtags, e-mail addresses, links.

Written after the behaviour of tdlib's find_entities; links without a scheme need a top-level domain that is
known here (all country codes, the common others), where Telegram knows some thousand.
"""

import re
from collections.abc import Iterator

_TLDS = (
    "com|org|net|edu|gov|int|mil|info|biz|name|pro|aero|app|dev|cloud|online|site|store|tech|xyz|blog|shop|page|team|"
    "email|host|systems|network|zone|live|world|works|tools|run|sh|"
    "a[cdefgilmnoqrstuwxz]|b[abdefghijmnorstvwyz]|c[acdfghiklmnoruvwxyz]|d[ejkmoz]|e[ceghrstu]|f[ijkmor]|"
    "g[abdefghilmnpqrstuwy]|h[kmnrtu]|i[delmnoqrst]|j[emop]|k[eghimnprwyz]|l[abcikrstuvy]|m[acdeghklmnopqrstuvwxyz]|"
    "n[acefgilopruz]|om|p[aefghklmnrstwy]|qa|r[eosuw]|s[abcdegijklmnorstuvxyz]|t[cdfghjklmnortvwz]|u[agksyz]|"
    "v[aceginu]|w[fs]|y[et]|z[amw]"
)
_COMMAND = re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>@])")
_MENTION = re.compile(r"(?<!\w)@[a-zA-Z0-9_]{2,32}(?!\w)")
_HASHTAG = re.compile(r"(?<!\w)#(?=\w*[^\W\d_])\w{1,256}(?![\w#])")
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?![\w$])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w+-][\w.+-]{0,63}@(?:[\w-]+\.)+[a-zA-Z]{2,10}(?![\w.-]*\w)")
_LINK = re.compile(
    rf"(?<![\w@.\-/])(?:(?:https?|ftp|tg|ton)://[\w\-.~%]+|(?:[\w-]+\.)+(?:{_TLDS})(?![\w-]|\.\w))"
    r"(?::\d{1,5})?(?:[/?#][^\s<>\"«»]*)?",
    re.IGNORECASE,
)
_TRAILING = ".,:;!?'\")]}…"


def find(text: str) -> Iterator[tuple[str, int, int]]:
    """(entity type, start, end) in characters, not in order and not overlapping except links with e-mail."""
    if "@" in text:
        yield from (("mention", *found.span()) for found in _MENTION.finditer(text))
        yield from (("email", *found.span()) for found in _EMAIL.finditer(text))
    if "/" in text:
        yield from (("bot_command", *found.span()) for found in _COMMAND.finditer(text))
    if "#" in text:
        yield from (("hashtag", *found.span()) for found in _HASHTAG.finditer(text))
    if "$" in text:
        yield from (("cashtag", *found.span()) for found in _CASHTAG.finditer(text))
    if "." in text or "://" in text:
        for found in _LINK.finditer(text):
            end = found.start() + len(found.group().rstrip(_TRAILING))
            yield "url", found.start(), end
