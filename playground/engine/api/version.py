"""Which engine it says it is, and which versions of the API it speaks."""

from dataclasses import dataclass

from playground.engine.host import Host
from playground.engine.refusal import Refused


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """api, oldest: of the API, the newest and the oldest that are spoken."""

    number: str = "20.10.24"
    api: str = "1.41"
    oldest: str = "1.12"

    @property
    def headers(self) -> dict[str, str]:
        """Of every answer."""
        return {
            "Api-Version": self.api,
            "Docker-Experimental": "false",
            "Ostype": "linux",
            "Server": f"Docker/{self.number} (linux)",
        }

    def negotiate(self, wanted: str) -> None:
        """Raises Refused for a version of the API that is not spoken."""
        if _parts(wanted) > _parts(self.api):
            words = f"client version {wanted} is too new. Maximum supported API version is {self.api}"
            raise Refused(400, words)
        if _parts(wanted) < _parts(self.oldest):
            words = f"client version {wanted} is too old. Minimum supported API version is {self.oldest}, "
            raise Refused(400, f"{words}please upgrade your client to a newer version")

    def answer(self, host: Host) -> dict[str, object]:
        """`GET /version`."""
        facts = {
            "ApiVersion": self.api,
            "Arch": "amd64",
            "BuildTime": "2024-01-01T00:00:00.000000000+00:00",
            "GitCommit": "simulated",
            "GoVersion": "go1.20",
            "KernelVersion": host.machine.kernel,
            "MinAPIVersion": self.oldest,
            "Os": "linux",
        }
        engine = {"Name": "Engine", "Version": self.number, "Details": {**facts, "Experimental": "false"}}
        return {"Platform": {"Name": ""}, "Components": [engine], "Version": self.number, **facts}


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part]


def info(version: EngineVersion, host: Host) -> dict[str, object]:
    """`GET /info`."""
    states = [container.status.value for container in host]
    machine = host.machine
    return {
        "ID": f"SIMULATED:{host.name.upper()}",
        "Containers": len(states),
        "ContainersRunning": states.count("running") + states.count("restarting"),
        "ContainersPaused": states.count("paused"),
        "ContainersStopped": states.count("exited") + states.count("created"),
        "Images": len(host.disk.images),
        "Driver": "overlay2",
        "LoggingDriver": "json-file",
        "CgroupDriver": "systemd",
        "CgroupVersion": "2",
        "KernelVersion": machine.kernel,
        "OperatingSystem": machine.system,
        "OSType": "linux",
        "Architecture": "x86_64",
        "NCPU": machine.cores,
        "MemTotal": machine.memory,
        "DockerRootDir": "/var/lib/docker",
        "Name": host.name,
        "Labels": ["vakhta.simulated=true"],
        "ServerVersion": version.number,
        "LiveRestoreEnabled": machine.live_restore,
        "Swarm": {"LocalNodeState": "inactive"},
        "Warnings": None,
    }
