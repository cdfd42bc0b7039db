"""server2: the platform. A few of its containers do not keep the standard, each in a way of its own."""

from playground.engine.load import MIB
from playground.engine.programs import consoles, directus, postgres
from playground.engine.programs import traefik as proxy
from playground.engine.programs.pen import DATABASE_PASSWORD, invented
from playground.engine.spec import Healthcheck, Spec
from playground.engine.team.member import (
    DATABASE,
    DAY,
    HOUR,
    SOCKET,
    WEB,
    Member,
    composed,
    routed,
)
from playground.engine.team.proxy import TEST, traefik

_PROJECT = "platform"
_INTERRUPT = 2  # what PostgreSQL takes for a fast shutdown


def members() -> tuple[Member, ...]:
    return (
        Member(_traefik(), up=26 * DAY),
        Member(_directus(), up=6 * DAY + 5 * HOUR),
        Member(_postgres(), up=26 * DAY, kept=24),
        Member(_pgadmin(), up=26 * DAY, kept=24),
        Member(_dozzle(), up=19 * DAY, kept=19 * 24),
        Member(_portainer(), up=26 * DAY, kept=26 * 24),
    )


def _traefik() -> Spec:
    check = Healthcheck(TEST, interval=30, timeout=5)
    return traefik(_PROJECT, "traefik2.tapbot.kz", proxy.traefik(proxy.SERVER2, 3.0), check)


def _directus() -> Spec:
    """Its secrets stand in plain sight."""
    return composed(
        "directus",
        "directus/directus:11.5",
        directus.directus(),
        _PROJECT,
        needs={"database": "service_healthy"},
        labels=routed("directus", "dir.tapbot.kz", 80),
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
        network=WEB,
        volumes={"directus_uploads": "/directus/uploads"},
        user="node",
        written=34 * MIB,
    )


def _postgres() -> Spec:
    return composed(
        "postgres",
        "postgres:16",
        postgres.postgres(),
        _PROJECT,
        service="database",
        command=("docker-entrypoint.sh", "postgres"),
        env=("POSTGRES_DB=directus", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password"),
        exposes=(5432,),
        healthcheck=Healthcheck("pg_isready -U directus", interval=30, timeout=5),
        stop_signal=_INTERRUPT,
        stop_timeout=60,
        memory=1024 * MIB,
        network=DATABASE,
        volumes={"postgres_data": "/var/lib/postgresql/data"},
        user="999:999",
    )


def _pgadmin() -> Spec:
    """It may take as much memory as there is, and nobody asks how it is."""
    return composed(
        "pgadmin",
        "dpage/pgadmin4:8",
        consoles.pgadmin(),
        _PROJECT,
        needs={"database": "service_started"},
        labels=routed("pgadmin", "pg.tapbot.kz", 80),
        command=("/entrypoint.sh",),
        env=(
            "PGADMIN_DEFAULT_EMAIL=admin@tapbot.kz",
            "PGADMIN_DEFAULT_PASSWORD_FILE=/run/secrets/pgadmin_password",
        ),
        exposes=(80, 443),
        network=WEB,
        user="5050",
        written=12 * MIB,
    )


def _dozzle() -> Spec:
    """It is another one after each pull, and nobody asks how it is."""
    return composed(
        "dozzle",
        "amir20/dozzle:latest",
        consoles.dozzle(),
        _PROJECT,
        service="logs",
        labels=routed("dozzle", "logs2.tapbot.kz", 8080, login=True),
        command=("/dozzle",),
        exposes=(8080,),
        memory=128 * MIB,
        network=WEB,
        binds=(SOCKET,),
    )


def _portainer() -> Spec:
    """Its log grows for as long as there is room, and nobody asks how it is."""
    return composed(
        "portainer",
        "portainer/portainer-ce:2.21",
        consoles.portainer(),
        _PROJECT,
        labels=routed("portainer", "portainer2.tapbot.kz", 9000),
        command=("/portainer",),
        exposes=(8000, 9000, 9443),
        memory=256 * MIB,
        network=WEB,
        volumes={"portainer_data": "/data"},
        binds=(SOCKET,),
        log_options=(),
    )
