"""One frozen tree of settings, from the environment, secret files and a YAML file.

Precedence: `VAKHTA_*` variables (nested by `__`, lists and maps as JSON), then files
`/run/secrets/vakhta_*` of the same names, then the YAML at `VAKHTA_CONFIG`. Unknown keys are errors.
"""

import os
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self
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
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, SettingsConfigDict

from bot import values
from bot.alerting import Alerts, Api
from bot.blocks import Block
from bot.complaints import complaints, hint
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
Readable = Annotated[Path, AfterValidator(values.readable)]
ListenAddress = Annotated[Listen, NoDecode, PlainValidator(Listen.parse)]
HostName = Annotated[str, AfterValidator(values.host_name)]
Globs = Annotated[tuple[str, ...], AfterValidator(values.globs)]


class Telegram(Block):
    token: Annotated[SecretStr, AfterValidator(values.token)]
    api_url: Annotated[str, AfterValidator(values.web_address)] = "https://api.telegram.org"
    proxy: Annotated[SecretStr, AfterValidator(values.proxy)] | None = None  # may hold a password


class Http(Block):
    listen: ListenAddress = Listen("127.0.0.1", 8080)  # the image sets 0.0.0.0:8080
    metrics_listen: ListenAddress = Listen("127.0.0.1", 9464)  # for /metrics: nothing listens there yet


class Logs(Block):
    hide_emails: bool = False  # of each address the part before the @


class Tls(Block):
    ca: Readable
    cert: Readable
    key: Readable


def _openable(value: str) -> str:
    if "." not in (urlsplit(value).hostname or ""):
        raise ValueError("must be an address that a phone can open, such as https://dozzle.example.org")
    return value


def _ssh_address(value: str) -> str:
    if urlsplit(values.engine_address(value)).scheme != "ssh":
        raise ValueError("must look like ssh://root@HOST:PORT")
    return value


class FastLane(Block):
    """A second key, with which a host searches its own log files. `address`: by default root's on the host's own."""

    identity_file: Readable
    address: Annotated[str, AfterValidator(_ssh_address)] | None = None
    known_hosts: Readable | None = None  # by default the host's own


class Host(Block):
    """One server. `address`: unix://PATH, ssh://USER@HOST[:PORT] or, with tls, tcp://HOST:PORT."""

    address: Annotated[str, AfterValidator(values.engine_address)]
    aliases: tuple[str, ...] = ()
    identity_file: Readable | None = None
    known_hosts: Readable | None = None
    docker_socket: Path = Path("/var/run/docker.sock")
    tls: Tls | None = None
    fast_lane: FastLane | None = None

    @property
    def scheme(self) -> str:
        return urlsplit(self.address).scheme

    @model_validator(mode="after")
    def _complete(self) -> Self:
        belongs = {"identity_file": "ssh", "known_hosts": "ssh", "tls": "tcp"}
        problems = [
            f"an address with {self.scheme}:// needs {_MENDS[key]}"
            if self.scheme == scheme
            else f"{key} means nothing beside {self.scheme}://, leave it out"
            for key, scheme in belongs.items()
            if (self.scheme == scheme) is (getattr(self, key) is None)
        ]
        if lane := self.fast_lane:
            if self.scheme != "ssh" and not (lane.address and lane.known_hosts):
                problems.append(f"fast_lane beside {self.scheme}:// needs {_MENDS['fast_lane']}")
            if lane.identity_file == self.identity_file:
                problems.append(
                    "fast_lane.identity_file is the host's own: make a second key (docs/fast-lane.md)"
                )
        if problems:
            raise ValueError("\n".join(problems))
        return self


_MENDS = {
    "identity_file": "identity_file, the private key to log in with (see docs/ssh-key.md)",
    "known_hosts": "known_hosts, a file with the server's pinned key (see docs/ssh-key.md)",
    "tls": "tls with ca, cert and key: an engine on bare TCP is open to everyone",
    "fast_lane": "address, such as ssh://root@203.0.113.2:22, and known_hosts in its block (see docs/fast-lane.md)",
}


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
    prometheus: Api | None = None
    alertmanager: Api | None = None
    dozzle: Dozzle | None = None
    logs: Logs = Logs()
    alerts: Alerts = Alerts()

    @property
    def store_path(self) -> Path | None:
        """Where the SQLite database lies; None when the store is Redis."""
        path = self.store.removeprefix("sqlite://")
        return Path(path) if path != self.store else None

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
        kept += [api.password for api in (self.prometheus, self.alertmanager) if api]
        found += [each.get_secret_value() for each in kept if each]
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
    return [
        f"{glob!r} fits none of the hosts; {hint(part, hosts) or 'the hosts are ' + ', '.join(hosts)}"
        for glob, part in misses
    ]


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
