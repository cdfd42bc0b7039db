"""How long an event loop is held. `python -m bench.pulse FILE`: that of an idle process, so what the machine adds."""

import asyncio
import sys
from pathlib import Path
from time import perf_counter

_BEAT = 0.002


async def pulse(file: Path) -> None:
    """`file` gets the longest hold since it was last removed, in milliseconds."""
    longest = 0.0
    while True:
        began = perf_counter()
        await asyncio.sleep(_BEAT)
        hold = perf_counter() - began - _BEAT
        if not file.exists() or hold > longest:
            longest = hold
            file.write_text(f"{longest * 1000:.1f}")


async def longest_hold(file: Path) -> float:
    """Milliseconds, since the last call."""
    while not (file.exists() and (text := file.read_text())):
        await asyncio.sleep(_BEAT)
    file.unlink()
    return float(text)


if __name__ == "__main__":
    asyncio.run(pulse(Path(sys.argv[1])))
