"""`/uptime` and what the bot probes by itself: a real Redis that dies and comes back, seen from the chat."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from playground.telegram import Message
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.monitoring import AlertmanagerServer
from tests.lab.obtainable import obtainable
from tests.lab.redis import Redis

Make = Callable[..., Setup]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    home = tmp_path / "redis"
    home.mkdir()
    with obtainable(), Redis(home) as redis:
        yield redis


def probe(redis: Redis, name: str = "redis", **more: Any) -> dict[str, Any]:
    address = f"127.0.0.1:{redis.port}"
    return {"name": name, "kind": "redis", "address": address, "interval": "2s", "timeout": "1s"} | more


def probing(*probes: dict[str, Any]) -> dict[str, Any]:
    return {"probes": list(probes), "alerts": {"chats": [{"id": OPS}]}}


async def asked(cast: Cast, text: str, wanted: str) -> Message:
    """The first answer that says so."""
    for _ in range(60):
        await cast.aigerim.says(text)
        reply = await next_answer(cast, cast.aigerim)
        if wanted in reply.text:
            return reply
        await asyncio.sleep(0.1)
    raise AssertionError(reply.text)


def over(message: Message) -> bool:
    return message.text.startswith("✅")


async def test_a_service_that_dies_and_comes_back_is_one_alert_and_is_resolved(
    cast: Cast, setup: Make, redis: Redis, tmp_path: Path
) -> None:
    with AlertmanagerServer(tmp_path / "alertmanager") as other:
        more = probing(
            probe(redis, severity="warning", retries=1),
            {
                "name": "alertmanager",
                "kind": "alertmanager",
                "url": other.url,
                "interval": "2s",
                "timeout": "1s",
            },
        )
        async with running(setup(more=more)):
            reply = await asked(cast, "/uptime", "All well: 2")
            first, _, one, two, *_ = reply.text.splitlines()
            assert first == "🟢 All well: 2"
            assert one.startswith("🟢 redis: 100 % in 24 h · ")
            assert two.startswith("🟢 alertmanager: 100 % in 24 h · ")
            assert labels(reply) == ["redis ▸", "alertmanager ▸", "↻"]

            redis.stop()
            alert = await cast.telegram.next_message(cast.ops, 15)
            assert alert.text.startswith("🔥")
            assert "redis" in alert.text.splitlines()[0]
            assert "warning · probe_failed · since " in alert.text
            await cast.aigerim.says("/why Redis")
            assert (await cast.telegram.next_message(cast.aigerim)).text.startswith("🔥 redis: ")
            await cast.aigerim.presses(reply, "↻")
            await cast.telegram.until(lambda: reply.text.startswith("🔴 1 of 2 needs you"))
            _, _, one, two, *_ = reply.text.splitlines()
            assert one.startswith("🔴 redis: no answer since ")
            assert one.endswith(" (connection refused)")
            assert two.startswith("🟢 alertmanager: ")

            redis.start()
            await cast.telegram.until(partial(over, alert), 15)
            await cast.telegram.silence(cast.ops, 3)
            assert len(cast.ops.sent) == 1
            reply = await asked(cast, "/uptime", "All well: 2")
            redis_line = next(line for line in reply.text.splitlines() if "redis" in line)
            assert not redis_line.startswith("🟢 redis: 100 %"), "it was away"


async def test_one_probe_in_a_picture_that_changes_in_place(cast: Cast, setup: Make, redis: Redis) -> None:
    async with running(setup(more=probing(probe(redis)))):
        await asked(cast, "/uptime", "All well: 1")
        await cast.aigerim.says("/uptime Redis")
        card = await next_answer(cast, cast.aigerim)
        assert card.caption.startswith("🟢 redis: answers since ")
        assert "24 h, a bar is 16 min." in card.caption
        assert labels(card) == ["7 d", "30 d", "↻"]
        assert card.document is not None
        assert card.document.kind == "photo"
        assert Image.open(BytesIO(card.document.content)).size == (1280, 480)
        await cast.aigerim.presses(card, "30 d")
        await cast.telegram.until(lambda: "30 d, a bar is 8 h." in card.caption)
        assert labels(card) == ["24 h", "7 d", "↻"]
        await cast.aigerim.says("/uptime redsi")
        reply = await next_answer(cast, cast.aigerim)
        assert reply.text == 'No probe "redsi". Did you mean:'
        await cast.aigerim.says("/uptime кувшы")
        reply = await next_answer(cast, cast.aigerim)
        assert labels(reply) == ["redis"], "typed in the other layout"
        await cast.aigerim.presses(reply, "redis")
        assert (await next_answer(cast, cast.aigerim)).caption.startswith("🟢 redis: answers since ")


async def test_what_is_known_outlives_the_bot(cast: Cast, setup: Make, redis: Redis) -> None:
    made = setup(more=probing(probe(redis, retries=0)))
    async with running(made):
        redis.stop()
        alert = await cast.telegram.next_message(cast.ops, 15)
        since = (await asked(cast, "/uptime", "no answer since")).text.splitlines()[2]
    async with running(made):
        assert (await asked(cast, "/uptime", "no answer since")).text.splitlines()[2] == since
        redis.start()
        await cast.telegram.until(partial(over, alert), 15)
    assert len(cast.ops.sent) == 1


async def test_a_probe_that_is_gone_from_the_settings_leaves_no_alert(
    cast: Cast, setup: Make, redis: Redis
) -> None:
    async with running(setup(more=probing(probe(redis, retries=0), probe(redis, "other", retries=9)))):
        redis.stop()
        alert = await cast.telegram.next_message(cast.ops, 15)
    async with running(setup(more=probing(probe(redis, "other", retries=9)))):
        await cast.telegram.until(partial(over, alert), 15)


async def test_nobody_learns_of_what_is_not_in_scope(cast: Cast, setup: Make, redis: Redis) -> None:
    """The student may see */directus alone."""
    hosts = {"server1": {"address": "unix:///nowhere.sock"}}
    more = probing(
        probe(redis, "shown", host="server1", container="directus"),
        probe(redis, "hidden", host="server1", container="postgres"),
        probe(redis, "whole", host="server1"),
        probe(redis, "all"),
    )
    async with running(setup(more=more | {"hosts": hosts})):
        await asked(cast, "/uptime", "All well: 4")
        await cast.student.says("/uptime")
        reply = await next_answer(cast, cast.student)
        assert labels(reply) == ["shown ▸", "↻"]
        assert reply.text.splitlines()[0] == "🟢 All well: 1"
        for name in ("hidden", "whole", "all", "hiden", "nothing"):
            await cast.student.says(f"/uptime {name}")
            assert (await next_answer(cast, cast.student)).text == f'No probe "{name}".'


async def test_without_any(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.student.says("/uptime")
        assert (await next_answer(cast, cast.student)).text == "No probes configured (probes:)."
