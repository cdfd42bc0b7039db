"""A real Netdata on loopback that gathers next to nothing: `with NetdataServer(home) as netdata: … netdata.url`."""

import getpass
import http.client
from collections.abc import Sequence
from pathlib import Path

from tests.lab.monitoring import Server

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
    proc = no
    diskspace = no
    cgroups = no
    tc = no
    timex = no
    idlejitter = no
    statsd = no
[statsd]
    enabled = no
"""


class NetdataServer(Server):
    """Debian's package; no root needed."""

    command, package = "netdata", "netdata-core"

    def __init__(self, home: Path) -> None:
        for name in ("cache", "lib", "log.d"):
            (home / name).mkdir(parents=True, exist_ok=True)
        super().__init__(home, _CONFIG.format(home=home, user=getpass.getuser()))

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

    def _is_ready(self) -> bool:
        try:
            return self._ask("GET", "/api/v1/info")[0] == 200
        except (OSError, http.client.HTTPException):
            return False
