"""What an image is built from where no registry can be reached: Debian's own base system, and the locked wheels.

Both are kept in /var/cache/vakhta: making them takes a minute and the network, using them seconds.
"""

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.lab.network import PATH, LabUnavailable, run

CACHE = Path("/var/cache/vakhta")
LOCK = Path(__file__).parents[2] / "requirements.lock"
_NEEDLESS = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


def rootfs() -> Path:
    """A tar of this Debian release with python3, its venv module and certificates, for `docker import`."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    return _cached(f"{release}.tar", lambda path: _debootstrap(release, path))


def wheels() -> Path:
    """A directory with a wheel of every locked package, for the Python of `rootfs`."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return _cached(f"wheels-{lock}", _download)


def _cached(name: str, make: Callable[[Path], None]) -> Path:
    """The thing of this name, made if it is not there; a half-made one is never seen."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = CACHE / name
    if not wanted.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            made = Path(directory, name)
            make(made)
            made.rename(wanted)
    return wanted


def _debootstrap(release: str, path: Path) -> None:
    root = path.with_name("root")
    # The base system's packages are configured within it by root, without a terminal.
    environment = {**os.environ, "PATH": PATH, "DEBIAN_FRONTEND": "noninteractive"}
    packages = "--include=python3,python3-venv,ca-certificates"
    command = ["debootstrap", "--variant=minbase", packages, release, str(root), _mirror(release)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, timeout=480)
    leave = [f"--exclude=./{directory}/*" for directory in _NEEDLESS]
    run("tar", "--create", f"--file={path}", f"--directory={root}", "--one-file-system", *leave, ".")


def _mirror(release: str) -> str:
    """The one that apt takes this release from."""
    for line in run("apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)").splitlines():
        codename, _, site = line.partition(" ")
        if codename == release and "debian" in site:
            return site
    raise LabUnavailable(f"apt has no source of {release} that debootstrap could use")


def _download(directory: Path) -> None:
    version = run(
        "tar", "--extract", "--to-stdout", f"--file={rootfs()}", "./usr/share/python3/debian_defaults"
    )
    (default,) = (
        line.split("python")[1] for line in version.splitlines() if line.startswith("default-version")
    )
    machine = platform.machine()
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in range(5, 37)]
    platforms += [f"--platform={kind}_{machine}" for kind in ("manylinux1", "manylinux2010", "manylinux2014")]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary=:all:"]
    command += [f"--python-version={default}", *platforms, f"--dest={directory}", f"--requirement={LOCK}"]
    subprocess.run(command, check=True, timeout=300)
