"""What looks for trouble as long as the bot runs: at each host, and at what leads there from outside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from bot.container import Services
from bot.settings import Settings
from services.alerts.log_watch import LogWatch
from services.alerts.relay import Relay
from services.alerts.rounds import Rounds
from services.alerts.supervision import supervised
from services.alerts.watcher import Watcher
from services.domain.access import Actor, Role
from services.domain.findings import CERTIFICATE_PROBLEM, SEVERITIES, Finding
from services.domain.posts import Notice
from services.outside.certificates import WHILE_WRONG, CertificateWatch
from services.probes.watch import ProbeWatch
from services.routes.watch import RouteWatch
from services.standards.weekly import Weekly

Work = Callable[[], Awaitable[None]]
Closing = Callable[[Callable[[], None]], object]


class Tell(Protocol):
    """`services.alerts.notices.Notices.tell`."""

    async def __call__(self, notice: Notice, only: int | None = None) -> None: ...


def watches(
    settings: Settings, services: Services, relay: Relay, tell: Tell, closing: Closing
) -> Mapping[str, Work]:
    """Each runs until cancelled, whatever it meets. tell: the admins. closing: takes what is called in the end."""
    kept = {
        name: partial(supervised, what, work, tell, services.clock)
        for name, (what, work) in {
            **_over_logs(settings, services, relay, closing),
            **_from_outside(settings, services, relay),
            **_of_the_standard(settings, services, tell),
        }.items()
    }
    return {**_of_hosts(services, relay), **kept}


def _of_the_standard(settings: Settings, services: Services, tell: Tell) -> Mapping[str, tuple[str, Work]]:
    if not settings.hosts or not settings.standards.weekly:
        return {}
    admins = [
        Actor(each.id, each.name, each.role, each.scope)
        for each in services.roster.people
        if each.role is Role.ADMIN
    ]
    weekly = Weekly(services.standards, services.store, tell, admins, services.clock, settings.timezone)
    return {"standard weekly": ("standard", weekly.run)}


def _of_hosts(services: Services, relay: Relay) -> Mapping[str, Work]:
    """They begin anew by themselves."""
    return {
        f"watch {host}": Watcher(
            host, services.fleet.engine(host), relay.report, _of_the_watch(relay), services.own_acts,
            services.reader, services.clock, services.board.hosts[host],
        ).run
        for host in services.fleet.hosts
    }  # fmt: skip


def _over_logs(
    settings: Settings, services: Services, relay: Relay, closing: Closing
) -> Mapping[str, tuple[str, Work]]:
    works: dict[str, tuple[str, Work]] = {}
    rules = [block.rule for block in settings.alerts.log_rules]
    for host in services.fleet.hosts if rules else ():
        watch = LogWatch(
            services.fleet.engine(host),
            rules,
            relay.report,
            relay.open_findings,
            services.store,
            services.clock,
        )
        closing(watch.close)
        works[f"log rules {host}"] = "logs", watch.run
    return works


def _from_outside(settings: Settings, services: Services, relay: Relay) -> Mapping[str, tuple[str, Work]]:
    """Also where the settings have nothing to look at any more: what is open from when they had comes to its end."""
    clock = services.clock
    certificates = Rounds(
        (CERTIFICATE_PROBLEM,), CertificateWatch(services.certificates, clock).look,
        relay.report, relay.open_of, clock, every=WHILE_WRONG.total_seconds(), confirm=1,
    )  # fmt: skip
    probes = ProbeWatch(
        [block.probe for block in settings.probes], services.prober, services.results,
        relay.report, relay.open_of, clock,
    )  # fmt: skip
    return {
        "routes": ("routes", RouteWatch(services.surveyor, clock).rounds(relay.report, relay.open_of).run),
        "certificates": ("certificates", certificates.run),
        "probes": ("probes", probes.run),
    }


def _of_the_watch(relay: Relay) -> Callable[[str], Awaitable[Sequence[Finding]]]:
    """What is open on a host, without what others than its watcher have found."""

    async def open_findings(host: str) -> Sequence[Finding]:
        return [finding for finding in await relay.open_findings(host) if finding.name in SEVERITIES]

    return open_findings
