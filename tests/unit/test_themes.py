"""Each person's own background."""

from pathlib import Path

from services.errors import StoreUnavailable
from services.pictures.drawing import Theme
from services.ports import Put
from services.store import open_store
from services.themes import DEFAULT, Themes
from tests.clock import HandClock


async def test_a_choice_is_kept(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        themes = Themes(store)
        assert await themes.of(1001) is DEFAULT
        await themes.choose(1001, Theme.DARK)
        assert await Themes(store).of(1001) is Theme.DARK
        assert await themes.of(1002) is DEFAULT
        await store.write(Put("theme/1001", b"of a newer version"))
        assert await themes.of(1001) is DEFAULT


async def test_while_the_store_does_not_work_there_are_pictures_still(tmp_path: Path) -> None:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        themes = Themes(store)
        await themes.choose(1001, Theme.DARK)
    assert await themes.of(1001) is DEFAULT
    try:
        await themes.choose(1001, Theme.DARK)
    except StoreUnavailable:
        return
    raise AssertionError("what could not be kept is told")
