"""The store behind the `Store` protocol: SQLite embedded, or Redis. Repositories stand above it and know no engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.errors import StoreUnavailable
from services.ports import Clock, Store
from services.store.redis import open_redis
from services.store.sqlite import open_sqlite

_SQLITE = "sqlite://"
_REDIS = ("redis://", "rediss://")


@asynccontextmanager
async def open_store(url: str, clock: Clock) -> AsyncIterator[Store]:
    """The store at `url`, migrated to this version.

    `sqlite:///absolute/path.db`, or `redis://[[user]:password@]host[:port][/db]`, `rediss://` over TLS.
    Raises StoreUnavailable (the URL too may be the reason) and StoreTooNew.
    """
    store = await _open(url, clock)
    try:
        yield store
    finally:
        await store.close()


async def _open(url: str, clock: Clock) -> Store:
    path = url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and path.startswith("/"):
        return await open_sqlite(Path(path), clock)
    if url.startswith(_REDIS):
        return await open_redis(url, clock)
    # The scheme alone: what follows may hold a password.
    scheme = url.partition("://")[0]
    known = "sqlite:///absolute/path.db and redis://host:port/db are"
    raise StoreUnavailable(f"{scheme}: not a store that is known here; {known}")
