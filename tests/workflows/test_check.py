"""`python -m bot check`: every trial is made for real, every failure is told with its mend."""

import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.check import check
from bot.mends import sentence
from playground.telegram import Kind, Telegram
from services.errors import HostSilent, Silence
from tests.bots import TOKEN, Setup
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer, free_port
from tests.lab.servers import Lab
from tests.lab.sshd import authorized_keys_line
from tests.workflows.test_command_line import typed


async def report(setup: Setup) -> tuple[int, list[str]]:
    """The exit code and the lines that were told."""
    lines: list[str] = []
    code = await check(setup.settings(), tell=lines.append)
    return code, lines


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(token=TOKEN) as telegram:
        yield telegram


async def test_all_is_well_without_hosts(tmp_path: Path, telegram: Telegram) -> None:
    code, lines = await report(Setup(tmp_path, telegram.url))
    assert (code, lines) == (
        0,
        [
            f"ok  telegram: @vakhta_bot at {telegram.url}",
            f"ok  store: sqlite://{tmp_path}/vakhta.db, written and read",
        ],
    )


async def test_a_refused_token(tmp_path: Path) -> None:
    async with Telegram(token="2:another") as telegram:
        code, lines = await report(Setup(tmp_path, telegram.url))
    assert (code, lines[0]) == (1, "!!  telegram: the token was refused; copy it again from @BotFather")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.BAD_GATEWAY, "does not answer as the Bot API does"),
        (Kind.SERVER_ERROR, "does not answer as the Bot API does"),
        (Kind.HTML, "does not answer as the Bot API does"),
        (Kind.RESET, "cannot be reached"),
    ],
)
async def test_a_telegram_that_is_ill(tmp_path: Path, telegram: Telegram, kind: Kind, said: str) -> None:
    telegram.fail_next("getMe", kind)
    code, lines = await report(Setup(tmp_path, telegram.url))
    assert code == 1
    assert lines[0].startswith(f"!!  telegram: {telegram.url} {said}")


async def test_nobody_there_and_the_token_is_not_shown(tmp_path: Path) -> None:
    code, lines = await report(Setup(tmp_path, "http://127.0.0.1:9"))
    assert code == 1
    assert lines[0].startswith("!!  telegram: http://127.0.0.1:9 cannot be reached")
    assert lines[0].endswith("see telegram.api_url and telegram.proxy, and whether this machine may go out")
    assert TOKEN.partition(":")[2] not in "".join(lines)


async def test_a_proxy_that_is_not_there(tmp_path: Path, telegram: Telegram) -> None:
    proxied = {"telegram": {"api_url": telegram.url, "proxy": "socks5://u:hush@127.0.0.1:9"}}
    code, lines = await report(Setup(tmp_path, telegram.url, more=proxied))
    assert code == 1
    assert lines[0].startswith(f"!!  telegram: {telegram.url} through the proxy cannot be reached")
    assert "hush" not in lines[0]


async def test_a_store_that_cannot_be_written(tmp_path: Path, telegram: Telegram) -> None:
    (tmp_path / "file").write_text("")
    setup = Setup(tmp_path, telegram.url, more={"store": f"sqlite://{tmp_path}/file/vakhta.db"})
    code, lines = await report(setup)
    assert code == 1
    assert lines[1].startswith("!!  store: the store cannot be used")
    assert "is no directory: set store to a file in one" in lines[1]


async def test_health_of_something_else_says_so(tmp_path: Path, telegram: Telegram) -> None:
    address = telegram.url.removeprefix("http://")
    code, out, err = await typed(
        "health", setup=Setup(tmp_path, telegram.url, more={"http": {"listen": address}})
    )
    assert (code, out) == (1, "")
    assert err == f"{address} answers 404 on /healthz; is that Vakhta?\n"


@pytest.mark.lab
async def test_hosts_over_ssh(lab: Lab, setup: Callable[..., Setup]) -> None:
    server1, server2 = lab.servers.values()
    code, lines = await report(setup(server1, server2))
    assert code == 0
    version = server1.docker("version", "--format={{.Server.Version}}").strip()
    for server, line in zip((server1, server2), lines[2:4], strict=True):
        count = len(server.team)
        assert line == f"ok  {server.name}: Docker {version} over SSH, {count} containers"
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", server1.identity_file], check=True, capture_output=True, text=True
    ).stdout
    # The very line that the lab's sshd was set up with, and with it the login has just worked.
    assert authorized_keys_line(public, server1.docker_socket).split()[:2] == lines[6].split()[:2]
    assert lines[-3:] == [
        "Match User vakhta",
        "    AllowStreamLocalForwarding local",
        "    AllowTcpForwarding local",
    ]


@pytest.mark.lab
async def test_hosts_in_trouble_are_told_apart(lab: Lab, setup: Callable[..., Setup]) -> None:
    server1, server2 = lab.servers.values()
    server1.change_host_key()
    server2.stop_docker()
    code, lines = await report(setup(server1, server2))
    assert code == 1
    assert lines[0].startswith("ok  telegram")
    assert lines[2].startswith("!!  server1: its host key is not the pinned one")
    assert lines[3].startswith("!!  server2: the login works, but Docker's socket is not passed on")


@pytest.mark.parametrize("reason", Silence)
def test_every_silence_has_its_sentence(reason: Silence) -> None:
    said = sentence(HostSilent("server1", reason, detail="the library's words"))
    assert said.endswith("(the library's words)")
    assert len(said) > 50


async def test_where_alerts_come_from_is_tried(tmp_path: Path, telegram: Telegram) -> None:
    api = {"url": f"http://127.0.0.1:{free_port()}"}
    code, lines = await report(Setup(tmp_path, telegram.url, more={"alertmanager": api, "prometheus": api}))
    assert code == 1
    for name, line in zip(("alertmanager", "prometheus"), lines[2:], strict=True):
        assert line.startswith(f"!!  {name}: {api['url']} cannot be reached")


@pytest.mark.lab
async def test_an_alertmanager_and_a_prometheus_that_answer(tmp_path: Path, telegram: Telegram) -> None:
    for name in ("am", "prom"):
        (tmp_path / name).mkdir()
    with (
        AlertmanagerServer(tmp_path / "am") as alertmanager,
        PrometheusServer(tmp_path / "prom") as prometheus,
    ):
        more = {"alertmanager": {"url": alertmanager.url}, "prometheus": {"url": prometheus.url}}
        code, lines = await report(Setup(tmp_path, telegram.url, more=more))
        assert (code, lines[3]) == (0, f"ok  prometheus: 0 alerting rules at {prometheus.url}")
        assert lines[2].endswith(f" at {alertmanager.url}")
