"""`GET /containers/{id}/json`."""

from collections.abc import Iterator

from playground.engine.api.listing import EVERYWHERE, address, mounts, network
from playground.engine.clock import SECOND
from playground.engine.container import Container, Health, Status
from playground.engine.durations import rfc3339
from playground.engine.host import Host
from playground.engine.program import TERM
from playground.engine.spec import Healthcheck, Spec

_LOGS = "/var/lib/docker/containers/{0}/{0}-json.log"


def inspection(host: Host, container: Container) -> dict[str, object]:
    spec = container.spec
    kept = spec.log_driver == "json-file"
    return {
        "Id": container.id,
        "Created": rfc3339(container.created),
        "Path": spec.command[0] if spec.command else "",
        "Args": list(spec.command[1:]),
        "State": _state(container),
        "Image": container.image,
        "LogPath": _LOGS.format(container.id) if kept and container.runs else "",
        "Name": f"/{spec.name}",
        "RestartCount": container.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        "ExecIDs": None,
        "HostConfig": _host_config(spec),
        "Mounts": mounts(spec),
        "Config": _config(container),
        "NetworkSettings": {
            "IPAddress": address(container) if spec.network == "bridge" else "",
            "Ports": _ports(spec, running=container.alive),
            "Networks": {spec.network: network(host, container)},
        },
    }


def _state(container: Container) -> dict[str, object]:
    status = container.status
    state: dict[str, object] = {
        "Status": status,
        "Running": container.alive or status is Status.RESTARTING,
        "Paused": status is Status.PAUSED,
        "Restarting": status is Status.RESTARTING,
        "OOMKilled": container.oom_killed,
        "Dead": False,
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": rfc3339(container.started),
        "FinishedAt": rfc3339(container.finished),
    }
    return state | ({"Health": _health(container.health)} if container.health else {})


def _health(health: Health) -> dict[str, object]:
    return {
        "Status": health.status,
        "FailingStreak": health.streak,
        "Log": [
            {
                "Start": rfc3339(found.start),
                "End": rfc3339(found.end),
                "ExitCode": found.exit_code,
                "Output": found.output,
            }
            for found in health.findings
        ],
    }


def _host_config(spec: Spec) -> dict[str, object]:
    bindings = {f"{inner}/tcp": [{"HostIp": "", "HostPort": str(outer)}] for outer, inner in spec.publishes}
    return {
        "Binds": [*_binds(spec)] or None,
        "LogConfig": {"Type": spec.log_driver, "Config": dict(spec.log_options)},
        "NetworkMode": spec.network,
        "PortBindings": bindings,
        "RestartPolicy": {"Name": spec.restart.name, "MaximumRetryCount": spec.restart.retries},
        "AutoRemove": False,
        "CapAdd": list(spec.capabilities) or None,
        "CapDrop": None,
        "Privileged": spec.privileged,
        "Memory": spec.memory,
        "NanoCpus": 0,
        "OomKillDisable": False,
        "PidsLimit": None,
        "ShmSize": 64 << 20,
    }


def _binds(spec: Spec) -> Iterator[str]:
    for volume, place in spec.volumes.items():
        yield f"{volume}:{place}"
    for bind in spec.binds:
        yield f"{bind.source}:{bind.target}" + ("" if bind.writable else ":ro")


def _config(container: Container) -> dict[str, object]:
    spec = container.spec
    inner = [*spec.exposes, *(port for _, port in spec.publishes)]
    config: dict[str, object] = {
        "Hostname": container.id[:12],
        "Domainname": "",
        "User": spec.user,
        "Tty": spec.tty,
        "OpenStdin": False,
        "Env": list(spec.env) or None,
        "Cmd": list(spec.command),
        "Image": spec.image,
        "Volumes": None,
        "WorkingDir": "",
        "Entrypoint": None,
        "Labels": spec.labels,
    }
    if inner:
        config["ExposedPorts"] = {f"{port}/tcp": {} for port in sorted(set(inner))}
    if spec.healthcheck:
        config["Healthcheck"] = _healthcheck(spec.healthcheck)
    if spec.stop_signal != TERM:
        config["StopSignal"] = str(spec.stop_signal)
    if spec.stop_timeout is not None:
        config["StopTimeout"] = spec.stop_timeout
    return config


def _healthcheck(check: Healthcheck) -> dict[str, object]:
    early = {"StartInterval": int(check.start_interval * SECOND)} if check.start_interval else {}
    return {
        "Test": ["CMD-SHELL", check.test],
        "Interval": int(check.interval * SECOND),
        "Timeout": int(check.timeout * SECOND),
        "StartPeriod": int(check.start_period * SECOND),
        "Retries": check.retries,
    } | early


def _ports(spec: Spec, *, running: bool) -> dict[str, object]:
    if not running:
        return {}
    found: dict[str, object] = {f"{port}/tcp": None for port in spec.exposes}
    for outer, inner in spec.publishes:
        found[f"{inner}/tcp"] = [{"HostIp": EVERYWHERE, "HostPort": str(outer)}]
    return found
