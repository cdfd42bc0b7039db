"""Which domains there are for whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from services.domain.access import Actor, Role, Scope
from services.domain.certificates import Domain
from services.domain.containers import Condition, Container, Diagnosis, Reason, State
from services.domain.probes import ProbeKind, ProbeSpec
from services.domain.reports import FleetReport, HostReport, Observed
from services.domain.routes import ExpectedRoute, HostRoutes, Route, RoutesReport
from services.domain.routing import Protocol, Router, RouterTls
from services.errors import ApiTimeout, HostSilent, NotConfigured, Silence
from services.fleet.fleet import Fleet
from services.outside.domains import TeamDomains

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ADMIN = Actor(1, "Aigerim", Role.ADMIN, Scope.of("*/*"))
TLS = {"traefik.http.routers.x.tls.certresolver": "letsencrypt"}


def observed(host: str, name: str, labels: Mapping[str, str]) -> Observed:
    container = Container(host, "0" * 64, name, "image", State.RUNNING, None, NOW, labels=labels)
    return Observed(container, Diagnosis(Condition.WELL, Reason.RUNNING))


@dataclass
class SomeFleet:
    """Containers by (host, name), with their labels."""

    containers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    silent: tuple[str, ...] = ()

    async def overview(self, *, by: Actor) -> FleetReport:
        rows = [
            observed(host, name, labels)
            for (host, name), labels in self.containers.items()
            if by.scope.covers(host, name) and host not in self.silent
        ]
        hosts = dict.fromkeys([*(host for host, _ in self.containers), *self.silent])
        reports = [
            HostReport(
                host,
                tuple(row for row in rows if row.container.host == host),
                HostSilent(host, Silence.UNREACHABLE) if host in self.silent else None,
            )
            for host in hosts
        ]
        return FleetReport(tuple(reports), NOW)


def domains(fleet: SomeFleet, *expected: ExpectedRoute, probes: tuple[ProbeSpec, ...] = ()) -> TeamDomains:
    return TeamDomains(expected, probes, cast(Fleet, fleet))


def rule(*names: str) -> dict[str, str]:
    hosts = " || ".join(f"Host(`{name}`)" for name in names)
    return {"traefik.http.routers.x.rule": hosts}


async def names(found: TeamDomains, by: Actor = ADMIN) -> list[str]:
    return [each.domain for each in (await found.of(by)).rows]


DIR = ExpectedRoute("dir.example.org", "server2", "directus", 8055)
PG = ExpectedRoute("pg.example.org", "server2", "pgadmin", 80)


async def test_those_of_the_settings_with_the_container_that_is_behind_them() -> None:
    service = {"com.docker.compose.project": "team", "com.docker.compose.service": "directus"}
    fleet = SomeFleet({("server2", "team-directus-1"): service})
    rows = (
        await domains(fleet, DIR, PG, replace(PG, domain="later.example.org", active=False)).of(ADMIN)
    ).rows
    assert rows == (
        Domain("dir.example.org", "server2", "team-directus-1"),
        Domain("pg.example.org", "server2", "pgadmin"),
    )


async def test_to_each_those_in_scope() -> None:
    fleet = SomeFleet(
        {("server2", "directus"): rule("a.example.org"), ("server2", "pgadmin"): rule("b.example.org")}
    )
    student = Actor(3, "Student", Role.VIEWER, Scope.of("*/directus"))
    assert await names(domains(fleet, DIR, PG), student) == ["a.example.org", "dir.example.org"]


async def test_those_of_labels() -> None:
    labels = rule("Up.Example.org", "*.example.org", "-x.example.org", "..", "1.2.3") | TLS
    fleet = SomeFleet({("server1", "n8n"): labels, ("server1", "plain"): rule("plain.example.org")})
    rows = (await domains(fleet).of(ADMIN)).rows
    assert rows == (
        Domain("plain.example.org", "server1", "plain", "http://plain.example.org/", secure=False),
        Domain("up.example.org", "server1", "n8n"),
    )


async def test_those_of_probes() -> None:
    probe = ProbeSpec(
        "n8n", ProbeKind.N8N, "https://n8n.example.org/healthz", host="server1", container="n8n"
    )
    others = (
        replace(probe, address="http://10.0.0.1:81/x"),
        replace(probe, via="server1", address="http://inside.example.org"),
        replace(probe, kind=ProbeKind.TCP, address="db.example.org:5432"),
        replace(probe, address="https://of-nobody.example.org", host="", container=""),
    )
    found = domains(SomeFleet(), probes=(probe, *others))
    wanted = Domain("n8n.example.org", "server1", "n8n", "https://n8n.example.org/healthz")
    rows = (await found.of(Actor(2, "Dias", Role.OPERATOR, Scope.of("server1/*")))).rows
    assert rows == (wanted,)
    assert "of-nobody.example.org" in await names(found)


async def test_what_traefik_tells_is_truer_than_labels() -> None:
    fleet = SomeFleet(
        {("server1", "n8n"): rule("n8n.example.org"), ("server2", "directus"): rule("d.example.org")}
    )

    class Found:
        async def report(self, *, by: Actor) -> RoutesReport:
            secure = Router(Protocol.HTTP, "n8n@docker", "docker", "", "n8n@docker", tls=RouterTls("le"))
            tcp = replace(secure, protocol=Protocol.TCP)
            first = HostRoutes(
                "server1",
                (
                    Route("server1", "n8n.example.org", router=secure),
                    Route("server1", "db.example.org", Protocol.TCP, router=tcp),
                    Route("server1", "missing.example.org"),
                ),
            )
            second = HostRoutes("server2", trouble=ApiTimeout("traefik", 1))
            return RoutesReport((first, second), NOW)

    rows = (await TeamDomains((), (), cast(Fleet, fleet), Found()).of(ADMIN)).rows
    assert [(each.domain, each.secure) for each in rows] == [
        ("d.example.org", False),
        ("n8n.example.org", True),
    ]


async def test_no_traefik_is_no_trouble() -> None:
    class Nowhere:
        async def report(self, *, by: Actor) -> RoutesReport:
            raise NotConfigured("hosts.*.traefik")

    assert (await TeamDomains([DIR], (), cast(Fleet, SomeFleet()), Nowhere()).of(ADMIN)).rows


async def test_a_silent_host_is_named() -> None:
    found = await domains(SomeFleet({("server1", "n8n"): rule("n8n.example.org")}, ("server1",)), DIR).of(
        ADMIN
    )
    assert (found.silent, [each.domain for each in found.rows]) == (("server1",), ["dir.example.org"])


async def test_a_label_opens_no_way_inside() -> None:
    inside = ("127.0.0.1", "10.0.0.7", "169.254.169.254", "localhost", "api.localhost", "redis")
    fleet = SomeFleet({("server1", "n8n"): rule(*inside, "8.8.8.8", "n8n.example.org")})
    assert await names(domains(fleet)) == ["8.8.8.8", "n8n.example.org"]
