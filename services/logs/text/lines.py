"""Raw log bytes → the newest lines as text that is safe to show in a chat. Pure.

What a terminal would act upon is taken away (colours, links, cursor moves, titles), and so is what only
deceives the eye: bidi overrides, zero-width and invisible characters. Emoji stay whole.
"""

import re

TAB_WIDTH = 4

# The eight-bit forms of what follows an escape, and the rarer line breaks, in plainer words.
_PLAINER = str.maketrans(
    {
        **dict(zip("\x9b\x9d\x90\x98\x9e\x9f\x9c", (f"\x1b{sign}" for sign in "[]PX^_\\"), strict=True)),
        **dict.fromkeys("\x0b\x0c\x85\u2028\u2029", " "),
    }
)
_ESCAPES = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    # OSC (titles, links), DCS, SOS, PM, APC up to their end; an open one loses its start alone
    r"|[\]PX^_](?:[^\x07\x1b]*(?:\x07|\x1b\\))?"
    r"|[ -/]*[0-~]?"  # all others: character sets, keypad modes
    r")"
)

_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u2300-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u200b\u200c\u200e\u200f\u202a-\u202e"  # zero width, marks, bidi embeddings and overrides
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"  # bidi isolates, fillers, byte order mark, annotations
    "\ufdd0-\ufdef\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # no characters, tags
    "]"
    # Joiners and variation selectors behind anything but an emoji; a keycap is a digit and a selector
    rf"|(?<![{_EMOJI}])(?<![{_EMOJI}]\ufe0f)(?!(?<=[#*0-9])\ufe0f\u20e3)[\u200d\ufe00-\ufe0f]+"
)
_PRINTABLE_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def last_lines(raw: bytes, count: int) -> tuple[str, ...]:
    """The last `count` lines, oldest first, as `docker logs --tail` counts them: only a newline ends one.

    Bytes that are no UTF-8 read `�`. Of a line that rewrites itself (carriage returns) the last state stays.
    """
    lines = raw.removesuffix(b"\n").rsplit(b"\n", count)[-count:] if raw and count > 0 else []
    return tuple(_clean(line.decode(errors="replace")) for line in lines)


def _clean(line: str) -> str:
    if _is_plain(line):
        return line
    bare = _ESCAPES.sub("", line.translate(_PLAINER))
    shown = bare.rstrip("\r").rpartition("\r")[2].expandtabs(TAB_WIDTH)
    return shown if _is_plain(shown) else _UNSEEN.sub("", shown)


def _is_plain(line: str) -> bool:
    """Nearly every line, so it is found out fast. Python calls some invisible characters printable."""
    return line.isprintable() and (line.isascii() or not _PRINTABLE_UNSEEN.search(line))
