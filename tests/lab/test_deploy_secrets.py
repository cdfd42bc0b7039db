"""The recipe's lines that make secrets, typed as they stand: each ends up with its reader, and with nobody else."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.network import PATH

pytestmark = pytest.mark.lab

DEPLOY = Path(__file__).parents[2] / "deploy"
# Whose images begin as root; without a capability it reads what is its own, and no more.
ROOT = {"traefik", "portainer"}


def readers(services: Mapping[str, Any], secret: str) -> set[tuple[int, int]]:
    """User and group of each container that is given the secret."""
    found = set()
    for name, service in services.items():
        given = {each if isinstance(each, str) else each["source"] for each in service.get("secrets", ())}
        if secret in given:
            assert ("user" in service) is (name not in ROOT), name
            user, group = service.get("user", "0:0").split(":")
            found.add((int(user), int(group)))
    return found


def made(name: str, home: Path) -> Path:
    """The directory that the recipe makes. Only the questions of `htpasswd` and the token are answered for it."""
    lines = re.findall(r"^ *```sh\n(.*?)^ *```$", (DEPLOY / "README.md").read_text(), re.M | re.S)
    (script,) = (each for each in lines if f"mkdir deploy/{name}/secrets" in each)
    (home / "deploy" / name).mkdir(parents=True)
    answers = 'htpasswd() { echo "$2:hash"; echo; }\n'
    done = subprocess.run(
        ["sh", "-euc", answers + script],
        cwd=home, env={"PATH": PATH}, input="THE:TOKEN\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home / "deploy" / name / "secrets"


@pytest.mark.parametrize("name", ["server1", "server2"])
def test_each_is_its_readers_alone(name: str, tmp_path: Path) -> None:
    tree = yaml.safe_load((DEPLOY / name / "compose.yaml").read_text())
    secrets = made(name, tmp_path)
    assert secrets.stat().st_mode & 0o777 == 0o700
    named = {secret: secrets.parent / each["file"] for secret, each in tree["secrets"].items()}
    assert {path.name for path in secrets.iterdir()} - {"ssh_key.pub"} == {
        path.name for path in named.values()
    }
    for secret, path in named.items():
        found = path.stat()
        assert found.st_size, secret
        mine = {(user, group) for user, group in readers(tree["services"], secret) if user == found.st_uid}
        theirs = readers(tree["services"], secret) - mine
        assert mine and found.st_mode & 0o400, secret
        assert {group for _, group in theirs} <= {found.st_gid}, secret
        assert found.st_mode & 0o177 == (0o040 if theirs else 0), secret


def test_those_of_monitoring_are_their_readers() -> None:
    lines = re.findall(r"^ *chown (\d+)(?::\d+)? (\S+)", (DEPLOY / "monitoring/README.md").read_text(), re.M)
    owners = {path.removeprefix("secrets/").rstrip(")"): int(user) for user, path in lines}
    for half in ("central", "agent"):
        services = yaml.safe_load((DEPLOY / "monitoring" / half / "compose.yaml").read_text())["services"]
        for service in services.values():
            for secret in service.get("secrets", ()):
                assert owners.pop(secret) == int(service["user"].split(":")[0]), secret
    assert owners == {}


def test_what_redis_commander_reads_is_the_password_of_redis(tmp_path: Path) -> None:
    secrets = made("server1", tmp_path)
    (connection,) = json.loads((secrets / "redis_commander.json").read_text())["connections"]
    assert connection["password"] == (secrets / "redis_password").read_text()
    assert (connection["host"], connection["port"]) == ("redis", 6379)
