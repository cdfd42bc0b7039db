"""From what is remembered to the Bot API's JSON."""

from playground.telegram.state import (
    JSON,
    Button,
    Chat,
    Content,
    Entity,
    File,
    Keyboard,
    Message,
    User,
    names,
)

ADMIN_RIGHTS = names(
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
    "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories "
    "can_send_welcome_messages can_pin_messages can_manage_topics"
)
_GRANTED = {"can_manage_chat", "can_delete_messages", "can_pin_messages", "can_invite_users"}


def user(person: User) -> dict[str, JSON]:
    wire: dict[str, JSON] = {"id": person.id, "is_bot": person.is_bot, "first_name": person.first_name}
    for name in ("last_name", "username", "language_code"):
        if value := getattr(person, name):
            wire[name] = value
    return wire


def chat(place: Chat) -> dict[str, JSON]:
    wire: dict[str, JSON] = {"id": place.id, "type": place.type}
    if place.user:
        wire["first_name"] = place.user.first_name
        if place.user.last_name:
            wire["last_name"] = place.user.last_name
        if place.user.username:
            wire["username"] = place.user.username
        return wire
    wire["title"] = place.title
    if place.username:
        wire["username"] = place.username
    if place.forum:
        wire["is_forum"] = True
    return wire


def entity(stretch: Entity) -> dict[str, JSON]:
    wire: dict[str, JSON] = {"type": stretch.type, "offset": stretch.offset, "length": stretch.length}
    for name in ("url", "language", "custom_emoji_id", "unix_time", "date_time_format"):
        if (value := getattr(stretch, name)) is not None:
            wire[name] = value
    if stretch.user is not None:
        wire["user"] = {"id": stretch.user, "is_bot": False, "first_name": str(stretch.user)}
    return wire


def button(key: Button) -> dict[str, JSON]:
    wire: dict[str, JSON] = {"text": key.text, key.action: key.value}
    if key.style:
        wire["style"] = key.style
    if key.icon:
        wire["icon_custom_emoji_id"] = key.icon
    return wire


def keyboard(keys: Keyboard) -> dict[str, JSON]:
    return {"inline_keyboard": [[button(key) for key in row] for row in keys.rows]}


def document(file: File) -> dict[str, JSON]:
    return {
        "file_name": file.filename,
        "mime_type": file.mime,
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.content),
    }


def photo(file: File) -> list[JSON]:
    size: dict[str, JSON] = {
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.content),
        "width": file.width,
        "height": file.height,
    }
    return [size]


def message(record: Message, *, reply: bool = True) -> dict[str, JSON]:
    """`reply`: with the message it answers, one level deep as in Telegram."""
    wire: dict[str, JSON] = {"message_id": record.id, "from": user(record.sender)}
    if record.sender_chat:
        wire["sender_chat"] = chat(record.sender_chat)
    wire["chat"] = chat(record.chat)
    wire["date"] = record.date
    if record.edited is not None:
        wire["edit_date"] = record.edited
    if record.thread is not None:
        wire["message_thread_id"] = record.thread
    if record.topic is not None:
        wire["is_topic_message"] = True
    if record.relayed:
        wire["is_automatic_forward"] = True
    if record.protected:
        wire["has_protected_content"] = True
    if reply and record.reply_to and not record.reply_to.deleted:
        wire["reply_to_message"] = message(record.reply_to, reply=False)
    wire.update(content(record.content))
    if record.keyboard and record.keyboard.inline:
        wire["reply_markup"] = keyboard(record.keyboard)
    return wire


def content(what: Content) -> dict[str, JSON]:
    wire: dict[str, JSON] = dict(what.service)
    names = ("caption", "caption_entities") if what.file else ("text", "entities")
    if what.file:
        wire[what.file.kind] = photo(what.file) if what.file.kind == "photo" else document(what.file)
    if what.body.text:
        wire[names[0]] = what.body.text
    if what.body.entities:
        wire[names[1]] = [entity(stretch) for stretch in what.body.entities]
    if what.preview:
        wire["link_preview_options"] = dict(what.preview)
    return wire


def member(person: User, status: str) -> dict[str, JSON]:
    wire: dict[str, JSON] = {"status": status, "user": user(person)}
    if status == "administrator":
        wire.update({right: right in _GRANTED for right in ADMIN_RIGHTS})
    elif status == "kicked":
        wire["until_date"] = 0
    elif status == "creator":
        wire["is_anonymous"] = False
    return wire


def reactions(emojis: tuple[str, ...]) -> list[JSON]:
    return [{"type": "emoji", "emoji": emoji} for emoji in emojis]
