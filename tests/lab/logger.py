"""A container that logs given bytes, no more and no less."""

import time
from pathlib import Path

from tests.lab.dockerd import IMAGE, Dockerd

_SPILL = (
    "cat /spill/out; cat /spill/err >&2; touch /spill/done;"
    "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"
)
# How a whole line ends in the engine's json-file: no log can look like this, its quotes would be escaped.
_END_OF_LINE = rb'\n","stream":"'
_CHUNK = 1 << 20


def run_logger(engine: Dockerd, name: str, out: bytes, *, err: bytes, tty: bool) -> str:
    """Its id, when every whole line is in the engine's log: all of `out` to stdout, then `err` to stderr.

    A last line without its newline the engine keeps back (beyond 16 KiB parts) until the container stops.
    With a TTY both are one stream and a newline reads as CR LF.
    """
    spill = engine.data / "spill" / name
    spill.mkdir(parents=True, exist_ok=True)
    (spill / "done").unlink(missing_ok=True)
    (spill / "out").write_bytes(out)
    (spill / "err").write_bytes(err)
    options = [f"--name={name}", f"--volume={spill}:/spill", "--network=none", *(["--tty"] if tty else [])]
    container = engine("run", "--detach", *options, IMAGE, "sh", "-c", _SPILL).strip()
    log = Path(engine("inspect", "--format={{.LogPath}}", container).strip())
    wanted = out.count(b"\n") + err.count(b"\n")
    deadline = time.monotonic() + 120
    logged = 0
    with log.open("rb") as records:
        seam = b""  # a mark may lie across two reads
        while logged < wanted or not (spill / "done").exists():
            assert time.monotonic() < deadline, f"{name}: {logged} of {wanted} lines logged"
            chunk = seam + records.read(_CHUNK)
            logged += chunk.count(_END_OF_LINE)
            seam = chunk[-len(_END_OF_LINE) + 1 :]
            if len(chunk) < _CHUNK:
                time.sleep(0.01)
    return container
