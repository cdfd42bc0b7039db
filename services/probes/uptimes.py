"""How the probes stand and have stood, as far as somebody may see them."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from services.domain.access import Actor
from services.domain.probes import ProbeSpec
from services.domain.uptime import History, Reach, Standing, Uptime, UptimeReport
from services.errors import NoSuchProbe
from services.ports import Clock
from services.probes.results import Results, Sums

LATEST = 5
_MOST_NEAR, _NEAR_ENOUGH = 6, 65


class Uptimes:
    """`configured`: whether the settings have any probes. Raises StoreError throughout."""

    def __init__(self, probes: Sequence[ProbeSpec], results: Results, clock: Clock) -> None:
        self._probes, self._results, self._clock = probes, results, clock
        self.configured = bool(probes)

    async def overview(self, *, by: Actor) -> UptimeReport:
        """All that the person may see."""
        seen = [spec for spec in self._probes if visible(by, spec)]
        found = await self._results.of([spec.name for spec in seen])
        rows = [_uptime(spec, *found[spec.name]) for spec in seen]
        return UptimeReport(self._clock.now(), sorted(rows, key=lambda row: row.urgency))

    async def history(self, name: str, reach: Reach, *, by: Actor) -> History:
        """Of the probe of this name, in whatever case. Raises NoSuchProbe."""
        spec = self._named(name, by)
        standing, sums = (await self._results.of([spec.name]))[spec.name]
        latest = await self._results.latest(spec.name, LATEST)
        return History(self._clock.now(), _uptime(spec, standing, sums), reach, sums.bars(reach), latest)

    def _named(self, name: str, by: Actor) -> ProbeSpec:
        seen = {spec.name: spec for spec in self._probes if visible(by, spec)}
        if spec := seen.get(name.lower()):
            return spec
        found = process.extract(
            name.lower(), list(seen), scorer=fuzz.WRatio, limit=_MOST_NEAR, score_cutoff=_NEAR_ENOUGH
        )
        raise NoSuchProbe(name, tuple(each for each, _score, _at in found))

    async def prune(self) -> int:
        """Drop single results that are two days old; how many."""
        return await self._results.prune(spec.name for spec in self._probes)


def visible(actor: Actor, spec: ProbeSpec) -> bool:
    """As what it is about: a container, a host as a whole, or nothing in particular, which needs everything."""
    if spec.container:
        return actor.scope.covers(spec.host, spec.container)
    return actor.scope.covers_host(spec.host) if spec.host else actor.scope.covers_everything()


def _uptime(spec: ProbeSpec, standing: Standing | None, sums: Sums) -> Uptime:
    return Uptime(spec, standing, sums.of(Reach.DAY), sums.of(Reach.WEEK), sums.of(Reach.MONTH))
