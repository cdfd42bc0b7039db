"""What Prometheus says of its own work: what it scrapes, and the rules that it evaluates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

Labels = Mapping[str, str]


class Health(StrEnum):
    """Of a target's last scrape, and of a rule's last evaluation."""

    WELL = "well"
    BROKEN = "broken"
    UNKNOWN = "unknown"  # not yet


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """`pool`: the job's name. `error`: of the last scrape, "" after a good one. `at`: of that, None before the first;
    `took`: how long it was.
    """

    pool: str
    url: str
    labels: Labels
    health: Health
    error: str
    at: datetime | None
    took: timedelta

    @property
    def host(self) -> str:
        return self.labels.get("host", "")

    @property
    def container(self) -> str:
        return self.labels.get("container", "")


class RuleState(StrEnum):
    FIRING = "firing"
    PENDING = "pending"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class RuleAlert:
    """One that fires, or will. `labels`: with those that its rule adds. `since`: when its condition began to hold.
    `value`: of its query; None where Prometheus does not say."""

    labels: Labels
    state: RuleState
    since: datetime | None
    value: float | None

    @property
    def host(self) -> str:
        return self.labels.get("host", "")

    @property
    def container(self) -> str:
        return self.labels.get("container", "")


@dataclass(frozen=True, slots=True)
class EvaluatedRule:
    """An alerting rule, or with `records` a recording one, which is never but inactive and has no alerts.

    `name`: of the alert, or of what is recorded. `patience`: its `for`. `labels`: those that it adds, as templates.
    `error`: of the last evaluation, "" after a good one.
    """

    group: str
    name: str
    query: str
    labels: Labels
    records: bool
    state: RuleState
    patience: timedelta
    health: Health
    error: str
    alerts: tuple[RuleAlert, ...] = ()
