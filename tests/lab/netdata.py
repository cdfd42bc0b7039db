"""A real Netdata on loopback: `with NetdataServer(home) as netdata: … netdata.url`.

It gathers next to nothing, or with `figures` what /proc and the mounted file systems tell.
"""

import getpass
import http.client
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab.monitoring import Server
from tests.lab.network import Network, run

_CONFIG = """
[global]
    run as user = {user}
[db]
    mode = ram
    retention = 60
[directories]
    cache = {home}/cache
    lib = {home}/lib
    log = {home}/log.d
    config = {home}
    home = {home}
[logs]
    access = none
[ml]
    enabled = no
[health]
    enabled = no
[plugins]
    enable running new plugins = no
    proc = {figures}
    diskspace = {figures}
    cgroups = {cgroups}
    tc = no
    timex = no
    idlejitter = no
    statsd = no
[statsd]
    enabled = no
[plugin:cgroups]
    check for new cgroups every = 1
    enable by default cgroups matching = *{matching}*
    use unified cgroups = {unified}
"""
# All Netdatas of a machine share a lock in /dev/shm: one that is killed while it has it would stop those to come.
_ALONE = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs shm /dev/shm && exec "$0" "$@"')
# Where this is, containers are in the one hierarchy; else in one for each controller, whatever else is mounted. Netdata
# would ask systemd, which knows only how it was built.
_UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers")


class NetdataServer(Server):
    """Debian's package; no root needed but for `inside`, the network of the server it runs on, this machine's own
    where None.

    figures: whether it gathers them. cgroups: those whose path has this in it, too; Debian's netdata-plugins-bash
    finds their names.
    """

    command, package = "netdata", "netdata-core"

    def __init__(
        self, home: Path, *, figures: bool = False, cgroups: str = "", inside: Network | None = None
    ) -> None:
        self.inside = inside
        self._cgroups = bool(cgroups)
        for name in ("cache", "lib", "log.d"):
            (home / name).mkdir(parents=True, exist_ok=True)
        config = _CONFIG.format(
            home=home,
            user=getpass.getuser(),
            figures="yes" if figures else "no",
            cgroups="yes" if cgroups else "no",
            matching=cgroups,
            unified="yes" if _UNIFIED.exists() else "no",
        )
        super().__init__(home, config)

    def _arguments(self) -> Sequence[str]:
        return (
            "-D",
            "-c",
            str(self.file),
            "-i",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-P",
            str(self.home / "pid"),
        )

    def _within(self) -> Sequence[str]:
        return (*self._there(), *_ALONE) if self._cgroups else self._there()

    def _there(self) -> Sequence[str]:
        return ("nsenter", f"--net={self.inside.handle}") if self.inside else ()

    def _is_ready(self) -> bool:
        if self.inside:
            asking = [*self._there(), "busybox", "wget", "-q", "-O", "-", f"{self.url}/api/v1/info"]
            try:
                return bool(run(*asking))
            except subprocess.CalledProcessError:
                return False
        try:
            return self._ask("GET", "/api/v1/info")[0] == 200
        except (OSError, http.client.HTTPException):
            return False
