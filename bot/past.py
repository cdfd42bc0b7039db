"""What probes would have found out in the hours before the demo began: invented, as the simulated servers' logs are."""

from datetime import timedelta
from random import Random

from bot.container import SystemClock
from bot.settings import Settings
from services.domain.probes import ProbeFault, ProbeResult
from services.domain.uptime import PERIOD, Standing
from services.probes.results import Results, stands
from services.store import open_store

PERIODS = 23  # six hours, as most of the logs; each costs some milliseconds
# Hours ago, as the simulated servers remember it: n8n was restarted, directus was not well for a while.
_FALLS = {"n8n": 2.4, "directus": 3.15}


async def remember(settings: Settings) -> None:
    """Once: a store that knows of the probes stays as it is. Raises StoreError."""
    clock = SystemClock()
    async with open_store(settings.store, clock) as store:
        results = Results(store, clock)
        for spec in (block.probe for block in settings.probes):
            if await results.standing(spec.name) is not None:
                continue
            random, now = Random(spec.name), clock.now()  # noqa: S311 - a play
            standing: Standing | None = None
            for ago in range(PERIODS, 0, -1):
                at = now - ago * PERIOD
                hours = ago * PERIOD / timedelta(hours=1)
                failed = 0 <= hours - _FALLS.get(spec.name, -1) < PERIOD / timedelta(hours=1)
                fault = ProbeFault.REFUSED if failed else None
                result = ProbeResult(at, random.lognormvariate(-5, 0.5), fault)
                standing = stands(standing, result, at)
                await results.add(spec, result, standing)
