"""The recipe's own lines for backup, restore and the move of a service, typed on real servers."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.deployed import DEPLOY, Deployed
from tests.lab.obtainable import obtainable
from tests.lab.server import Server
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

README = (DEPLOY / "README.md").read_text()
# Whose database is held, and its volume.
WRITERS = {"pgadmin": "platform_pgadmin_data", "portainer": "platform_portainer_data"}


def block(beginning: str) -> str:
    """Of the recipe, the one that begins so."""
    found = [each for each in re.findall(r"^ *```sh\n(.*?)^ *```$", README, re.M | re.S) if beginning in each]
    assert len(found) == 1, beginning
    return str(found[0])


@pytest.fixture
def deployed(server: Server, tmp_path: Path) -> Iterator[Deployed]:
    def clear() -> None:
        server.docker("rm", "--force", "--volumes", *server.docker("ps", "--all", "--quiet").split())
        server.docker("volume", "rm", "--force", *server.docker("volume", "ls", "--quiet").split(), "none")

    clear()
    yield Deployed(server, tmp_path)
    clear()


def photo(uploads: Path) -> Path:
    """As Directus keeps one: its own, and nobody else's."""
    found = uploads / "photo.jpg"
    found.write_bytes(b"\xff\xd8picture")
    os.chown(found, 1000, 1000)
    found.chmod(0o600)
    return found


@pytest.mark.long
def test_what_is_kept_comes_back(deployed: Deployed) -> None:
    docker = deployed.server.docker
    with obtainable():
        deployed.start_postgres()
    assert deployed.as_directus("SELECT rolsuper FROM pg_roles WHERE rolname = 'directus'") == "f"
    for name, volume in WRITERS.items():
        deployed.server.run_container(name, extra=[f"--volume={volume}:/data", "--network=none"])
    deployed.as_directus("CREATE TABLE bookings (name text); INSERT INTO bookings VALUES ('Aigerim')")
    picture = photo(deployed.volume("platform_directus_uploads"))
    deployed.volume("platform_directus_extensions")
    docker("exec", "pgadmin", "sh", "-c", "echo saved > /data/pgadmin4.db")
    docker("exec", "postgres", "psql", "-U", "postgres", "-c", "CREATE USER postgres_exporter PASSWORD 'x'")
    began = docker("inspect", "--format={{.State.StartedAt}}", *WRITERS)
    deployed.sh(f"sh deploy/backup.sh server2 {deployed.home}/backup")
    assert docker("inspect", "--format={{.State.StartedAt}}", *WRITERS) == began
    assert docker("inspect", "--format={{.State.Status}}", *WRITERS).split() == ["running"] * 2
    (day,) = (deployed.home / "backup").iterdir()
    assert re.fullmatch(r"server2-\d{4}-\d\d-\d\d", day.name)
    assert {oct(path.stat().st_mode & 0o77) for path in day.parent.rglob("*")} == {"0o0"}

    docker("rm", "--force", "postgres", *WRITERS)
    docker("volume", "rm", "platform_postgres_data", "platform_directus_uploads", *WRITERS.values())
    deployed.sh("rm -r deploy/server2/secrets")
    restore(deployed, day)
    assert deployed.as_directus("SELECT name FROM bookings") == "Aigerim"
    deployed.as_directus("INSERT INTO bookings VALUES ('Dias')")
    assert picture.read_bytes() == b"\xff\xd8picture"
    assert (picture.stat().st_uid, picture.stat().st_mode & 0o777) == (1000, 0o600)
    assert (deployed.volume("platform_pgadmin_data") / "pgadmin4.db").read_text() == "saved\n"
    roles = docker("exec", "postgres", "psql", "-U", "postgres", "-Atc", "SELECT rolname FROM pg_roles")
    assert "postgres_exporter" in roles.split()
    kept = (deployed.secrets / "directus_database_password").stat()
    assert (kept.st_uid, kept.st_gid, kept.st_mode & 0o777) == (70, 1000, 0o640)


def restore(deployed: Deployed, day: Path) -> None:
    """Compose is not to be had here: what it would do the test does, between the lines."""
    lines = block("day=/backup/server2-").replace("/backup/server2-2026-11-25", str(day))
    files, data, end = re.split(r"^docker compose up .*\n", lines, flags=re.M)
    assert end == "" and files.count("docker compose create\n") == 1
    for volume in ("directus_uploads", "directus_extensions", "pgadmin_data", "portainer_data"):
        deployed.volume(f"platform_{volume}")
    deployed.sh(files.replace("docker compose create\n", ""))
    deployed.start_postgres()
    deployed.sh(f"day={day}\n{data}")


def test_a_backup_that_fails_holds_nobody_and_passes_for_none(deployed: Deployed) -> None:
    deployed.server.run_container("n8n", extra=["--network=none"])
    with pytest.raises(AssertionError, match="automation_n8n_data"):
        deployed.sh(f"sh deploy/backup.sh server1 {deployed.home}/backup")
    (day,) = (deployed.home / "backup").iterdir()
    assert day.name.endswith(".part")
    events = deployed.server.docker("events", "--since=1m", "--until=-1s", "--format={{.Action}}").split()
    assert events[-2:] == ["pause", "unpause"]


def test_a_volume_moves_to_the_other_server(lab: Lab, deployed: Deployed) -> None:
    here, there = deployed.server, lab.servers["server1"]
    here.run_container("n8n", extra=["--volume=automation_n8n_data:/data", "--network=none"])
    moved = photo(deployed.volume("automation_n8n_data"))
    there.docker("volume", "create", "platform_n8n_data")
    try:
        over = shlex.join(there.admin_ssh()) + f" 'export DOCKER_HOST=unix://{there.docker_socket}; tar"
        lines = block("docker stop n8n")
        assert lines.count("ssh root@10.0.0.2 'tar") == 1
        deployed.sh(lines.replace("ssh root@10.0.0.2 'tar", over))
        at = there.docker("volume", "inspect", "--format={{.Mountpoint}}", "platform_n8n_data").strip()
        found = Path(at) / moved.name
        assert found.read_bytes() == moved.read_bytes()
        assert (found.stat().st_uid, found.stat().st_mode) == (1000, moved.stat().st_mode)
    finally:
        there.docker("volume", "rm", "platform_n8n_data")
