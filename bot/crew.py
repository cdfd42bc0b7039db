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
from bot.settings import Settings
from bot.updates import Polling
from playground.cast import ALERTS, OPS, TEAM

# A demo is not to be waited for: what it still has in hand at the end is of no use to anybody.
TEMPO = Tempo(polling=Polling(drain=0.5, farewell=0.3))
_LOCALTIME = Path("/etc/localtime")


def settings_of(
    *, token: str, api_url: str, language: str, store: Path, hosts: Mapping[str, Mapping[str, str]]
) -> Settings:
    """What a config.yaml would say. Neither the environment nor a file is read."""
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
        "protected": ["*/postgres", "*/redis", "*/traefik"],
        "dozzle": {"url": "https://logs2.tapbot.kz"},
        "alerts": {"chats": [{"id": OPS, "topic": ALERTS}], "fallback_chat": TEAM[0].id},
    }
    return Settings(_build_sources=((InitSettingsSource(Settings, tree),), {}))


def own_timezone() -> str:
    """This machine's, by name; UTC where it has none."""
    name = str(_LOCALTIME.resolve()).partition("zoneinfo/")[2]
    return name if name in available_timezones() else "UTC"


async def run(stop: asyncio.Event, settings: Settings) -> None:
    """The bot's whole life, until `stop`. The log tells what goes wrong, and not what an end cuts off."""
    open_logbook(settings.secrets(), logging.ERROR)
    await run_until(stop, settings, TEMPO)
