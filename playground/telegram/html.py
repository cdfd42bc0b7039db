"""Telegram's HTML parse mode: some twenty tags, and 400 for anything else.

The rules and the wording of the errors follow tdlib's parse_html; byte offsets count UTF-8.
"""

import re
from dataclasses import dataclass, replace

from playground.telegram import links
from playground.telegram.state import Entity

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(?:x([0-9a-fA-F]+)|([0-9]+))|([a-zA-Z]+));?")
_PLAIN = re.compile(r"[^<&]+")
_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"[^\s=>/\"']*")
_TOKEN = re.compile(r"[a-zA-Z0-9.\-]*")
_SPACE = re.compile(r"\s*")


class Unreadable(Exception):
    """Its text goes after "can't parse entities: "."""


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    attributes: dict[str, str]
    offset: int
    position: int


def read(markup: str) -> tuple[str, list[Entity]]:
    """The text without tags, and the entities in UTF-16 units. Raises Unreadable."""
    return _Reader(markup).read()


def _decode(markup: str, at: int) -> tuple[str, int] | None:
    """The character that the reference at `at` stands for and where it ends; None when it is just an ampersand."""
    found = _REFERENCE.match(markup, at)
    if not found:
        return None
    hexadecimal, decimal, name = found.groups()
    if name:
        return (_NAMED[name], found.end()) if name in _NAMED else None
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    too_long = found.end() - at - found.group().endswith(";") >= 10
    return None if code == 0 or code >= 0x10FFFF or too_long else (chr(code), found.end())


class _Reader:
    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._at = 0
        self._parts: list[str] = []
        self._units = 0
        self._open: list[_Tag] = []
        self._entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        while self._at < len(self._markup):
            if plain := _PLAIN.match(self._markup, self._at):
                self._write(plain.group(), plain.end())
            elif self._markup[self._at] == "&":
                self._write(*(_decode(self._markup, self._at) or ("&", self._at + 1)))
            elif self._markup.startswith("</", self._at):
                self._end_tag()
            else:
                self._start_tag()
        if self._open:
            raise Unreadable(f'Can\'t find end tag corresponding to start tag "{self._open[-1].name}"')
        text = "".join(self._parts)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise Unreadable("Text contains invalid Unicode characters after decoding HTML entities")
        return text, [
            replace(e, language=None) if e.type == "code" and e.language else e for e in self._entities
        ]

    def _write(self, text: str, end: int) -> None:
        self._parts.append(text)
        self._units += len(text) if text.isascii() else sum(2 if char > "\uffff" else 1 for char in text)
        self._at = end

    def _bytes(self, at: int) -> int:
        return len(self._markup[:at].encode("utf-8", "surrogatepass"))

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._markup, self._at)
        assert found is not None  # every pattern used here may be empty
        self._at = found.end()
        return found.group()

    def _peek(self) -> str:
        return self._markup[self._at : self._at + 1]

    def _start_tag(self) -> None:
        begin = self._at
        self._at += 1
        name = self._skip(_NAME).lower()
        if not self._peek():
            raise Unreadable(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        if name not in _TYPES:
            raise Unreadable(f'Unsupported start tag "{name}" at byte offset {self._bytes(begin)}')
        attributes: dict[str, str] = {}
        self._skip(_SPACE)
        while self._peek() != ">":
            attribute = self._skip(_ATTRIBUTE)
            if not attribute:
                raise Unreadable(
                    f'Empty attribute name in the tag "{name}" at byte offset {self._bytes(begin)}'
                )
            attributes[attribute] = self._value(name, begin)
            self._skip(_SPACE)
        self._at += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise Unreadable(f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(begin)}')
        self._open.append(_Tag(name, attributes, self._units, len(self._parts)))

    def _value(self, tag: str, begin: int) -> str:
        unclosed = f'Unclosed start tag "{tag}" at byte offset {self._bytes(begin)}'
        self._skip(_SPACE)
        if self._peek() != "=":
            if not self._peek():
                raise Unreadable(unclosed)
            return ""
        self._at += 1
        self._skip(_SPACE)
        quote = self._peek()
        if quote not in ('"', "'"):
            start = self._at
            token = self._skip(_TOKEN).lower()
            if self._peek() and not self._peek().isspace() and self._peek() != ">":
                raise Unreadable(f"Unexpected end of name token at byte offset {self._bytes(start)}")
            value = token
        else:
            end = self._markup.find(quote, self._at + 1)
            if end < 0:
                raise Unreadable(unclosed)
            value = _REFERENCE.sub(_referenced, self._markup[self._at + 1 : end])
            self._at = end + 1
        if not self._peek():
            raise Unreadable(unclosed)
        return value

    def _end_tag(self) -> None:
        begin = self._at
        if not self._open:
            raise Unreadable(f"Unexpected end tag at byte offset {self._bytes(begin)}")
        self._at += 2
        name = self._skip(_NAME).lower()
        self._skip(_SPACE)
        if self._peek() != ">":
            raise Unreadable(f"Unclosed end tag at byte offset {self._bytes(begin)}")
        self._at += 1
        tag = self._open.pop()
        if name and name != tag.name:
            raise Unreadable(
                f'Unmatched end tag at byte offset {self._bytes(begin)}, expected "</{tag.name}>", found "</{name}>"'
            )
        if self._units > tag.offset:
            self._close(tag)

    def _close(self, tag: _Tag) -> None:
        """`<pre><code class="language-x">`, in either order, is one pre of that language."""
        last = self._entities[-1] if self._entities else None
        length = self._units - tag.offset
        same = last is not None and (last.offset, last.length) == (tag.offset, length)
        language = _language(tag) if tag.name == "code" else ""
        if same and last and tag.name == "pre" and last.type == "code" and last.language:
            self._entities[-1] = Entity("pre", tag.offset, length, language=last.language)
        elif same and last and tag.name == "code" and last.type == "pre" and language:
            self._entities[-1] = Entity("pre", tag.offset, length, language=language)
        else:
            made = self._entity(tag, length)
            self._entities += [made] if made else []

    def _entity(self, tag: _Tag, length: int) -> Entity | None:
        kind = _TYPES[tag.name]
        given = tag.attributes
        if tag.name == "blockquote" and "expandable" in given:
            kind = "expandable_blockquote"
        if tag.name == "a":
            url = given.get("href") or "".join(self._parts[tag.position :])
            if (person := links.user_id(url)) is not None:
                return Entity("text_mention", tag.offset, length, user=person)
            return None if links.fault(url) else Entity(kind, tag.offset, length, url=url)
        if tag.name == "tg-emoji":
            if not given.get("emoji-id", "").isdigit():
                raise Unreadable("Invalid custom emoji identifier specified")
            return Entity(kind, tag.offset, length, custom_emoji_id=given["emoji-id"])
        if tag.name == "tg-time":
            unix = int(given["unix"]) if given.get("unix", "").isdigit() else 0
            return (
                Entity(kind, tag.offset, length, unix_time=unix, date_time_format=given.get("format"))
                if unix
                else None
            )
        if tag.name == "code":
            return Entity(kind, tag.offset, length, language=_language(tag) or None)
        return Entity(kind, tag.offset, length)


def _language(tag: _Tag) -> str:
    given = tag.attributes.get("class", "")
    return given.removeprefix("language-") if given.startswith("language-") else ""


def _referenced(found: re.Match[str]) -> str:
    decoded = _decode(found.group(), 0)
    return decoded[0] if decoded else found.group()
