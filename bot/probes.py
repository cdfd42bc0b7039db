"""What the settings' probes stand on."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

from bot.settings import Settings
from services.outside.dial import Gateway
from services.ports import Clock
from services.probes.probing import Prober


async def open_prober(settings: Settings, gateways: Mapping[str, Gateway], clock: Clock) -> Prober:
    """Raises OSError for a `trusted_ca` that is no file of certificates."""
    return Prober(gateways, await asyncio.to_thread(_trust, settings.trusted_ca), clock)


def _trust(trusted_ca: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if trusted_ca is not None:
        context.load_verify_locations(trusted_ca)
    return context
