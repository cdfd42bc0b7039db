"""A second signal while the bot is going down leaves no traceback behind."""

import subprocess
import sys

SIGNALLED_WHILE_THE_LOOP_IS_CLOSED = """
import asyncio, os, signal
from asyncio.selector_events import BaseSelectorEventLoop
from bot import app

async def nothing(*_: object) -> None:
    pass

closing = BaseSelectorEventLoop.close

def close(self: BaseSelectorEventLoop) -> None:
    closing(self)
    os.kill(os.getpid(), signal.SIGTERM)

BaseSelectorEventLoop.close = close
app.run_until = nothing
asyncio.run(app.run(None))
"""


def test_a_signal_while_the_loop_is_being_closed() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED_WHILE_THE_LOOP_IS_CLOSED],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
