"""Server 2 with the PostgreSQL of `deploy/`: Debian's, in a container, with the shipped file and secrets."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab.dockerd import IMAGE
from tests.lab.network import PATH, LabUnavailable
from tests.lab.server import Server

DEPLOY = Path(__file__).parents[2] / "deploy"
# User and group, as the recipe has it.
_SECRETS = {"directus_database_password": (70, 1000), "postgres_password": (70, 0)}
# As PostgreSQL's image begins, with an empty volume and with one that is not.
_BEGIN = """
if [ ! -e $PGDATA/PG_VERSION ]; then
  initdb --no-sync --auth-local=trust --auth-host=scram-sha-256 --pwfile=/run/secrets/postgres_password
  pg_ctl -w start -o "-c listen_addresses='' -c unix_socket_directories=/tmp"
  psql -v ON_ERROR_STOP=1 --no-psqlrc -U postgres -f /docker-entrypoint-initdb.d/directus.sql || exit 1
  pg_ctl -w stop
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp
"""
_UP = """
for n in $(seq 200); do
  docker exec postgres pg_isready -q -h 127.0.0.1 -d directus && exit
  sleep 0.2
done
docker logs postgres >&2
exit 1
"""


class Deployed:
    """`home`: stands for where the admin copied the project to, with `deploy` in it."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server, self.home = server, home
        self.secrets = home / "deploy/server2/secrets"
        self.secrets.mkdir(parents=True)
        for name, owner in _SECRETS.items():
            (self.secrets / name).write_text(f"the-{name}")
            os.chown(self.secrets / name, *owner)
            (self.secrets / name).chmod(0o640)
        (home / "deploy/server2/.env").write_text("PRIVATE_ADDRESS=10.0.0.2\n")
        (home / "deploy/backup.sh").write_text((DEPLOY / "backup.sh").read_text())
        (home / "passwd").write_text("root:x:0:0::/:/bin/sh\npostgres:x:70:70::/:/bin/sh\n")

    def sh(self, script: str) -> str:
        """As an admin types it there, until something fails."""
        environment = {"PATH": PATH, "DOCKER_HOST": f"unix://{self.server.docker_socket}"}
        done = subprocess.run(
            ["sh", "-euc", script],
            cwd=self.home, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def volume(self, name: str) -> Path:
        """Made if it is not there; where its files lie."""
        self.server.docker("volume", "create", name)
        return Path(self.server.docker("volume", "inspect", "--format={{.Mountpoint}}", name).strip())

    def start_postgres(self) -> None:
        """Returns when it is ready. LabUnavailable: the package is missing."""
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not programs:
            raise LabUnavailable("postgres is missing (Debian package postgresql)")
        os.chown(self.volume("platform_postgres_data"), 70, 70)
        mounts = [f"{path}:{path}:ro" for path in ("/usr", "/lib", "/lib64")]
        mounts += [f"{self.home}/passwd:/etc/passwd:ro", f"{self.secrets}:/run/secrets:ro"]
        mounts += [f"{DEPLOY}/server2/directus.sql:/docker-entrypoint-initdb.d/directus.sql:ro"]
        self._run_postgres(programs[-1], [*mounts, "platform_postgres_data:/data"])
        self.sh(_UP)

    def _run_postgres(self, programs: Path, mounts: Sequence[str]) -> None:
        places = {"PATH": f"{programs}:/bin", "PGDATA": "/data/pg", "PGHOST": "/tmp", "LANG": "C.UTF-8"}
        flags = [f"--volume={mount}" for mount in mounts]
        flags += [f"--env={key}={value}" for key, value in places.items()]
        flags += ["--name=postgres", "--user=70:70", "--cap-drop=ALL", "--shm-size=128m"]
        self.server.docker("run", "--detach", *flags, IMAGE, "sh", "-c", _BEGIN)

    def as_directus(self, sql: str) -> str:
        """Over TCP, with the password of its file."""
        password = (self.secrets / "directus_database_password").read_text()
        login = ("exec", "--env", f"PGPASSWORD={password}", "postgres", "psql", "-h", "127.0.0.1")
        return self.server.docker(*login, "-U", "directus", "-d", "directus", "-Atc", sql).strip()
