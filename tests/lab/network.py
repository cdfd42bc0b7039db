"""A server's place on the network: a namespace, the cable to it, and the processes that live there."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

# Root's own commands, which not every PATH names.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Nothing of the caller's: no proxy, no DOCKER_HOST, no client configuration.
_ENVIRONMENT = {"PATH": PATH, "HOME": "/nonexistent", "LANG": "C.UTF-8"}
_RANGE = IPv4Network("10.213.0.0/16")


class LabUnavailable(Exception):
    """The lab cannot be built here; the text says what is missing."""


def run(*command: str | Path, feed: bytes | None = None) -> str:
    """The command's standard output; a failure raises CalledProcessError that shows its standard error."""
    try:
        done = subprocess.run(
            command, input=feed, check=True, capture_output=True, timeout=120, env=_ENVIRONMENT
        )
    except subprocess.CalledProcessError as exc:
        exc.add_note(bytes(exc.stderr).decode(errors="replace"))
        raise
    return done.stdout.decode(errors="replace")


@dataclass(frozen=True)
class Network:
    """A namespace `name`, joined to this machine by a veth pair: `link` here at `gateway`, eth0 there at `address`."""

    name: str
    link: str
    subnet: IPv4Network

    @property
    def gateway(self) -> IPv4Address:
        return self.subnet[1]

    @property
    def address(self) -> IPv4Address:
        return self.subnet[2]

    @property
    def handle(self) -> Path:
        return Path("/run/netns", self.name)

    def create(self) -> None:
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "address", "add", f"{self.gateway}/30", "dev", self.link)
        run("ip", "link", "set", self.link, "up")
        run("ip", "-n", self.name, "address", "add", f"{self.address}/30", "dev", "eth0")
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        self.plug()
        # A known neighbour for good: behind a pulled cable packets vanish in silence, as they do on the Internet,
        # where otherwise this machine's kernel would say "no route to host" after three seconds.
        (there,) = json.loads(run("ip", "-j", "-n", self.name, "link", "show", "eth0"))
        neighbour = (str(self.address), "lladdr", there["address"], "dev", self.link, "nud", "permanent")
        run("ip", "neighbour", "replace", *neighbour)

    def plug(self) -> None:
        """Costs nothing where it is plugged in: this end of the cable feels whether the other is up."""
        if Path("/sys/class/net", self.link, "carrier").read_text().strip() != "1":
            run("ip", "-n", self.name, "link", "set", "eth0", "up")

    def pull(self) -> None:
        run("ip", "-n", self.name, "link", "set", "eth0", "down")

    def delay(self, milliseconds: float) -> None:
        """Hold every packet to the server for so long; 0 takes the delay away. Needs a kernel with netem."""
        if not milliseconds:
            subprocess.run(
                ["tc", "qdisc", "delete", "dev", self.link, "root"], capture_output=True, check=False
            )
            return
        try:
            run("tc", "qdisc", "replace", "dev", self.link, "root", "netem", "delay", f"{milliseconds}ms")
        except subprocess.CalledProcessError as exc:
            raise LabUnavailable(f"this kernel has no netem: {exc.stderr.decode().strip()}") from exc

    def start(
        self, *command: str | Path, log: Path, env: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """A long-lived process in the namespace. `ip netns exec` would hide the cgroups from it; nsenter does not."""
        with log.open("ab") as output:
            return subprocess.Popen(
                ["nsenter", f"--net={self.handle}", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=_ENVIRONMENT,
            )


def inhabitants(handle: Path) -> list[int]:
    """The ids of all processes in the namespace."""
    try:
        home = handle.stat().st_ino
    except FileNotFoundError:
        return []
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _namespace(process) == home]


def _namespace(process: Path) -> int:
    try:
        return (process / "ns/net").stat().st_ino
    except OSError:  # gone meanwhile
        return 0


def free_subnets(count: int) -> Sequence[IPv4Network]:
    """Subnets of four addresses that no interface of this machine has."""
    taken = [
        IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False)
        for interface in json.loads(run("ip", "-j", "-4", "address"))
        for address in interface["addr_info"]
    ]
    free: list[IPv4Network] = []
    for subnet in _RANGE.subnets(new_prefix=30):
        if len(free) == count:
            return free
        if not any(subnet.overlaps(other) for other in taken):
            free.append(subnet)
    raise LabUnavailable(f"no free subnet in {_RANGE}")
