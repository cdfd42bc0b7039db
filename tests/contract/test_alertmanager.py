"""Alertmanager's client against the real one, and against answers that it must not stumble over."""

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiohttp import web

from services.alertmanager import (
    ActiveAlert,
    Alertmanager,
    PostedAlert,
    SilenceState,
    fingerprint,
    open_alertmanager,
)
from services.domain.alerts import Matcher
from services.errors import (
    ApiBehindPage,
    ApiError,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiUnreachable,
)
from services.http import FOREIGN, MOST_BYTES, SLICE, Api, Raw, open_api
from tests.contract.recorded import answer, answering, recorded
from tests.garbage import set_aside
from tests.lab.monitoring import AlertmanagerServer, free_port
from tests.lab.obtainable import obtainable
from tests.lab.shipped import ALERTMANAGER, alertmanager_config

PAGE = recorded("login.html")

INHIBITING = {
    "route": {"receiver": "nobody", "group_by": ["host"], "group_wait": "1s"},
    "receivers": [{"name": "nobody"}],
    "inhibit_rules": [
        {
            "source_matchers": ["alertname=host_unreachable"],
            "target_matchers": ["severity=warning"],
            "equal": ["host"],
        }
    ],
}


def now() -> datetime:
    return datetime.now(UTC)


def alert(alertname: str, **labels: str) -> PostedAlert:
    return PostedAlert({"alertname": alertname, **labels}, {"summary": f"{alertname} <&> Ж"}, now())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., AlertmanagerServer]]:
    """A real Alertmanager of the given configuration, killed at the end."""
    servers: list[AlertmanagerServer] = []

    def make(*config: Any) -> AlertmanagerServer:
        servers.append(AlertmanagerServer(tmp_path / f"am{len(servers)}", *config))
        with obtainable():
            servers[-1].start()
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


@pytest.fixture
async def am(start: Callable[..., AlertmanagerServer]) -> AsyncIterator[Alertmanager]:
    async with open_alertmanager(start(INHIBITING).url) as client:
        yield client


async def by_name(am: Alertmanager) -> dict[str, ActiveAlert]:
    return {alert.labels["alertname"]: alert for alert in await am.alerts()}


async def until(am: Alertmanager, fits: Callable[[dict[str, ActiveAlert]], bool]) -> dict[str, ActiveAlert]:
    async with asyncio.timeout(10):
        while not fits(found := await by_name(am)):
            await asyncio.sleep(0.05)
    return found


@pytest.mark.lab
async def test_what_was_posted_is_listed_until_it_is_over(am: Alertmanager) -> None:
    posted = PostedAlert(
        {"alertname": "service_down", "host": "server2", "container": "directus", "empty": ""},
        {"summary": 'directus "<b>" 🔥 \u202e\n' + "x" * 10_000},
        now() - timedelta(minutes=3),
        generator="http://vakhta:8080/",
    )
    await am.post([posted, replace(alert("brief"), ends=now() + timedelta(seconds=1.5))])
    found = (await by_name(am))["service_down"]
    assert found.labels == {"alertname": "service_down", "host": "server2", "container": "directus"}
    assert found.annotations == posted.annotations
    assert found.generator == posted.generator
    assert found.receivers == ("nobody",)
    assert (found.suppressed, found.silenced_by, found.inhibited_by) == (False, (), ())
    assert abs(found.starts - posted.starts) <= timedelta(milliseconds=1)
    assert timedelta(minutes=4) < found.ends - now() < timedelta(minutes=6)  # resolve_timeout
    await until(am, lambda alerts: "brief" not in alerts)
    await am.post([PostedAlert(posted.labels, {}, posted.starts, now())])
    await until(am, lambda alerts: not alerts)


@pytest.mark.lab
async def test_some_of_a_batch_are_refused_and_the_others_taken(am: Alertmanager) -> None:
    with pytest.raises(ApiRefused) as refused:
        await am.post([alert("bad", **{"not a name": "x"}), alert("good")])
    assert refused.value.api == "alertmanager"
    assert refused.value.status == 400
    assert "not a name" in refused.value.message
    assert set(await by_name(am)) == {"good"}


@pytest.mark.lab
async def test_the_fingerprint_is_alertmanagers_own(am: Alertmanager) -> None:
    sets: list[dict[str, str]] = [
        {"a": "b"},
        {"alertname": "x"},
        {"b": "1", "a": "2"},
        {"B": "1", "a": "2", "_": "3"},
        {"a": "", "b": "x"},
        {"a": " "},
        {"a": "значение"},
        {"a": "🔥", "b": "Ё"},
        {"a": "line\nbreak\ttab"},
        {"a": '"quotes"', "b": "\\"},
        {"a": "x" * 10_000},
        {"ab": "c"},
        {"a": "bc"},
        {"a": "\u202eRTL"},
        {"a": "\x00\x01\x7f"},
        {"a": "é", "b": "e\u0301"},
        {
            "severity": "critical",
            "host": "server2",
            "container": "directus",
            "channels": "telegram,sms,email",
        },
        {f"l{number}": str(number) for number in range(40)},
        {"__meta": "1", "zz": "y"},
        {"a": "\uffff", "b": "\U0010ffff"},
    ]
    await am.post([PostedAlert(labels, {}, now()) for labels in sets])
    found = await am.alerts()
    assert len(found) == len(sets) == 20
    assert {fingerprint(labels) for labels in sets} == {each.fingerprint for each in found}
    assert all(fingerprint(each.labels) == each.fingerprint for each in found)


def test_the_fingerprint_of_nothing_is_the_hashs_beginning() -> None:
    assert fingerprint({}) == fingerprint({"a": ""}) == "cbf29ce484222325"


@pytest.mark.lab
async def test_groups_hold_their_alerts(am: Alertmanager) -> None:
    await am.post(
        [alert("one", host="server1"), alert("two", host="server2"), alert("three", host="server2")]
    )
    async with asyncio.timeout(10):  # it groups what it has taken a moment later
        while sum(len(group.alerts) for group in await am.groups()) < 3:
            await asyncio.sleep(0.05)
    groups = {group.labels["host"]: group for group in await am.groups()}
    assert groups["server2"].receiver == "nobody"
    assert {each.labels["alertname"] for each in groups["server2"].alerts} == {"two", "three"}
    assert len(groups) == 2


@pytest.mark.lab
async def test_silenced_and_inhibited_alerts_say_by_what(am: Alertmanager) -> None:
    matchers = [Matcher("alertname", "quiet"), Matcher("host", "server[12]", regex=True)]
    silence = await am.silence(matchers, now(), now() + timedelta(hours=1), "Dias", "known")
    await am.post(
        [
            alert("quiet", host="server1"),
            alert("host_unreachable", host="server2"),
            alert("slow", host="server2", severity="warning"),
            alert("loud", host="server3", severity="warning"),
        ]
    )
    await am.groups()
    # An alert's state is reckoned anew when its group is looked at, group_wait after it came.
    found = await until(am, lambda alerts: alerts["quiet"].suppressed and alerts["slow"].suppressed)
    assert found["quiet"].silenced_by == (silence,)
    assert found["slow"].inhibited_by == (found["host_unreachable"].fingerprint,)
    assert not found["loud"].suppressed
    assert not found["host_unreachable"].suppressed


@pytest.mark.lab
async def test_a_silence_lives_is_extended_replaced_and_ends(am: Alertmanager) -> None:
    begins, ends = now(), now() + timedelta(hours=1)
    matchers = (Matcher("host", "server2"), Matcher("container", "pg.*", regex=True, equal=False))
    id = await am.silence(matchers, begins, ends, "Айгерим", "работы")
    (silence,) = await am.silences()
    assert (silence.id, silence.created_by, silence.comment) == (id, "Айгерим", "работы")
    assert (set(silence.matchers), silence.state) == (set(matchers), SilenceState.ACTIVE)
    assert abs(silence.ends - ends) <= timedelta(milliseconds=1)

    later = ends + timedelta(hours=1)
    assert await am.silence(silence.matchers, silence.starts, later, "Dias", "longer", id=id) == id
    (silence,) = await am.silences()
    assert (abs(silence.ends - later) <= timedelta(milliseconds=1), silence.comment) == (True, "longer")

    other = await am.silence([Matcher("host", "server1")], now(), later, "Dias", "other", id=id)
    assert other != id
    states = {each.id: each.state for each in await am.silences()}
    assert states == {id: SilenceState.EXPIRED, other: SilenceState.ACTIVE}

    await am.expire(other)
    assert {each.state for each in await am.silences()} == {SilenceState.EXPIRED}
    await am.expire(other)
    await am.expire("7d8eb77e-00f9-4e0e-9f20-047695569296")

    pending = await am.silence(matchers, ends, later, "Dias", "tomorrow")
    states = {each.id: each.state for each in await am.silences()}
    assert states[pending] is SilenceState.PENDING


@pytest.mark.lab
async def test_what_a_silence_may_not_be_is_refused_in_alertmanagers_words(am: Alertmanager) -> None:
    matcher, ends = Matcher("host", "x"), now() + timedelta(hours=1)
    for matchers, till, id, words in (
        ([], ends, None, "matcher"),
        ([Matcher("host", "(", regex=True)], ends, None, "missing closing"),
        ([matcher], now() - timedelta(hours=1), None, "past"),
        ([matcher], ends, "7d8eb77e-00f9-4e0e-9f20-047695569296", "not found"),
    ):
        with pytest.raises(ApiRefused) as refused:
            await am.silence(matchers, now() - timedelta(hours=2), till, "Dias", "x", id=id)
        assert words in refused.value.message
        assert 400 <= refused.value.status < 500
    with pytest.raises(ApiRefused):
        await am.expire("no/uuid")
    assert await am.silences() == ()


@pytest.mark.lab
async def test_it_tells_its_version_and_start(am: Alertmanager) -> None:
    status = await am.status()
    assert status.version.startswith("0.")
    assert timedelta() <= now() - status.started < timedelta(minutes=1)


@pytest.mark.lab
async def test_ten_thousand_alerts_hold_nothing_up(am: Alertmanager) -> None:
    storm = [alert("Storm", number=str(number), text="x" * 300) for number in range(10_000)]
    for start in range(0, len(storm), 2000):
        await am.post(storm[start : start + 2000], deadline=20)
    longest, done = 0.0, False

    async def beat() -> None:
        nonlocal longest
        clock = time.thread_time  # what else runs on the machine is no fault of ours
        while not done:
            began = clock()
            await asyncio.sleep(0)
            longest = max(longest, clock() - began)

    with set_aside():
        async with asyncio.TaskGroup() as group:
            group.create_task(beat())
            assert len(await am.alerts(deadline=30)) == 10_000
            (only,) = await am.groups(deadline=30)
            done = True
    assert len(only.alerts) == 10_000
    logging.getLogger(__name__).info("the event loop was held for %.0f ms at most", longest * 1000)
    assert longest < 0.1  # 0.02 as a rule


@pytest.mark.lab
async def test_stopped_hung_and_started_again(start: Callable[..., AlertmanagerServer]) -> None:
    server = start()
    async with open_alertmanager(server.url) as am:
        await am.post([alert("one")])
        server.stop()
        with pytest.raises(ApiUnreachable):
            await am.post([alert("two")])
        server.start()
        await am.post([alert("three")])
        assert set(await by_name(am)) == {"three"}
        server.kill()
        with pytest.raises(ApiUnreachable):
            await am.alerts()


@pytest.mark.lab
def test_no_server_outlives_the_tests_that_are_killed(
    start: Callable[..., AlertmanagerServer], tmp_path: Path
) -> None:
    start()  # or skip
    code = f"""
import sys, time
from pathlib import Path
from tests.lab.monitoring import AlertmanagerServer
server = AlertmanagerServer(Path({str(tmp_path / "orphan")!r}))
server.start()
print(server.port, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as tests:
        assert tests.stdout
        port = int(tests.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        tests.kill()
    deadline = time.monotonic() + 10
    with pytest.raises(ConnectionRefusedError):
        while time.monotonic() < deadline:
            socket.create_connection(("127.0.0.1", port)).close()
            time.sleep(0.02)


# What is not of its API


async def test_a_newer_version_may_say_more() -> None:
    async with (
        answering(answer(recorded("alertmanager-0.28-alerts.json"))) as standin,
        open_alertmanager(standin.url) as am,
    ):
        first, second = await am.alerts()
    assert (
        b"GET /api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true "
        in standin.requests[0]
    )
    assert first.receivers == ("vakhta", "archive")
    assert first.ends == datetime(2026, 11, 24, 9, 7, 31, 343000, UTC)
    assert first.ends.tzinfo is UTC
    assert first.labels["владелец"] == "Айгерим"
    assert (first.suppressed, first.silenced_by, first.inhibited_by) == (True, (), ())
    assert (second.generator, second.inhibited_by) == ("", ("f34fb2b6d26a3c27",))
    assert second.silenced_by == ("1b2f",)


async def test_a_newer_versions_silences() -> None:
    async with (
        answering(answer(recorded("alertmanager-0.28-silences.json"))) as standin,
        open_alertmanager(standin.url) as am,
    ):
        (silence,) = await am.silences()
    assert silence.matchers == (
        Matcher("host", "server[12]", regex=True, equal=False),
        Matcher("alertname", "unhealthy"),
    )
    assert silence.state is SilenceState.ACTIVE


async def test_a_silence_that_is_gone_may_be_ended_by_any_version() -> None:
    gone = answer(b"", status="404 Not Found")
    async with answering(gone) as standin, open_alertmanager(standin.url) as am:
        await am.expire("b34f47fb")
    for broken in (
        answer(b'"internal"', status="500 Internal Server Error"),
        answer(b"404 page not found", status="404 Not Found", type="text/plain"),  # a wrong path
        answer(PAGE, status="404 Not Found", type="text/html"),
    ):
        async with answering(broken) as standin, open_alertmanager(standin.url) as am:
            with pytest.raises(ApiRefused):
                await am.expire("b34f47fb")


DEEP = b"[" * 100_000
ODD = {
    "HTML": (answer(PAGE, type="text/html; charset=utf-8"), ApiBehindPage),
    "HTML that does not say so": (answer(PAGE), ApiNotUnderstood),
    "redirect": (
        answer(b"", "Location: https://sso.example/login?x=1", status="302 Found"),
        ApiRedirects,
    ),
    "not modified": (answer(b"", status="304 Not Modified"), ApiNotUnderstood),
    "login": (
        answer(b"Unauthorized\n", "WWW-Authenticate: Basic", status="401 Unauthorized"),
        ApiRefusedLogin,
    ),
    "forbidden": (answer(PAGE, status="403 Forbidden", type="text/html"), ApiRefusedLogin),
    "bad gateway": (answer(PAGE, status="502 Bad Gateway", type="text/html"), ApiRefused),
    "empty": (answer(b""), ApiNotUnderstood),
    "truncated JSON": (answer(recorded("alertmanager-0.28-alerts.json")[:700]), ApiNotUnderstood),
    "cut short": (answer(b"[]").replace(b"Length: 2", b"Length: 900"), ApiUnreachable),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", ApiUnreachable),
    "nothing": (b"", ApiUnreachable),
    "an object": (answer(b'{"status":"success","data":[]}'), ApiNotUnderstood),
    "no alert": (answer(b'[{"labels":{}}]'), ApiNotUnderstood),
    "too deep": (answer(DEEP), ApiNotUnderstood),
    "a moment before all time": (
        answer(
            recorded("alertmanager-0.28-alerts.json").replace(
                b"2026-11-24T14:07:31.343+", b"0001-01-01T00:00:00+"
            )
        ),
        ApiNotUnderstood,
    ),
    "a moment without a zone": (
        answer(recorded("alertmanager-0.28-alerts.json").replace(b".343+05:00", b"")),
        ApiNotUnderstood,
    ),
    "compressed": (answer(b"\x1f\x8b", "Content-Encoding: gzip"), ApiNotUnderstood),
    "no UTF-8": (answer(b'["\xff"]'), ApiNotUnderstood),
}


@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_are_errors_of_the_service(odd: str) -> None:
    says, kind = ODD[odd]
    async with answering(says) as standin, open_alertmanager(standin.url) as am:
        with pytest.raises(ApiError) as error:
            await am.alerts()
    assert type(error.value) is kind
    assert error.value.api == "alertmanager"
    assert "?x=1" not in str(error.value)
    assert len(standin.requests) == 1  # no redirect was followed


async def test_a_login_page_is_no_success() -> None:
    """It says 200, and nothing was posted."""
    async with answering(answer(PAGE, type="text/html")) as standin, open_alertmanager(standin.url) as am:
        with pytest.raises(ApiNotUnderstood):
            await am.post([alert("one")])


async def test_an_errors_words_are_short_clean_and_without_secrets() -> None:
    words = b"bad\x1b[31m\npassword=hunter2secret " + b"x" * 5000
    async with (
        answering(answer(words, status="400 Bad Request", type="text/plain")) as standin,
        open_alertmanager(standin.url) as am,
    ):
        with pytest.raises(ApiRefused) as refused:
            await am.alerts()
    assert refused.value.message.startswith("bad password=")
    assert "hunter2secret" not in refused.value.message
    assert len(refused.value.message) <= 500


async def test_a_huge_answer_is_not_taken_in() -> None:
    says = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[" + b" " * (MOST_BYTES + (1 << 20))
    async with answering(says, hang=True) as standin, open_alertmanager(standin.url) as am:
        with pytest.raises(ApiNotUnderstood) as error:
            await am.alerts(deadline=30)
    assert "32 MiB" in error.value.detail


async def test_a_deadline_is_kept_within_the_body_too() -> None:
    for says in (b"", answer(b"[")[:-1]):
        async with answering(says, hang=True) as standin, open_alertmanager(standin.url) as am:
            with pytest.raises(ApiTimeout) as error:
                async with asyncio.timeout(5):
                    await am.alerts(deadline=0.2)
            assert error.value.seconds == 0.2


async def test_a_url_may_have_a_path_and_a_login() -> None:
    async with (
        answering(answer(b"[]", "Set-Cookie: a=b")) as standin,
        open_alertmanager(f"{standin.url}/am/", "vakhta", "secret") as am,
    ):
        assert await am.silences() == await am.silences() == ()
    for request in standin.requests:
        assert request.startswith(b"GET /am/api/v2/silences ")
        assert b"authorization: basic dmfrahrhonnly3jlda==" in request.lower()
        assert b"cookie" not in request.lower()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}", "http://[", "ftp://x", "http://" + "a" * 70 + ".b", ""]
)
async def test_a_url_that_leads_nowhere(url: str) -> None:
    with pytest.raises(ApiUnreachable):
        async with open_alertmanager(url.format(port=free_port())) as am:
            await am.alerts()


def test_whatever_httpx_raises_is_foreseen() -> None:
    kinds = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 20
    assert [kind for kind in kinds if not issubclass(kind, FOREIGN)] == []


async def test_long_answers_are_read_in_slices() -> None:
    turns = 0

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with open_api("any", "http://127.0.0.1") as api, asyncio.TaskGroup() as group:
        beating = group.create_task(beat())
        assert isinstance(api, Api)
        assert len(await api.each([Raw(b"1")] * 10_000, bytes)) == 10_000
        beating.cancel()
    assert turns >= 10_000 // SLICE


# The shipped configuration


class Hook:
    """The bot's end of it: what Alertmanager sends, with the moment it came."""

    def __init__(self) -> None:
        self.bodies: list[tuple[float, dict[str, Any]]] = []
        self.tokens: set[str | None] = set()

    async def take(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("authorization"))
        self.bodies.append((asyncio.get_running_loop().time(), await request.json()))
        return web.Response()

    def named(self, alertname: str) -> list[float]:
        """When a notification that names it came."""
        return [
            at
            for at, body in self.bodies
            if any(each["labels"]["alertname"] == alertname for each in body["alerts"])
        ]

    async def heard(self, alertname: str, within: float, times: int = 1) -> list[float]:
        async with asyncio.timeout(within):
            while len(self.named(alertname)) < times:
                await asyncio.sleep(0.02)
        return self.named(alertname)


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hooks/alertmanager", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield hook, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def shipped(url: str, token: Path, quicker: tuple[tuple[str, str], ...] = ()) -> str:
    """As it is, with the bot and the token where they are here."""
    token.write_text("s3cret")
    return alertmanager_config(url, token, *quicker)


@pytest.mark.lab
def test_the_shipped_configuration_is_one(start: Callable[..., AlertmanagerServer], tmp_path: Path) -> None:
    start()  # or skip: amtool is of the same package
    done = subprocess.run(
        ["amtool", "check-config", ALERTMANAGER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (webhook,) = yaml.safe_load(ALERTMANAGER.read_text())["receivers"][0]["webhook_configs"]
    assert (webhook["send_resolved"], webhook["max_alerts"]) == (True, 0)


@pytest.mark.lab
async def test_a_container_is_told_of_at_once_and_a_host_once(
    start: Callable[..., AlertmanagerServer], hook: tuple[Hook, str], tmp_path: Path
) -> None:
    heard, url = hook
    async with open_alertmanager(start(shipped(url, tmp_path / "token")).url) as am:
        directus = {"host": "server2", "container": "directus", "severity": "critical"}
        await am.post([alert("service_down", **directus), alert("oom_killed", **directus)])
        await am.post([alert("unhealthy", host="server1", container="n8n")])
        await heard.heard("service_down", within=2.5)
        await heard.heard("unhealthy", within=2.5)
        assert heard.tokens == {"Bearer s3cret"}
        wanted = {"alertname": "service_down", "host": "server2", "container": "directus"}
        assert wanted in [body["groupLabels"] for _at, body in heard.bodies]

        # A host that is gone: one message for all of it, and nothing of what else is known of it.
        await am.post([alert("host_unreachable", host="server3", severity="critical")])
        gone = [
            alert("service_down", host="server3", container=f"c{number}", severity="critical")
            for number in range(5)
        ]
        await am.post([*gone, alert("crash_loop", host="server3", container="c9")])
        await heard.heard("host_unreachable", within=2.5)
        await am.post([alert("service_down", host="server4", severity="critical")])
        await heard.heard("service_down", within=2.5, times=2)
        await asyncio.sleep(0.5)
    told = [tuple(sorted(each["labels"].items())) for _at, body in heard.bodies for each in body["alerts"]]
    hosts = [dict(labels)["host"] for labels in told]
    assert hosts.count("server3") == 1
    assert heard.named("oom_killed") == heard.named("crash_loop") == []
    groups = [body["groupLabels"] for _at, body in heard.bodies]
    assert {"host": "server3"} in groups
    assert {"host": "server4"} in groups


@pytest.mark.lab
async def test_a_graver_alert_hides_only_its_own_lesser_one(
    start: Callable[..., AlertmanagerServer], hook: tuple[Hook, str], tmp_path: Path
) -> None:
    _heard, url = hook
    quicker = (("group_wait: 30s", "group_wait: 0s"),)
    async with open_alertmanager(start(shipped(url, tmp_path / "token", quicker)).url) as am:
        grave = alert("disk", severity="critical", instance="a:9100")
        lesser = [alert("disk", severity="warning", instance=instance) for instance in ("a:9100", "b:9100")]
        await am.post([grave])
        await am.post(lesser)
        async with asyncio.timeout(10):
            while not (hidden := [each.labels for each in await am.alerts() if each.inhibited_by]):
                await asyncio.sleep(0.05)
    assert [(each["severity"], each["instance"]) for each in hidden] == [("warning", "a:9100")]


@pytest.mark.lab
async def test_the_watchdog_comes_at_every_interval(
    start: Callable[..., AlertmanagerServer], hook: tuple[Hook, str], tmp_path: Path
) -> None:
    """Thirty times as fast as shipped: 2 s for a minute. A repeat at every second interval would be too few."""
    heard, url = hook
    quicker = (
        ("group_interval: 1m", "group_interval: 2s"),
        ("repeat_interval: 50s", "repeat_interval: 1700ms"),
    )
    async with open_alertmanager(start(shipped(url, tmp_path / "token", quicker)).url) as am:
        await am.post([alert("Watchdog", severity="none")])
        first, *_rest, last = await heard.heard("Watchdog", within=12, times=4)
    assert last - first < 8
