"""What a metric is asked of: a host, a container, or all that a person may see."""

from collections.abc import Callable
from dataclasses import dataclass

from services.domain.access import Actor
from services.domain.containers import ContainerKey, key_of
from services.domain.reports import FleetReport
from services.errors import HostError, NoSuchContainer, VakhtaError
from services.fleet.fleet import Fleet
from services.fleet.names import exact_host
from services.sightings import Sightings


@dataclass(frozen=True, slots=True)
class Subject:
    """container: of that host. Neither: all in scope.

    unnamed: a container of which no more than its key is known, since it is gone, or its host does not answer. Figures
    tell its name.
    """

    host: str = ""
    container: str = ""
    unnamed: "Unnamed | None" = None

    def __str__(self) -> str:
        return f"{self.host}/{self.container}" if self.container else self.host

    @property
    def is_container(self) -> bool:
        return bool(self.container or self.unnamed)

    def covers(self, host: str, container: str) -> bool:
        if self.unnamed:
            return host == self.host and key_of(host, container) == self.unnamed.key
        return self.host in ("", host) and self.container in ("", container)


@dataclass(frozen=True, slots=True)
class Unnamed:
    """why: what there is to tell where not even figures know it."""

    key: str
    why: VakhtaError


class Subjects:
    """Figures are kept elsewhere: what is gone, or on a host that does not answer, may be asked of all the same."""

    def __init__(self, fleet: Fleet, sightings: Sightings) -> None:
        self._fleet = fleet
        self._sightings = sightings

    def has_a_host(self, subject: Subject, *, by: Actor) -> bool:
        """Whether there is one, as a whole, in the scope."""
        return by.scope.covers_everything() or any(
            by.scope.covers_host(host) for host in self._fleet.hosts if subject.host in ("", host)
        )

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
            seen = await self._seen_last(silence.host, by, lambda name: name.lower() == bare)
            if seen is None:
                raise
            return seen
        if isinstance(found, FleetReport):
            return Subject(found.hosts[0].host)
        return Subject(found.host, found.name)

    async def _of_button(self, what: ContainerKey, by: Actor) -> Subject:
        if not what.key:
            return await self.find(what.host or None, by=by)
        try:
            found = await self._fleet.find(what, by=by)
        except (HostError, NoSuchContainer) as why:
            seen = await self._seen_last(what.host, by, lambda name: key_of(what.host, name) == what.key)
            return seen or Subject(what.host, unnamed=Unnamed(what.key, why))
        return Subject(found.host, found.name)

    async def _seen_last(self, host: str, by: Actor, fits: Callable[[str], bool]) -> Subject | None:
        sighting = (await self._sightings.last([host])).get(host)
        for name in sighting.names if sighting else ():
            if fits(name) and by.scope.covers(host, name):
                return Subject(host, name)
        return None
