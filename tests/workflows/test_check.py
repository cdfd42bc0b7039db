"""`python -m bot check`: every trial is made for real, every failure is told with its mend."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.check import check
from bot.hosts import forwarded_addresses
from bot.mends import sentence
from playground.telegram import Kind, Telegram
from services.errors import HostSilent, Silence
from tests.bots import TOKEN, Setup
from tests.conftest import host_settings
from tests.contract.recorded import answer, answering
from tests.lab.authority import Authority, serving
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer, free_port
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.servers import Lab
from tests.lab.sshd import authorized_keys_line
from tests.lab.traefik import TraefikServer
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


@pytest.mark.lab
async def test_a_traefik_through_ssh(lab: Lab, telegram: Telegram, tmp_path: Path) -> None:
    """What it says, what is wrong with it, and the line that makes it well."""
    server = lab.servers["server2"]
    (tmp_path / "traefik").mkdir()
    traefik = TraefikServer(tmp_path / "traefik", {}, inside=server.network, login=("team", "hush"))
    address = f"127.0.0.1:{traefik.port}"

    async def told(**block: object) -> tuple[str, list[str]]:
        hosts = {
            server.name: {**host_settings(server), "traefik": {"url": traefik.url, "via_ssh": True, **block}}
        }
        _, lines = await report(Setup(tmp_path, telegram.url, hosts))
        return lines[3], lines

    login = {"username": "team", "password": "hush"}
    said, lines = await told(**login)
    assert said == (
        f"!!  server2, Traefik: the key may not open {address}; put the line below into authorized_keys, and see that "
        "sshd_config has AllowTcpForwarding local and no PermitOpen of its own (through SSH)"
    )
    (server.sshd.home / "authorized_keys/vakhta").write_text(lines[6] + "\n")
    said, _ = await told(**login)
    assert said.startswith(
        f"!!  server2, Traefik: nothing answers at {address} on that server; start it there"
    )
    with traefik:
        await until_routed(lambda: told(**login))
        said, _ = await told(**login)
        assert re.fullmatch(
            rf"ok  server2, Traefik: Traefik 3\.\d+\.\d+, 1 router at {traefik.url} \(through SSH\)", said
        )
        said, lines = await told(username="team", password="a-wrong-one")
        assert said.startswith(
            f"!!  server2, Traefik: {traefik.url} refuses the login; set username and password"
        )
        assert "a-wrong-one" not in "".join(lines)


async def until_routed(told: Callable[[], Awaitable[tuple[str, list[str]]]]) -> None:
    """Until Traefik has read its file."""
    async with asyncio.timeout(10):
        while "has no API" in (await told())[0]:
            await asyncio.sleep(0.1)


@pytest.mark.lab
async def test_a_traefik_that_is_reached_directly(tmp_path: Path, telegram: Telegram) -> None:
    """Its API is switched off; then something else answers in its place."""
    server = TraefikServer(tmp_path / "traefik", {})
    server.configure({key: each for key, each in server._static().items() if key != "api"})

    async def told(url: str) -> str:
        hosts = {"server1": {"address": f"unix://{tmp_path}/docker.sock", "traefik": {"url": url}}}
        _, lines = await report(Setup(tmp_path, telegram.url, hosts))
        assert lines[2].startswith("!!  server1: there is no Docker socket at that path"), (
            "which hinders nothing"
        )
        return lines[3]

    with server:
        assert await told(server.url) == (
            f"!!  server1, Traefik: {server.url} has no API; switch it on in Traefik (--api=true, and "
            "--api.insecure=true or a router to api@internal), or correct url: without /api or /dashboard at its end"
        )
    assert f"{server.url} cannot be reached" in await told(server.url)
    for says, words in (
        (answer(b'{"Version":"2.11.3"}'), "is of version 2.11.3; 3.0 or newer is needed"),
        (answer(b"not JSON"), "does not answer as it should (JSON is malformed"),
        (answer(b"<html>", type="text/html"), "shows a web page; correct url"),
        (
            answer(b"", "Location: https://login.example.org/?next=x", status="302 Found"),
            "redirects to https://login.example.org/; correct url",
        ),
    ):
        async with answering(says) as standin:
            assert f"!!  server1, Traefik: {standin.url} {words}" in await told(standin.url)


@pytest.mark.lab
async def test_a_netdata_through_ssh_and_one_that_is_reached_directly(
    lab: Lab, telegram: Telegram, tmp_path: Path
) -> None:
    server = lab.servers["server2"]
    netdata = NetdataServer(tmp_path / "netdata", inside=server.network)
    address = f"127.0.0.1:{netdata.port}"

    async def told(url: str, *, via_ssh: bool) -> tuple[str, list[str]]:
        hosts = {server.name: {**host_settings(server), "netdata": {"url": url, "via_ssh": via_ssh}}}
        _, lines = await report(Setup(tmp_path, telegram.url, hosts))
        return lines[3], lines

    with netdata:
        said, lines = await told(netdata.url, via_ssh=True)
        assert said.startswith(f"!!  server2, Netdata: the key may not open {address}; put the line below")
        (server.sshd.home / "authorized_keys/vakhta").write_text(lines[6] + "\n")
        said, _ = await told(netdata.url, via_ssh=True)
        assert re.fullmatch(
            rf"ok  server2, Netdata: Netdata v1\.\S+ of \S+ at {netdata.url} \(through SSH\)", said
        )
    said, _ = await told(netdata.url, via_ssh=True)
    assert said.startswith(f"!!  server2, Netdata: nothing answers at {address} on that server; start it")
    async with answering(answer(b'{"Version":"3.7.15"}')) as standin:
        said, _ = await told(standin.url, via_ssh=False)
        assert said.startswith(f"!!  server2, Netdata: {standin.url} does not answer as it should")


async def test_a_traefik_whose_authority_is_our_own(tmp_path: Path, telegram: Telegram) -> None:
    ours = Authority(tmp_path)
    says = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b'{"Version":"2.11.3"}'
    async with serving(ours.files("127.0.0.1"), says) as port:
        url = f"https://127.0.0.1:{port}"
        hosts = {"server1": {"address": f"unix://{tmp_path}/docker.sock", "traefik": {"url": url}}}
        setup = Setup(tmp_path, telegram.url, hosts, more={"trusted_ca": str(ours.file)})
        _, lines = await report(setup)
    assert lines[3] == f"!!  server1, Traefik: {url} is of version 2.11.3; 3.0 or newer is needed"


def test_what_the_key_must_permit(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("x")
    ssh = {"address": "ssh://vakhta@203.0.113.2", "identity_file": str(key), "known_hosts": str(key)}
    probes = [
        {"name": "database", "kind": "postgres", "address": "127.0.0.1:5432", "via": "server1"},
        {"name": "again", "kind": "tcp", "address": "127.0.0.1:5432", "via": "server1"},
        {"name": "secure", "url": "https://inside.example.org/healthz", "via": "server1"},
        {"name": "six", "kind": "redis", "address": "[::1]:6379", "via": "server1"},
        {"name": "elsewhere", "kind": "tcp", "address": "127.0.0.1:1", "via": "server2"},
        {"name": "from_here", "url": "http://127.0.0.1:3"},
    ]
    hosts = {
        "server1": {
            **ssh,
            "traefik": {
                "url": "http://127.0.0.1",
                "via_ssh": True,
                "metrics_url": "http://127.0.0.1:8082/metrics",
            },
        },
        "server2": {
            **ssh,
            "traefik": {"url": "http://127.0.0.1:8080", "metrics_url": "http://127.0.0.1:8082/metrics"},
        },
    }
    settings = Setup(tmp_path, "http://127.0.0.1:9", hosts, more={"probes": probes}).settings()
    assert forwarded_addresses("server1", settings) == (
        "127.0.0.1:80",
        "127.0.0.1:8082",
        "127.0.0.1:5432",
        "inside.example.org:443",
        "[::1]:6379",
    )
    assert forwarded_addresses("server2", settings) == ("127.0.0.1:1",)


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


@pytest.mark.lab
async def test_metrics_that_prometheus_does_not_take(tmp_path: Path, telegram: Telegram) -> None:
    def block(promql: str, **more: object) -> dict[str, object]:
        return {"title": "T", "promql": promql, **more}

    metrics = {
        "well": block("vector(1)"),
        "nothing": block('sum by (host) (nobody{host=~"$host"})', level="host"),
        "open": block('sum(rate(up{host=~"$host"}[$window])'),
        "lines": block("1 +\n  rate(up)"),
        "failing": block('label_replace(up, "x", "$1", "job", "(")'),
        "text": block('"text"'),
        "netdata": block("vector(2)", level="host", netdata={"chart": "system.cpu"}),
    }
    with obtainable(), PrometheusServer(tmp_path / "prometheus") as prometheus:
        more = {"prometheus": {"url": prometheus.url}, "metrics": metrics}
        code, lines = await report(Setup(tmp_path, telegram.url, more=more))
        url = prometheus.url
    assert code == 1
    told = {line.split()[2].rstrip(":"): line for line in lines if " metric " in line}
    assert list(told) == sorted(metrics)
    assert told["well"] == "ok  metric well: 1 series now"
    assert told["nothing"] == f"ok  metric nothing: no series now; is it scraped, at {url}?"
    assert told["open"] == (
        "!!  metric open: its query is none, character 37: unclosed left parenthesis; correct metrics.open.promql"
    )
    assert told["lines"].startswith("!!  metric lines: its query is none, line 2, character 8: expected type")
    assert told["failing"].startswith("!!  metric failing: Prometheus refused its query: ")
    assert told["text"].startswith("!!  metric text: its query yields a string, ")
    assert told["netdata"] == "ok  metric netdata: 1 series now"

    code, lines = await report(Setup(tmp_path, telegram.url, more=more))
    assert not [line for line in lines if " metric " in line], "that it is down is told once"
    code, lines = await report(Setup(tmp_path, telegram.url, more={"metrics": metrics}))
    told = {line.split()[2].rstrip(":"): line for line in lines if " metric " in line}
    assert list(told) == sorted(metrics.keys() - {"netdata"})
    assert told["well"].startswith("!!  metric well: there is no Prometheus to ask: set prometheus")
