"""The real bot, set up for the simulated team: who its people are, and what it is told in place of a config.yaml."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic_settings import InitSettingsSource

from bot.app import Tempo, run_until
from bot.logbook import open_logbook
from bot.past import remember
from bot.settings import Settings
from bot.updates import Polling
from playground.cast import ALERTS, DOMAINS, OPS, TEAM
from playground.internet import Internet
from services.outside.ways import Ways

# A demo is not to be waited for: what it still has in hand at the end is of no use to anybody.
TEMPO = Tempo(polling=Polling(drain=0.5, farewell=0.3))
_LOCALTIME = Path("/etc/localtime")
# As the team's document has them.
_ROUTES = (
    ("dir.tapbot.kz", "server2", "directus", 80, "active"),
    ("pg.tapbot.kz", "server2", "pgadmin", 80, "active"),
    ("traefik2.tapbot.kz", "server2", "traefik", 8080, "active"),
    ("logs2.tapbot.kz", "server2", "dozzle", 8080, "active"),
    ("portainer2.tapbot.kz", "server2", "portainer", 9000, "active"),
    ("n8n.tapbot.kz", "server1", "n8n", 5678, "planned"),
    ("redis1.tapbot.kz", "server1", "redis-commander", 8081, "planned"),
    ("traefik1.tapbot.kz", "server1", "traefik", 8080, "planned"),
)
# By the ports that listen on the loopback of each simulated server.
_PROBES = (
    ("n8n", "server1", "url", "http://127.0.0.1:5678"),
    ("redis", "server1", "address", "127.0.0.1:6379"),
    ("directus", "server2", "url", "http://127.0.0.1:8055"),
    ("postgres", "server2", "address", "127.0.0.1:5432"),
    ("traefik", "server2", "url", "http://127.0.0.1:8080"),
)
# Who may talk to Docker itself, and why: in the language of the group.
_AGREED = {
    "*/traefik": ("it reads the routes from the labels", "читает маршруты из меток"),
    "server2/dozzle": ("it reads the logs there", "читает через него логи"),
    "server2/portainer": ("it governs Docker, that is what it is for", "управляет Docker, для этого и нужен"),
}


def settings_of(
    *,
    token: str,
    api_url: str,
    language: str,
    store: Path,
    hosts: Mapping[str, Mapping[str, Any]],
    trusted_ca: Path,
    prometheus: str,
) -> Settings:
    """What a config.yaml would say. Neither the environment nor a file is read. prometheus: its URL."""
    tree: dict[str, Any] = {
        "telegram": {"token": token, "api_url": api_url},
        "language": language,
        "timezone": own_timezone(),
        "store": f"sqlite://{store}",
        "http": {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0"},
        "users": [
            {"id": each.id, "name": each.name, "role": each.role, "scope": list(each.scope)}
            for each in TEAM
            if each.role
        ],
        "chats": [{"id": OPS}],
        "hosts": hosts,
        "routes": _routes(),
        "standards": {"exceptions": _exceptions(language)},
        "probes": _probes(),
        "trusted_ca": trusted_ca,
        "protected": ["*/postgres", "*/redis", "*/traefik"],
        "dozzle": {"url": "https://logs2.tapbot.kz"},
        "prometheus": {"url": prometheus},
        "grafana": {"url": "https://grafana.tapbot.kz"},
        "alerts": {
            "chats": [
                {"id": OPS, "topic": ALERTS, "labels": {"domain": ""}},
                {"id": OPS, "topic": DOMAINS, "labels": {"domain": "?*"}},
            ],
            "fallback_chat": TEAM[0].id,
        },
    }
    return Settings(_build_sources=((InitSettingsSource(Settings, tree),), {}))


def _routes() -> list[dict[str, object]]:
    names = ("domain", "host", "service", "port", "state")
    return [dict(zip(names, row, strict=True)) for row in _ROUTES]


def _exceptions(language: str) -> list[dict[str, object]]:
    return [
        {"rule": "engine_socket", "subject": subject, "reason": reasons[language == "ru"]}
        for subject, reasons in _AGREED.items()
    ]


def _probes() -> list[dict[str, object]]:
    """Each of the kind that its container's name says."""
    return [
        {"name": name, "kind": name, "host": host, "container": name, "via": host, key: address,
         "interval": "30s", "timeout": "5s"}
        for name, host, key, address in _PROBES
    ]  # fmt: skip


def own_timezone() -> str:
    """This machine's, by name; UTC where it has none."""
    name = str(_LOCALTIME.resolve()).partition("zoneinfo/")[2]
    return name if name in available_timezones() else "UTC"


async def run(stop: asyncio.Event, settings: Settings, internet: Internet) -> None:
    """The bot's whole life, until `stop`. The log tells what goes wrong, and not what an end cuts off."""
    open_logbook(settings.secrets(), logging.ERROR)
    await remember(settings)
    await run_until(stop, settings, TEMPO, ways=Ways(internet.lookup, internet.dial))
