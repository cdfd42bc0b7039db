"""Which language is spoken to whom: a choice before Telegram's word, and in a group neither."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.domain.access import Role, Scope
from services.errors import StoreUnavailable
from services.languages import Choice, Languages
from services.ports import Store, Write
from services.roster import Chat, Person, Roster
from services.store import open_store
from tests.bots import AIGERIM, OPS, STRANGER
from tests.clock import HandClock

RUSSIAN = -1006
ROSTER = Roster(
    [Person(AIGERIM, "Aigerim", Role.ADMIN, Scope.of("*/*"))],
    [Chat(OPS, Scope.of("*/*")), Chat(RUSSIAN, Scope.of("*/*"), "ru")],
)


@dataclass
class Stage:
    store: Store
    languages: Languages
    changed: list[int] = field(default_factory=list)

    def anew(self) -> Languages:
        """After a restart."""
        return Languages(self.store, ROSTER, known=("en", "ru"), default="en")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        languages = Languages(store, ROSTER, known=("en", "ru"), default="en")
        made = Stage(store, languages)
        languages.changed = made.changed.append
        yield made


@pytest.mark.parametrize(
    ("chosen", "tag", "spoken"),
    [
        (None, None, "en"),
        (None, "ru", "ru"),
        (None, "ru-KZ", "ru"),
        (None, "RU", "ru"),
        (None, "kk", "en"),
        (None, "rus", "en"),
        ("en", "ru", "en"),
        ("ru", "en", "ru"),
        ("ru", None, "ru"),
    ],
)
async def test_a_choice_before_telegrams_word_before_the_default(
    stage: Stage, chosen: str | None, tag: str | None, spoken: str
) -> None:
    await stage.languages.hear(AIGERIM, tag)
    await stage.languages.choose(AIGERIM, chosen)
    assert await stage.languages.of_chat(AIGERIM, tag) == spoken
    assert await stage.anew().of_chat(AIGERIM) == spoken  # unasked, and after a restart


async def test_a_choice_can_be_taken_back(stage: Stage) -> None:
    await stage.languages.hear(AIGERIM, "ru")
    await stage.languages.choose(AIGERIM, "en")
    assert await stage.languages.choice(AIGERIM) == Choice("en", "ru")
    await stage.languages.choose(AIGERIM, None)
    assert await stage.languages.of_chat(AIGERIM) == "ru"


async def test_a_group_speaks_its_own_whoever_asks(stage: Stage) -> None:
    await stage.languages.choose(AIGERIM, "ru")
    assert await stage.languages.of_chat(OPS, "ru") == "en"
    await stage.languages.choose(AIGERIM, "en")
    assert await stage.languages.of_chat(RUSSIAN, "en") == "ru"
    assert await stage.languages.of_chat(-77, "ru") == "en"


async def test_each_change_is_told_once(stage: Stage) -> None:
    for tag in ("ru", "ru", None, "en", "en", None):
        await stage.languages.hear(AIGERIM, tag)
    assert stage.changed == [AIGERIM, AIGERIM]
    await stage.languages.choose(AIGERIM, "ru")
    assert stage.changed == [AIGERIM] * 3
    again, told = stage.anew(), list[int]()
    again.changed = told.append
    await again.hear(AIGERIM, "en")
    assert told == []


async def test_telegram_that_tells_nothing_changes_nothing(stage: Stage) -> None:
    await stage.languages.hear(AIGERIM, "ru")
    await stage.languages.hear(AIGERIM, None)
    assert await stage.languages.of_chat(AIGERIM) == "ru"


async def test_a_stranger_is_answered_in_his_language_and_leaves_no_trace(stage: Stage) -> None:
    await stage.languages.hear(STRANGER, "ru")
    assert await stage.languages.of_chat(STRANGER, "ru") == "ru"
    assert await stage.languages.of_chat(STRANGER) == "en"
    assert await stage.store.scan("language/") == {}
    assert stage.changed == []


async def test_a_language_of_another_version_is_no_choice(stage: Stage) -> None:
    await stage.languages.choose(AIGERIM, "kk")
    assert await stage.languages.of_chat(AIGERIM, "ru") == "ru"


async def test_without_a_store_telegrams_word_is_left(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: object, **_more: object) -> bool:
        raise StoreUnavailable("gone")

    await stage.languages.choose(AIGERIM, "en")
    for name in ("get", "get_many", "write"):
        monkeypatch.setattr(type(stage.store), name, broken)
    await stage.languages.hear(AIGERIM, "ru")
    assert await stage.languages.of_chat(AIGERIM, "ru") == "ru"
    with pytest.raises(StoreUnavailable):
        await stage.languages.choose(AIGERIM, "ru")


async def test_what_was_not_kept_is_kept_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_writes: Write, **_more: object) -> bool:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(stage.store), "write", broken)
        await stage.languages.hear(AIGERIM, "ru")
    assert await stage.languages.of_chat(AIGERIM) == "en"
    await stage.languages.hear(AIGERIM, "ru")
    assert await stage.languages.of_chat(AIGERIM) == "ru"
