"""Answers of a real Traefik, set up as the team's two are: what the simulated ones are made of.

python -m tests.contract.recording_traefik writes them anew, where the lab can be built; `test_traefik_recorded` tells
when that is due.
"""

import base64
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from playground.traefik.authority import Authority, Pair
from playground.traefik.recorded import PATHS, file_of
from tests.lab.network import run
from tests.lab.servers import Lab, Server
from tests.lab.team import TEAM_SERVER1, TEAM_SERVER2, Service
from tests.lab.traefik import TraefikServer

# Their Traefik is the real one beside them, which needs the ports.
TEAMS = {
    name: tuple(replace(service, publishes=()) for service in team)
    for name, team in (("server1", TEAM_SERVER1), ("server2", TEAM_SERVER2))
}
API = 8080
_AUTHORITY = Authority()


class TeamTraefik(TraefikServer):
    """As the team's document has it, on the ports of the server that it runs on."""

    def __init__(self, home: Path, server: Server) -> None:
        redirect = {"entryPoint": {"to": "websecure", "scheme": "https"}}
        acme = {"email": "admin@tapbot.kz", "storage": str(home / "acme.json"), "tlsChallenge": {}}
        acme["caServer"] = "https://127.0.0.1:1/directory"  # what there is is there already
        static = {
            "api": {"dashboard": True, "insecure": True},
            "entryPoints": {
                "web": {"address": ":80", "http": {"redirections": redirect}},
                "websecure": {"address": ":443"},
                "traefik": {"address": f":{API}"},
            },
            "certificatesResolvers": {"letsencrypt": {"acme": acme}},
        }
        super().__init__(home, {}, static, inside=server.network, docker_socket=server.docker_socket)
        self.port = API
        self.kept = [_AUTHORITY.leaf(domain, days=60) for domain in domains(server.team)]
        _keep(home / "acme.json", self.kept)

    def answer(self, path: str) -> Any:
        """From where it listens."""
        return json.loads(run(*self._within(), "busybox", "wget", "-q", "-O", "-", f"{self.url}/{path}"))


def _keep(storage: Path, pairs: Sequence[Pair]) -> None:
    """As if they had been got a while ago."""
    rows = []
    for pair in pairs:
        texts = {"certificate": pair.pem, "key": pair.pem_key}
        row: dict[str, Any] = {name: base64.b64encode(text).decode() for name, text in texts.items()}
        rows.append({"domain": {"main": pair.name}, **row, "Store": "default"})
    storage.touch(mode=0o600)
    storage.write_text(json.dumps({"letsencrypt": {"Account": None, "Certificates": rows}}))


def domains(team: Sequence[Service]) -> list[str]:
    rules = [text for service in team for key, text in service.labels.items() if key.endswith(".rule")]
    return [rule.removeprefix("Host(`").removesuffix("`)") for rule in rules]


@contextmanager
def serving(home: Path, server: Server) -> Iterator[TeamTraefik]:
    """Once it knows of all containers."""
    wanted = len(domains(server.team))
    for service in server.team:
        if service.probe:
            server.wait_health(service.name, "healthy")
    with TeamTraefik(home, server) as traefik:
        deadline = time.monotonic() + 15
        while sum(row["provider"] == "docker" for row in traefik.answer("api/http/routers")) < wanted:
            assert time.monotonic() < deadline, traefik.log
        yield traefik


def record(traefik: TeamTraefik) -> Mapping[str, Any]:
    """By path."""
    return {path: traefik.answer(path) for path in PATHS}


def main() -> None:
    with tempfile.TemporaryDirectory() as home, Lab.build(Path(home), TEAMS) as lab:
        for name, server in lab.servers.items():
            with serving(Path(home, "traefik", name), server) as traefik:
                file_of(name).write_text(f"{json.dumps(record(traefik), indent=1)}\n")


if __name__ == "__main__":
    main()
