"""The settings of alerts and of the systems they come from, and what the services make of them."""

import re
from collections import Counter
from datetime import time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainValidator, SecretStr, field_validator
from pydantic_settings import NoDecode

from bot import values
from bot.blocks import Block
from services.alerts.charts import AlertCharts
from services.alerts.policy import Policy, QuietHours, Route
from services.domain.alerts import Severity
from services.domain.findings import SEVERITIES, SUBJECTS
from services.domain.log_rules import LogRule
from services.domain.posts import Destination
from services.errors import PatternRefused
from services.logs.patterns import Pattern
from services.metrics.catalogue import Catalogue

if TYPE_CHECKING:
    from bot.settings import Settings

_SHORTEST_TOKEN = 16


def _quiet_hours(value: object) -> tuple[time, time] | None:
    if value is None:
        return None
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d) ?[-–] ?([01]\d|2[0-3]):([0-5]\d)", str(value).strip())
    if not found:
        raise ValueError('must be FROM-TO in the team\'s time zone, such as "23:00-07:00"')
    return time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))


def _webhook_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or re.search(r"\s", token):
        raise ValueError(
            f"must have {_SHORTEST_TOKEN} characters or more and no blanks; `openssl rand -hex 24` makes one"
        )
    return value


def _rule_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value):
        raise ValueError("must be of a-z, 0-9 and _, such as directus_errors: it becomes the alert's name")
    if value in SEVERITIES or value in SUBJECTS:
        raise ValueError(f"{value!r} is the name of an alert of Vakhta's own: choose another")
    return value


def _pattern(value: str) -> str:
    try:
        Pattern.of(value)
    except PatternRefused as refused:
        where = f' at "{refused.part}", its character {refused.place}' if refused.part else ""
        meant = f"; try {refused.plainer}" if refused.plainer else ""
        raise ValueError(
            f"is no pattern that RE2 takes ({refused.fault.value.replace('_', ' ')}{where}){meant}"
        ) from None
    return value


class Api(Block):
    """An HTTP API, with BasicAuth where username and password are given."""

    url: Annotated[str, AfterValidator(values.web_address)] = Field(repr=False)  # may hold a password
    username: str | None = None
    password: SecretStr | None = None

    @property
    def login(self) -> tuple[str, str]:
        """User name and password, both empty where there is no login."""
        return self.username or "", self.password.get_secret_value() if self.password else ""


class AlertChat(Block):
    """A chat, or a topic of it, and the alerts it takes: all where a list is left out. Values may be globs."""

    id: int
    topic: int | None = None
    severities: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    @field_validator("severities")
    @classmethod
    def _in_lower_case(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.lower() for word in words)


class LogRuleBlock(Block):
    """`threshold` lines like `pattern` within `within` are an alert of this name. containers: globs."""

    name: Annotated[str, AfterValidator(_rule_name)]
    pattern: Annotated[str, AfterValidator(_pattern)]
    containers: Annotated[tuple[str, ...], AfterValidator(values.globs)] = ("*/*",)
    ignore_case: bool = False
    threshold: Annotated[int, Field(ge=1, le=10_000)] = 1
    within: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(minutes=1)
    severity: Annotated[Severity, PlainValidator(values.severity)] = Severity.WARNING
    cooldown: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(minutes=10)
    channels: str = ""

    @property
    def rule(self) -> LogRule:
        return LogRule(**dict(self))


class Alerts(Block):
    """remind: an unacknowledged critical alert rings again so often. ack_silence: None, an ack silences nothing.

    pictures: an alert is followed by that of its metric at once, not only by a button for it.
    """

    webhook_token: Annotated[SecretStr, AfterValidator(_webhook_token)] | None = None
    chats: tuple[AlertChat, ...] = ()
    fallback_chat: int | None = None
    remind: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(minutes=15)
    quiet_hours: Annotated[tuple[time, time] | None, NoDecode, PlainValidator(_quiet_hours)] = None
    watchdog: str = "Watchdog"
    watchdog_patience: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(minutes=5)
    heartbeat_url: Annotated[SecretStr, AfterValidator(values.secret_web_address)] | None = None
    ack_silence: Annotated[timedelta, PlainValidator(values.duration)] | None = None
    log_rules: tuple[LogRuleBlock, ...] = ()
    pictures: bool = False

    @field_validator("log_rules")
    @classmethod
    def _each_named_once(cls, rules: tuple[LogRuleBlock, ...]) -> tuple[LogRuleBlock, ...]:
        for name, times in Counter(rule.name for rule in rules).items():
            if times > 1:
                raise ValueError(f"{name!r} is there {times} times: give each rule a name of its own")
        return rules


def policy_of(settings: "Settings", admins: tuple[int, ...]) -> Policy:
    """What the settings say about alerts, as the services ask it."""
    alerts = settings.alerts
    zone: ZoneInfo = settings.timezone
    quiet = QuietHours(*alerts.quiet_hours, zone) if alerts.quiet_hours else None
    return Policy(
        routes=tuple(
            Route(Destination(chat.id, chat.topic), chat.severities, chat.labels, chat.hosts)
            for chat in alerts.chats
        ),
        fallback=Destination(alerts.fallback_chat) if alerts.fallback_chat is not None else None,
        admins=tuple(Destination(admin) for admin in admins),
        remind=alerts.remind,
        quiet=quiet,
        watchdog=alerts.watchdog,
        ack_silence=alerts.ack_silence,
        hosts=host_aliases(settings),
        zone=zone,
        charts=_charts(settings),
    )


def _charts(settings: "Settings") -> AlertCharts:
    return AlertCharts(
        {metric.id: metric for metric in catalogue_of(settings)},
        settings.prometheus is not None,
        frozenset(name for name, host in settings.hosts.items() if host.netdata),
    )


def catalogue_of(settings: "Settings") -> Catalogue:
    return Catalogue(block.metric(name) for name, block in settings.metrics.items())


def host_aliases(settings: "Settings") -> dict[str, tuple[str, ...]]:
    """What the label `instance` may call each host, in lower case."""
    return {name: tuple(alias.lower() for alias in host.aliases) for name, host in settings.hosts.items()}
