"""Settings: three sources, one frozen tree, and a sentence with the mend for whatever is wrong."""

import dataclasses
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import time, timedelta
from pathlib import Path
from textwrap import dedent
from zoneinfo import ZoneInfo

import certifi
import pytest
from pydantic import SecretStr, ValidationError

from bot.alerting import Alerts, Api
from bot.logbook import MASK, Masking
from bot.metering import Grafana
from bot.norms import StandardsBlock
from bot.outside import Netdata, Traefik
from bot.server import Host, Tls
from bot.settings import Http, Logs, Settings, SettingsError, Telegram, load_settings
from bot.values import Listen, readable
from services.domain.access import Role, Scope
from services.domain.alerts import Severity
from services.domain.log_rules import LogRule
from services.domain.metrics import Level, NetdataChart, Unit
from services.domain.probes import ProbeKind, ProbeSpec
from services.domain.routes import ExpectedRoute

TOKEN = "123456789:AAFm2k1r7zcWqR3tUvXyZ-abcdefghij_kl"
HOST = "hosts: {server1: {address: 'unix:///s'}}"
ROOT = Path(__file__).parents[2]

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings from YAML text, secret files and variables, with a token and an admin unless told otherwise."""

    def load(
        yaml: str = "", *, secrets: Mapping[str, str] | None = None, bare: bool = False, **env: str
    ) -> Settings:
        (tmp_path / "config.yaml").write_text(dedent(yaml))
        directory = tmp_path / "secrets"
        directory.mkdir(exist_ok=True)
        for name, text in (secrets or {}).items():
            (directory / name).write_text(text)
        base = {"VAKHTA_CONFIG": str(tmp_path / "config.yaml"), "VAKHTA_SECRETS_DIR": str(directory)}
        if not bare:
            base["VAKHTA_TELEGRAM__TOKEN"] = TOKEN
            base["VAKHTA_USERS"] = json.dumps([{"id": 1001, "name": "Aigerim", "role": "admin"}])
        return load_settings(base | env)

    return load


@pytest.fixture
def problems(load: Load) -> Callable[..., str]:
    """All complaints about settings, as one text."""

    def problems(*args: object, **kwargs: object) -> str:
        with pytest.raises(SettingsError) as caught:
            load(*args, **kwargs)
        return "\n".join(caught.value.problems)

    return problems


@pytest.fixture
def keys(tmp_path: Path) -> Mapping[str, str]:
    files = {name: tmp_path / name for name in ("id", "known_hosts", "ca", "cert", "key")}
    for path in files.values():
        path.write_text("x")
    return {name: str(path) for name, path in files.items()}


def test_the_whole_contract(load: Load, keys: Mapping[str, str]) -> None:
    settings = load(
        f"""
        telegram: {{token: "{TOKEN}", api_url: "http://localhost:81/", proxy: "socks5://u:pw@10.0.0.5:1080"}}
        language: en
        timezone: Asia/Almaty
        store: sqlite:///srv/vakhta.db
        http: {{listen: "127.0.0.1:81", metrics_listen: "[::1]:82"}}
        retention: 2w
        users:
          - {{id: 1001, name: Aigerim, role: admin}}
          - {{id: 1002, name: Dias, role: operator, scope: ["server2/*", "*/directus"]}}
        chats: [{{id: -1001, language: ru, scope: ["server1/*"]}}]
        hosts:
          server1: {{address: "unix:///var/run/docker.sock", aliases: [10.0.0.1]}}
          server2:
            address: ssh://vakhta@203.0.113.2:22
            identity_file: {keys["id"]}
            known_hosts: {keys["known_hosts"]}
            docker_socket: /run/docker.sock
          server3: {{address: "tcp://h:2376", tls: {{ca: {keys["ca"]}, cert: {keys["cert"]}, key: {keys["key"]}}}}}
        protected: ["*/postgres"]
        logs: {{hide_emails: true}}
        """,
        bare=True,
    )
    assert settings.logs.hide_emails
    assert settings.telegram.token.get_secret_value() == TOKEN
    assert settings.telegram.api_url == "http://localhost:81"
    assert (
        settings.telegram.proxy
        and settings.telegram.proxy.get_secret_value() == "socks5://u:pw@10.0.0.5:1080"
    )
    assert (settings.language, settings.timezone) == ("en", ZoneInfo("Asia/Almaty"))
    assert settings.store == "sqlite:///srv/vakhta.db"
    assert (settings.http.listen, settings.http.metrics_listen) == (
        Listen("127.0.0.1", 81),
        Listen("::1", 82),
    )
    assert settings.retention == timedelta(days=14)
    admin, operator = settings.users
    assert (admin.id, admin.name, admin.role, admin.scope) == (1001, "Aigerim", Role.ADMIN, Scope.of("*/*"))
    assert (operator.role, operator.scope) == (Role.OPERATOR, Scope.of("server2/*", "*/directus"))
    (chat,) = settings.chats
    assert (chat.id, chat.language, chat.scope) == (-1001, "ru", Scope.of("server1/*"))
    assert list(settings.hosts) == ["server1", "server2", "server3"]
    assert settings.hosts["server1"].aliases == ("10.0.0.1",)
    assert settings.hosts["server2"].identity_file == Path(keys["id"])
    assert settings.hosts["server2"].docker_socket == Path("/run/docker.sock")
    assert settings.hosts["server3"].tls and settings.hosts["server3"].tls.ca == Path(keys["ca"])
    assert settings.protected == ("*/postgres",)


def test_nobody_need_listen_for_metrics(load: Load) -> None:
    for written in ("off", "'off'", "false"):
        assert load(f"http: {{metrics_listen: {written}}}").http.metrics_listen is None
    assert load(VAKHTA_HTTP__METRICS_LISTEN="off").http.metrics_listen is None


def test_defaults(load: Load) -> None:
    settings = load()
    assert settings.telegram.api_url == "https://api.telegram.org"
    assert settings.telegram.proxy is None
    assert settings.language == "ru"
    assert settings.store == "sqlite:///var/lib/vakhta/vakhta.db"
    assert settings.http.listen == Listen("127.0.0.1", 8080)
    assert settings.http.metrics_listen == Listen("127.0.0.1", 9464)
    assert settings.retention == timedelta(days=90)
    assert (dict(settings.hosts), settings.chats, settings.protected) == ({}, (), ())


def test_environment_over_files_over_yaml(load: Load) -> None:
    yaml = "telegram: {token: '1:yaml', api_url: 'http://yaml', proxy: 'http://yaml:1'}"
    secrets = {"vakhta_telegram__token": "2:file\n", "VAKHTA_TELEGRAM__API_URL": "http://file"}
    settings = load(yaml, secrets=secrets, VAKHTA_TELEGRAM__TOKEN="3:env")
    assert settings.telegram.token.get_secret_value() == "3:env"
    assert settings.telegram.api_url == "http://file"
    assert settings.telegram.proxy and settings.telegram.proxy.get_secret_value() == "http://yaml:1"


def test_one_host_may_come_from_everywhere(load: Load, keys: Mapping[str, str]) -> None:
    settings = load(
        f"hosts: {{server2: {{address: 'ssh://a@h', known_hosts: {keys['known_hosts']}}}}}",
        secrets={
            "vakhta_hosts__server2__identity_file": keys["id"],
            "ssh_key": "no setting: it lacks the prefix",
        },
        VAKHTA_HOSTS__SERVER2__ALIASES='["10.0.0.2"]',
    )
    host = settings.hosts["server2"]
    assert (host.aliases, host.identity_file) == (("10.0.0.2",), Path(keys["id"]))


def test_empty_is_absent(load: Load) -> None:
    """A variable that compose passes on empty, a YAML key without a value."""
    settings = load("telegram: {proxy: }\nhosts:\nchats:", VAKHTA_LANGUAGE="")
    assert (settings.telegram.proxy, dict(settings.hosts), settings.language) == (None, {}, "ru")


def test_nothing_can_be_changed(load: Load) -> None:
    settings = load("hosts: {server1: {address: 'unix:///s'}}")
    with pytest.raises(ValidationError):
        settings.language = "en"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.telegram.api_url = "http://x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.hosts["server9"] = settings.hosts["server1"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.http.listen.port = 1  # type: ignore[misc]


def test_no_secret_is_ever_shown(load: Load) -> None:
    probe = "probes: [{name: site, url: 'https://u:hush%40@site.example.org'}]"
    traefik = "hosts: {server1: {address: 'unix:///s', traefik: {url: 'http://u:hush%23@t:1'}}}"
    settings = load(f"telegram: {{proxy: 'http://u:hush%21@h:1'}}\n{probe}\n{traefik}")
    assert {"hush!", "hush%40", "hush@", "hush%23", "hush#"} <= set(settings.secrets())
    probes = [repr(each) for block in settings.probes for each in (block, block.probe)]
    for shown in (
        repr(settings),
        str(settings),
        repr(settings.telegram),
        f"{settings.telegram.proxy}",
        *probes,
    ):
        assert TOKEN not in shown
        assert "hush" not in shown


def test_the_log_masks_secrets_in_messages_arguments_and_tracebacks(load: Load) -> None:
    settings = load("telegram: {proxy: 'http://u:hush%21@h:1'}")
    formatter = Masking(settings.secrets())
    try:
        raise OSError(f"GET https://api.telegram.org/bot{TOKEN}/getMe")
    except OSError:
        info = sys.exc_info()
    message = "asked %s\nthrough http://u:hush%%21@h:1 as hush!"
    record = logging.LogRecord("x", logging.ERROR, "f.py", 1, message, (TOKEN.replace(":", "%3A"),), info)
    line = formatter.format(record)
    assert "\n" not in line
    assert TOKEN.partition(":")[2] not in line
    assert "hush" not in line
    assert line.count(MASK) >= 4
    assert "getMe" in line


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("telegramm: {}", "telegramm: there is no such key; did you mean telegram?"),
        ("telegram: {api_ulr: x}", "telegram.api_ulr: there is no such key; did you mean api_url?"),
        ("zzz: 1", "zzz: there is no such key; known here: telegram, language"),
        ("hosts: {a: {adress: 'unix:///s'}}", "hosts.a.adress: there is no such key; did you mean address?"),
        ("hosts: {tls: {adress: 'unix:///s'}}", "hosts.tls.adress: there is no such key; did you mean address?"),
        ("hosts: {a: {address: 'tcp://h:1', tls: {sert: x}}}", "tls.sert: there is no such key; did you mean cert?"),
        ("chats: [{id: -1, scop: []}]", "chats (entry 1).scop: there is no such key; did you mean scope?"),
        ("hosts: {a: {}}", "hosts.a.address: missing"),
        ("hosts: {Server1: {address: 'unix:///s'}}", "hosts.Server1: a host's name is made of"),
        (f"hosts: {{{'a' * 25}: {{address: 'unix:///s'}}}}", "at most 24 characters"),
        ("hosts: {a: {address: 'unix://s'}}", "hosts.a.address: must look like"),
        ("hosts: {a: {address: 'http://h'}}", "hosts.a.address: must look like"),
        ("hosts: {a: {address: 'ssh://h'}}", "hosts.a.address: must look like"),
        ("hosts: {a: {address: 'ssh://u@h:port'}}", "hosts.a.address: must look like"),
        ("hosts: {a: {address: 'tcp://h:2376'}}", "hosts.a: an address with tcp:// needs tls"),
        ("hosts: {a: {address: 'ssh://u@h'}}", "hosts.a: an address with ssh:// needs identity_file"),
        ("hosts: {a: {address: 'ssh://u@h'}}", "hosts.a: an address with ssh:// needs known_hosts"),
        ("hosts: {a: {address: 'unix:///s', known_hosts: /etc/hosts}}", "known_hosts means nothing beside unix://"),
        ("hosts: {a: {address: 'ssh://u@h', identity_file: /no/such}}", "there is no file /no/such: create it"),
        ("hosts: {a: {address: 'ssh://u@h', identity_file: /etc}}", "/etc is a directory: Docker made it"),
        ("hosts: {a: {address: 'ssh://u@h', identity_file: /dev/null}}", "the file /dev/null is empty"),
        ("hosts: [a]", "hosts: must be a block"),
        ("timezone: Almaty", "timezone: there is no time zone 'Almaty'; did you mean Asia/Almaty?"),
        ("timezone: moscow", "timezone: there is no time zone 'moscow'; did you mean Europe/Moscow?"),
        ("timezone: Europe/Moskow", "did you mean Europe/Moscow?"),
        ("timezone: Mars", "timezone: there is no time zone 'Mars'; write it as Asia/Almaty or UTC"),
        ("timezone: MSK", "timezone: there is no time zone 'MSK'; write it as Asia/Almaty or UTC"),
        ("language: kz", "language: must be 'ru' or 'en'"),
        ("retention: forever", "retention: must be a number with a unit"),
        ("retention: 0d", "retention: must be a number with a unit"),
        ("store: postgres://x", "store: must be sqlite://"),
        ("store: sqlite://relative.db", "store: must be sqlite://"),
        ("http: {listen: 8080}", "http.listen: must be ADDRESS:PORT"),
        ("http: {listen: '0.0.0.0:99999'}", "http.listen: ports end at 65535"),
        ("http: {metrics_listen: 9464}", "http.metrics_listen: must be ADDRESS:PORT"),
        ("telegram: {api_url: api.telegram.org}", "telegram.api_url: must be an http:// or https://"),
        ("telegram: {proxy: 'ftp://h:1'}", "telegram.proxy: must be socks5://"),
        ("telegram: {proxy: 'socks5://h'}", "telegram.proxy: must be socks5://"),
        ("chats: [{id: 5}]", "chats (entry 1).id: 5 is no group"),
        ("chats: [{id: -5}, {id: -5}]", "chats: the id -5 is there 2 times: keep one"),
        ("chats: [{id: -5, scope: [directus]}]", "'directus' must be HOST/CONTAINER"),
        ("chats: [{id: -5, scope: []}]", "chats (entry 1).scope: must be a list of globs"),
        ("chats: [{id: -5, scope: '*/*'}]", "chats (entry 1).scope: must be a list of globs"),
        ("protected: [postgres]", "protected: 'postgres' must be HOST/CONTAINER"),
        (f"{HOST}\nprotected: [servr1/x]", "protected: 'servr1/x' fits none of the hosts; did you mean server1?"),
        (f"{HOST}\nchats: [{{id: -5, scope: [web/x]}}]", "'web/x' fits none of the hosts; the hosts are server1"),
        ("a: [", "config.yaml is no valid YAML at line"),
        ("- a", "must hold keys with values"),
        ("hosts: {a: {address: 'unix:///s'}, a: {address: 'unix:///s'}}", "a is given twice"),
    ],
)  # fmt: skip
def test_a_wrong_yaml(problems: Callable[..., str], yaml: str, said: str) -> None:
    assert said in problems(yaml)


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ([], "users (set by VAKHTA_USERS): empty, so nobody could use the bot: name at least one admin"),
        ([{"id": 1, "name": "A", "role": "boss"}], "there is no role 'boss'; the roles are admin, operator, viewer"),
        ([{"id": "x", "name": "A", "role": "admin"}], "users (entry 1).id (set by VAKHTA_USERS): must be a whole"),
        ([{"id": 1, "name": "", "role": "admin"}], "users (entry 1).name (set by VAKHTA_USERS): empty"),
        ([{"id": 1, "role": "admin"}], "users (entry 1).name (set by VAKHTA_USERS): missing"),
        ([{"id": 1, "name": "A", "role": "operator"}], "users (set by VAKHTA_USERS): nobody is an admin"),
        ([{"id": 1, "name": "A", "role": "admin"}] * 2, "the id 1 is there 2 times"),
        ([{"id": -1, "name": "A", "role": "admin"}], "-1 is no person"),
        ([{"id": 777000, "name": "A", "role": "admin"}], "777000 is an account of Telegram's own"),
        ([{"id": 1087968824, "name": "A", "role": "admin"}], "1087968824 is an account of Telegram's own"),
    ],
)  # fmt: skip
def test_wrong_users(problems: Callable[..., str], users: object, said: str) -> None:
    assert said in problems(VAKHTA_USERS=json.dumps(users))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("VAKHTA_TELEGRAMM__TOKEN", "1:a", "is no known setting; did you mean VAKHTA_TELEGRAM__TOKEN?"),
        ("VAKHTA_TELEGRAM__TOKN", "1:a", "no such key; did you mean VAKHTA_TELEGRAM__TOKEN?"),
        ("VAKHTA_HOSTS__A__ADRESS", "x", "there is no such key; did you mean VAKHTA_HOSTS__A__ADDRESS?"),
        ("VAKHTA_LAB", "1", "VAKHTA_LAB is no known setting; remove it"),
        ("VAKHTA_HOSTS__A__ALIASES", "10.0.0.1", "VAKHTA_HOSTS__A__ALIASES must hold JSON"),
        ("VAKHTA_CONFIG", "/no/such.yaml", "there is no file /no/such.yaml: create it, or correct VAKHTA_CONFIG"),
    ],
)  # fmt: skip
def test_a_wrong_variable(problems: Callable[..., str], name: str, text: str, said: str) -> None:
    assert said in problems(**{name: text})


def test_a_wrong_secret_file(problems: Callable[..., str], tmp_path: Path) -> None:
    said = problems(secrets={"vakhta_telegrm__token": "1:a", "vakhta_telegram__tokn": "1:a"})
    assert (
        f"{tmp_path}/secrets/vakhta_telegrm__token is no known setting; did you mean vakhta_telegram__token?"
        in said
    )
    assert f"telegram.tokn (set by {tmp_path}/secrets/vakhta_telegram__tokn): there is no such key; " in said
    assert "did you mean vakhta_telegram__token?" in said.splitlines()[1]


def test_a_source_that_cannot_be_read_is_the_only_complaint(problems: Callable[..., str]) -> None:
    """What stands in it, and is not missing at all, would only confuse."""
    assert len(problems("telegram: {token: [", bare=True).splitlines()) == 1


def test_all_problems_are_told_at_once(problems: Callable[..., str]) -> None:
    said = problems("language: kz\nretention: 1\nchats: [{id: 1}, {id: 2}]", VAKHTA_X="1")
    assert len(said.splitlines()) == 5


def test_what_is_missing_is_told_with_the_places_to_put_it(problems: Callable[..., str]) -> None:
    said = problems(bare=True)
    assert "telegram.token: missing; take it from @BotFather and put it into VAKHTA_TELEGRAM__TOKEN" in said
    assert "/run/secrets/vakhta_telegram__token" in said
    assert "users: missing; name at least one admin" in said


@pytest.mark.parametrize(
    "yaml",
    [
        f"telegram: {{token: {TOKEN}x!}}",
        f"telegram: {{proxy: 'ftp://u:{TOKEN}@h'}}",
        f"telegram: {{token: *{TOKEN.replace(':', '-')}",
        f"telegram: {{token: {TOKEN}, {TOKEN}: [",
        f"hosts: {{a: {{address: 'ssh://u:{TOKEN}@h'}}}}",
    ],
)
def test_no_complaint_echoes_a_secret(problems: Callable[..., str], yaml: str) -> None:
    assert TOKEN.partition(":")[2] not in problems(yaml, bare=True)


def test_without_any_file_the_environment_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    users = json.dumps([{"id": 1, "name": "A", "role": "admin"}])
    env = {"VAKHTA_TELEGRAM__TOKEN": "1:a", "VAKHTA_USERS": users, "VAKHTA_SECRETS_DIR": "/no/such"}
    assert load_settings(env).users[0].id == 1


def test_without_any_settings_the_missing_file_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        load_settings({"VAKHTA_SECRETS_DIR": "/no/such"})
    assert caught.value.problems[0] == f"there is no config.yaml in {tmp_path}: copy config.example.yaml"
    with pytest.raises(SettingsError) as caught:
        load_settings({"VAKHTA_SECRETS_DIR": "/no/such", "VAKHTA_LANGUAGE": "en"})
    assert "config.example.yaml" not in str(caught.value)


def test_a_forgotten_file_that_docker_made_a_directory(problems: Callable[..., str], tmp_path: Path) -> None:
    said = problems(VAKHTA_CONFIG=str(tmp_path))
    assert said.startswith(f"{tmp_path} is a directory: Docker made it because the file was missing")


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root reads everything: be somebody else for the length of a test."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


@pytest.mark.usefixtures("nobody")
def test_an_unreadable_file_is_told() -> None:
    with tempfile.TemporaryDirectory() as directory:
        secret = Path(directory, "vakhta_language")
        secret.write_text("en")
        secret.chmod(0)
        with pytest.raises(
            ValueError, match=rf"Permission denied.*let the user with uid {os.geteuid()} read it"
        ):
            readable(secret)
        with pytest.raises(
            SettingsError, match="vakhta_language cannot be read as text: let Vakhta's user read it"
        ):
            load_settings({"VAKHTA_SECRETS_DIR": directory})


@pytest.mark.parametrize("command", ["run", "check", "health"])
def test_on_the_command_line_wrong_settings_are_exit_code_2_and_no_traceback(
    tmp_path: Path, command: str
) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "VAKHTA_SECRETS_DIR": str(tmp_path),
        "VAKHTA_TELEGRAM__TOKEN": f"{TOKEN} ",
        "VAKHTA_USERS": "[]",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bot", command],
        check=False,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "!!  telegram.token (set by VAKHTA_TELEGRAM__TOKEN)",
        "!!  users (set by VAKHTA_USERS)",
    ]


# Every key that holds one value, with what to set it to and what then stands in the settings.
SCALARS = {
    "telegram.token": ("2:b", "2:b"),
    "telegram.api_url": ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    "telegram.proxy": ("http://h:1", "http://h:1"),
    "language": ("en", "en"),
    "timezone": ("Asia/Almaty", ZoneInfo("Asia/Almaty")),
    "store": ("sqlite:///srv/x.db", "sqlite:///srv/x.db"),
    "http.listen": ("127.0.0.1:8090", Listen("127.0.0.1", 8090)),
    "http.metrics_listen": ("[::1]:8091", Listen("::1", 8091)),
    "retention": ("30d", timedelta(days=30)),
    "hosts.ssh.address": ("ssh://b@h", "ssh://b@h"),
    "hosts.ssh.identity_file": ("/etc/hostname", Path("/etc/hostname")),
    "hosts.ssh.known_hosts": ("/etc/hostname", Path("/etc/hostname")),
    "hosts.ssh.docker_socket": ("/run/docker.sock", Path("/run/docker.sock")),
    "hosts.ssh.fast_lane.identity_file": ("/etc/hostname", Path("/etc/hostname")),
    "hosts.ssh.traefik.url": ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    "hosts.ssh.traefik.username": ("bot", "bot"),
    "hosts.ssh.traefik.password": ("12345678", "12345678"),
    "hosts.ssh.traefik.via_ssh": ("true", True),
    "hosts.ssh.traefik.metrics_url": ("http://127.0.0.1:8082/metrics", "http://127.0.0.1:8082/metrics"),
    "hosts.ssh.netdata.url": ("http://127.0.0.1:19999", "http://127.0.0.1:19999"),
    "hosts.ssh.netdata.username": ("bot", "bot"),
    "hosts.ssh.netdata.password": ("12345678", "12345678"),
    "hosts.ssh.netdata.via_ssh": ("true", True),
    "hosts.tcp.tls.ca": ("/etc/hostname", Path("/etc/hostname")),
    "hosts.tcp.tls.cert": ("/etc/hostname", Path("/etc/hostname")),
    "hosts.tcp.tls.key": ("/etc/hostname", Path("/etc/hostname")),
    "trusted_ca": (certifi.where(), Path(certifi.where())),
    "prometheus.url": ("http://p:9090", "http://p:9090"),
    "prometheus.username": ("bot", "bot"),
    "prometheus.password": ("12345678", "12345678"),
    "grafana.url": ("https://grafana.example.org", "https://grafana.example.org"),
    "grafana.token": ("glsa_12345678", "glsa_12345678"),
    "standards.weekly": ("false", False),
    "dozzle.url": ("https://logs.example.org", "https://logs.example.org"),
    "alertmanager.url": ("http://a:9093", "http://a:9093"),
    "alertmanager.username": ("1001", "1001"),
    "alertmanager.password": ("true", "true"),
    "logs.hide_emails": ("true", True),
    "alerts.webhook_token": ("0123456789abcdef", "0123456789abcdef"),
    "alerts.fallback_chat": ("-5", -5),
    "alerts.remind": ("20m", timedelta(minutes=20)),
    "alerts.quiet_hours": ("23:00-07:00", (time(23), time(7))),
    "alerts.watchdog": ("DeadMansSwitch", "DeadMansSwitch"),
    "alerts.watchdog_patience": ("9m", timedelta(minutes=9)),
    "alerts.heartbeat_url": ("https://h.example/x?y=1", "https://h.example/x?y=1"),
    "alerts.ack_silence": ("1h", timedelta(hours=1)),
    "alerts.pictures": ("true", True),
}


def test_no_scalar_key_is_forgotten_here() -> None:
    lists = {"telegram", "http", "hosts", "users", "chats", "protected", "aliases", "tls", "fast_lane"}
    lists |= {"prometheus", "alertmanager", "dozzle", "alerts", "log_rules", "logs"}
    lists |= {"traefik", "netdata", "routes", "probes", "metrics", "grafana", "standards", "exceptions"}
    lists |= {"projects"}
    models = (
        Settings,
        Telegram,
        Http,
        Host,
        Tls,
        Api,
        Traefik,
        Netdata,
        Grafana,
        Logs,
        StandardsBlock,
        Alerts,
    )
    keys = {key for model in models for key in model.model_fields} - lists
    assert {name.rpartition(".")[2] for name in SCALARS} == keys


@pytest.mark.parametrize("by_file", [False, True], ids=["variable", "file"])
@pytest.mark.parametrize("key", SCALARS)
def test_every_scalar_key_is_set_by_a_plain_text(
    load: Load, keys: Mapping[str, str], key: str, by_file: bool
) -> None:
    yaml = f"""
        telegram: {{token: "1:a"}}
        users: [{{id: 1, name: A, role: admin}}]
        prometheus: {{url: "http://h"}}
        alertmanager: {{url: "http://h"}}
        grafana: {{url: "https://h"}}
        hosts:
          ssh: {{address: "ssh://a@h", identity_file: {keys["id"]}, known_hosts: {keys["known_hosts"]},
                traefik: {{url: "http://h"}}, netdata: {{url: "http://h"}}}}
          tcp: {{address: "tcp://h:1", tls: {{ca: {keys["ca"]}, cert: {keys["cert"]}, key: {keys["key"]}}}}}
    """
    text, wanted = SCALARS[key]
    name = "vakhta_" + key.replace(".", "__")
    secrets, variables = ({name: text}, {}) if by_file else ({}, {name.upper(): text})
    found: object = load(yaml, bare=True, secrets=secrets, **variables)
    for part in key.split("."):
        found = found[part] if isinstance(found, Mapping) else getattr(found, part)
    assert (found.get_secret_value() if isinstance(found, SecretStr) else found) == wanted


def test_the_token_of_the_example_is_refused_with_a_sentence(problems: Callable[..., str]) -> None:
    said = problems((ROOT / "config.example.yaml").read_text(), bare=True)
    assert said == "telegram.token: this is no bot token, DIGITS:LETTERS; copy it again from @BotFather"


def test_metrics(load: Load) -> None:
    settings = load(
        """
        metrics:
          queue: {title: Jobs that wait, promql: "sum(jobs_waiting)", thresholds: {warning: 100}}
          swap: {title: Swap, unit: bytes, level: host, promql: 'swap{host=~"$host"}', netdata: {chart: mem.swap}}
        """
    )
    queue, swap = (block.metric(name) for name, block in settings.metrics.items())
    assert (queue.id, queue.level, queue.unit, queue.thresholds.warning) == (
        "queue",
        Level.TEAM,
        Unit.COUNT,
        100,
    )
    assert (swap.title, swap.own, swap.netdata) == ("Swap", False, NetdataChart("mem.swap"))


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("{Queue: {title: a, promql: b}}", "must be of a-z, 0-9 and _"),
        ("{queue: {title: a, promql: b, unit: stones}}", "metrics.queue.unit"),
        ("{queue: {title: a, promql: b, netdata: {chart: c}}}", "say level: host"),
        ("{queue: {title: a}}", "metrics.queue.promql"),
    ],
)
def test_metrics_that_cannot_be(problems: Callable[..., str], yaml: str, said: str) -> None:
    assert said in problems(f"metrics: {yaml}")


def test_routes_and_probes(load: Load) -> None:
    settings = load(
        """
        hosts: {one: {address: "unix:///var/run/docker.sock"}}
        routes:
          - {domain: Dir.Example.org., host: one, service: directus, port: 80}
          - {domain: n8n.example.org, host: one, service: n8n, port: 5678, state: planned}
        probes:
          - {name: n8n, kind: n8n, url: "https://n8n.example.org", host: one, container: n8n}
          - {name: db, kind: postgres, address: "127.0.0.1:5432", interval: 5m, timeout: 3s,
             retries: 0, severity: warning}
        """
    )
    assert [row.route for row in settings.routes] == [
        ExpectedRoute("dir.example.org", "one", "directus", 80),
        ExpectedRoute("n8n.example.org", "one", "n8n", 5678, active=False),
    ]
    assert [row.probe for row in settings.probes] == [
        ProbeSpec("n8n", ProbeKind.N8N, "https://n8n.example.org", host="one", container="n8n"),
        ProbeSpec(
            "db", ProbeKind.POSTGRES, "127.0.0.1:5432", retries=0, severity=Severity.WARNING,
            interval=timedelta(minutes=5), timeout=timedelta(seconds=3),
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("routes: [{domain: 'a b', host: one, service: x, port: 1}]", "'a b' is no domain"),
        (
            "routes: [{domain: a.org, host: onee, service: x, port: 1}]",
            "there is no host 'onee'; did you mean one?",
        ),
        (
            "routes: [{domain: a.b, host: one, service: x, port: 1}, {domain: A.b, host: one, service: y, port: 2}]",
            "'a.b' is there 2 times",
        ),
        ("routes: [{domain: a.org, host: one, service: x, port: 70000}]", "port: must be 65535 or less"),
        ("routes: [{domain: a.org, host: one, service: x, port: 0}]", "port: must be 1 or more"),
        ("probes: [{name: DB, url: 'http://h'}]", "'DB' must be of a-z, 0-9"),
        ("probes: [{name: a, url: 'http://h', kind: postgress}]", "kind: must be 'http', 'tcp'"),
        (f"probes: [{{name: a, url: 'http://h', body: {'x' * 501}}}]", "must have 500 characters or less"),
        ("probes: [{name: a, address: 'h:1'}]", "needs url, such as"),
        ("probes: [{name: a, kind: redis, url: 'http://h'}]", "needs address, such as 127.0.0.1:5432"),
        ("probes: [{name: a, kind: tcp, address: h}]", "'h' must be HOST:PORT"),
        ("probes: [{name: a, kind: tcp, address: 'h:70000'}]", "'h:70000': ports are 1 to 65535"),
        ("probes: [{name: a, url: 'http://h', container: x}]", "container needs the host"),
        ("probes: [{name: a, url: 'http://h', timeout: 1m}]", "timeout must be shorter than interval"),
        ("probes: [{name: a, url: 'http://h', via: one}]", "one is not reached over SSH"),
    ],
)
def test_wrong_routes_and_probes_are_told(problems: Callable[..., str], block: str, words: str) -> None:
    assert words in problems(f"hosts: {{one: {{address: 'unix:///var/run/docker.sock'}}}}\n{block}")


@pytest.mark.parametrize("url", ["http://dozzle:8080", "http://localhost/", "ftp://logs.example.org"])
def test_dozzle_is_where_a_phone_finds_it(problems: Callable[..., str], url: str) -> None:
    assert problems(f"dozzle: {{url: '{url}'}}").startswith("dozzle.url: must be ")


def test_rules_over_logs(load: Load) -> None:
    rules = load(
        """
        alerts:
          log_rules:
            - {name: directus_errors, containers: ["*/directus"], pattern: "ERROR", threshold: 5, within: 2m}
            - {name: disk_full, pattern: "no space left", ignore_case: true, severity: critical,
               cooldown: 1h, channels: sms}
        """
    ).alerts.log_rules
    assert [rule.rule for rule in rules] == [
        LogRule("directus_errors", "ERROR", ("*/directus",), threshold=5, within=timedelta(minutes=2)),
        LogRule(
            "disk_full", "no space left", ignore_case=True, severity=Severity.CRITICAL,
            cooldown=timedelta(hours=1), channels="sms",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{name: Errors, pattern: x}", "must be of a-z, 0-9 and _"),
        ("{name: service_down, pattern: x}", "choose another"),
        (
            "{name: e, pattern: '(?=x)'}",
            "alerts.log_rules (entry 1).pattern: is no pattern that RE2 takes (look ahead",
        ),
        ("{name: e, pattern: x, severity: red}", "info, warning, critical"),
        ("{name: e, pattern: x, threshold: 0}", "threshold"),
        ("{name: e, pattern: x, containers: [n8n]}", "must be HOST/CONTAINER"),
        ("{name: e, pattern: x}, {name: e, pattern: y}", "'e' is there 2 times"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(problems: Callable[..., str], rule: str, words: str) -> None:
    assert words in problems(f"alerts: {{log_rules: [{rule}]}}")


@pytest.mark.parametrize(
    ("projects", "words"),
    [
        ("{servr2: []}", "there is no host 'servr2'"),
        ("{server2: [/no/such.yaml]}", "cannot be read: No such file or directory"),
        ("{server2: [/etc/hostname]}", "is no compose file: no services: in it"),
    ],
)
def test_projects_that_cannot_be_known(problems: Callable[..., str], projects: str, words: str) -> None:
    said = problems(f"standards: {{projects: {projects}}}")
    assert "standards" in said
    assert words in said


def test_a_file_without_certificates_is_refused_with_a_sentence(problems: Callable[..., str]) -> None:
    said = problems("trusted_ca: /etc/hostname")
    assert "trusted_ca" in said
    assert "holds no certificate" in said
