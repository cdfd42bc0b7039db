"""`/check`: what people outside meet at a domain, seen from the bot and from each server at the same time."""

import asyncio
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

from services.asked import Asked
from services.domain.access import Actor, Role
from services.domain.certificates import Domain
from services.domain.checks import CheckReport
from services.errors import NoDomain, NoSuchContainer, NoSuchDomain, NoSuchHost, TargetRefused
from services.fleet.fleet import Fleet
from services.outside.domains import KnownDomains
from services.outside.resolving import Judge, Lookup, Resolving, judged, system_lookup
from services.outside.targets import Target, read_target
from services.outside.tls import Handshakes
from services.outside.walking import Place, Walk
from services.ports import Clock, Store

_MOST_NEAR, _NEAR_ENOUGH = 6, 70.0


class Checking:
    """places: the servers that a connection may be opened through, beside the bot itself.

    lookup, judge: how names are resolved, and what may be asked; see `Resolving`.
    """

    def __init__(
        self,
        domains: KnownDomains,
        fleet: Fleet,
        handshakes: Handshakes,
        places: Sequence[Place],
        clock: Clock,
        store: Store,
        *,
        lookup: Lookup = system_lookup,
        judge: Judge = judged,
    ) -> None:
        self._domains, self._fleet, self._handshakes = domains, fleet, handshakes
        self._places, self._clock = places, clock
        self._lookup, self._judge = lookup, judge
        self._asked = Asked(Target, "check", store, clock)

    async def keep(self, target: Target) -> str:
        """A token for `kept`. Raises StoreUnavailable."""
        return await self._asked.keep(target)

    async def kept(self, token: str) -> Target:
        """Raises Forgotten, StoreUnavailable."""
        return await self._asked.of(token)

    async def domains(self, *, by: Actor) -> Sequence[Domain]:
        return (await self._domains.of(by)).rows

    async def of_key(self, key: str, *, by: Actor) -> Target:
        """key: `Domain.key`. Raises NoSuchDomain."""
        for domain in await self.domains(by=by):
            if domain.key == key:
                return _target(domain)
        raise NoSuchDomain("")

    async def meant(self, what: str, *, by: Actor) -> Sequence[Target]:
        """What the word means: a domain in scope, a container's domains (one at least), or for an admin any URL.

        Raises NoSuchDomain, with those in scope that are near, NoDomain, Ambiguous, HostSilent, TargetRefused.
        """
        known = await self.domains(by=by)
        if (found := _known(what, known)) is not None:
            return (found,)
        if by.role >= Role.ADMIN and ("://" in what or "." in what or ":" in what):
            return (read_target(what),)
        try:
            container = await self._fleet.find(what, by=by)
        except (NoSuchContainer, NoSuchHost) as error:
            raise NoSuchDomain(what, tuple(_near(what, known))) from error
        its_own = [each for each in known if (each.host, each.container) == (container.host, container.name)]
        if not its_own:
            raise NoDomain(container.name)
        return tuple(map(_target, its_own))

    async def check(self, target: Target, *, by: Actor) -> CheckReport:
        """From all places at once. Raises NoSuchDomain for what this person may not check."""
        known = {each.domain: each for each in await self.domains(by=by)}
        domain = known.get(target.host)
        if by.role < Role.ADMIN and (domain is None or not _belongs(target, domain)):
            raise NoSuchDomain(target.host)
        resolving = Resolving(self._lookup, self._judge)  # one for all: each name is looked up once
        walks = [
            Walk(place, resolving, self._handshakes, self._clock, frozenset(known))
            for place in self._seen(by)
        ]
        sights = await asyncio.gather(*(walk.go(target) for walk in walks))
        return CheckReport(target.shown, tuple(sights), self._clock.now(), domain)

    def _seen(self, by: Actor) -> Iterator[Place]:
        """Through a server goes who sees it as a whole: others do not learn that it is there."""
        yield Place()
        yield from (place for place in self._places if by.scope.covers_host(place.host))


def _target(domain: Domain) -> Target:
    return read_target(domain.url or f"https://{domain.domain}/")


def _belongs(target: Target, domain: Domain) -> bool:
    """Its own address, or the front door over HTTP or HTTPS; another port or path is another thing."""
    front = target.path == "/" and target.authority == target.host
    return target == _target(domain) or (front and target.host == domain.domain)


def _known(what: str, known: Sequence[Domain]) -> Target | None:
    """A domain, or an address that belongs to one."""
    try:
        target = read_target(what)
    except TargetRefused:
        return None
    domain = next((each for each in known if _belongs(target, each)), None)
    if domain is None:
        return None
    return target if "://" in what else _target(domain)


def _near(what: str, known: Sequence[Domain]) -> Iterator[tuple[str, str]]:
    found = process.extract(
        what.lower(), [each.domain for each in known],
        scorer=fuzz.WRatio, limit=_MOST_NEAR, score_cutoff=_NEAR_ENOUGH,
    )  # fmt: skip
    yield from ((known[place].key, name) for name, _, place in found)
