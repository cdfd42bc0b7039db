"""Reply markups: read, checked, and kept as they are on the screen."""

import json
from collections.abc import Iterable

from playground.telegram import links
from playground.telegram.parameters import Fields
from playground.telegram.refusal import Refused, bad, unmodelled
from playground.telegram.state import JSON, Button, Keyboard, names

BUTTONS = 100
BUTTONS_IN_A_ROW = 8
DATA_BYTES = 64
COPY_UNITS = 256
MARKUP_BYTES = 10 * 1024  # nowhere written; bots meet the refusal at about that size of the JSON
STYLES = ("danger", "success", "primary")
_ACTIONS = names(
    "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat "
    "switch_inline_query_chosen_chat copy_text callback_game pay disabled"
)
_MAY_BE_EMPTY = {"switch_inline_query", "switch_inline_query_current_chat"}
_BELOW = {
    "keyboard": names(
        "keyboard is_persistent resize_keyboard one_time_keyboard input_field_placeholder selective"
    ),
    "remove_keyboard": ["remove_keyboard", "selective"],
    "force_reply": ["force_reply", "input_field_placeholder", "selective"],
}


def read(value: JSON, *, private: bool) -> Keyboard | None:
    """A call's `reply_markup`; None when it has no buttons. `private`: web_app works in no other chat."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad("object expected as reply markup")
    fields = Fields(value, "reply markup")
    if "inline_keyboard" in fields:
        fields.allow("inline_keyboard", "force_reply")
        if len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) > MARKUP_BYTES:
            raise bad("reply markup is too long")
        rows = [[_button(key, private) for key in row] for row in _rows(value, "inline_keyboard") if row]
        return Keyboard("inline", _counted(rows)) if rows else None
    for kind, known in _BELOW.items():
        if kind in fields:
            fields.allow(*known)
            return _below(kind, fields)
    if value:
        raise bad(f"unknown reply markup with the fields {sorted(value)}")
    return None


def read_inline(value: JSON, *, private: bool) -> Keyboard | None:
    """For edits, which take no other kind."""
    keyboard = read(value, private=private)
    if keyboard and not keyboard.inline:
        raise bad("inline keyboard expected")
    return keyboard


def _rows(value: dict[str, JSON], name: str) -> Iterable[list[JSON]]:
    rows = value[name]
    if not isinstance(rows, list):
        raise bad(f'field "{name}" must be an Array of Arrays')
    for row in rows:
        if not isinstance(row, list):
            raise bad(f'field "{name}" of the InlineKeyboardMarkup must be an Array of Arrays')
        yield row


def _counted(rows: list[list[Button]]) -> tuple[tuple[Button, ...], ...]:
    if sum(map(len, rows)) > BUTTONS or any(len(row) > BUTTONS_IN_A_ROW for row in rows):
        raise bad("reply markup is too long")
    return tuple(map(tuple, rows))


def _below(kind: str, fields: Fields) -> Keyboard:
    if kind != "keyboard":
        if not fields.flag(kind):
            raise bad(f'field "{kind}" must be True')
        return Keyboard(kind)
    labels = [
        [Button(_label(key), "text", None) for key in row]
        for row in _rows({"keyboard": fields.json("keyboard")}, "keyboard")
    ]
    return Keyboard(kind, _counted(labels))


def _label(value: JSON) -> str:
    if isinstance(value, dict):
        fields = Fields(value, "KeyboardButton")
        if set(value) - {"text", "style", "icon_custom_emoji_id"}:
            raise unmodelled("a KeyboardButton that asks for something")
        value = fields.text("text")
    if not isinstance(value, str) or not value:
        raise bad("keyboard button text must be non-empty")
    return value


def _button(value: JSON, private: bool) -> Button:
    if not isinstance(value, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    fields = Fields(value, "inline keyboard button")
    fields.allow("text", "icon_custom_emoji_id", "style", *_ACTIONS)
    label = fields.required_text("text")
    style = fields.text("style").lower()
    if style and style not in STYLES:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    icon = fields.text("icon_custom_emoji_id")
    if icon and not icon.isdigit():
        raise bad("can't parse inline keyboard button: invalid custom emoji identifier specified")
    actions = [
        name for name in sorted(_ACTIONS) if name in fields and (value[name] != "" or name in _MAY_BE_EMPTY)
    ]
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad(f"can't parse inline keyboard button: more than one action specified: {', '.join(actions)}")
    if not label:
        raise bad("inline keyboard button text must be non-empty")
    _check_action(actions[0], fields, private)
    return Button(label, actions[0], value[actions[0]], style, icon)


def _check_action(action: str, fields: Fields, private: bool) -> None:
    match action:
        case "callback_data":
            if len(fields.text(action).encode()) > DATA_BYTES:
                raise _invalid("BUTTON_DATA_INVALID")
        case "copy_text":
            copied = fields.required_object(action)
            Fields(copied, "CopyTextButton").allow("text")
            text = Fields(copied, "CopyTextButton").required_text("text")
            if not 0 < len(text.encode("utf-16-le")) // 2 <= COPY_UNITS:
                raise _invalid("BUTTON_COPY_TEXT_INVALID")
        case "url":
            _check_link(fields.text(action), "inline keyboard button URL")
        case "login_url" | "web_app":
            if action == "web_app" and not private:
                raise _invalid("BUTTON_TYPE_INVALID")
            url = Fields(fields.required_object(action), action).required_text("url")
            _check_link(url, f"inline keyboard button {action} URL", https=True)
        case "disabled":
            if fields.required_object(action):
                raise bad("can't parse inline keyboard button: DisabledButton holds nothing")
        case "pay" | "callback_game":
            raise _invalid("BUTTON_TYPE_INVALID")


def _check_link(url: str, what: str, *, https: bool = False) -> None:
    if links.user_id(url) is None and (fault := links.fault(url, https=https)):
        raise bad(f"{what} '{url}' is invalid: {fault}")


def _invalid(code: str) -> Refused:
    """The server behind the Bot API answers with a code, not a sentence."""
    return Refused(400, f"Bad Request: {code}")
