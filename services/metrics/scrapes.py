"""What Prometheus scrapes and which rules it has, as far as one person may see what they are about."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.domain.access import Actor, Scope
from services.domain.scraping import EvaluatedRule, Health, Labels, RuleState, ScrapeTarget
from services.errors import NotConfigured
from services.fleet.names import resolve_host
from services.metrics.curves import HostNamed
from services.ports import Clock
from services.prometheus import Prometheus

_TARGETS = (Health.BROKEN, Health.UNKNOWN, Health.WELL)
_STATES = (RuleState.FIRING, RuleState.PENDING, RuleState.INACTIVE)


@dataclass(frozen=True, slots=True)
class SeenTarget:
    """host: of the settings, "" where its labels name none of them."""

    host: str
    target: ScrapeTarget


@dataclass(frozen=True, slots=True)
class TargetsReport:
    """host: that was asked of, "" for all. targets: the broken ones first. warnings: of Prometheus."""

    at: datetime
    host: str
    targets: tuple[SeenTarget, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesReport:
    """rules: those that fire, those that will, the broken ones, all others. Their alerts are in scope, all of them."""

    at: datetime
    rules: tuple[EvaluatedRule, ...]
    warnings: tuple[str, ...] = ()


class Scrapes:
    """Nothing is cached. hosts: of the settings. Raises NotConfigured and ApiError throughout."""

    def __init__(
        self, prometheus: Prometheus | None, hosts: Sequence[str], host_named: HostNamed, clock: Clock
    ) -> None:
        self._prometheus = prometheus
        self._hosts = hosts
        self._host_named = host_named
        self._clock = clock

    async def targets(self, host: str | None = None, *, by: Actor) -> TargetsReport:
        """host: as it is typed. Raises NoSuchHost for one that is not there, or out of sight."""
        known = [each for each in self._hosts if by.scope.covers_host(each)]
        wanted = resolve_host(host, known) if host is not None else ""
        found = await self._configured.targets()
        seen = [
            each
            for each in (SeenTarget(self._host_of(target.labels), target) for target in found)
            if by.scope.covers_subject(each.host, each.target.container) and wanted in ("", each.host)
        ]
        seen.sort(key=lambda each: (_TARGETS.index(each.target.health), each.host, each.target.pool))
        return TargetsReport(self._clock.now(), wanted, tuple(seen), found.warnings)

    async def rules(self, *, by: Actor) -> RulesReport:
        """Of one who may not see everything: what fires or will of his, and what is only about his hosts.

        Errors are his to see no more: they name the series of others.
        """
        found = await self._configured.evaluated_rules()
        rules = found if by.scope.covers_everything() else [self._narrowed(rule, by.scope) for rule in found]
        seen = [rule for rule in rules if rule is not None]
        seen.sort(key=lambda rule: (_STATES.index(rule.state), rule.health is not Health.BROKEN))
        return RulesReport(self._clock.now(), tuple(seen), found.warnings)

    @property
    def _configured(self) -> Prometheus:
        if self._prometheus is None:
            raise NotConfigured("prometheus")
        return self._prometheus

    def _narrowed(self, rule: EvaluatedRule, scope: Scope) -> EvaluatedRule | None:
        alerts = tuple(alert for alert in rule.alerts if self._sees(alert.labels, scope))
        if not alerts and not self._sees(rule.labels, scope):
            return None
        states = {alert.state for alert in alerts}
        state = next((each for each in _STATES if each in states), RuleState.INACTIVE)
        return replace(rule, alerts=alerts, state=state, error="")

    def _sees(self, labels: Labels, scope: Scope) -> bool:
        return scope.covers_subject(self._host_of(labels), labels.get("container", ""))

    def _host_of(self, labels: Labels) -> str:
        named = (self._host_named(labels[name]) for name in ("host", "instance") if labels.get(name))
        return next(filter(None, named), "")
