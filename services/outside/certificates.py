"""The certificates of all domains, as whoever comes from outside is shown them; and the watch over them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.alerts.rounds import Seen
from services.domain.access import Actor, Role, Scope
from services.domain.certificates import CertificateFault, Domain, Domains, covers, severity_of
from services.domain.checks import CertificatesReport, Certified, Step
from services.domain.findings import CERTIFICATE_PROBLEM, Finding
from services.domain.routing import Routing, StoredCertificate
from services.errors import ApiError, HostError, NotConfigured, StoreError
from services.outside.domains import KnownDomains
from services.outside.resolving import Judge, Lookup, Resolving, judged
from services.outside.targets import Target, read_target
from services.outside.tls import Handshakes
from services.outside.walking import HERE, Place, Walk
from services.ports import Clock

log = logging.getLogger(__name__)

AT_A_TIME = 8

# Between two rounds over all; while something is wrong, sooner, so that it ends soon after it is mended.
EVERY, WHILE_WRONG = timedelta(hours=6), timedelta(minutes=10)
# What is wrong is looked at once more before it is told: a Traefik that starts shows its stopgap for a moment.
AGAIN_AFTER = 20.0

EVERYBODY = Actor(0, "", Role.ADMIN, Scope.of("*/*"))


class Traefiks(Protocol):
    """`services.traefiks.Traefiks`."""

    hosts: tuple[str, ...]

    async def routing(self, host: str) -> Routing: ...


class Certificates:
    """lookup, judge: as in `Checking`. place: from where; port: at which TLS is spoken."""

    def __init__(
        self,
        domains: KnownDomains,
        traefiks: Traefiks,
        handshakes: Handshakes,
        lookup: Lookup,
        clock: Clock,
        *,
        judge: Judge = judged,
        place: Place = HERE,
        port: int = 443,
    ) -> None:
        self._domains, self._traefiks, self._handshakes, self._clock = domains, traefiks, handshakes, clock
        self._lookup, self._judge, self._place, self._port = lookup, judge, place, port

    async def report(self, *, by: Actor) -> CertificatesReport:
        """Of the domains in scope where TLS is expected. Raises nothing that it foresees."""
        domains = [each for each in (await self._domains.of(by)).rows if each.secure]
        hosts = [host for host in self._traefiks.hosts if any(each.host == host for each in domains)]
        rows, stored = await asyncio.gather(
            self.look_at(domains), asyncio.gather(*(self._stored(host) for host in hosts))
        )
        held = dict(zip(hosts, stored, strict=True))
        joined = [_joined(row, held.get(row.domain.host)) for row in rows]
        joined.sort(key=_order)
        silent = tuple(host for host, found in held.items() if found is None)
        return CertificatesReport(tuple(joined), self._clock.now(), silent)

    async def look_at(self, domains: Sequence[Domain]) -> Sequence[Certified]:
        """A handshake with each, a few at a time."""
        turns = asyncio.Semaphore(AT_A_TIME)
        resolving = Resolving(self._lookup, self._judge)
        targets = {each: self._target(each) for each in domains}
        doors = frozenset((target.host, target.port) for target in targets.values())
        walk = Walk(
            self._place, resolving, self._handshakes, self._clock, lambda host, port: (host, port) in doors
        )

        async def look(domain: Domain) -> Certified:
            async with turns:
                hop, _ = await walk.hop(targets[domain], until=Step.TLS)
            return Certified(domain, hop.handshake, hop.wrong)

        return await asyncio.gather(*map(look, domains))

    def _target(self, domain: Domain) -> Target:
        return read_target(domain.url) if domain.url else Target("https", domain.domain, self._port)

    async def everything(self) -> Domains:
        """All domains where TLS is expected, for the watch. Raises StoreError."""
        known = await self._domains.of(EVERYBODY)
        return Domains(tuple(each for each in known.rows if each.secure), known.silent)

    async def _stored(self, host: str) -> tuple[StoredCertificate, ...] | None:
        """None where its Traefik could not be asked; one that tells no certificates has none."""
        try:
            return (await self._traefiks.routing(host)).certificates or ()
        except (ApiError, HostError, NotConfigured):
            return None


def _joined(row: Certified, held: Sequence[StoredCertificate] | None) -> Certified:
    """With the one that expires last, of those that Traefik holds for the domain."""
    fitting = [each for each in held or () if covers(each.names, row.domain.domain)]
    stored = max(fitting, key=lambda each: each.not_after, default=None)
    return Certified(row.domain, row.handshake, row.wrong, stored)


def _order(row: Certified) -> tuple[int, datetime, str]:
    """Trouble first, worst first; then what expires first."""
    worst = list(CertificateFault).index(row.fault) if row.fault else len(CertificateFault)
    rank = worst if row.fault else worst if row.wrong else worst + 1
    expires = row.expires or datetime.max.replace(tzinfo=UTC)
    return rank, expires, row.domain.domain


class CertificateWatch:
    """`look` for `Rounds`, which asks it every WHILE_WRONG: most of the time it tells what it saw before."""

    def __init__(
        self,
        certificates: Certificates,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._certificates, self._clock = certificates, clock
        self._sleep = sleep
        self._owners: dict[tuple[str, str], str] = {}
        self._seen: Seen | None = None
        self._due: datetime | None = None

    async def look(self) -> Seen:
        now = self._clock.now()
        if self._seen is None or self._due is None or now >= self._due:
            self._seen, well = await self._look()
            self._due = now + (EVERY if well else timedelta(0))
        return self._seen

    async def _look(self) -> tuple[Seen, bool]:
        """Also whether all is well, and known to be."""
        try:
            known = await self._certificates.everything()
        except StoreError as error:
            log.warning("certificates were not looked at: %s", error)
            return Seen((), lambda _: True), False
        domains = self._owned(known)
        rows = {row.domain: row for row in await self._certificates.look_at(domains)}
        doubtful = [domain for domain, row in rows.items() if row.wrong]
        if doubtful:
            await self._sleep(AGAIN_AFTER)
            rows |= {row.domain: row for row in await self._certificates.look_at(doubtful)}
        now = self._clock.now()
        findings = [_finding(row, row.fault, now) for row in rows.values() if row.fault]
        told = {row.domain.domain for row in rows.values() if row.fault or not row.wrong}
        doubted = {row.domain.domain for row in rows.values()} - told

        def undecided(finding: Finding) -> bool:
            """Nobody could tell; or it is known from a container's labels alone, and its host is silent."""
            hidden = finding.subject not in told and finding.host in known.silent
            return finding.subject in doubted or hidden

        return Seen(findings, undecided), not (doubtful or known.silent)

    def _owned(self, known: Domains) -> Sequence[Domain]:
        """Whom a domain belongs to is as it was last seen while its host is silent: else it were another finding."""
        rows = []
        for each in known.rows:
            key = each.host, each.domain
            if each.host not in known.silent:
                self._owners[key] = each.container
            rows.append(replace(each, container=self._owners.get(key, each.container)))
        return rows


def _finding(row: Certified, fault: CertificateFault, now: datetime) -> Finding:
    expires = row.handshake.certificate.not_after if row.handshake else None
    notes = {"fault": fault.value}
    if expires:
        notes["expires"] = expires.isoformat()
    return Finding(
        CERTIFICATE_PROBLEM, row.domain.host, row.domain.container,
        severity_of(fault, expires, now), now, subject=row.domain.domain, notes=notes,
    )  # fmt: skip
