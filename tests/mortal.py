"""A bot that is killed, as by `kill -9`, at one exact point of its next restart of a container, or removal.

`python -m tests.mortal before|during|after restart|remove`: before the engine is asked; one second after it was asked;
after it answered and before the result is written.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from bot.__main__ import main
from services.fleet.engine import DockerEngine


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(act: Callable[..., Awaitable[None]], point: str) -> Callable[..., Awaitable[None]]:
    async def dying(*args: Any, **kwargs: Any) -> None:
        if point == "before":
            die()
        if point == "during":
            asyncio.get_running_loop().call_later(1, die)
        await act(*args, **kwargs)
        die()

    return dying


if __name__ == "__main__":
    point, act = sys.argv[1:3]
    setattr(DockerEngine, act, mortal(getattr(DockerEngine, act), point))
    sys.exit(main(["run"]))
