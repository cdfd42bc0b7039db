"""Two real servers on one machine: each a network namespace with its own dockerd and sshd.

    with Lab.build(tmp_path) as lab:
        server = lab.servers["server2"]

Needs root and a few Debian packages; several labs may live side by side.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from tests.lab import debris
from tests.lab.dockerd import Dockerd
from tests.lab.network import PATH, LabUnavailable, Network, free_subnets
from tests.lab.server import Server
from tests.lab.sshd import Sshd, ensure_user
from tests.lab.team import TEAM_SERVER1, TEAM_SERVER2, Service

__all__ = ["TEAM_SERVER1", "TEAM_SERVER2", "Lab", "LabUnavailable", "Server"]

_COMMANDS = ("dockerd", "docker", "sshd", "ssh", "ip", "busybox")


@dataclass
class Lab:
    """`took`: seconds that the building took."""

    servers: Mapping[str, Server]
    took: float

    @classmethod
    @contextlib.contextmanager
    def build(cls, root: Path, servers: Mapping[str, Sequence[Service]] | None = None) -> Iterator["Lab"]:
        """All servers, built side by side, their data under `root`; removed with every trace at the end.

        Raises LabUnavailable where root's rights or packages are missing.
        """
        _require()
        teams = servers or {"server1": TEAM_SERVER1, "server2": TEAM_SERVER2}
        lab = debris.lab_id(root)
        built: list[Server] = []
        try:
            with debris.one_at_a_time():
                debris.sweep_dead()
                began = time.monotonic()  # others' turns and others' debris are not this lab's time
                debris.claim(lab, root.resolve() / f"lab-{lab}")
                ensure_user()
                for number, (name, subnet) in enumerate(zip(teams, free_subnets(len(teams)), strict=True)):
                    built.append(_describe(lab, number, name, root, subnet, teams[name]))
                    built[-1].network.create()
            with ThreadPoolExecutor() as pool:
                list(pool.map(Server.create, built))
            yield cls({server.name: server for server in built}, time.monotonic() - began)
        finally:
            debris.sweep(lab)
            for server in built:
                server.engine.reap()
                server.sshd.stop()


def _describe(
    lab: str, number: int, name: str, root: Path, subnet: IPv4Network, team: Sequence[Service]
) -> Server:
    home, data = debris.RUN / lab / name, root.resolve() / f"lab-{lab}" / name
    network = Network(f"vakhta-{lab}-{name}", f"vk{lab}-{number}", subnet)
    engine = Dockerd(network, home, data / "docker")
    sshd = Sshd(network, home, data / "ssh", engine.socket)
    return Server(name, network, engine, sshd, team)


def _require() -> None:
    """Say everything that is missing at once."""
    lines = Path(__file__).with_name("packages.txt").read_text().splitlines()
    packages = dict(line.split() for line in lines if not line.startswith("#"))
    absent = [command for command in _COMMANDS if not shutil.which(command, path=PATH)]
    missing = [f"{command} (Debian package {packages[command]})" for command in absent]
    if os.geteuid() != 0:
        missing.insert(0, "root's rights")
    if missing:
        raise LabUnavailable(f"the lab of real servers needs {', '.join(missing)}")
