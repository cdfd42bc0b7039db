"""What the settings' probes stand on."""

import asyncio
from collections.abc import Mapping

from bot.settings import Settings
from services.outside.dial import Gateway, by_name
from services.outside.resolving import Lookup
from services.outside.tls import trust
from services.ports import Clock
from services.probes.probing import Prober


async def open_prober(
    settings: Settings, gateways: Mapping[str, Gateway], clock: Clock, lookup: Lookup
) -> Prober:
    """Raises OSError for a `trusted_ca` that is no file of certificates."""
    believed = await asyncio.to_thread(trust, settings.trusted_ca)
    return Prober(gateways, believed, clock, by_name(lookup))
