"""sendMessage, sendDocument, sendPhoto, sendMessageDraft, sendChatAction."""

from playground.telegram import keyboards, text, wire
from playground.telegram.parameters import Call, Fields
from playground.telegram.refusal import Refused, bad, unmodelled
from playground.telegram.state import JSON, Chat, Content, Message, Text, names
from playground.telegram.world import World

DOCUMENT_BYTES = 50 * 1024 * 1024
PHOTO_BYTES = 10 * 1024 * 1024
DRAFT_SECONDS = 30.0
_GENERAL_TOPIC = 1
_ACTIONS = names(
    "typing upload_photo record_video upload_video record_voice upload_voice record_audio upload_audio "
    "upload_document choose_sticker find_location record_video_note upload_video_note"
)
_PREVIEW = ("is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text")


def send_message(world: World, call: Call) -> JSON:
    body = text.message_text(call.text("text"), call.text("parse_mode"), call.json("entities"))
    return _send(world, call, Content(body, preview=preview(call)))


def send_document(world: World, call: Call) -> JSON:
    return _send_file(world, call, "document", DOCUMENT_BYTES)


def send_photo(world: World, call: Call) -> JSON:
    return _send_file(world, call, "photo", PHOTO_BYTES)


def _send_file(world: World, call: Call, kind: str, most: int) -> JSON:
    world.chat_of(call, write=True)
    body = text.caption(call.text("caption"), call.text("parse_mode"), call.json("caption_entities"))
    file = world.file_of(call, call.json(kind), kind)
    if len(file.content) > most:
        raise too_large()
    return _send(world, call, Content(body, file))


def too_large() -> Refused:
    return Refused(413, "Request Entity Too Large")


def _send(world: World, call: Call, content: Content) -> JSON:
    chat = world.chat_of(call, write=True)
    topic = _topic(call, chat)
    reply_to = _reply_to(call, chat)
    if topic is None and reply_to is not None:
        topic = reply_to.topic
    keyboard = keyboards.read(call.json("reply_markup"), private=chat.private)
    message = Message(
        world.new_id(chat),
        chat,
        world.bot,
        world.now(),
        content,
        keyboard,
        reply_to=reply_to,
        thread=topic,
        topic=topic,
        silent=call.flag("disable_notification"),
        protected=call.flag("protect_content"),
    )
    return wire.message(world.add(message))


def _topic(call: Call, chat: Chat) -> int | None:
    """Outside forums a supergroup takes any thread and ignores it; a private chat has none."""
    topic = call.integer("message_thread_id")
    if not topic:
        return None
    if chat.forum and topic in chat.topics and topic != _GENERAL_TOPIC:
        return topic
    if chat.forum or chat.private:
        raise bad("message thread not found")
    return None


def _reply_to(call: Call, chat: Chat) -> Message | None:
    value = call.json("reply_parameters")
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        raise bad("object expected as reply parameters")
    if rare := set(value) - {"message_id", "chat_id", "allow_sending_without_reply"}:
        raise unmodelled(f"{sorted(rare)} in reply_parameters")
    fields = Fields(value, "reply parameters")
    if fields.text("chat_id") not in ("", str(chat.id)):
        raise unmodelled("a reply to another chat")
    message = chat.messages.get(fields.required_integer("message_id"))
    if message and not message.deleted:
        return message
    if fields.flag("allow_sending_without_reply"):
        return None
    raise bad("message to be replied not found")


def preview(call: Call) -> dict[str, JSON]:
    """link_preview_options, its fields checked."""
    value = call.json("link_preview_options")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad("object expected as link preview options")
    fields = Fields(value, "link preview options")
    fields.allow(*_PREVIEW)
    for name in _PREVIEW:
        if name == "url":
            fields.text(name)
        else:
            fields.flag(name)
    return value


def send_message_draft(world: World, call: Call) -> JSON:
    chat = world.chat_of(call, write=True)
    if not chat.private:
        raise Refused(400, "Bad Request: TEXTDRAFT_PEER_INVALID")
    if not (draft := call.integer("draft_id")):
        raise bad("draft identifier must be non-zero")
    raw = call.text("text")
    body = text.message_text(raw, call.text("parse_mode"), call.json("entities")) if raw else Text()
    chat.drafts = {draft: body}  # another one is replaced
    chat.drafts_until = world.clock() + DRAFT_SECONDS
    chat.stoppable = {draft} if call.flag("can_stop") else set()
    return True


def send_chat_action(world: World, call: Call) -> JSON:
    chat = world.chat_of(call, write=True)
    action = call.text("action").lower()
    if action not in _ACTIONS:
        raise bad("wrong parameter action in request")
    _topic(call, chat)
    chat.actions.append(action)
    return True
