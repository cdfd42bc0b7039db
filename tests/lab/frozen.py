"""A process that is alive and deaf: the kernel takes connections for it, and nobody answers."""

import os
import signal
import time
from pathlib import Path


def freeze(pid: int) -> None:
    """Until no thread of it runs any more: the signal reaches one after another. SIGCONT ends it."""
    os.kill(pid, signal.SIGSTOP)
    while not _is_stopped(pid):
        time.sleep(0.005)


def _is_stopped(pid: int) -> bool:
    try:
        stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:  # one has just ended
        return False
    return all(each.rpartition(")")[2].split()[0] == "T" for each in stats)
