"""When certificates are looked at, and what of it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services.domain.alerts import Severity
from services.domain.certificates import Certificate, CertificateFault, Domain, Domains, Handshake
from services.domain.checks import Certified, CheckFault, Step, Wrong
from services.domain.findings import CERTIFICATE_PROBLEM
from services.errors import StoreUnavailable
from services.outside.certificates import EVERY, WHILE_WRONG, Certificates, CertificateWatch
from tests.clock import HandClock

DIR = Domain("dir.example.org", "server2", "directus")
Fault = CertificateFault


@dataclass
class Stage(Certificates):
    """`faults`: what each look in turn finds about DIR, the last for ever; a step's own fault: nobody could tell."""

    clock: HandClock = field(default_factory=HandClock)
    faults: list[CertificateFault | CheckFault | None] = field(default_factory=lambda: [None])
    days: float = 60
    looks: int = 0
    known: Domains | None = field(default_factory=lambda: Domains((DIR,)))

    def __post_init__(self) -> None:
        self.watch = CertificateWatch(self, self.clock, sleep=self.sleep)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def everything(self) -> Domains:
        if self.known is None:
            raise StoreUnavailable("full")
        return self.known

    async def look_at(self, domains: Sequence[Domain]) -> Sequence[Certified]:
        self.looks += 1
        fault = self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        now = self.clock.now()
        certificate = Certificate(("dir.example.org",), "R11", now, now + timedelta(days=self.days), "")
        found = Handshake(certificate, "TLSv1.3", 2, fault if isinstance(fault, CertificateFault) else None)
        wrong = Wrong(Step.TLS, fault) if fault else None
        return [Certified(each, found, wrong) for each in domains]


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_all_well_is_looked_at_every_six_hours(stage: Stage) -> None:
    assert (await stage.watch.look()).findings == []
    for _ in range(int(EVERY / WHILE_WRONG) - 1):
        stage.clock.pass_by(minutes=10)
        await stage.watch.look()
    assert stage.looks == 1
    stage.clock.pass_by(minutes=10)
    await stage.watch.look()
    assert (stage.looks, stage.slept) == (2, [])


async def test_what_is_wrong_is_looked_at_twice_and_then_each_time(stage: Stage) -> None:
    stage.faults = [Fault.WRONG_NAME]
    (finding,) = (await stage.watch.look()).findings
    assert (stage.looks, stage.slept) == (2, [20.0])
    assert (finding.name, finding.host, finding.container) == (CERTIFICATE_PROBLEM, "server2", "directus")
    assert (finding.subject, finding.severity) == ("dir.example.org", Severity.CRITICAL)
    expires = (stage.clock.now() + timedelta(days=60)).isoformat()
    assert finding.notes == {"fault": "wrong_name", "expires": expires}
    stage.clock.pass_by(minutes=10)
    stage.faults = [None]
    seen = await stage.watch.look()
    assert seen.findings == []
    assert not seen.undecided(finding), "it has ended"


async def test_a_stopgap_of_a_moment_is_not_told(stage: Stage) -> None:
    stage.faults = [Fault.DEFAULT, None]
    assert (await stage.watch.look()).findings == []


@pytest.mark.parametrize(("days", "severity"), [(20, Severity.WARNING), (7, Severity.CRITICAL)])
async def test_severity_by_the_days_left(stage: Stage, days: float, severity: Severity) -> None:
    stage.faults, stage.days = [Fault.EXPIRES_SOON], days
    (finding,) = (await stage.watch.look()).findings
    assert finding.severity is severity


async def test_nobody_who_could_tell_leaves_it_open(stage: Stage) -> None:
    stage.faults = [Fault.EXPIRED]
    (finding,) = (await stage.watch.look()).findings
    stage.faults = [CheckFault.NO_CONNECTION]
    stage.clock.pass_by(minutes=10)
    seen = await stage.watch.look()
    assert seen.findings == []
    assert seen.undecided(finding)
    stage.known = None
    stage.clock.pass_by(minutes=10)
    assert (await stage.watch.look()).undecided(finding)


async def test_a_silent_host_neither_ends_nor_renames_a_finding(stage: Stage) -> None:
    stage.faults = [Fault.EXPIRED]
    (finding,) = (await stage.watch.look()).findings
    stage.known = Domains((), ("server2",))  # it was known from its labels
    stage.clock.pass_by(minutes=10)
    seen = await stage.watch.look()
    assert seen.findings == []
    assert seen.undecided(finding)
    guessed = Domain(DIR.domain, DIR.host, "cms")  # the settings name its compose service
    stage.known = Domains((guessed,), ("server2",))
    stage.clock.pass_by(minutes=10)
    (again,) = (await stage.watch.look()).findings
    assert again.key == finding.key
    stage.known = Domains(())
    stage.clock.pass_by(minutes=10)
    assert not (await stage.watch.look()).undecided(finding), "the domain has been taken away"
