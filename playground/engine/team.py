"""The team's two servers, as the document about their infrastructure has them: up for weeks, with hours of logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.engine.clock import SECOND
from playground.engine.host import Host, Machine
from playground.engine.load import MIB
from playground.engine.past import Past, PastRun, settle
from playground.engine.program import KILL, Ending, Program
from playground.engine.programs import consoles, directus, n8n, postgres, redis, traefik, watch
from playground.engine.programs.pen import DATABASE_PASSWORD, REDIS_PASSWORD, invented
from playground.engine.spec import Healthcheck, Policy, Spec
from playground.engine.world import World

_HOUR, _DAY = 3600.0, 86400.0
_USERS = "student:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"  # invented, as htpasswd writes it
_INTERRUPT = 2  # what PostgreSQL takes for a fast shutdown
_WEB, _DATABASE, _REDIS = "traefik-network", "database-network", "redis-network"


@dataclass(frozen=True, slots=True)
class Member:
    """A container and its past. up: seconds since it was created. kept: hours of its log that are left.

    restarted: how many seconds ago somebody did that; None: never.
    """

    spec: Spec
    up: float
    kept: float = 6.0
    restarted: float | None = None


def open_team(world: World) -> tuple[Host, Host]:
    """server1 and server2, populated."""
    server1 = world.host("server1", Machine(cores=2, memory=4 << 30, up=61 * _DAY))
    server2 = world.host("server2", Machine(cores=4, memory=8 << 30, up=40 * _DAY))
    for host, members in ((server1, _server1()), (server2, _server2())):
        for member in members:
            _settle(host, member)
    _remember_restart(server1, "n8n")
    for ago, action in ((3.2, "health_status: unhealthy"), (3.1, "health_status: healthy")):
        at = world.clock.now() - int(ago * _HOUR * SECOND)
        server2.events.of(server2.find("directus"), action, at)
    return server1, server2


def _settle(host: Host, member: Member) -> None:
    now = host.clock.now()
    created, kept = now - int(member.up * SECOND), now - int(member.kept * _HOUR * SECOND)
    if member.restarted is None:
        settle(host, member.spec, Past(created, created, kept))
        return
    ended = now - int(member.restarted * SECOND)
    before = PastRun(created, ended, member.spec.program.stops or Ending(exit_code=128 + KILL))
    settle(host, member.spec, Past(created, ended + SECOND // 2, kept, (before,)))


def _remember_restart(host: Host, name: str) -> None:
    """In the engine's memory, as it was told then."""
    container = host.find(name)
    told: Sequence[tuple[float, str, dict[str, str]]] = (
        (-1.2, "kill", {"signal": "15"}),
        (0.0, "die", {"exitCode": str(container.spec.program.stops and container.spec.program.stops.code)}),
        (0.1, "stop", {}),
        (0.5, "start", {}),
        (0.5, "restart", {}),
    )
    for seconds, action, facts in told:
        host.events.of(container, action, container.finished + int(seconds * SECOND), **facts)


def _spec(name: str, image: str, program: Program, project: str, *, service: str = "", **more: Any) -> Spec:
    """`more` are fields of Spec; labels are added to those of compose."""
    labels: dict[str, str] = more.pop("labels", {})
    compose = {
        "com.docker.compose.project": project,
        "com.docker.compose.service": service or name,
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
    }
    policy = Policy("unless-stopped")
    return Spec(name=name, image=image, program=program, labels=compose | labels, restart=policy, **more)


def _routed(router: str, domain: str, port: int, *, service: str = "", login: bool = False) -> dict[str, str]:
    """service: where it leads, its own by default. login: it asks for one."""
    prefix = f"traefik.http.routers.{router}"
    labels = {
        "traefik.enable": "true",
        f"{prefix}.rule": f"Host(`{domain}`)",
        f"{prefix}.entrypoints": "websecure",
        f"{prefix}.tls.certresolver": "letsencrypt",
        f"traefik.http.services.{router}.loadbalancer.server.port": str(port),
    }
    if service:
        labels[f"{prefix}.service"] = service
    if login:
        labels[f"{prefix}.middlewares"] = f"{router}-login"
        labels[f"traefik.http.middlewares.{router}-login.basicauth.users"] = _USERS
    return labels


def _traefik(project: str, domain: str, program: Program) -> Spec:
    return _spec(
        "traefik",
        "traefik:v3.0",
        program,
        project,
        labels=_routed("dashboard", domain, 8080, service="api@internal", login=True),
        command=("traefik", "--api.dashboard=true", "--providers.docker=true", "--accesslog.format=json"),
        exposes=(8080,),
        publishes=((80, 80), (443, 443)),
        network=_WEB,
        volumes={"letsencrypt": "/letsencrypt"},
    )


def _server1() -> tuple[Member, ...]:
    project = "automation"
    redis_url = f"redis://:{REDIS_PASSWORD}@redis:6379/0"
    return (
        Member(_traefik(project, "traefik1.tapbot.kz", traefik.traefik(traefik.SERVER1, 9.0)), 33 * _DAY),
        Member(
            _spec(
                "n8n",
                "n8nio/n8n:1.70",
                n8n.n8n(),
                project,
                labels=_routed("n8n", "n8n.tapbot.kz", 5678),
                command=("tini", "--", "/docker-entrypoint.sh"),
                env=(
                    "EXECUTIONS_MODE=queue",
                    f"N8N_ENCRYPTION_KEY={invented('n8n', 32)}",
                    f"REDIS_URL={redis_url}",
                ),
                exposes=(5678,),
                memory=1024 * MIB,
                network=_WEB,
                volumes={"n8n_data": "/home/node/.n8n"},
            ),
            up=12 * _DAY,
            restarted=2.4 * _HOUR,
        ),
        Member(
            _spec(
                "redis",
                "redis:7",
                redis.redis(),
                project,
                command=("docker-entrypoint.sh", "redis-server", "--appendonly", "yes"),
                exposes=(6379,),
                network=_REDIS,
                volumes={"redis_data": "/data"},
            ),
            up=33 * _DAY,
            kept=5 * 24,
        ),
        Member(
            _spec(
                "redis-commander",
                "rediscommander/redis-commander:0.9",
                redis.redis_commander(),
                project,
                env=("REDIS_HOSTS=local:redis:6379", f"REDIS_PASSWORD={REDIS_PASSWORD}"),
                exposes=(8081,),
                network=_REDIS,
            ),
            up=33 * _DAY,
            kept=7 * 24,
        ),
        Member(
            _spec(
                "vakhta",
                "vakhta:0.1",
                watch.vakhta(),
                project,
                labels={"vakhta.self": "true"},
                command=("python", "-m", "bot", "run"),
                network=_REDIS,
            ),
            up=2 * _DAY,
            kept=48,
        ),
    )


def _server2() -> tuple[Member, ...]:
    project = "platform"
    return (
        Member(_traefik(project, "traefik2.tapbot.kz", traefik.traefik(traefik.SERVER2, 3.0)), 26 * _DAY),
        Member(_directus(project), up=6 * _DAY + 5 * _HOUR),
        Member(_postgres(project), up=26 * _DAY, kept=24),
        *_consoles(project),
    )


def _directus(project: str) -> Spec:
    return _spec(
        "directus",
        "directus/directus:11.5",
        directus.directus(),
        project,
        labels=_routed("directus", "dir.tapbot.kz", 80),
        command=("/bin/sh", "-c", "node cli.js bootstrap && pm2-runtime start ecosystem.config.cjs"),
        env=(
            "PUBLIC_URL=https://dir.tapbot.kz",
            "DB_CLIENT=pg",
            "DB_HOST=database",
            f"DB_PASSWORD={DATABASE_PASSWORD}",
            f"SECRET={invented('directus', 32)}",
        ),
        exposes=(80,),
        healthcheck=Healthcheck(
            "wget -q -O - http://127.0.0.1/server/health", interval=10, timeout=5, start_period=20
        ),
        memory=1024 * MIB,
        network=_WEB,
        volumes={"directus_uploads": "/directus/uploads"},
    )


def _postgres(project: str) -> Spec:
    return _spec(
        "postgres",
        "postgres:16",
        postgres.postgres(),
        project,
        service="database",
        command=("docker-entrypoint.sh", "postgres"),
        env=("POSTGRES_DB=directus", f"POSTGRES_PASSWORD={DATABASE_PASSWORD}"),
        exposes=(5432,),
        healthcheck=Healthcheck("pg_isready -U directus", interval=30, timeout=5),
        stop_signal=_INTERRUPT,
        stop_timeout=60,
        network=_DATABASE,
        volumes={"postgres_data": "/var/lib/postgresql/data"},
    )


def _consoles(project: str) -> tuple[Member, ...]:
    password = f"PGADMIN_DEFAULT_PASSWORD={invented('pgadmin', 18)}"
    return (
        Member(
            _spec(
                "pgadmin",
                "dpage/pgadmin4:8",
                consoles.pgadmin(),
                project,
                labels=_routed("pgadmin", "pg.tapbot.kz", 80),
                command=("/entrypoint.sh",),
                env=("PGADMIN_DEFAULT_EMAIL=admin@tapbot.kz", password),
                exposes=(80, 443),
                network=_WEB,
            ),
            up=26 * _DAY,
            kept=24,
        ),
        Member(
            _spec(
                "dozzle",
                "amir20/dozzle:v8",
                consoles.dozzle(),
                project,
                service="logs",
                labels=_routed("dozzle", "logs2.tapbot.kz", 8080, login=True),
                command=("/dozzle",),
                exposes=(8080,),
                network=_WEB,
            ),
            up=19 * _DAY,
            kept=19 * 24,
        ),
        Member(
            _spec(
                "portainer",
                "portainer/portainer-ce:2.21",
                consoles.portainer(),
                project,
                labels=_routed("portainer", "portainer2.tapbot.kz", 9000),
                command=("/portainer",),
                exposes=(8000, 9000, 9443),
                network=_WEB,
                volumes={"portainer_data": "/data"},
            ),
            up=26 * _DAY,
            kept=26 * 24,
        ),
    )
