"""Pages of logs behind buttons."""

import logging

from services.asked import Asked
from services.errors import StoreUnavailable
from services.logs.pages.questions import Bookmark
from services.ports import Clock, Store

log = logging.getLogger(__name__)


class Bookmarks:
    """A log can be read without a store, so one that does not work stands in nobody's way."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._asked = Asked(Bookmark, "logs", store, clock)

    async def keep(self, bookmark: Bookmark) -> str | None:
        """Its token; None where it could not be kept."""
        try:
            return await self._asked.keep(bookmark)
        except StoreUnavailable as error:
            log.warning("a page of logs could not be kept: %s", error)
            return None

    async def of(self, token: str) -> Bookmark:
        """Raises Forgotten, StoreUnavailable."""
        return await self._asked.of(token)
