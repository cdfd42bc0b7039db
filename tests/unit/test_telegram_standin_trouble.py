"""Floods as Telegram answers them, and faults on order."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from playground.telegram import Kind, Limits, Telegram
from playground.telegram.floods import Gate


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted(gate: Gate, chat: int, times: int, *, group: bool = False) -> list[int | None]:
    return [gate.admit(chat, group=group) for _ in range(times)]


def test_a_chat_takes_one_a_second_after_a_burst() -> None:
    clock = Clock()
    gate = Gate(Limits(), clock)
    assert admitted(gate, 1, 4) == [None, None, None, 1]
    assert admitted(gate, 2, 1) == [None], "another chat is not concerned"
    clock.now += 0.99
    assert admitted(gate, 1, 1) == [1], "shut until retry_after is over"
    clock.now += 0.02
    assert admitted(gate, 1, 2) == [None, 1]
    clock.now += 10
    assert admitted(gate, 1, 4) == [None, None, None, 1]


def test_a_group_takes_twenty_a_minute() -> None:
    clock = Clock()
    gate = Gate(Limits(), clock)
    for _ in range(20):
        assert gate.admit(-1, group=True) is None
        clock.now += 1
    assert gate.admit(-1, group=True) == 40, "until the first of the twenty is a minute old"
    clock.now += 39
    assert gate.admit(-1, group=True) == 1
    clock.now += 1
    assert gate.admit(-1, group=True) is None


def test_thirty_a_second_in_all() -> None:
    clock = Clock()
    gate = Gate(Limits(), clock)
    assert [gate.admit(chat, group=False) for chat in range(31)] == [None] * 30 + [1]
    assert gate.admit(99, group=False) == 1
    clock.now += 1
    assert gate.admit(99, group=False) is None


def test_scale_divides_time() -> None:
    clock = Clock()
    gate = Gate(Limits(scale=60), clock)
    for _ in range(20):
        assert gate.admit(-1, group=True) is None
        clock.now += 1 / 60
    assert gate.admit(-1, group=True) == 1, "a Telegram minute is a second; retry_after stays an integer"
    clock.now += 1
    assert gate.admit(-1, group=True) is None


def test_a_refused_chat_stays_shut_for_retry_after() -> None:
    clock = Clock()
    gate = Gate(Limits(scale=60), clock)
    assert admitted(gate, 1, 4) == [None, None, None, 1]
    clock.now += 0.5
    assert admitted(gate, 1, 1) == [1], "there would be room by now, but it was told to wait"


def test_none_is_no_limit() -> None:
    assert set(admitted(Gate(Limits.none(), Clock()), 1, 1000)) == {None}


class Client:
    def __init__(self, tg: Telegram, http: aiohttp.ClientSession) -> None:
        self.tg, self.http = tg, http
        self.chat = tg.person(1001).chat

    async def send(self, text: str = "x", **params: Any) -> tuple[int, str]:
        url = f"{self.tg.url}/bot1:test/sendMessage"
        async with self.http.post(url, json={"chat_id": 1001, "text": text, **params}) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Telegram() as tg, aiohttp.ClientSession() as http:
        yield Client(tg, http)


async def test_a_flood_over_http(client: Client) -> None:
    for number in range(3):
        assert (await client.send(str(number)))[0] == 200
    async with client.http.post(
        f"{client.tg.url}/bot1:test/editMessageText",
        json={"chat_id": 1001, "message_id": 1, "text": "edited"},
    ) as answer:
        body = await answer.json()
        assert answer.status == 429 and answer.headers["Retry-After"] == "1", "edits count as well"
    assert body["parameters"] == {"retry_after": 1}
    assert body["description"] == "Too Many Requests: retry after 1"
    assert len(client.tg.floods) == 1 and client.tg.refusals == []
    assert client.chat.messages[1].text == "0"


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        (Kind.FLOOD, 429, '"retry_after": 1'),
        (Kind.SERVER_ERROR, 500, "Internal Server Error"),
        (Kind.BAD_GATEWAY, 502, "<html>"),
        (Kind.FORBIDDEN, 403, "bot was blocked by the user"),
        (Kind.HTML, 200, "<html>"),
    ],
)
async def test_faults_before_the_effect(client: Client, kind: Kind, status: int, words: str) -> None:
    client.tg.fail_next("sendMessage", kind)
    answered, body = await client.send()
    assert answered == status and words in body
    assert client.chat.sent == [] and client.tg.refusals == client.tg.floods == []
    assert (await client.send())[0] == 200, "only the next one"


async def test_reset_and_lost(client: Client) -> None:
    client.tg.fail_next("sendMessage", "reset")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.send("reset")
    client.tg.fail_next("*", "lost")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.send("lost")
    client.tg.fail_next("sendMessage", "lost_502")
    assert (await client.send("lost, 502"))[0] == 502
    assert [message.text for message in client.chat.sent] == ["lost", "lost, 502"]


async def test_hang_and_slow(client: Client) -> None:
    client.tg.fail_next("sendMessage", "hang")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.send()
    assert client.chat.sent == []
    client.tg.fail_next("sendMessage", "slow", seconds=0.1)
    sending = asyncio.create_task(client.send("slow"))
    await client.tg.until(lambda: client.chat.sent)
    assert not sending.done()
    assert (await sending)[0] == 200


async def test_faults_for_some_calls(client: Client) -> None:
    client.tg.fail_next("sendMessage", "500", times=2, when=lambda call: call.params["text"] == "b")
    assert [(await client.send(text))[0] for text in "abab"[:3]] == [200, 500, 200]
    client.tg.server.gate.limits = Limits.none()
    assert [(await client.send("b"))[0] for _ in range(2)] == [500, 200]


async def test_closing_lets_hanging_calls_go() -> None:
    async with aiohttp.ClientSession() as http:
        async with Telegram() as tg:
            tg.fail_next("*", "hang")
            hanging = asyncio.create_task(http.post(f"{tg.url}/bot1:test/getMe"))
            polling = asyncio.create_task(http.post(f"{tg.url}/bot1:test/getUpdates", json={"timeout": 30}))
            await tg.until(lambda: len(tg.calls) == 2 and not tg.server.faults.waiting)
        with pytest.raises(aiohttp.ClientConnectionError):
            await hanging
        (await polling).release()


async def test_a_bot_that_dies_in_the_middle_of_a_file_leaves_nothing_behind(client: Client) -> None:
    place = urlsplit(client.tg.url)
    head = (
        "POST /bot1:test/sendDocument HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="document"; filename="a.log"\r\n\r\n'
    )
    for size in (0, 1000, 3_000_000):
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(head.encode() + b"x" * size)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
    await asyncio.sleep(0.05)
    gc.collect()  # what was left open would fail this test with a ResourceWarning
    assert (await client.send())[0] == 200
    assert len(client.chat.messages) == 1
