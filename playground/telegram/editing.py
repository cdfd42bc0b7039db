"""The four edits, and deleteMessage. An edit without reply_markup takes the keyboard away, as in Telegram."""

from playground.telegram import keyboards, sending, text, wire
from playground.telegram.parameters import Call, Fields
from playground.telegram.refusal import bad, unmodelled
from playground.telegram.state import JSON, Content, Keyboard, Message
from playground.telegram.world import ADMINISTRATORS, World

_DELETABLE = 48 * 3600
_MEDIA_BYTES = {"document": sending.DOCUMENT_BYTES, "photo": sending.PHOTO_BYTES}


def edit_message_text(world: World, call: Call) -> JSON:
    body = text.message_text(call.text("text"), call.text("parse_mode"), call.json("entities"))
    shown = sending.preview(call)
    message = _own(world, call)
    if message.content.file:
        raise bad("there is no text in the message to edit")
    return _revise(world, call, message, Content(body, preview=shown))


def edit_message_caption(world: World, call: Call) -> JSON:
    message = _own(world, call)
    if not message.content.file:
        raise bad("there is no caption in the message to edit")
    body = text.caption(call.text("caption"), call.text("parse_mode"), call.json("caption_entities"))
    return _revise(world, call, message, Content(body, message.content.file))


def edit_message_reply_markup(world: World, call: Call) -> JSON:
    message = _own(world, call)
    return _revise(world, call, message, message.content)


def edit_message_media(world: World, call: Call) -> JSON:
    """A text may become a file, a file another file; there is no way back to a text."""
    message = _own(world, call)
    value = call.json("media")
    if not isinstance(value, dict):
        raise bad("can't parse InputMedia: expected an Object")
    fields = Fields(value, "InputMedia")
    kind = fields.required_text("type")
    if kind not in _MEDIA_BYTES:
        raise (
            unmodelled(f"media of type {kind!r}")
            if kind
            else bad("can't parse InputMedia: media type is empty")
        )
    names = ("type", "media", "caption", "parse_mode", "caption_entities")
    fields.allow(*names, "disable_content_type_detection", "show_caption_above_media", "has_spoiler")
    body = text.caption(fields.text("caption"), fields.text("parse_mode"), fields.json("caption_entities"))
    file = world.file_of(call, fields.required_text("media"), kind)
    if len(file.content) > _MEDIA_BYTES[kind]:
        raise sending.too_large()
    return _revise(world, call, message, Content(body, file))


def _own(world: World, call: Call) -> Message:
    """The message to edit: the bot's own, with no keyboard other than inline."""
    chat = world.chat_of(call, write=True)
    message = world.message_of(call, chat, "message to edit")
    below = message.keyboard is not None and not message.keyboard.inline
    if message.sender is not world.bot or message.content.service or below:
        raise bad("message can't be edited")
    return message


def _revise(world: World, call: Call, message: Message, content: Content) -> JSON:
    keyboard = keyboards.read_inline(call.json("reply_markup"), private=message.chat.private)
    if _same(message, content, keyboard):
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    world.revise(message, content, keyboard)
    return wire.message(message)


def _same(message: Message, content: Content, keyboard: Keyboard | None) -> bool:
    return message.content == content and message.keyboard == keyboard


def delete_message(world: World, call: Call) -> JSON:
    """In private everything younger than 48 h, in a group the bot's own, and others' for an admin."""
    chat = world.chat_of(call, write=True)
    message = world.message_of(call, chat, "message to delete")
    mine = message.sender is world.bot or chat.private
    if world.now() - message.date > _DELETABLE or not (mine or chat.bot in ADMINISTRATORS):
        raise bad("message can't be deleted")
    message.deleted = True
    world.changes.notify()
    return True
