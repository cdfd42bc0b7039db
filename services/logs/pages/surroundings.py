"""Blocks of a log in pieces, each with the lines around it that may bear on what is hidden in it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass

from services.domain.logs import Block, joined
from services.logs.text.region import seen_behind, tail_of

# Bytes of a piece, of which the last one may have fewer.
PIECE = 256 * 2**10


@dataclass(frozen=True, slots=True)
class Surrounded:
    before: Block
    body: Block
    after: Block


async def surrounded(
    blocks: AsyncIterator[Block],
    before: Callable[[], Block],
    behind: Callable[[], Block] = Block,
    piece: int = PIECE,
) -> AsyncGenerator[Surrounded, None]:
    """All of them, none empty. before: what stands before the first one, once that is there; behind: at the end.

    Each piece comes when the next one, or the end, is there.
    """
    above = body = Block()
    async for following in _pieces(blocks, piece):
        if body:
            yield Surrounded(above, body, seen_behind(above, body, following))
            above = tail_of(joined(above, body), 0)
        else:
            above = before()
        body = following
    if body:
        yield Surrounded(above, body, seen_behind(above, body, behind()))


async def _pieces(blocks: AsyncIterator[Block], piece: int) -> AsyncGenerator[Block, None]:
    held: list[Block] = []
    size = 0
    async for block in blocks:
        if block:
            held.append(block)
            size += len(block.text)
        if size >= piece:
            yield joined(*held)
            held, size = [], 0
    if held:
        yield joined(*held)
