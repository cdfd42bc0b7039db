"""What the bot would have found out before the demo began: invented, as the simulated servers' logs are."""

from datetime import timedelta
from random import Random

from bot.container import SystemClock
from bot.settings import Settings
from services.domain.probes import ProbeFault, ProbeResult, ProbeSpec
from services.domain.uptime import PERIOD, Standing
from services.ports import Clock, Store
from services.probes.results import Results, stands
from services.standards.past import WEEK, Past
from services.store import open_store

PERIODS = 23  # six hours, as most of the logs; each costs some milliseconds
# Hours ago, as the simulated servers remember it: n8n was restarted, directus was not well for a while.
_FALLS = {"n8n": 2.4, "directus": 3.15}
# How they kept the standard a week ago.
_SCORES = {"server1": 95, "server2": 84}


async def remember(settings: Settings) -> None:
    """Once: what a store knows already stays as it is. Raises StoreError."""
    clock = SystemClock()
    async with open_store(settings.store, clock) as store:
        results = Results(store, clock)
        for spec in (block.probe for block in settings.probes):
            if await results.standing(spec.name) is None:
                await _probe(spec, results, clock)
        await _hold_against_the_standard(store, clock)


async def _probe(spec: ProbeSpec, results: Results, clock: Clock) -> None:
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


async def _hold_against_the_standard(store: Store, clock: Clock) -> None:
    past = Past(store, clock)
    known = await past.scores(list(_SCORES))
    for host, score in _SCORES.items():
        if host not in known:
            await past.note(host, score, on=(clock.now() - WEEK).date())
