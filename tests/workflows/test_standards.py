"""`/standards` in the chat: the worst first, the mend a tap away, and nothing of what is out of scope."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from handlers import waiting
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.dockerd import IMAGE
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


async def test_the_worst_first_and_its_mend_to_copy(
    lab: Lab, cast: Cast, setup: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    flags = ("--name=bad", "--privileged", "--env=API_TOKEN=Zx81-qwerty-77")
    lab.servers["server2"].docker("create", *flags, IMAGE, "true")
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/standards")
        reply = await next_answer(cast, cast.aigerim)
        lines = reply.text.splitlines()
        assert lines[0].startswith("🔴 Standard: ")
        assert lines[2].startswith("🔴 server2: ")
        assert lines[3].startswith("🔴 server1: ")
        assert lines[5].startswith("🔴 bad · server2 0: ")
        assert labels(reply)[-4:] == ["server1 ▸", "2/2 ›", "JSON", "↻"]
        await cast.aigerim.presses(reply, "bad ▸")
        await cast.telegram.until(lambda: reply.text.startswith("🔴 bad on server2: 0 of 100"))
        assert (
            "privileged\nIt is root on the server in all but name.\nprivileged: false\ncap_drop:\n  - ALL\n\n"
            in reply.text
        )
        assert "Copy: restart: unless-stopped" in labels(reply)
        assert labels(reply)[-4:] == ["‹ server2", "2/2 ›", "Card", "↻"]
        await cast.aigerim.presses(reply, "2/2 ›")
        await cast.telegram.until(lambda: "secrets in plain sight: API_TOKEN" in reply.text)
        await cast.aigerim.presses(reply, "‹ server2")
        await cast.telegram.until(lambda: "JSON" in labels(reply))
        assert "server1" not in reply.text
        monkeypatch.setattr(waiting, "PATIENCE", 0.0)
        await cast.aigerim.presses(reply, "JSON")
        file = await next_answer(cast, cast.aigerim)
        await cast.telegram.until(lambda: file.document is not None)
        assert file.document is not None
        assert file.edits  # the words of waiting became it
        content = file.document.content
        assert b"Zx81" not in content
        (host,) = json.loads(content)["hosts"]
        (bad,) = (one for one in host["subjects"] if one["name"] == "bad")
        assert {"privileged", "plain_secrets"} <= {breach["rule"] for breach in bad["breaches"]}
    told = [repr(call.params) for call in cast.telegram.calls]
    assert any("API_TOKEN" in each for each in told)
    assert not any("Zx81" in each for each in [*told, caplog.text])


async def test_one_container_by_name_and_what_was_agreed_to(lab: Lab, cast: Cast, setup: Make) -> None:
    more: dict[str, Any] = {
        "standards": {
            "exceptions": [
                {"rule": "memory_limit", "subject": "server2/direct*", "reason": "it needs what it needs"},
                {
                    "rule": "log_size",
                    "subject": "*/directus",
                    "reason": "was for a week",
                    "until": "2026-01-07",
                },
            ]
        }
    }
    async with running(setup(*lab.servers.values(), more=more)):
        await cast.aigerim.says("/standards directus")
        card = await next_answer(cast, cast.aigerim)
        assert card.text.startswith("🔴 directus on server2: ")
        assert "no limit on the size of log files" in card.text
        assert "⚪ Agreed to: no memory limit: it needs what it needs" in card.text


async def test_only_what_is_in_scope(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values(), language="ru")):
        await cast.student.says("/standards")
        reply = await next_answer(cast, cast.student)
        lines = reply.text.splitlines()
        assert lines[0].startswith("🔴 Стандарт на server2: ")
        assert [line for line in lines if line.startswith("🔴 directus ")]
        for hidden in ("postgres", "n8n", "live-restore", "traefik"):
            assert hidden not in reply.text
        await cast.student.says("/standards n8n")
        assert (await next_answer(cast, cast.student)).text.startswith("Нет контейнера «n8n».")
        await cast.student.says("/standards server1")
        assert "server1" in (await next_answer(cast, cast.student)).text.splitlines()[0]


async def test_a_dead_host_is_said_to_be_unknown(lab: Lab, cast: Cast, setup: Make) -> None:
    lab.servers["server1"].stop_sshd()
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/standards")
        reply = await next_answer(cast, cast.aigerim)
        while "server1" not in reply.text:
            reply = await next_answer(cast, cast.aigerim)
        assert "⚠️ server1: no contact" in reply.text.splitlines()
        assert "server2" in reply.text
