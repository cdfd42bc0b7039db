"""The methods that the stand-in knows, each with its parameters. A method is one row here."""

from collections.abc import Callable
from dataclasses import dataclass

from playground.telegram import bots, chats, editing, sending
from playground.telegram.parameters import Call
from playground.telegram.state import JSON
from playground.telegram.world import World

_SENDING = "chat_id message_thread_id disable_notification protect_content reply_parameters reply_markup"
_EDITING = "chat_id message_id reply_markup"
_CAPTION = "caption parse_mode caption_entities"
_MENU = "scope language_code"


@dataclass(frozen=True, slots=True)
class Method:
    """`run` is None for getUpdates, which waits and is the server's own business."""

    name: str
    run: Callable[[World, Call], JSON] | None
    allowed: frozenset[str]


def _row(name: str, run: Callable[[World, Call], JSON] | None, parameters: str = "") -> Method:
    return Method(name, run, frozenset(parameters.split()))


_ROWS = (
    _row("getUpdates", None, "offset limit timeout allowed_updates"),
    _row("getMe", bots.get_me),
    _row(
        "answerCallbackQuery", bots.answer_callback_query, "callback_query_id text show_alert url cache_time"
    ),
    _row("setMyCommands", bots.set_my_commands, f"commands {_MENU}"),
    _row("getMyCommands", bots.get_my_commands, _MENU),
    _row("deleteMyCommands", bots.delete_my_commands, _MENU),
    _row("getFile", bots.get_file, "file_id"),
    _row("deleteWebhook", bots.delete_webhook, "drop_pending_updates"),
    _row("getWebhookInfo", bots.get_webhook_info),
    _row("getChat", chats.get_chat, "chat_id"),
    _row("getChatMember", chats.get_chat_member, "chat_id user_id"),
    _row("leaveChat", chats.leave_chat, "chat_id"),
    _row("pinChatMessage", chats.pin_chat_message, "chat_id message_id disable_notification"),
    _row("unpinChatMessage", chats.unpin_chat_message, "chat_id message_id"),
    _row("setMessageReaction", chats.set_message_reaction, "chat_id message_id reaction is_big"),
    _row("sendMessage", sending.send_message, f"{_SENDING} text parse_mode entities link_preview_options"),
    _row(
        "sendDocument",
        sending.send_document,
        f"{_SENDING} {_CAPTION} document disable_content_type_detection",
    ),
    _row(
        "sendPhoto", sending.send_photo, f"{_SENDING} {_CAPTION} photo show_caption_above_media has_spoiler"
    ),
    _row("sendChatAction", sending.send_chat_action, "chat_id action message_thread_id"),
    _row(
        "sendMessageDraft",
        sending.send_message_draft,
        "chat_id draft_id message_thread_id text parse_mode entities can_stop keep_on_stop",
    ),
    _row(
        "editMessageText",
        editing.edit_message_text,
        f"{_EDITING} text parse_mode entities link_preview_options",
    ),
    _row(
        "editMessageCaption",
        editing.edit_message_caption,
        f"{_EDITING} {_CAPTION} show_caption_above_media",
    ),
    _row("editMessageReplyMarkup", editing.edit_message_reply_markup, _EDITING),
    _row("editMessageMedia", editing.edit_message_media, f"{_EDITING} media"),
    _row("deleteMessage", editing.delete_message, "chat_id message_id"),
)
METHODS = {row.name.lower(): row for row in _ROWS}
