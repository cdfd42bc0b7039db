"""server1: automation. It keeps the standard, but for small things."""

from playground.engine.load import MIB
from playground.engine.programs import n8n, redis, watch
from playground.engine.programs import traefik as proxy
from playground.engine.spec import Spec
from playground.engine.team.member import DAY, HOUR, REDIS, WEB, Member, composed, routed, seldom
from playground.engine.team.proxy import TEST, traefik

_PROJECT = "automation"


def members() -> tuple[Member, ...]:
    return (
        Member(_traefik(), up=33 * DAY),
        Member(_n8n(), up=12 * DAY, restarted=2.4 * HOUR),
        Member(_redis(), up=33 * DAY, kept=5 * 24),
        Member(_redis_commander(), up=33 * DAY, kept=7 * 24),
        Member(_vakhta(), up=2 * DAY, kept=48),
    )


def _traefik() -> Spec:
    return traefik(_PROJECT, "traefik1.tapbot.kz", proxy.traefik(proxy.SERVER1, 9.0), seldom(TEST))


def _n8n() -> Spec:
    return composed(
        "n8n",
        "n8nio/n8n:1.70",
        n8n.n8n(),
        _PROJECT,
        needs={"redis": "service_healthy"},
        labels=routed("n8n", "n8n.tapbot.kz", 5678),
        command=("tini", "--", "/docker-entrypoint.sh"),
        env=(
            "EXECUTIONS_MODE=queue",
            "N8N_ENCRYPTION_KEY_FILE=/run/secrets/n8n_encryption_key",
            "QUEUE_BULL_REDIS_HOST=redis",
            "QUEUE_BULL_REDIS_PASSWORD_FILE=/run/secrets/redis_password",
        ),
        exposes=(5678,),
        memory=1024 * MIB,
        network=WEB,
        volumes={"n8n_data": "/home/node/.n8n"},
        user="node",
        written=8 * MIB,
    )


def _redis() -> Spec:
    return composed(
        "redis",
        "redis:7",
        redis.redis(),
        _PROJECT,
        command=("docker-entrypoint.sh", "redis-server", "--appendonly", "yes"),
        exposes=(6379,),
        healthcheck=seldom("redis-cli ping | grep -q PONG"),
        memory=256 * MIB,
        network=REDIS,
        volumes={"redis_data": "/data"},
        user="999:1000",
    )


def _redis_commander() -> Spec:
    return composed(
        "redis-commander",
        "rediscommander/redis-commander:0.9",
        redis.redis_commander(),
        _PROJECT,
        needs={"redis": "service_started"},
        env=("REDIS_HOSTS=local:redis:6379", "REDIS_PASSWORD_FILE=/run/secrets/redis_password"),
        exposes=(8081,),
        memory=256 * MIB,
        network=REDIS,
        user="redis",
    )


def _vakhta() -> Spec:
    return composed(
        "vakhta",
        "vakhta:0.1",
        watch.vakhta(),
        _PROJECT,
        labels={"vakhta.self": "true"},
        command=("python", "-m", "bot", "run"),
        healthcheck=seldom("python -m bot health"),
        memory=768 * MIB,
        network=REDIS,
        volumes={"vakhta_data": "/var/lib/vakhta"},
        user="10001:10001",
    )
