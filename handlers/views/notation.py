"""How the reader's language writes figures: in messages as in pictures."""

from aiogram.utils.i18n.context import get_i18n
from babel.numbers import get_decimal_symbol

from services.pictures.scales import Notation

# Not words of the catalogues: there "min" is the least of some figures, here it is a minute.
_UNITS = {
    "ru": {
        "%": " %",
        "PiB": "ПиБ",
        "TiB": "ТиБ",
        "GiB": "ГиБ",
        "MiB": "МиБ",
        "KiB": "КиБ",
        "B": "Б",
        "TB/s": "ТБ/с",
        "GB/s": "ГБ/с",
        "MB/s": "МБ/с",
        "kB/s": "кБ/с",
        "B/s": "Б/с",
        "d": "сут",
        "h": "ч",
        "min": "мин",
        "s": "с",
        "ms": "мс",
        "µs": "мкс",
        "ns": "нс",
        "T/s": " трлн/с",
        "G/s": " млрд/с",
        "M/s": " млн/с",
        "k/s": " тыс./с",
        "/s": "/с",
        "T": " трлн",
        "G": " млрд",
        "M": " млн",
        "k": " тыс.",
    }
}


def notation() -> Notation:
    language = get_i18n().current_locale
    return Notation(get_decimal_symbol(language), tuple(_UNITS.get(language, {}).items()))
