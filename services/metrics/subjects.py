"""What a metric is asked of: a host, a container, or all that a person may see."""

from collections.abc import Callable
from dataclasses import dataclass

from services.domain.access import Actor
from services.domain.containers import ContainerKey, key_of
from services.domain.reports import FleetReport
from services.errors import HostError
from services.fleet.fleet import Fleet
from services.fleet.names import exact_host
from services.sightings import Sightings


@dataclass(frozen=True, slots=True)
class Subject:
    """container: of that host. Neither: all in scope."""

    host: str = ""
    container: str = ""

    def __str__(self) -> str:
        return f"{self.host}/{self.container}" if self.container else self.host

    def covers(self, host: str, container: str) -> bool:
        return self.host in ("", host) and self.container in ("", container)


class Subjects:
    """Figures of a silent host are kept elsewhere, so a name that was seen there last is as good as any."""

    def __init__(self, fleet: Fleet, sightings: Sightings) -> None:
        self._fleet = fleet
        self._sightings = sightings

    async def find(self, what: str | ContainerKey | None, *, by: Actor) -> Subject:
        """what: as a person typed it, or a button's, whose `key` is "" for the host. Raises as `Fleet.look_up` does."""
        if what is None:
            return Subject()
        if isinstance(what, ContainerKey):
            return await self._of_button(what, by)
        host = exact_host(what, self._fleet.hosts)
        if host is not None and by.scope.covers_host(host):
            return Subject(host)  # no engine needs to be asked
        try:
            found = await self._fleet.look_up(what, by=by)
        except HostError as silence:
            bare = what.strip("/").rpartition("/")[2].lower()
            return await self._seen_last(silence, by, lambda _host, name: name.lower() == bare)
        if isinstance(found, FleetReport):
            return Subject(found.hosts[0].host)
        return Subject(found.host, found.name)

    async def _of_button(self, what: ContainerKey, by: Actor) -> Subject:
        if not what.key:
            return await self.find(what.host or None, by=by)
        try:
            found = await self._fleet.find(what, by=by)
        except HostError as silence:
            return await self._seen_last(silence, by, lambda host, name: key_of(host, name) == what.key)
        return Subject(found.host, found.name)

    async def _seen_last(self, silence: HostError, by: Actor, fits: Callable[[str, str], bool]) -> Subject:
        host = silence.host
        seen = (await self._sightings.last([host])).get(host)
        for name in seen.names if seen else ():
            if fits(host, name) and by.scope.covers(host, name):
                return Subject(host, name)
        raise silence
