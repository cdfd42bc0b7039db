"""`/check` in the chat: real servers with real certificates, seen from the bot and from the team's servers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from playground.telegram import Message, Person
from tests.bots import AIGERIM, DIAS, STUDENT, Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.authority import Authority, answering, serving
from tests.lab.names import answer_names
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

# Loopback addresses of our own, so that HTTP and HTTPS have their usual ports beside other tests.
WELL, WRONG, BROKEN, HTTP_ONLY = "127.6.1.1", "127.6.1.2", "127.6.1.3", "127.6.1.4"
NAMES = {
    "dir.example.org": [WELL],
    "pg.example.org": [WRONG],
    "n8n.example.org": [BROKEN],
    "inside.example.org": ["127.6.1.1"],
    "rebound.example.org": ["169.254.169.254"],
    "dead.example.org": ["127.6.1.9"],
}
USERS = (
    {"id": AIGERIM, "name": "Aigerim", "role": "admin"},
    {"id": DIAS, "name": "Dias", "role": "operator", "scope": ["server2/*"]},
    {"id": STUDENT, "name": "Student", "role": "viewer", "scope": ["*/directus"]},
)


def routes() -> list[dict[str, Any]]:
    rows = {
        "dir": ("server2", "directus", 8055),
        "pg": ("server2", "pgadmin", 80),
        "n8n": ("server1", "n8n", 5678),
        "gone": ("server2", "portainer", 9000),
        "db": ("server2", "postgres", 5432),
        "dead": ("server2", "dozzle", 8080),
    }
    return [
        {"domain": f"{name}.example.org", "host": host, "service": service, "port": port}
        for name, (host, service, port) in rows.items()
    ]


@pytest.fixture
async def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
    """The settings, and the servers behind their domains."""
    authority = Authority(tmp_path)
    answer_names(monkeypatch, NAMES)
    async with AsyncExitStack() as stack:
        for files, answer, host, port in (
            (authority.files("dir.example.org", days=63.5), answering("401 Unauthorized"), WELL, 443),
            (None, answering("301 Moved Permanently", "https://dir.example.org/login?token=x"), WELL, 80),
            (authority.files("*.example.com"), answering("200 OK"), WRONG, 443),
            (authority.files("n8n.example.org"), answering("502 Bad Gateway"), BROKEN, 443),
        ):
            await stack.enter_async_context(serving(files, answer, host, port))
        yield {"routes": routes(), "trusted_ca": str(authority.file)}


async def ask(cast: Cast, person: Person, text: str) -> Message:
    """The answer, once it is more than "⏳"."""
    await person.says(text)
    reply = await next_answer(cast, person)
    await cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
    return reply


async def test_step_by_step(lab: Lab, cast: Cast, setup: Make, more: dict[str, Any]) -> None:
    async with running(setup(*lab.servers.values(), users=USERS, more=more)):
        reply = await ask(cast, cast.aigerim, "/check dir.example.org")
        lines = reply.text.splitlines()
        assert lines[0] == "🟢 dir.example.org: HTTP 401 Unauthorized, asks for a login"
        assert lines[1].startswith(f"DNS: {WELL} · ")
        assert lines[2].startswith(f"TCP: {WELL}:443 · ")
        assert lines[3].startswith("TLS: 1.3, 63 d left, Lab Root Intermediate · ")
        assert lines[4].startswith("HTTP: 401 Unauthorized, asks for a login · ")
        assert lines[6] == "⚠️ server1, server2: DNS: not asked, it leads to the bot's own machine"
        assert labels(reply) == ["directus ▸", "↻"]
        edits = len(reply.edits)
        await asyncio.sleep(1.1)  # or it would be the same to the second, which is no edit
        await cast.aigerim.presses(reply, "↻")
        await cast.telegram.until(lambda: len(reply.edits) > edits)
        assert reply.text.splitlines()[0] == lines[0]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("pg.example.org", "🔴 pg.example.org · TLS: the certificate is for *.example.com"),
        ("n8n.example.org", "🔴 n8n.example.org · HTTP: 502 Bad Gateway"),
        ("gone.example.org", "🔴 gone.example.org · DNS: no such name"),
        ("dead.example.org", "🔴 dead.example.org · TCP: nothing listens on port 443"),
        ("server1/n8n", "Which domain?"),
        ("server2/Postgres", "🔴 db.example.org · DNS: no such name"),
        ("HTTP://dir.example.org", "🟢 http://dir.example.org: HTTP 401 Unauthorized, asks for a login"),
    ],
)
async def test_the_first_step_that_is_wrong(
    lab: Lab, cast: Cast, setup: Make, more: dict[str, Any], name: str, first: str
) -> None:
    async with running(setup(*lab.servers.values(), users=USERS, more=more)):
        reply = await ask(cast, cast.aigerim, f"/check {name}")
        assert reply.text.splitlines()[0] == first
        assert "token" not in reply.text


@pytest.mark.parametrize("typed", ["вшкюучфьздующкп", "вшк.учфьзду.щкп", "ВШКЮУЧФЬЗДУЮЩКП"])
async def test_a_domain_in_the_wrong_keyboard_layout_is_offered(
    lab: Lab, cast: Cast, setup: Make, more: dict[str, Any], typed: str
) -> None:
    async with running(setup(*lab.servers.values(), users=USERS, more=more)):
        for person in (cast.aigerim, cast.student):
            reply = await ask(cast, person, f"/check {typed}")
            assert reply.text.endswith("Did you mean:")
            assert labels(reply)[0] == "dir.example.org"


async def test_in_russian(lab: Lab, cast: Cast, setup: Make, more: dict[str, Any]) -> None:
    async with running(setup(*lab.servers.values(), users=USERS, more=more, language="ru")):
        reply = await ask(cast, cast.aigerim, "/check pg.example.org")
        lines = reply.text.splitlines()
        assert lines[0] == "🔴 pg.example.org · TLS: сертификат выдан на *.example.com"
        assert lines[-2] == "⚠️ server1, server2: DNS: не проверяю, адрес особый: сама машина бота"


async def test_side_by_side_from_the_servers(
    lab: Lab, cast: Cast, setup: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At an address that both servers reach, where one's key permits it; the third one's cable is pulled."""
    here = str(lab.servers["server2"].network.gateway)
    answer_names(monkeypatch, {"dir.example.org": [here]})
    authority = Authority(tmp_path)
    lab.servers["server2"].permit(f"{here}:443")
    more = {"routes": routes()[:1], "trusted_ca": str(authority.file)}
    async with (
        serving(authority.files("dir.example.org"), answering("200 OK"), here, 443),
        running(setup(*lab.servers.values(), users=USERS, more=more)),
    ):
        reply = await ask(cast, cast.aigerim, "/check dir.example.org")
        own, other = reply.text.splitlines()[-3:-1]
        assert own == "⚠️ server1: the SSH key does not permit this"
        assert other.startswith("🟢 server2: HTTP 200 OK · ")
        assert [part.split()[0].strip("(") for part in other.rpartition(" (")[2].split(", ")] == [
            "TCP",
            "TLS",
            "HTTP",
        ]


async def test_to_each_what_is_in_scope(lab: Lab, cast: Cast, setup: Make, more: dict[str, Any]) -> None:
    async with running(setup(*lab.servers.values(), users=USERS, more=more)):
        reply = await ask(cast, cast.student, "/check dir.example.org")
        assert reply.text.startswith("🟢 dir.example.org")
        assert "server" not in reply.text, "who sees one container is told of no server"
        for there in (
            "n8n.example.org",
            "nowhere.example.org",
            "https://8.8.8.8/",
            "https://dir.example.org/x",
        ):
            reply = await ask(cast, cast.student, f"/check {there}")
            assert reply.text.startswith("No domain "), there
            assert set(labels(reply)) <= {"dir.example.org", "dir.tapbot.kz", "Check a domain"}
        reply = await ask(cast, cast.student, "/check")
        assert (reply.text, labels(reply)) == ("Which domain?", ["dir.example.org", "dir.tapbot.kz"])
        await cast.student.presses(reply, "dir.example.org")
        told = await next_answer(cast, cast.student)
        await cast.telegram.until(lambda: told.text.startswith("🟢 dir.example.org"))
        reply = await ask(cast, cast.dias, "/check dir.example.org")
        assert "server2: " in reply.text
        assert "server1" not in reply.text
        assert (await ask(cast, cast.dias, "/check n8n")).text.startswith("No domain ")


@pytest.mark.parametrize(
    ("what", "first"),
    [
        (
            "https://inside.example.org",
            "⚠️ inside.example.org · DNS: not asked, it leads to the bot's own machine",
        ),
        ("http://rebound.example.org/latest", None),
        ("https://127.0.0.1", "⚠️ 127.0.0.1 · DNS: not asked, it leads to the bot's own machine"),
        ("https://[::ffff:10.0.0.1]", None),
        ("http://0x7f.1", None),
        ("file:///etc/passwd", None),
        ("http://user:pw@inside.example.org", None),
    ],
)
async def test_what_an_admin_may_not_reach(
    cast: Cast, setup: Make, more: dict[str, Any], what: str, first: str | None
) -> None:
    bare = more | {"routes": []}
    async with running(setup(more=bare)):
        reply = await ask(cast, cast.aigerim, f"/check {what}")
        assert reply.text[0] in '⚠O"A'
        assert "TCP" not in reply.text
        assert "pw@" not in reply.text
        if first:
            assert reply.text.splitlines()[0] == first


async def test_what_the_settings_name_is_near_at_its_own_ports_alone(
    cast: Cast, setup: Make, more: dict[str, Any]
) -> None:
    probe = {"name": "inside", "url": "http://inside.example.org:8123/"}
    async with running(setup(more=more | {"routes": [], "probes": [probe]})):
        reply = await ask(cast, cast.aigerim, "/check http://inside.example.org:8123/")
        assert "nothing listens on port 8123" in reply.text
        for other in ("http://inside.example.org:2375/info", "https://inside.example.org:8124/"):
            reply = await ask(cast, cast.aigerim, f"/check {other}")
            assert "not asked, it leads to the bot's own machine" in reply.text


async def test_what_an_admin_has_asked_is_asked_again_by_admins_alone(
    cast: Cast, setup: Make, more: dict[str, Any]
) -> None:
    """In a group; the button shows nobody more than his own command would."""
    bare = more | {"routes": []}
    async with running(setup(more=bare)):
        await cast.aigerim.says("/check https://rebound.example.org/x", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        await cast.telegram.until(lambda: reply.text.startswith("⚠️"))
        await cast.student.presses(reply, "↻")
        answer = await cast.telegram.next_message(cast.ops)
        assert answer.text.replace("\u2060", "") == 'No domain "rebound.example.org" here.'
