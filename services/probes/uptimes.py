"""How the probes stand and have stood, as far as somebody may see them."""

from collections.abc import Sequence

from services.domain.access import Actor
from services.domain.probes import ProbeSpec
from services.domain.uptime import History, Reach, Standing, Uptime, UptimeReport
from services.errors import NoSuchProbe
from services.fleet.names import MOST_SUGGESTIONS, nearest
from services.ports import Clock
from services.probes.results import Results, Sums

LATEST = 5


class Uptimes:
    """`configured`: whether the settings have any probes. Raises StoreError throughout."""

    def __init__(self, probes: Sequence[ProbeSpec], results: Results, clock: Clock) -> None:
        self._probes, self._results, self._clock = probes, results, clock
        self.configured = bool(probes)

    async def overview(self, *, by: Actor) -> UptimeReport:
        """All that the person may see."""
        seen = self._seen(by)
        found = await self._results.of([spec.name for spec in seen])
        rows = [_uptime(spec, *found[spec.name]) for spec in seen]
        return UptimeReport(self._clock.now(), sorted(rows, key=lambda row: row.urgency))

    async def history(self, name: str, reach: Reach, *, by: Actor) -> History:
        """Of the probe of this name, in whatever case, or the only one of this container. Raises NoSuchProbe."""
        spec = self._named(name, by)
        standing, sums = (await self._results.of([spec.name]))[spec.name]
        latest = await self._results.latest(spec.name, LATEST)
        return History(self._clock.now(), _uptime(spec, standing, sums), reach, sums.bars(reach), latest)

    def _named(self, name: str, by: Actor) -> ProbeSpec:
        seen = {spec.name: spec for spec in self._seen(by)}
        if spec := seen.get(name.lower()):
            return spec
        own = [spec for spec in seen.values() if name.lower() in _container_names(spec)]
        if len(own) == 1:
            return own[0]
        near = [spec.name for spec in own] or nearest(name, seen)
        raise NoSuchProbe(name, tuple(near[:MOST_SUGGESTIONS]))

    def _seen(self, by: Actor) -> Sequence[ProbeSpec]:
        """As what each is about is seen."""
        return [spec for spec in self._probes if by.scope.covers_subject(spec.host, spec.container)]

    async def prune(self) -> int:
        """Drop single results that are two days old; how many."""
        return await self._results.prune(spec.name for spec in self._probes)


def _container_names(spec: ProbeSpec) -> tuple[str, ...]:
    name = spec.container.lower()
    return (name, f"{spec.host}/{name}") if name else ()


def _uptime(spec: ProbeSpec, standing: Standing | None, sums: Sums) -> Uptime:
    return Uptime(spec, standing, sums.of(Reach.DAY), sums.of(Reach.WEEK), sums.of(Reach.MONTH))
