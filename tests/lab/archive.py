"""A log that is there already, written into the engine's own file: no container could say so much so fast."""

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.lab.dockerd import Dockerd

_FIRST = 1_795_000_000  # seconds since 1970: November 2026
_LINES_A_SECOND = 10


def fill_log(engine: Dockerd, name: str, lines: Iterable[str]) -> str:
    """Write `lines`, one of five to stderr, into the log of the container `name`, which must have stopped; its id.

    They are a tenth of a second apart. The container may be started afterwards.
    """
    identity = engine("inspect", "--format={{.Id}}", name).strip()
    path = Path(engine("inspect", "--format={{.LogPath}}", identity).strip())
    encode = msgspec.json.encode
    with path.open("wb") as log:
        for number, line in enumerate(lines):
            seconds, tenth = divmod(number, _LINES_A_SECOND)
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(_FIRST + seconds))
            stream = "stderr" if number % 5 == 0 else "stdout"
            record = {"log": f"{line}\n", "stream": stream, "time": f"{moment}.{tenth}Z"}
            log.write(encode(record) + b"\n")
    return identity
