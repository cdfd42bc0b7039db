"""When Python looks for garbage: never through everything while somebody waits, if it can be helped.

A full collection goes through every object there is, and nothing else runs meanwhile: with two hosts some 10 ms, with
500 some 300 ms. By itself it comes whenever there are a quarter more objects than at the last one, so just while
hosts are being connected to, or an answer about very many containers is made.
"""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made and not gone before the young ones are looked through, which takes some 5 ms.
_YOUNG = 10_000
_NEVER = 1_000_000_000
EVERY = 3600.0  # seconds


@contextmanager
def uncollected() -> Iterator[None]:
    """For imports: what they make stays, and to look for garbage in it is a sixth of the time that they take."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def spare_collections() -> None:
    """What the imports made stays, and is not gone through any more; a full collection comes with `tidy` alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 1, _NEVER)


async def tidy() -> None:
    """Belongs to a task that lives as long as the bot. Once an hour what refers to itself in circles goes."""
    while True:
        await asyncio.sleep(EVERY)
        gc.collect()
