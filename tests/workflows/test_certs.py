"""`/certs` in the chat, and the watch over certificates: from a handshake to an alert, and to its end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import watches
from playground.telegram import Message, Person
from services.outside import certificates
from tests.bots import Setup, running
from tests.conftest import Cast, labels
from tests.lab.authority import Authority, serving
from tests.lab.names import answer_names

pytestmark = pytest.mark.lab

JOINER = "\u2060"  # in what Telegram would make a link of

Make = Callable[..., Setup]

HOST = {"server2": {"address": "unix:///nowhere/docker.sock"}}
DAYS = {"dir": 63.5, "pg": 12.5, "n8n": 5.5, "logs": 90.5}


@pytest.fixture
async def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
    authority = Authority(tmp_path)
    names = {f"{name}.example.org": [f"127.6.2.{place}"] for place, name in enumerate([*DAYS, "dead"], 1)}
    answer_names(monkeypatch, names)
    async with AsyncExitStack() as stack:
        for name, days in DAYS.items():
            host = names[f"{name}.example.org"][0]
            files = authority.files(f"{name}.example.org", days=days)
            await stack.enter_async_context(serving(files, host=host, port=443))
        routes = [
            {"domain": name, "host": "server2", "service": name.partition(".")[0], "port": 80}
            for name in names
        ]
        yield {"hosts": HOST, "routes": routes, "trusted_ca": str(authority.file)}


async def answer(cast: Cast, person: Person, text: str) -> Message:
    await person.says(text)
    while (reply := await cast.telegram.next_message(person)).text.startswith(("🔥", "✅")):
        pass
    return reply


async def test_trouble_first(cast: Cast, setup: Make, more: dict[str, Any]) -> None:
    async with running(setup(more=more)):
        reply = await answer(cast, cast.aigerim, "/certs")
        lines = reply.text.splitlines()
        assert lines[0] == "🔴 3 of 5 certificates need you"
        assert lines[2].startswith("🔴 n8n.example.org · server2: the certificate expires in 5 d · ")
        assert lines[3].startswith("🟡 pg.example.org · server2: the certificate expires in 12 d · ")
        assert lines[4] == "⚠️ dead.example.org · server2: TCP: nothing listens on port 443"
        assert lines[6] == "🟢 2 fine"
        assert lines[7].startswith("dir.example.org: expires in 63 d · ")
        assert lines[7].endswith(" · Lab Root Intermediate")
        assert labels(reply)[-1] == "↻"
        await cast.aigerim.presses(reply, "n8n.example.org ▸")
        told = await cast.telegram.next_message(cast.aigerim)
        await cast.telegram.until(lambda: told.text.startswith("🟡 n8n.example.org · TLS: "))


async def test_in_russian(cast: Cast, setup: Make, more: dict[str, Any]) -> None:
    async with running(setup(more=more, language="ru")):
        reply = await answer(cast, cast.aigerim, "/certs")
        lines = reply.text.splitlines()
        assert lines[0] == "🔴 Сертификаты: 3 из 5 требуют внимания"
        assert lines[2].startswith("🔴 n8n.example.org · server2: сертификат истекает через 5 дн. · ")


async def test_nothing_to_look_at(cast: Cast, setup: Make, more: dict[str, Any]) -> None:
    async with running(setup(more=more)):
        reply = await answer(cast, cast.student, "/certs")
        assert reply.text == "No certificate to look at: no domain with HTTPS is in your scope."


async def test_five_days_left_is_a_critical_alert_until_it_is_renewed(
    cast: Cast, setup: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "AGAIN_AFTER", 0.1)
    monkeypatch.setattr(watches, "WHILE_WRONG", timedelta(seconds=0.3))
    authority, here, name = Authority(tmp_path), "127.6.2.20", "short.example.org"
    answer_names(monkeypatch, {name: [here]})
    route = {"domain": name, "host": "server2", "service": "n8n", "port": 5678}
    more = {"hosts": HOST, "routes": [route], "trusted_ca": str(authority.file)}
    async with running(setup(more=more)):
        async with serving(authority.files(name, days=5.5), host=here, port=443):
            while name not in (alert := await cast.telegram.next_message(cast.aigerim)).text.replace(
                JOINER, ""
            ):
                pass
            assert alert.text.startswith("🔥")
            assert "critical" in alert.text
        async with serving(authority.files(name, days=90), host=here, port=443):
            await cast.telegram.until(lambda: alert.text.startswith("✅"), 15)
