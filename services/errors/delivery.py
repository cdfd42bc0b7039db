"""About one message to a chat."""

from dataclasses import dataclass

from services.errors.base import VakhtaError


@dataclass(eq=False)
class DeliveryError(VakhtaError):
    """`detail`: Telegram's own words."""

    detail: str = ""


class ChatClosed(DeliveryError):
    """Blocked, kicked out, deleted, or never started."""


class MessageLost(DeliveryError):
    """Deleted, too old, or left behind in a group that has moved."""


class MessageRefused(DeliveryError):
    """The same call can only fail again."""


@dataclass(eq=False)
class NotDelivered(DeliveryError):
    """No answer, a flood, trouble at Telegram. `after`: seconds to wait at least."""

    after: float = 0.0
