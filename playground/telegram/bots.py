"""What concerns the bot itself: getMe, its command menus, files, webhook, and the answers to presses."""

import re
import time

from playground.telegram import wire
from playground.telegram.parameters import Call, Fields
from playground.telegram.refusal import Refused, bad, unmodelled
from playground.telegram.state import JSON, CallbackAnswer, Chat, Command, User
from playground.telegram.text import units
from playground.telegram.world import ADMINISTRATORS, World

ANSWER_UNITS = 200
DOWNLOAD_BYTES = 20 * 1024 * 1024
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
_WIDE = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_NARROW = ("chat", "chat_administrators", "chat_member")
Scope = tuple[str, int, int]


def get_me(world: World, call: Call) -> JSON:
    wishes = (
        "can_connect_to_business has_main_web_app has_topics_enabled allows_users_to_create_topics "
        "can_manage_bots supports_inline_queries supports_guest_queries supports_join_request_queries"
    )
    return {
        **wire.user(world.bot),
        "can_join_groups": True,
        "can_read_all_group_messages": not world.privacy,
        **dict.fromkeys(wishes.split(), False),
    }


def answer_callback_query(world: World, call: Call) -> JSON:
    """Once, and within the query's life."""
    text = call.text("text")
    if units(text) > ANSWER_UNITS:
        raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
    if "url" in call:
        raise unmodelled("url in answerCallbackQuery")
    query = world.queries.pop(call.text("callback_query_id"), None)
    if query is None or time.monotonic() - query.at > world.callback_life:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if not query.answer.done():
        query.answer.set_result(CallbackAnswer(text, call.flag("show_alert")))
    return True


def set_my_commands(world: World, call: Call) -> JSON:
    scope, language = _scope(world, call), _language(call)
    value = call.json("commands")
    if not isinstance(value, list):
        raise bad("expected an Array of BotCommand")
    if len(value) > 100:
        raise Refused(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    world.commands[*scope, language] = [_command(item) for item in value]
    world.changes.notify()
    return True


def _command(value: JSON) -> Command:
    if not isinstance(value, dict):
        raise bad("can't parse BotCommand: expected an Object")
    fields = Fields(value, "BotCommand")
    if fields.flag("is_ephemeral"):
        raise unmodelled("an ephemeral command")
    fields.allow("command", "description", "is_ephemeral")
    command = fields.required_text("command")
    description = fields.required_text("description")
    if not _COMMAND.fullmatch(command):
        raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return Command(command, description)


def get_my_commands(world: World, call: Call) -> JSON:
    kept = world.commands.get((*_scope(world, call), _language(call)), [])
    return [{"command": item.command, "description": item.description} for item in kept]


def delete_my_commands(world: World, call: Call) -> JSON:
    world.commands.pop((*_scope(world, call), _language(call)), None)
    return True


def _scope(world: World, call: Call) -> Scope:
    value = call.json("scope")
    if value is None:
        return "default", 0, 0
    if not isinstance(value, dict):
        raise bad("can't parse BotCommandScope: BotCommandScope must be an Object")
    fields = Fields(value, "BotCommandScope")
    kind = fields.required_text("type")
    if kind in _WIDE:
        fields.allow("type")
        return kind, 0, 0
    if kind not in _NARROW:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    fields.allow("type", "chat_id", *(["user_id"] if kind == "chat_member" else []))
    given = value.get("chat_id")
    chat = world.find_chat(given) if isinstance(given, int | str) else None
    if chat is None:
        raise bad("chat not found")
    return kind, chat.id, fields.required_integer("user_id") if kind == "chat_member" else 0


def _language(call: Call) -> str:
    language = call.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise Refused(400, "Bad Request: LANG_CODE_INVALID")
    return language


def menu(world: World, person: User, chat: Chat) -> list[Command]:
    """The commands that this person is offered in this chat: the narrowest scope wins, then the language."""
    scopes: list[Scope] = [("chat", chat.id, 0)]
    if chat.private:
        scopes += [("all_private_chats", 0, 0)]
    else:
        admin = chat.members.get(person.id) in ADMINISTRATORS
        scopes = [("chat_member", chat.id, person.id)]
        scopes += [("chat_administrators", chat.id, 0)] if admin else []
        scopes += [("chat", chat.id, 0)]
        scopes += [("all_chat_administrators", 0, 0)] if admin else []
        scopes += [("all_group_chats", 0, 0)]
    for scope in [*scopes, ("default", 0, 0)]:
        for language in (person.language_code, ""):
            if found := world.commands.get((*scope, language)):
                return found
    return []


def get_file(world: World, call: Call) -> JSON:
    file = world.files.get(call.text("file_id"))
    if file is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if len(file.content) > DOWNLOAD_BYTES:
        raise bad("file is too big")
    return {
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.content),
        "file_path": file.path,
    }


def delete_webhook(world: World, call: Call) -> JSON:
    if call.flag("drop_pending_updates"):
        world.updates.pending.clear()
    return True


def get_webhook_info(world: World, call: Call) -> JSON:
    return {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }
