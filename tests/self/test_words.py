"""The catalogues against the code and against each other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from handlers.words import LANGUAGES, LOCALES, catalogues
from services.metrics.shipped import SHIPPED

ROOT = Path(__file__).parents[2]
SPEAKING = ("handlers", "bot")
CALLS = {"_": 1, "mark": 1, "gettext": 1, "ngettext": 2}
PLACEHOLDER = re.compile(r"{(\w+)}")

Id = str | tuple[str, ...]


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "vakhta.po").open("rb") as file:
        return read_po(file, locale=language)


def ids(language: str) -> set[Id]:
    return {as_id(message) for message in catalogue(language) if message.id}


def as_id(message: Message) -> Id:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def spoken() -> Iterator[tuple[str, Id]]:
    """Every msgid in the code, f-strings included (Babel's own extraction passes over those), and in the catalogue of
    metrics, whose titles are some."""
    yield from (("services/metrics/shipped.py", metric.title) for metric in SHIPPED)
    for package in SPEAKING:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                    words = [word.value for word in node.args if isinstance(word, ast.Constant)]
                    texts = [word for word in words if isinstance(word, str)]
                    if texts:
                        count = CALLS[node.func.id]
                        yield str(path), texts[0] if count == 1 else tuple(texts[:count])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_in_the_code_is_in_the_catalogue_and_no_other(language: str) -> None:
    assert {words for _path, words in spoken()} == ids(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_complete_with_all_plurals_and_the_same_placeholders(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        singular = message.id if isinstance(message.id, str) else message.id[0]
        strings = texts(message)
        assert all(strings), message.id
        assert not message.fuzzy, message.id
        if not isinstance(message.id, str):
            assert len(strings) == catalogue(language).num_plurals, message.id
        for string in strings:
            assert set(PLACEHOLDER.findall(string)) == set(PLACEHOLDER.findall(singular)), message.id


def test_russian_is_russian() -> None:
    """A sentence left in English is caught, names of things in Latin letters are not."""
    for message in catalogue("ru"):
        if message.id:
            bare = [PLACEHOLDER.sub("", string) for string in texts(message)]
            russian = all(re.search(r"[а-яё]", string, re.I) for string in bare)
            latin = [string.replace("CPU", "") for string in bare]
            assert russian or not any(re.search(r"[a-z]", string, re.I) for string in latin), message.id


def test_plural_forms_follow_the_number() -> None:
    words = catalogues("ru")
    forms = [
        words.gettext("last {count} line", "last {count} lines", count, locale="ru") for count in (1, 3, 50)
    ]
    assert len(set(forms)) == 3
