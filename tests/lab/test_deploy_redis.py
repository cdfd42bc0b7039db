"""Redis as `deploy/server1` begins it: Debian's, in a container, with the shipped command, settings and check."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.lab.network import PATH, LabUnavailable
from tests.lab.obtainable import obtainable
from tests.lab.server import Server

pytestmark = pytest.mark.lab

SERVER1 = Path(__file__).parents[2] / "deploy/server1"
REDIS = yaml.safe_load((SERVER1 / "compose.yaml").read_text())["services"]["redis"]


def as_compose_has_it(words: list[str]) -> list[str]:
    return [word.replace("$$", "$") for word in words]


def test_it_wants_a_password_shows_it_nowhere_and_stops_in_order(server: Server, tmp_path: Path) -> None:
    with obtainable():
        if not shutil.which("redis-server", path=PATH):
            raise LabUnavailable("redis-server is missing (Debian package redis-server)")
    (tmp_path / "secret").write_text("pa55-word")
    mounts = [f"{path}:{path}:ro" for path in ("/usr", "/lib", "/lib64")]
    mounts += [
        f"{SERVER1}/redis.conf:/etc/redis.conf:ro",
        f"{tmp_path}/secret:/run/secrets/redis_password:ro",
    ]
    flags = [f"--volume={mount}" for mount in mounts] + [
        "--tmpfs=/data:mode=1777",
        "--env=PATH=/bin:/usr/bin",
    ]
    flags += [f"--user={REDIS['user']}", "--read-only", "--cap-drop=ALL", "--network=none"]
    server.run_container("redis-shipped", *as_compose_has_it(REDIS["command"]), extra=flags)
    kind, check = as_compose_has_it(REDIS["healthcheck"]["test"])
    assert kind == "CMD-SHELL"
    server.docker(
        "exec",
        "redis-shipped",
        "sh",
        "-c",
        f"for n in $(seq 200); do {check} && exit; sleep 0.1; done; exit 1",
    )
    assert "NOAUTH" in server.docker("exec", "redis-shipped", "redis-cli", "get", "x")
    shown = server.docker("top", "redis-shipped") + server.docker("inspect", "redis-shipped")
    assert "redis-server" in shown and "pa55-word" not in shown
    server.docker("stop", "redis-shipped")
    assert server.docker("inspect", "--format={{.State.ExitCode}}", "redis-shipped").strip() == "0"
