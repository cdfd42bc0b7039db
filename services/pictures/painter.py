"""The process that draws: `python -m services.pictures.painter PARENT`, which `easel` starts. A frame in, a frame out.

It has nothing of the bot but what it is sent: no secrets, no sockets, no environment.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import BinaryIO

from services.pictures.bars import Bars
from services.pictures.columns import bars_drawn
from services.pictures.frames import ANSWERED, ASKED
from services.pictures.plot import drawn
from services.pictures.sheet import unpacked

_PDEATHSIG = 1
_NICENESS = 2  # the bot goes first
_LONGEST_TROUBLE = 4000


def main() -> None:
    _belong_to(int(sys.argv[1]))
    asked, answers = _line()
    while len(head := asked.read(ASKED.size)) == ASKED.size:
        (length,) = ASKED.unpack(head)
        frame = asked.read(length)
        if len(frame) < length:
            return
        good, body = _tried(frame)
        gc.collect()  # a figure is a web of cycles
        answers.write(ANSWERED.pack(len(body), good, resident()) + body)
        answers.flush()


def _belong_to(parent: int) -> None:
    """Ends with the parent, however that ends. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        sys.exit(1)
    os.nice(_NICENESS)


def _line() -> tuple[BinaryIO, BinaryIO]:
    """What is asked, and where to answer: nothing else may write there, so what is printed goes the way of errors."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return asked, answers


def _tried(frame: bytes) -> tuple[bool, bytes]:
    try:
        asked = unpacked(frame)
        return True, bars_drawn(asked) if isinstance(asked, Bars) else drawn(asked)
    except Exception:  # noqa: BLE001  (whatever it is, the bot is told, and the next picture comes)
        return False, traceback.format_exc()[-_LONGEST_TROUBLE:].encode(errors="replace")


def resident() -> int:
    """Bytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # no such files on this system: then the most that it ever was
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
