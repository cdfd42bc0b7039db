"""One frozen tree of settings, from the environment, secret files and a YAML file.

Precedence: `VAKHTA_*` variables (nested by `__`, lists and maps as JSON), then files
`/run/secrets/vakhta_*` of the same names, then the YAML at `VAKHTA_CONFIG`. Unknown keys are errors.
"""

import os
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, SettingsConfigDict

from bot import values
from bot.alerting import Alerts, Api
from bot.blocks import Block
from bot.complaints import complaints, hint
from bot.metering import Grafana, MetricBlock
from bot.norms import StandardsBlock
from bot.outside import ProbeBlock, RouteBlock, once_each
from bot.server import Host, Readable
from bot.sources import PREFIX, gather
from bot.values import Listen
from services.domain.access import Role, Scope

_ANONYMOUS_ADMIN, _CHANNEL_RELAY = (
    1087968824,
    777000,
)  # Telegram's own accounts: anybody may stand behind them


class SettingsError(Exception):
    """`problems`: one English sentence each, with the mend and without secrets."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


Language = Literal["ru", "en"]
ListenAddress = Annotated[Listen, NoDecode, PlainValidator(Listen.parse)]
ListenOrNowhere = Annotated[Listen | None, NoDecode, PlainValidator(values.listen_or_nowhere)]
MetricId = Annotated[str, AfterValidator(values.metric_id)]
HostName = Annotated[str, AfterValidator(values.host_name)]
Globs = Annotated[tuple[str, ...], AfterValidator(values.globs)]


class Telegram(Block):
    token: Annotated[SecretStr, AfterValidator(values.token)]
    api_url: Annotated[str, AfterValidator(values.web_address)] = "https://api.telegram.org"
    proxy: Annotated[SecretStr, AfterValidator(values.proxy)] | None = None  # may hold a password


class Http(Block):
    listen: ListenAddress = Listen("127.0.0.1", 8080)  # the image sets 0.0.0.0:8080
    metrics_listen: ListenOrNowhere = Listen("127.0.0.1", 9464)  # for /metrics; or off


class Logs(Block):
    hide_emails: bool = False  # of each address the part before the @


def _openable(value: str) -> str:
    if "." not in (urlsplit(value).hostname or ""):
        raise ValueError("must be an address that a phone can open, such as https://dozzle.example.org")
    return value


class Dozzle(Block):
    """Where a person's browser finds Dozzle; the bot itself never asks it anything."""

    url: Annotated[str, AfterValidator(values.web_address), AfterValidator(_openable)]


class User(Block):
    """A person, known by the numeric Telegram id alone."""

    id: int
    name: Annotated[str, Field(min_length=1)]
    role: Annotated[Role, PlainValidator(values.role)]
    scope: Annotated[Scope, PlainValidator(values.scope)] = Scope.of("*/*")

    @field_validator("id")
    @classmethod
    def _a_person(cls, number: int) -> int:
        if number in (_ANONYMOUS_ADMIN, _CHANNEL_RELAY):
            raise ValueError(f"{number} is an account of Telegram's own and no person: give the person's own")
        if number <= 0:
            raise ValueError(f"{number} is no person, whose ids are positive: a group belongs under chats")
        return number


class Chat(Block):
    """A group where commands may be used; `language` None: the default one."""

    id: int
    language: Language | None = None
    scope: Annotated[Scope, PlainValidator(values.scope)] = Scope.of("*/*")

    @field_validator("id")
    @classmethod
    def _a_group(cls, number: int) -> int:
        if number >= 0:
            raise ValueError(f"{number} is no group, whose ids are negative: a person belongs under users")
        return number


class Settings(BaseSettings):
    """The whole tree. Made by `load_settings`; `hosts` keeps the order of the file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
    )

    telegram: Telegram
    language: Language = "ru"
    timezone: Annotated[ZoneInfo, PlainValidator(values.timezone)] = ZoneInfo("UTC")
    store: Annotated[str, AfterValidator(values.store), Field(repr=False)] = (  # may hold a password
        "sqlite:///var/lib/vakhta/vakhta.db"
    )
    http: Http = Http()
    retention: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(days=90)
    # Before those whose globs are held against them.
    hosts: Annotated[dict[HostName, Host], AfterValidator(MappingProxyType)] = Field(
        default_factory=dict, validate_default=True
    )
    users: tuple[User, ...]
    chats: tuple[Chat, ...] = ()
    protected: Globs = ()
    routes: tuple[RouteBlock, ...] = ()
    probes: tuple[ProbeBlock, ...] = ()
    # Certificates that are believed beside those that the system knows.
    trusted_ca: Annotated[Readable, AfterValidator(values.authorities)] | None = None
    metrics: Annotated[dict[MetricId, MetricBlock], AfterValidator(MappingProxyType)] = Field(
        default_factory=dict, validate_default=True
    )
    prometheus: Api | None = None
    grafana: Grafana | None = None
    alertmanager: Api | None = None
    dozzle: Dozzle | None = None
    standards: StandardsBlock = StandardsBlock()
    logs: Logs = Logs()
    alerts: Alerts = Alerts()

    def secrets(self) -> tuple[str, ...]:
        """Every text that must never be seen in a log."""
        proxy = urlsplit(self.telegram.proxy.get_secret_value()).password if self.telegram.proxy else None
        token = self.telegram.token.get_secret_value()
        found = [token, token.partition(":")[2], unquote(proxy or "")]
        password = urlsplit(self.store).password or ""
        found += [
            password,
            unquote(password),
        ]  # the first as it stands in the address, however it was encoded
        kept = [self.alerts.webhook_token, self.alerts.heartbeat_url]
        of_hosts = (api for host in self.hosts.values() for api in (host.traefik, host.netdata))
        apis = [api for api in (self.prometheus, self.alertmanager, *of_hosts) if api]
        kept += [api.password for api in apis]
        kept += [self.grafana.token] if self.grafana else []
        found += [each.get_secret_value() for each in kept if each]
        urls = [probe.url for probe in self.probes]
        urls += [api.url for api in apis]
        urls += [host.traefik.metrics_url for host in self.hosts.values() if host.traefik]
        for password in (urlsplit(url or "").password or "" for url in urls):
            found += [password, unquote(password)]
        return tuple(secret for secret in found if secret)

    @field_validator("users", "chats")
    @classmethod
    def _consistent(cls, rows: tuple[User, ...] | tuple[Chat, ...], info: ValidationInfo) -> object:
        problems = []
        if info.field_name == "users" and not rows:
            problems.append(_NOBODY)
        elif info.field_name == "users" and not any(
            isinstance(r, User) and r.role is Role.ADMIN for r in rows
        ):
            problems.append(_NO_ADMIN)
        for number, times in Counter(row.id for row in rows).items():
            if times > 1:
                problems.append(f"the id {number} is there {times} times: keep one entry")
        for row in rows:
            problems += _unknown_hosts(row.scope.layers[0], info)
        if problems:
            raise ValueError("\n".join(problems))
        return rows

    @field_validator("routes", "probes")
    @classmethod
    def _of_hosts_that_are_there(
        cls, rows: tuple[RouteBlock, ...] | tuple[ProbeBlock, ...], info: ValidationInfo
    ) -> object:
        hosts: Mapping[str, Host] = info.data.get("hosts") or {}
        problems = once_each([row.domain if isinstance(row, RouteBlock) else row.name for row in rows])
        named = [(row.host, "") if isinstance(row, RouteBlock) else (row.host, row.via) for row in rows]
        for name in dict.fromkeys(name for pair in named for name in pair if name):
            if name not in hosts:
                problems.append(f"there is no host {name!r}; {_meant(name, hosts)}")
        for row in rows:
            if isinstance(row, ProbeBlock) and row.via in hosts and hosts[row.via].scheme != "ssh":
                problems.append(f"via: {row.via} is not reached over SSH: leave it out, or name one that is")
        if problems:
            raise ValueError("\n".join(problems))
        return rows

    @field_validator("standards")
    @classmethod
    def _projects_of_hosts_that_are_there(cls, block: StandardsBlock, info: ValidationInfo) -> StandardsBlock:
        hosts: Mapping[str, Host] = info.data.get("hosts") or {}
        missing = [name for name in block.projects if name not in hosts]
        if problems := [f"there is no host {name!r}; {_meant(name, hosts)}" for name in missing]:
            raise ValueError("\n".join(problems))
        return block

    @field_validator("protected")
    @classmethod
    def _of_known_hosts(cls, globs: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if problems := _unknown_hosts(globs, info):
            raise ValueError("\n".join(problems))
        return globs


_NOBODY = (
    "empty, so nobody could use the bot: name at least one admin, such as "
    "{id: 1001, name: Aigerim, role: admin}; whoever does not know the id writes /whoami to the bot"
)
_NO_ADMIN = "nobody is an admin, so nobody could see the audit: give one of them role: admin"


def _unknown_hosts(globs: tuple[str, ...], info: ValidationInfo) -> list[str]:
    """A complaint for each glob whose host part fits no host; none while `hosts` is empty or itself wrong."""
    hosts: Mapping[str, Host] = info.data.get("hosts") or {}
    if not hosts:
        return []
    misses = [
        (glob, part)
        for glob in globs
        if not any(fnmatchcase(host, part := glob.split("/")[0]) for host in hosts)
    ]
    return [f"{glob!r} fits none of the hosts; {_meant(part, hosts)}" for glob, part in misses]


def _meant(name: str, hosts: Mapping[str, Host]) -> str:
    return hint(name, hosts) or "the hosts are " + ", ".join(hosts)


def load_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Read and judge everything. Raises SettingsError with all that is wrong."""
    try:
        found = gather(Settings, env)
    except ValueError as exc:
        raise SettingsError((str(exc),)) from None
    try:
        settings = Settings(_build_sources=((InitSettingsSource(Settings, dict(found.tree)),), {}))
    except ValidationError as exc:
        raise SettingsError((*found.problems, *complaints(exc, Settings, found.origins))) from None
    if found.problems:
        raise SettingsError(found.problems)
    return settings
