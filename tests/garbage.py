"""For tests of how long the event loop is held."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def set_aside() -> Iterator[None]:
    """What there is, of other tests above all, is not looked through meanwhile; the bot does as much: `bot.tidying`."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # so is what collecting the tests has made: `tests/conftest.py`
