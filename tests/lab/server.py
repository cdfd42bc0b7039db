"""One server of the lab, as tests hold it: addresses, keys, the admin's hand, and everything that can break."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import logger
from tests.lab.dockerd import IMAGE, Dockerd
from tests.lab.network import Network
from tests.lab.sshd import USER, Sshd
from tests.lab.team import Service

# Says its lines, sleeps, and obeys SIGTERM at once, so that a restart takes no ten seconds.
_IDLE = "trap 'exit 0' TERM; for line; do echo \"$line\"; done; while :; do sleep 3600 & wait $!; done"


@dataclass
class Server:
    """One server. What a test breaks, `reset` mends."""

    name: str
    network: Network
    engine: Dockerd
    sshd: Sshd
    team: Sequence[Service]
    _ids: dict[str, str] = field(default_factory=dict, init=False)
    _delayed: bool = field(default=False, init=False)

    @property
    def address(self) -> str:
        return str(self.network.address)

    ssh_port = 22
    ssh_user = USER

    @property
    def docker_socket(self) -> str:
        return str(self.engine.socket)

    @property
    def known_hosts(self) -> Path:
        return self.sshd.known_hosts

    @property
    def identity_file(self) -> Path:
        """The restricted key: this server's Docker socket and nothing else."""
        return self.sshd.identity_file

    @property
    def admin_identity_file(self) -> Path:
        """An unrestricted key for root."""
        return self.sshd.admin_identity_file

    @property
    def lane_identity_file(self) -> Path:
        """The fast lane's key, which runs `vakhta-grep` for root and nothing else."""
        return self.sshd.lane_identity_file

    @property
    def containers(self) -> Path:
        """Where the engine keeps a directory for each container, with its logs."""
        return self.engine.data / "engine/containers"

    def create(self) -> None:
        """Daemons and containers, on a network that is there already."""
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(self.sshd.create), pool.submit(self.engine.create)]:
                done.result()
            self.sshd.install_lane(self.containers)
            for done in [pool.submit(self._create_container, service) for service in self.team]:
                done.result()

    def _create_container(self, service: Service) -> None:
        self.docker("tag", IMAGE, service.image)
        healthcheck = "test ! -e /tmp/sick && echo well || { echo sick; exit 1; }" if service.probe else None
        extra = [f"--expose={port}" for port in service.exposes] + [
            f"--publish={p}" for p in service.publishes
        ]
        if service.probe:
            extra += [f"--health-interval={service.probe}s", "--health-retries=1"]
        self._ids[service.name] = self.run_container(
            service.name,
            *("sh", "-c", _IDLE, service.name, *service.says),
            image=service.image,
            labels=service.all_labels(),
            healthcheck=healthcheck,
            restart="unless-stopped",
            extra=extra,
        )

    def docker(self, *args: str) -> str:
        """`docker ARGS` by the admin's hand, on the server itself."""
        return self.engine(*args)

    def admin_ssh(self, *command: str) -> list[str]:
        """What an admin types: the argument list of `ssh root@SERVER COMMAND`, without a shared connection."""
        options = [
            "-o",
            f"UserKnownHostsFile={self.known_hosts}",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
        ]
        return [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.admin_identity_file),
            *options,
            f"root@{self.address}",
            *command,
        ]

    def run_container(
        self,
        name: str,
        *command: str,
        image: str = IMAGE,
        labels: Mapping[str, str] | None = None,
        healthcheck: str | None = None,
        restart: str = "no",
        tty: bool = False,
        env: Mapping[str, str] | None = None,
        extra: Sequence[str] = (),
    ) -> str:
        """Start a container; its id. Without a command it idles and stops at once when asked."""
        options = [f"--name={name}", f"--restart={restart}", *(["--tty"] if tty else [])]
        options += [f"--label={key}={value}" for key, value in (labels or {}).items()]
        options += [f"--env={key}={value}" for key, value in (env or {}).items()]
        options += [f"--health-cmd={healthcheck}"] if healthcheck else []
        argv = command or ("sh", "-c", _IDLE, name)
        return self.docker("run", "--detach", *options, *extra, image, *argv).strip()

    def run_logger(self, name: str, out: bytes, *, err: bytes = b"", tty: bool = False) -> str:
        """A container that logs exactly these bytes and idles; its id. See `logger.run_logger`."""
        return logger.run_logger(self.engine, name, out, err=err, tty=tty)

    def crowd(self, count: int) -> None:
        """Bring the server to `count` running containers, with what it has by now."""
        running = len(self.docker("ps", "--quiet").split())
        names = [f"worker-{number:02}" for number in range(count - running)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: self.run_container(name, extra=["--network=host"]), names))

    def set_health(self, name: str, *, good: bool) -> None:
        """What the container's next health check will say: within a second or two, see `team`."""
        self.docker("exec", name, *(("rm", "-f") if good else ("touch",)), "/tmp/sick")

    def permit(self, *addresses: str) -> None:
        """Let the restricted key open these addresses (HOST:PORT) too, from the next login on."""
        self.sshd.permit(*addresses)

    def pull_cable(self) -> None:
        """From now on packets vanish, both ways, and nobody is told."""
        self.network.pull()

    def plug_cable(self) -> None:
        self.network.plug()

    def delay(self, milliseconds: float) -> None:
        """Distance: hold each packet to the server so long; 0 ends it. LabUnavailable where the kernel has no netem."""
        self._delayed = True
        self.network.delay(milliseconds)
        self._delayed = milliseconds != 0

    def stop_sshd(self) -> None:
        """The daemon with all its sessions."""
        self.sshd.stop()

    def start_sshd(self) -> None:
        self.sshd.start()

    def change_host_key(self) -> None:
        """Present another key than the pinned one; open connections break."""
        self.sshd.change_host_key()

    def restore_host_key(self) -> None:
        self.sshd.restore_host_key()

    def sshd_pids(self) -> list[int]:
        """sshd's session processes, two for each connection."""
        return self.sshd.sessions()

    def ssh_connections(self) -> int:
        return self.sshd.connections()

    def sshd_descriptors(self) -> int:
        """Descriptors that sshd's sessions hold: one for each open channel, beside some that stay."""
        return self.sshd.descriptors()

    def stop_docker(self) -> None:
        """Containers go down with it; those with a policy come back with `start_docker`."""
        self.engine.stop()

    def start_docker(self) -> None:
        self.engine.start()

    def pause_docker(self) -> None:
        """The daemon hangs: it takes connections and never answers."""
        self.engine.pause()

    def resume_docker(self) -> None:
        self.engine.resume()

    def reset(self) -> None:
        """The described state again: cable, daemons, keys, and the team's containers running, healthy and alone."""
        self.plug_cable()
        if self._delayed:
            self.delay(0)
        self.engine.resume()
        self.engine.start()
        self.sshd.restore_host_key()
        self.sshd.permit()
        self.sshd.start()
        found = {each["Id"]: each for each in self.engine.listing()}
        wanted = {identity: service for service in self.team if (identity := self._ids.get(service.name))}
        if extras := found.keys() - wanted.keys():
            self.docker("rm", "--force", "--volumes", *extras)
        if left_over := self.engine.unused_volumes():
            self.docker("volume", "rm", *left_over)
        with ThreadPoolExecutor(4) as pool:
            list(
                pool.map(
                    lambda service: self._restore(service, found.get(self._ids[service.name])), self.team
                )
            )

    def _restore(self, service: Service, found: Mapping[str, Any] | None) -> None:
        """found: as the engine lists it, None where it is gone."""
        if found is None:
            self._create_container(service)
            return
        identity, state, status = found["Id"], found["State"], found["Status"]
        if state == "paused":
            self.docker("unpause", identity)
        elif state != "running":
            self.docker("start", identity)
        if "unhealthy" in status or (service.probe and state != "running"):
            self.set_health(identity, good=True)
        if "unhealthy" in status:
            self.wait_health(identity, "healthy")

    def wait_health(self, name: str, wanted: str) -> None:
        """Until the container's health is `wanted`: healthy, unhealthy."""
        deadline = time.monotonic() + 20
        while self.docker("inspect", "--format={{.State.Health.Status}}", name).strip() != wanted:
            assert time.monotonic() < deadline, f"{name} did not become {wanted}"
            time.sleep(0.1)
