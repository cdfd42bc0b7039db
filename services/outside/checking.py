"""`/check`: what people outside meet at a domain, seen from the bot and from each server at the same time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from services.asked import Asked
from services.domain.access import Actor, Role
from services.domain.certificates import Domain
from services.domain.checks import CheckReport
from services.errors import NoDomain, NoSuchContainer, NoSuchDomain, NoSuchHost, TargetRefused
from services.fleet.fleet import Fleet
from services.fleet.names import in_other_layout, nearest
from services.outside.domains import KnownDomains
from services.outside.resolving import Judge, Lookup, Resolving, judged
from services.outside.targets import WEB, Target, read_target
from services.outside.tls import Handshakes
from services.outside.walking import Place, Walk
from services.ports import Clock, Store

_MOST_PLACES = 20


class Checking:
    """places: the bot's own, then the servers that a connection may be opened through.

    lookup, judge: how names are resolved, and what may be asked; see `Resolving`.
    """

    def __init__(
        self,
        domains: KnownDomains,
        fleet: Fleet,
        handshakes: Handshakes,
        places: Sequence[Place],
        lookup: Lookup,
        clock: Clock,
        store: Store,
        *,
        judge: Judge = judged,
    ) -> None:
        self._domains, self._fleet, self._handshakes = domains, fleet, handshakes
        self._places, self._clock = places, clock
        self._lookup, self._judge = lookup, judge
        self._asked = Asked(Target, "check", store, clock)

    async def domains(self, *, by: Actor) -> Sequence[Domain]:
        """Those that the person may check, by name."""
        return (await self._domains.of(by)).rows

    async def check(self, what: str, *, by: Actor) -> CheckReport | Sequence[Domain]:
        """what: a domain in scope, a container, or for an admin any URL. A container with several domains: those.

        Raises NoSuchDomain, with those in scope that are near, for whoever typed one in the other keyboard layout too;
        NoDomain, Ambiguous, HostSilent, TargetRefused, StoreError.
        """
        known = await self.domains(by=by)
        if (found := _known(what, known)) is not None:
            return await self._check(found, known, by)
        if any(_known(typed, known) for typed in _in_other_layout(what)):
            raise NoSuchDomain(what, tuple(_near(what, known)))
        if by.role >= Role.ADMIN and any(sign in what for sign in ".:"):
            return await self._check(read_target(what), known, by)
        its_own = await self._of_container(what, known, by)
        return its_own if len(its_own) > 1 else await self._check(_target(its_own[0]), known, by)

    async def check_domain(self, key: str, *, by: Actor) -> CheckReport:
        """key: `Domain.key`. Raises NoSuchDomain, StoreError."""
        known = await self.domains(by=by)
        domain = next((each for each in known if each.key == key), None)
        if domain is None:
            raise NoSuchDomain("")
        return await self._check(_target(domain), known, by)

    async def check_again(self, token: str, *, by: Actor) -> CheckReport:
        """token: of a report. Raises Forgotten, NoSuchDomain for what this person may not check, StoreError."""
        target = await self._asked.of(token)
        known = await self.domains(by=by)
        if by.role < Role.ADMIN and not any(_belongs(target, each) for each in known):
            raise NoSuchDomain(target.host)
        return await self._check(target, known, by, token)

    async def _of_container(self, what: str, known: Sequence[Domain], by: Actor) -> Sequence[Domain]:
        """One at least."""
        try:
            container = await self._fleet.find(what, by=by)
        except (NoSuchContainer, NoSuchHost) as error:
            raise NoSuchDomain(what, tuple(_near(what, known))) from error
        its_own = [each for each in known if (each.host, each.container) == (container.host, container.name)]
        if not its_own:
            raise NoDomain(container.name)
        return its_own

    async def _check(
        self, target: Target, known: Sequence[Domain], by: Actor, token: str | None = None
    ) -> CheckReport:
        """From all places at once. Each name is looked up once, for all of them."""
        resolving = Resolving(self._lookup, self._judge)
        near = partial(_is_door, {each.domain: each for each in known})
        walks = [Walk(place, resolving, self._handshakes, self._clock, near) for place in self._seen(by)]
        sights = await asyncio.gather(*(walk.go(target) for walk in walks))
        token = token or await self._asked.keep(target)
        domain = next((each for each in known if each.domain == target.host), None)
        return CheckReport(target.shown, tuple(sights), self._clock.now(), token, domain)

    def _seen(self, by: Actor) -> Iterator[Place]:
        """Through a server goes who sees it as a whole: others do not learn that it is there. A few will do."""
        seen = (place for place in self._places if not place.host or by.scope.covers_host(place.host))
        yield from islice(seen, _MOST_PLACES)


def _target(domain: Domain) -> Target:
    return read_target(domain.url or f"https://{domain.domain}/")


def _is_door(known: Mapping[str, Domain], host: str, port: int) -> bool:
    """Where a domain may lead near: at the web's ports, and where its own address says. What else listens there is
    nobody's business, wherever a redirect leads."""
    domain = known.get(host)
    return domain is not None and port in (*WEB, _target(domain).port)


def _belongs(target: Target, domain: Domain) -> bool:
    """Its own address, or the front door over HTTP or HTTPS; another port or path is another thing."""
    if target.host != domain.domain:
        return False
    front = target.path == "/" and target.authority == target.host
    return front or target == _target(domain)


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


def _in_other_layout(what: str) -> tuple[str, str]:
    """With the dots from the same keys as the letters, and with dots that were typed as such."""
    return in_other_layout(what), ".".join(map(in_other_layout, what.split(".")))


def _near(what: str, known: Sequence[Domain]) -> Iterator[tuple[str, str]]:
    keys = {each.domain: each.key for each in known}
    yield from ((keys[domain], domain) for domain in nearest(what, keys))
