"""`/language`: which language is spoken to a person, why, and the choice."""

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n.context import get_i18n

from handlers.callbacks import Speak
from handlers.links import Links
from handlers.views.answer import Answer, button
from handlers.words import NAMES
from services.languages import Choice


def question(choice: Choice, asker: str) -> Answer:
    """In private. Each language is offered in its own words: who reads no other finds it."""
    if choice.own:
        why = _("You have chosen it.")
    elif choice.client:
        why = _("It is the one of your Telegram.")
    else:
        why = _("Your Telegram speaks none of these, so it is the bot's own.")
    ticked = choice.own or "own"
    languages = [
        button(_ticked(name, ticked == each), Speak(asker=asker, language=each))
        for each, name in NAMES.items()
    ]
    own = button(_ticked(_("As Telegram says"), ticked == "own"), Speak(asker=asker, language="own"))
    return Answer(Text(Bold(_spoken()), "\n", why), (languages, (own,)))


def here(links: Links | None) -> Answer:
    """In a group, whose language nobody chooses for all."""
    words = _("It is the group's, from the settings (chats). What you choose for yourself holds in private.")
    rows = (
        ([InlineKeyboardButton(text=_("Choose in private") + " ↗", url=links.language())],) if links else ()
    )
    return Answer(Text(Bold(_spoken()), "\n", words), rows)


def _spoken() -> str:
    return _("Language: {name}").format(name=NAMES[get_i18n().current_locale])


def _ticked(label: str, ticked: bool) -> str:
    return f"✓ {label}" if ticked else label
