"""What a lab leaves on the machine, and its removal: after a run, and before one when the last was killed.

A lab is known by its id alone: its run-time directory is RUN/<id>, its namespaces and cgroups are called
vakhta-<id>-<server>. So whatever died half-way is found again, and no other lab is ever touched.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.lab.network import inhabitants

RUN = Path("/run/vakhta-lab")
_CGROUPS = Path("/sys/fs/cgroup")


def lab_id(root: Path) -> str:
    """Short, since interface names end at 15 characters; the same for the same root."""
    return hashlib.sha256(bytes(root.resolve())).hexdigest()[:6]


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Only one lab chooses its subnets, or sweeps, at a time."""
    RUN.mkdir(mode=0o755, exist_ok=True)
    with (RUN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def claim(lab: str, data: Path) -> None:
    """Note whose lab it is: this process's; and where its data lie, a directory of its own.

    What an earlier lab of that id left goes.
    """
    sweep(lab)
    (RUN / lab).mkdir(mode=0o755)
    me = psutil.Process()
    (RUN / lab / "owner").write_text(f"{me.pid} {me.create_time()}\n{data}\n")


def sweep_dead() -> None:
    """Remove every lab whose owner is not alive."""
    for lab in RUN.iterdir():
        if lab.is_dir() and not _owner_lives(lab):
            sweep(lab.name)


def _owner_lives(lab: Path) -> bool:
    try:
        pid, created = (lab / "owner").read_text().split()[:2]
        return psutil.Process(int(pid)).create_time() == float(created)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def sweep(lab: str) -> None:
    """Processes, mounts, namespaces, cgroups, sockets and data of this lab."""
    prefix = f"vakhta-{lab}-"
    namespaces = list(Path("/run/netns").glob(f"{prefix}*"))
    _kill(prefix, namespaces)
    data = _data(lab)
    for shim in (RUN / lab).glob("*/exec/containerd/daemon/*/*/*/address"):
        Path(shim.read_text().removeprefix("unix://")).unlink(missing_ok=True)
    _unmount([RUN / lab, *data])
    for namespace in namespaces:
        subprocess.run(["ip", "netns", "delete", namespace.name], check=True)
    # The kernel takes a deleted namespace's cable away in its own time; taken away by hand it is gone at once.
    for link in Path("/sys/class/net").glob(f"vk{lab}-*"):
        subprocess.run(["ip", "link", "delete", link.name], check=False, capture_output=True)
    for cgroup in sorted(_cgroups(prefix), reverse=True):
        with contextlib.suppress(OSError):
            cgroup.rmdir()
    for directory in [*data, RUN / lab]:
        shutil.rmtree(directory, ignore_errors=True)


def _data(lab: str) -> list[Path]:
    try:
        return [Path(line) for line in (RUN / lab / "owner").read_text().splitlines()[1:]]
    except FileNotFoundError:
        return []


def _kill(prefix: str, namespaces: list[Path]) -> None:
    """Everything at once and until nothing is left, since a daemon may just be starting something."""
    deadline = time.monotonic() + 20
    while True:
        doomed = {pid for namespace in namespaces for pid in inhabitants(namespace)}
        for cgroup in _cgroups(prefix):
            with contextlib.suppress(
                OSError
            ):  # a paused container takes no signal in version 1; also: gone meanwhile
                doomed |= {int(pid) for pid in (cgroup / "cgroup.procs").read_text().split()}
                if (cgroup / "freezer.state").exists():
                    (cgroup / "freezer.state").write_text("THAWED")
        doomed = {pid for pid in doomed if not _zombie(pid)}
        if not doomed or time.monotonic() > deadline:
            return
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _cgroups(prefix: str) -> list[Path]:
    """The lab's cgroups in every hierarchy, of version 1 or 2, with all below them."""
    tops = [*_CGROUPS.glob(f"{prefix}*"), *_CGROUPS.glob(f"*/{prefix}*")]
    return [Path(cgroup) for top in tops for cgroup, _, _ in os.walk(top)]


def _unmount(roots: list[Path]) -> None:
    points = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    ours = [point for point in points if any(point.is_relative_to(root) for root in roots)]
    if ours:
        subprocess.run(["umount", "--lazy", *reversed(ours)], check=False, capture_output=True)
