"""A bot's text on its way into a message: cleaned, trimmed, measured, its entities checked and set in order.

Follows what tdlib and the Bot API server do. Not done: premium emoji.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from playground.telegram import detection, html, links, nesting
from playground.telegram.parameters import Fields
from playground.telegram.refusal import Refused, bad
from playground.telegram.state import JSON, Entity, Text

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
ENTITIES = 100
_BYTES = 1 << 15
_FURTHEST = 1_000_000

_BLANKED = {code: " " for code in range(32) if code not in (10, 13)}
_DROPPED = dict.fromkeys([13, *range(0x2028, 0x202F), 0x333, 0x33F, 0x30A])
_TABLE: dict[int, str | None] = {**_BLANKED, **_DROPPED}
_CLEANED = re.compile("[" + "".join(re.escape(chr(code)) for code in _TABLE) + "]")
_GIVEN = {
    "bold": (),
    "italic": (),
    "underline": (),
    "strikethrough": (),
    "spoiler": (),
    "blockquote": (),
    "expandable_blockquote": (),
    "code": (),
    "pre": ("language",),
    "text_link": ("url",),
    "text_mention": ("user",),
    "custom_emoji": ("custom_emoji_id",),
    "date_time": ("unix_time", "date_time_format"),
}
_FOUND = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"}


def units(text: str) -> int:
    """The length in UTF-16 units, as Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class _Edge(NamedTuple):
    """Where UTF-16 units fall on characters; `by_unit` is None when the two are the same."""

    total: int
    by_unit: Mapping[int, int] | None

    @classmethod
    def of(cls, text: str) -> "_Edge":
        if text.isascii() or max(text) <= "\uffff":
            return cls(len(text), None)
        by_unit: dict[int, int] = {}
        offset = 0
        for index, char in enumerate(text):
            by_unit[offset] = index
            offset += 2 if char > "\uffff" else 1
        by_unit[offset] = len(text)
        return cls(offset, by_unit)

    def character(self, unit: int) -> int | None:
        """None in the middle of a surrogate pair."""
        return unit if self.by_unit is None else self.by_unit.get(unit)


def given_entities(value: JSON) -> list[Entity]:
    """A call's `entities`. Those that Telegram finds by itself are left out: it does not trust them."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad("can't parse MessageEntity: expected an Array")
    return [entity for entity in map(_given_entity, value) if entity]


def _given_entity(value: JSON) -> Entity | None:
    if not isinstance(value, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    fields = Fields(value, "MessageEntity")
    kind = fields.text("type")
    offset, length = fields.required_integer("offset"), fields.required_integer("length")
    if kind in _FOUND:
        fields.allow("type", "offset", "length")
        return None
    if kind not in _GIVEN:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    fields.allow("type", "offset", "length", *_GIVEN[kind])
    entity = Entity(kind, offset, length)
    if kind == "pre":
        return replace(entity, language=fields.text("language") or None)
    if kind == "text_link":
        return _linked(entity, fields.required_text("url"))
    if kind == "text_mention":
        return replace(entity, user=Fields(fields.required_object("user"), "User").required_integer("id"))
    if kind == "custom_emoji":
        return replace(entity, custom_emoji_id=fields.required_text("custom_emoji_id"))
    if kind == "date_time":
        form = fields.text("date_time_format") or None
        if form and form not in ("r", "R") and set(form) - set("tTdDwW"):
            raise bad("can't parse MessageEntity: Invalid date-time format specified")
        return replace(entity, unix_time=fields.required_integer("unix_time"), date_time_format=form)
    return entity


def _linked(entity: Entity, url: str) -> Entity:
    if (person := links.user_id(url)) is not None:
        return replace(entity, type="text_mention", user=person)
    if fault := links.fault(url):
        raise bad(f"entity URL '{url}' is invalid: {fault}")
    return replace(entity, url=url)


def formatted(raw: str, parse_mode: str, entities: JSON) -> Text:
    """A call's text in its parse mode (which wins over `entities`, as in Telegram), cleaned and checked."""
    if len(raw.encode("utf-8", "surrogatepass")) > _BYTES:
        raise bad("text is too long")
    mode = parse_mode.lower()
    if mode and mode not in ("html", "markdown", "markdownv2"):
        raise bad("unsupported parse_mode")
    if mode.startswith("markdown"):
        raise bad("can't parse entities: Markdown is not modelled by the stand-in")
    if mode == "html":
        try:
            return clean(*html.read(raw))
        except html.Unreadable as exc:
            raise bad(f"can't parse entities: {exc}") from exc
    return clean(raw, given_entities(entities))


def clean(text: str, entities: Iterable[Entity] = (), *, commands: bool = True) -> Text:
    """As Telegram keeps it; the text may come out empty. `commands`: look for them as well."""
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise bad("strings must be encoded in UTF-8") from exc
    spans = nesting.arrange(_spans(text, entities))
    if _CLEANED.search(text):
        kept = [0]
        for char in text:
            kept.append(kept[-1] + (ord(char) not in _DROPPED))
        spans = [span.moved(kept[span.start], kept[span.end]) for span in spans]
        text = text.translate(_TABLE)
    text, spans = _trim(text, spans)
    found = [nesting.Span(start, end, Entity(kind, 0, 0)) for kind, start, end in detection.find(text)]
    if not commands:
        found = [span for span in found if span.entity.type != "bot_command"]
    spans = nesting.add_found(spans, found)[:ENTITIES]
    return Text(text, _in_units(text, spans))


def _spans(text: str, entities: Iterable[Entity]) -> list[nesting.Span]:
    edge: _Edge | None = None
    spans: list[nesting.Span] = []
    for entity in entities:
        if not 0 <= entity.offset <= _FURTHEST:
            raise bad(f"receive an entity with incorrect offset {entity.offset}")
        if not 0 <= entity.length <= _FURTHEST:
            raise bad(f"receive an entity with incorrect length {entity.length}")
        if entity.length == 0:
            continue
        edge = edge or _Edge.of(text)
        spans.append(_span(entity, edge))
    return spans


def _span(entity: Entity, edge: _Edge) -> nesting.Span:
    end = entity.offset + entity.length
    if entity.offset >= edge.total:
        raise bad(f"entity begins after the end of the text at UTF-16 offset {entity.offset}")
    if end > edge.total:
        raise bad(
            f"entity beginning at UTF-16 offset {entity.offset} ends after the end of the text "
            f"at UTF-16 offset {end}"
        )
    first, last = edge.character(entity.offset), edge.character(end)
    if first is None:
        raise bad(f"entity begins in a middle of a UTF-16 symbol at UTF-16 offset {entity.offset}")
    if last is None:
        raise bad(
            f"entity beginning at UTF-16 offset {entity.offset} ends in a middle of a UTF-16 symbol "
            f"at UTF-16 offset {end}"
        )
    return nesting.Span(first, last, entity)


def _trim(text: str, spans: list[nesting.Span]) -> tuple[str, list[nesting.Span]]:
    """No spaces or line ends around the text; those at its beginning stay where an entity holds them."""
    text = text.rstrip(" \n")
    lead = len(text) - len(text.lstrip(" \n"))
    if spans:
        lead = min(lead, *(span.start for span in spans))
    if lead == 0 and all(span.end <= len(text) for span in spans):
        return text, [span for span in spans if span.start < span.end]
    moved = [span.moved(span.start - lead, min(span.end, len(text)) - lead) for span in spans]
    return text[lead:], [span for span in moved if span.start < span.end]


def _in_units(text: str, spans: list[nesting.Span]) -> tuple[Entity, ...]:
    if text.isascii() or not spans:
        return tuple(replace(s.entity, offset=s.start, length=s.end - s.start) for s in spans)
    return tuple(
        replace(s.entity, offset=units(text[: s.start]), length=units(text[s.start : s.end])) for s in spans
    )


def message_text(raw: str, parse_mode: str, entities: JSON) -> Text:
    """Checked as the text of a message: not empty, at most 4,096 units once its markup is gone."""
    if not raw:
        raise bad("message text is empty")
    text = formatted(raw, parse_mode, entities)
    if not text.text:
        raise bad("text must be non-empty")
    _measure(text, TEXT_UNITS, "message is too long", "MESSAGE_TOO_LONG")
    return text


def caption(raw: str, parse_mode: str, entities: JSON) -> Text:
    """Checked as a caption: it may be empty, at most 1,024 units."""
    text = formatted(raw, parse_mode, entities) if raw else Text()
    _measure(text, CAPTION_UNITS, "message caption is too long", "MEDIA_CAPTION_TOO_LONG")
    return text


def _measure(text: Text, limit: int, by_characters: str, by_units: str) -> None:
    """The Bot API server counts characters, Telegram behind it UTF-16 units: two different answers."""
    if len(text.text) > limit:
        raise bad(by_characters)
    if units(text.text) > limit:
        raise Refused(400, f"Bad Request: {by_units}")
