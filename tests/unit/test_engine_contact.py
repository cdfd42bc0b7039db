"""The supervision of a contact, apart from what it goes over."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice, repeat

import pytest

from services.errors import HostSilent, Silence
from services.fleet import link as link_module
from services.fleet.link import Link, pauses
from services.fleet.streams import Channel

PONG = b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK"


class Line:
    """A channel to an engine that says `answer`; None: nothing, for ever."""

    ended = False

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.closed = False

    async def read(self) -> bytes:
        if self.answer is None:
            await asyncio.Event().wait()
        answer, self.answer = self.answer, b""
        return answer or b""

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class Wire(Link):
    """A link whose other end the test holds."""

    def __init__(self) -> None:
        super().__init__("server2")
        self.answer: bytes | None = PONG
        self.refusal: Silence | None = None
        self.attempts = 0
        self.lines: list[Line] = []

    async def open(self) -> Channel:
        self.lines.append(Line(self.answer))
        return self.lines[-1]

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        self.attempts += 1
        if self.refusal:
            raise HostSilent(self.host, self.refusal, detail="as the test says")
        yield


@asynccontextmanager
async def supervised(wire: Wire) -> AsyncIterator[Wire]:
    async with asyncio.TaskGroup() as group:
        supervision = group.create_task(wire.run())
        yield wire
        supervision.cancel()
    assert all(line.closed for line in wire.lines), "no channel stays open"


async def until_silent(wire: Wire) -> HostSilent:
    async with asyncio.timeout(5):
        while not (wire.silence and wire.silence.reason is not Silence.CONNECTING):
            await asyncio.sleep(0.001)
    assert wire.silence
    return wire.silence


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "pauses", lambda: repeat(0.005))
    monkeypatch.setattr(link_module, "CONNECT_TIMEOUT", 0.05)
    monkeypatch.setattr(link_module, "PROBE_TIMEOUT", 0.05)


def test_pauses_grow_to_a_minute_and_never_end() -> None:
    made = list(islice(pauses(), 500))
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(made[:6]))
    assert all(30 <= pause <= 60 for pause in made[6:])
    assert len(set(made[6:])) > 100, "jitter"


async def test_ready_waits_for_the_first_contact() -> None:
    async with supervised(Wire()) as wire:
        before = wire.silence
        assert before is not None
        assert before.reason is Silence.CONNECTING
        await wire.ready()
        assert wire.silence is None
        assert (wire.contact, wire.api_version) == (1, "1.41")


async def test_a_refusal_is_told_at_once_and_attempts_go_on() -> None:
    wire = Wire()
    wire.refusal = Silence.LOGIN
    async with supervised(wire):
        for _ in range(3):
            with pytest.raises(HostSilent) as told:
                await wire.ready()
            assert (told.value.reason, told.value.since) == (Silence.LOGIN, None)
        async with asyncio.timeout(5):
            while wire.attempts < 5:
                await asyncio.sleep(0.001)
            wire.refusal = None
            while wire.silence:
                await asyncio.sleep(0.001)
        await wire.ready()


async def test_each_silence_told_is_a_fresh_one() -> None:
    """A raised exception collects tracebacks: one that is raised for hours would hold everything it met."""
    wire = Wire()
    wire.refusal = Silence.LOGIN
    async with supervised(wire):
        await until_silent(wire)
        told = []
        for _ in range(2):
            with pytest.raises(HostSilent) as caught:
                await wire.ready()
            told.append(caught.value)
        assert told[0] is not told[1]


async def test_a_doubt_that_is_cleared_up_costs_no_contact() -> None:
    async with supervised(Wire()) as wire:
        await wire.ready()
        wire.answer = PONG.replace(b"1.41", b"1.52")
        wire.suspect()
        await wire.ready()
        assert (wire.contact, wire.attempts) == (1, 1)
        assert wire.api_version == "1.52", "the engine may have been exchanged"


async def test_a_doubt_that_proves_true_ends_the_contact() -> None:
    async with supervised(Wire()) as wire:
        await wire.ready()
        wire.answer = None
        wire.suspect()
        with pytest.raises(HostSilent) as told:
            await wire.ready()
        assert told.value.reason is Silence.ENGINE
        assert told.value.since is not None
        wire.suspect()  # nothing to doubt any more
        wire.answer = PONG
        async with asyncio.timeout(5):
            while wire.contact < 2:
                await asyncio.sleep(0.001)
        await wire.ready()


async def test_the_moment_of_the_loss_outlasts_further_attempts() -> None:
    async with supervised(Wire()) as wire:
        await wire.ready()
        wire.answer = None
        wire.suspect()
        first = await until_silent(wire)
        wire.refusal = Silence.UNREACHABLE
        async with asyncio.timeout(5):
            while not (wire.silence and wire.silence.reason is Silence.UNREACHABLE):
                await asyncio.sleep(0.001)
        assert wire.silence.since == first.since


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 500 No\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nServer: nginx\r\n\r\nOK",
        b"SSH-2.0\r\n\r\n",
        PONG.replace(b"200", b"\xb2\xb2\xb2"),
        PONG.replace(b"1.41", b"1.\xb2"),
        PONG.replace(b"1.41", b"1.41/../x"),
    ],
)
async def test_what_is_no_engine(answer: bytes) -> None:
    wire = Wire()
    wire.answer = answer
    async with supervised(wire):
        assert (await until_silent(wire)).reason is Silence.ENGINE


async def test_supervision_outlives_what_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Wire):
        async def open(self) -> Channel:
            if self.attempts < 3:
                raise LookupError("as the test says")
            return await super().open()

    async with supervised(Odd()) as wire:
        silence = await until_silent(wire)
        assert (silence.reason, silence.detail) == (Silence.ENGINE, "LookupError('as the test says')")
        async with asyncio.timeout(5):
            while wire.silence:
                await asyncio.sleep(0.001)
        await wire.ready()
    assert caplog.records[0].exc_info, "with the traceback"


async def test_one_line_of_log_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, link_module.__name__)
    wire = Wire()
    wire.refusal = Silence.LOGIN
    async with supervised(wire):
        async with asyncio.timeout(5):
            while wire.attempts < 5:
                await asyncio.sleep(0.001)
            wire.refusal = None
            while wire.silence:
                await asyncio.sleep(0.001)
        wire.suspect()
        await wire.ready()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "server2: no contact: login" in caplog.messages[0]


async def test_nobody_waits_for_a_link_that_was_closed() -> None:
    async with supervised(Wire()) as wire:
        await wire.ready()
    with pytest.raises(HostSilent):
        await wire.ready()
