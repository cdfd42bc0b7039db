"""The store behind the `Store` protocol: SQLite embedded. Repositories stand above it and know no engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.errors import StoreUnavailable
from services.ports import Clock, Store
from services.store.sqlite import open_sqlite

_SQLITE = "sqlite://"


@asynccontextmanager
async def open_store(url: str, clock: Clock) -> AsyncIterator[Store]:
    """The store at `url`, migrated to this version: `sqlite:///absolute/path.db`.

    Raises StoreUnavailable (the URL too may be the reason) and StoreTooNew.
    """
    path = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not path.startswith("/"):
        # The scheme alone: what follows may hold a password.
        scheme = url.partition("://")[0]
        raise StoreUnavailable(f"{scheme}: not a store that is known here; sqlite:///absolute/path.db is")
    store = await open_sqlite(Path(path), clock)
    try:
        yield store
    finally:
        await store.close()
