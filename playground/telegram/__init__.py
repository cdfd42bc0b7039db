"""A strict local stand-in for Telegram's Bot API, for tests, benches and the demo.

It speaks HTTP as api.telegram.org does and refuses what Telegram refuses; where Telegram lets a mistake pass
(unknown parameters, two actions on one button), it refuses as well, so that what works here works there. What
it knows of the Bot API is the table in `methods`; anything else is 404, or a 400 that says it is not modelled:
Markdown, albums, inline messages, business, ephemeral and rich messages, files by URL, payments.

Everything is remembered in `state`; `Telegram` and `Person` act upon it.
"""

from playground.telegram.faults import Kind
from playground.telegram.floods import Limits
from playground.telegram.parameters import Call
from playground.telegram.people import Person
from playground.telegram.server import Refusal
from playground.telegram.state import Button, CallbackAnswer, Chat, Entity, File, Keyboard, Message, Revision
from playground.telegram.telegram import Telegram

__all__ = [
    "Button",
    "Call",
    "CallbackAnswer",
    "Chat",
    "Entity",
    "File",
    "Keyboard",
    "Kind",
    "Limits",
    "Message",
    "Person",
    "Refusal",
    "Revision",
    "Telegram",
]
