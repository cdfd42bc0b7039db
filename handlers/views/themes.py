"""`/theme`: on which background a person's pictures are, and the choice."""

from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _

from handlers.metric_callbacks import SetTheme
from handlers.views.answer import Answer, button
from services.pictures.drawing import Theme


def theme_question(theme: Theme, asker: str) -> Answer:
    """theme: the present one."""
    labels = {Theme.LIGHT: "☀️ " + _("Light"), Theme.DARK: "🌙 " + _("Dark")}
    words = {
        Theme.LIGHT: _("Pictures: on a light background"),
        Theme.DARK: _("Pictures: on a dark background"),
    }
    row = [
        button(f"✓ {label}" if each is theme else label, SetTheme(asker=asker, theme=each.value))
        for each, label in labels.items()
    ]
    return Answer(
        Text(Bold(words[theme]), "\n", _("It is yours alone; charts have a button for it, too.")), (row,)
    )
