"""On which background each person likes pictures."""

import logging

from services.errors import StoreUnavailable
from services.pictures.drawing import Theme
from services.ports import Put, Store

DEFAULT = Theme.LIGHT

log = logging.getLogger(__name__)


class Themes:
    """A person is known by the numeric id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, person: int) -> Theme:
        """Never raises: while the store does not work a choice is not known."""
        try:
            kept = await self._store.get(_key(person))
        except StoreUnavailable as error:
            log.warning("the theme of %s is not known now: %s", person, error)
            return DEFAULT
        known = {theme.value: theme for theme in Theme}
        return known.get(kept.decode(errors="replace"), DEFAULT) if kept else DEFAULT

    async def choose(self, person: int, theme: Theme) -> None:
        """Raises StoreUnavailable."""
        await self._store.write(Put(_key(person), theme.value.encode()))


def _key(person: int) -> str:
    return f"theme/{person}"
