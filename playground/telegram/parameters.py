"""A call as it arrived: its parameters brought to their types, unknown ones refused.

Telegram ignores a parameter that it does not know; here it is a 400, so that a misspelt name shows. What the
Bot API has and the stand-in does not model is a 400 that says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from playground.telegram.refusal import bad, unmodelled
from playground.telegram.state import JSON, names

INTEGERS = names("message_id message_thread_id draft_id user_id offset limit timeout cache_time")
FLAGS = names(
    "disable_notification protect_content show_alert disable_content_type_detection show_caption_above_media "
    "has_spoiler is_big can_stop keep_on_stop drop_pending_updates"
)
OBJECTS = names(
    "entities caption_entities link_preview_options reply_parameters reply_markup media commands scope reaction "
    "allowed_updates"
)
UNMODELLED = names(
    "business_connection_id direct_messages_topic_id allow_paid_broadcast message_effect_id "
    "suggested_post_parameters ephemeral_message_parameters receiver_user_id callback_query_id inline_message_id "
    "rich_message thumbnail allow_sending_without_reply disable_web_page_preview reply_to_message_id url"
)
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no", "")


@dataclass(frozen=True, slots=True)
class Upload:
    filename: str
    mime: str
    content: bytes = field(repr=False)


class Fields:
    """One JSON object read field by field, as Telegram reads it: a number may be written as text and back."""

    def __init__(self, values: Mapping[str, JSON], what: str) -> None:
        self._values = values
        self._what = what

    def allow(self, *names: str) -> None:
        """Refuses every other field."""
        for name in self._values:
            if name not in names:
                raise bad(f'unknown field "{name}" in {self._what}')

    def __contains__(self, name: object) -> bool:
        return self._values.get(str(name)) is not None

    def values(self) -> Mapping[str, JSON]:
        """All fields as they came."""
        return self._values

    def json(self, name: str) -> JSON:
        return self._values.get(name)

    def text(self, name: str) -> str:
        """Empty when absent."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise bad(f'can\'t parse {self._what}: Field "{name}" must be of type String')
        return str(value)

    def required_text(self, name: str) -> str:
        if name not in self:
            raise self._missing(name)
        return self.text(name)

    def integer(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        try:
            return as_integer(value)
        except ValueError as exc:
            raise bad(f'can\'t parse {self._what}: Field "{name}" must be a valid Number') from exc

    def required_integer(self, name: str) -> int:
        value = self.integer(name)
        if value is None:
            raise self._missing(name)
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise bad(f'can\'t parse {self._what}: Field "{name}" must be of type Boolean')

    def required_object(self, name: str) -> Mapping[str, JSON]:
        value = self._values.get(name)
        if value is None:
            raise self._missing(name)
        if not isinstance(value, dict):
            raise bad(f'can\'t parse {self._what}: Field "{name}" must be of type Object')
        return value

    def _missing(self, name: str) -> Exception:
        return bad(f"can't parse {self._what}: Can't find field \"{name}\"")


@dataclass(eq=False, slots=True)
class Call:
    """One call: `params` in their types, `at` on the monotonic clock, `status` None while it is under way."""

    method: str
    params: dict[str, JSON]
    files: Mapping[str, Upload]
    at: float
    status: int | None = None
    description: str = ""

    def __contains__(self, name: object) -> bool:
        return self.params.get(str(name)) not in (None, "")

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.params.get(name)
        return value if isinstance(value, int) else default

    def flag(self, name: str) -> bool:
        return self.params.get(name) is True

    def json(self, name: str) -> JSON:
        return self.params.get(name)

    @property
    def chat_id(self) -> int | str | None:
        """A number, @username, or None when it is missing or empty."""
        value = self.params.get("chat_id")
        return value if isinstance(value, int | str) and value != "" else None

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r:.60}" for name, value in self.params.items())
        return f"{self.method}({shown}) → {self.status} {self.description}".rstrip()


def as_integer(value: JSON) -> int:
    """Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(value)
    return int(value)


def settle(call: Call, allowed: frozenset[str]) -> None:
    """Checks the names of the parameters and brings their values to their types, in place."""
    for name, value in call.params.items():
        if name not in allowed:
            if name in UNMODELLED:
                raise unmodelled(f'parameter "{name}"')
            raise bad(f'unknown parameter "{name}" of {call.method}')
        call.params[name] = _typed(name, value)
    attached = [name for name in call.files if name not in allowed]
    wanted = _strings(call.params) if attached else []
    if loose := [name for name in attached if f"attach://{name}" not in wanted]:
        raise bad(f'file "{loose[0]}" is attached and named by no parameter')


def _typed(name: str, value: JSON) -> JSON:
    if name in INTEGERS:
        return _integer(name, value)
    if name in FLAGS:
        return _flag(name, value)
    if name in OBJECTS:
        return _object(name, value)
    if name in ("chat_id", "from_chat_id"):
        return value if isinstance(value, str) and value[:1] in ("@", "") else _integer(name, value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise bad(f"{name} must be of type String")
    return str(value)


def _integer(name: str, value: JSON) -> int:
    try:
        return as_integer(value)
    except ValueError as exc:
        raise bad(f"{name} must be a valid Integer") from exc


def _flag(name: str, value: JSON) -> bool:
    said = str(value).lower()
    if said not in _TRUE + _FALSE:
        raise bad(f"{name} must be of type Boolean")
    return said in _TRUE


def _object(name: str, value: JSON) -> JSON:
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        decoded: JSON = json.loads(value)
    except ValueError as exc:
        raise bad(f"can't parse {name} JSON object") from exc
    return decoded


def _strings(value: JSON) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []
