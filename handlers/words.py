"""The catalogues of words, and the zone in which times are told.

English is the msgid. Catalogues are read from the `.po` files themselves, so no compiled file can go stale.
"""

from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import I18n
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
NAMES = {"ru": "Русский", "en": "English"}  # each as its speakers call it
LANGUAGES = tuple(NAMES)

zone: ContextVar[ZoneInfo] = ContextVar("zone")


class Catalogues(I18n):
    """aiogram's I18n over `.po` files."""

    def find_locales(self) -> dict[str, GNUTranslations]:
        return {language: _load(language) for language in LANGUAGES}


@cache  # reading one takes 8 ms
def _load(language: str) -> GNUTranslations:
    path = LOCALES / language / "LC_MESSAGES" / "vakhta.po"
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def catalogues(default: str) -> Catalogues:
    return Catalogues(path=LOCALES, default_locale=default, domain="vakhta")


def mark(msgid: str) -> str:
    """Mark a msgid that is translated later, where it is shown."""
    return msgid
