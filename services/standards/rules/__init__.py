"""The standard, row by row. A row's title, why and mend in words are in `handlers/views/standard_words.py`."""

from services.standards.rules import (
    composing,
    engine,
    lifecycle,
    logs,
    networks,
    privileges,
    proxied,
    storage,
)
from services.standards.rules.row import Row

CONTAINER_ROWS: tuple[Row, ...] = (
    *lifecycle.ROWS,
    *logs.ROWS,
    *storage.ROWS,
    *networks.ROWS,
    *privileges.ROWS,
    *proxied.ROWS,
    *composing.ROWS,
)
ROWS: tuple[Row, ...] = (*CONTAINER_ROWS, *storage.VOLUME_ROWS, *networks.NETWORK_ROWS, *engine.ROWS)
