"""What is particular to the store on Redis: its server's absence, its settings, and what must never be said."""

import asyncio
import gc
import logging
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from services.errors import StoreTooNew, StoreUnavailable
from services.ports import Append, Delete, Put, Schedule, Unschedule
from services.store import link, open_store, redis
from services.store.redis import RedisStore, open_redis
from services.store.scripts import SCHEMA
from tests.clock import HandClock
from tests.lab.monitoring import free_port
from tests.lab.obtainable import obtainable
from tests.lab.redis import Redis

pytestmark = pytest.mark.lab

Make = Callable[..., Redis]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Redis] = []

    def start(*options: str) -> Redis:
        home = tmp_path / f"redis{len(made)}"
        home.mkdir()
        made.append(Redis(home, *options))
        with obtainable():
            made[-1].start()
        return made[-1]

    yield start
    for server in made:
        server.kill()


@pytest.fixture
def server(make: Make) -> Redis:
    return make()


@pytest.fixture
async def store(server: Redis) -> AsyncIterator[RedisStore]:
    store = await open_redis(server.url, HandClock())
    yield store
    await store.close()


async def _open_and_close(url: str) -> None:
    async with open_store(url, HandClock()):
        pass


async def test_what_was_acknowledged_survives_a_kill_of_the_server(server: Redis, store: RedisStore) -> None:
    now = HandClock().now()
    for turn in range(20):
        await store.write(
            Put(f"{turn}", b"1"), Append("log", b"%d" % turn, now), Schedule("q", f"{turn}", b"", now)
        )
        server.kill()
        await asyncio.to_thread(server.start)
        assert await store.get(f"{turn}") == b"1"
        assert (await store.read_log("log", limit=1))[0].value == b"%d" % turn
        assert await store.backlog("q") == turn + 1


async def test_a_batch_cut_off_by_a_kill_is_there_whole_or_not_at_all(
    server: Redis, store: RedisStore
) -> None:
    value = b"x" * 20_000
    for turn in range(5):
        writing = asyncio.ensure_future(store.write(*(Put(f"{turn}/{part}", value) for part in range(500))))
        await asyncio.sleep(turn * 0.005)
        server.kill()
        await asyncio.wait([writing])
        answered = writing.exception() is None
        server.start()
        assert len(await store.scan(f"{turn}/")) in ((500,) if answered else (0, 500))


async def test_while_the_server_is_away_it_is_said_at_once_and_afterwards_all_is_well(
    server: Redis, store: RedisStore
) -> None:
    await store.write(Put("a", b"1"))
    server.stop()
    began = time.monotonic()
    for call in (store.get("a"), store.write(Put("a", b"2")), store.scan(""), store.backlog("q")):
        with pytest.raises(StoreUnavailable, match=f":{server.port}/0: "):
            await call
    with pytest.raises(StoreUnavailable):
        await _open_and_close(server.url)
    assert time.monotonic() - began < 3
    server.start()
    assert await store.get("a") == b"1"
    assert await store.write(Put("a", b"2"), expect={"a": b"1"})


async def test_a_server_that_hangs_is_given_up_soon_and_found_again(server: Redis, store: RedisStore) -> None:
    await store.write(Put("a", b"1"))
    server.pause()
    began = time.monotonic()
    answers = await asyncio.gather(
        *(store.get("a") for _ in range(5 * link.CONNECTIONS)),
        store.write(Put("b", b"1")),
        store.scan(""),
        _open_and_close(server.url),
        return_exceptions=True,
    )
    took = time.monotonic() - began
    server.resume()
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert took < 3
    assert await store.get("a") == b"1"


async def test_a_write_given_up_half_sent_never_happens(server: Redis, store: RedisStore) -> None:
    await store.write(Put("a", b"1"))
    server.pause()
    writing = asyncio.ensure_future(store.write(Put("a", bytes(32 << 20))))
    await asyncio.sleep(0.2)
    writing.cancel()
    await asyncio.wait([writing])
    server.resume()
    for _ in range(5):
        assert await store.get("a") == b"1"
        await asyncio.sleep(0.1)


async def test_a_refusal_of_the_first_word_confuses_no_later_answer(server: Redis, store: RedisStore) -> None:
    await store.write(Put("a", b"1"), Put("b", b"2"))
    server("acl", "setuser", "default", "-echo")
    with pytest.raises(StoreUnavailable, match="permission"):
        await store.get("a")
    server("acl", "setuser", "default", "+echo")
    assert await store.get("b") == b"2"


async def test_an_answer_that_takes_its_time_is_waited_for(
    server: Redis, store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first sign of life is what the short wait is for: 64 MiB need longer than that."""
    monkeypatch.setattr(link, "PATIENCE", 0.1)
    value = os.urandom(1 << 20) * 64
    began = time.monotonic()
    assert await store.write(Put("a", value))
    assert await store.get("a") == value
    assert time.monotonic() - began > 0.1


@asynccontextmanager
async def impostor(says: bytes) -> AsyncIterator[str]:
    """The URL of something that answers whatever comes with these bytes, and then is silent."""
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(says)
        with suppress(OSError):
            await reader.read()
            writer.close()
            await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listener:
        yield f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}/0"
        await asyncio.wait_for(gone.wait(), 5)


async def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "DEADLINE", 0.3)
    async with impostor(b"$1\r\n?\r\n$100\r\nbut") as url:
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            await _open_and_close(url)


async def test_something_else_behind_the_port() -> None:
    async with impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        with pytest.raises(StoreUnavailable, match=r"redis at 127\.0\.0\.1"):
            await _open_and_close(url)


async def test_a_newer_layout_is_refused_and_left_alone(server: Redis) -> None:
    await _open_and_close(server.url)
    server("set", "vakhta:schema", str(SCHEMA + 3))
    with pytest.raises(StoreTooNew) as told:
        await _open_and_close(server.url)
    assert (told.value.found, told.value.known) == (SCHEMA + 3, SCHEMA)
    assert server("get", "vakhta:schema") == str(SCHEMA + 3)
    server("set", "vakhta:schema", "something else")
    with pytest.raises(StoreUnavailable, match="vakhta:schema holds no version"):
        await _open_and_close(server.url)


async def test_every_key_is_under_one_prefix(server: Redis, store: RedisStore) -> None:
    now = HandClock().now()
    await store.write(Put("a", b"", now), Append("log", b"", now), Schedule("q", "k", b"", now))
    keys = server("keys", "*").split()
    assert len(keys) >= 6
    assert [key for key in keys if not key.startswith("vakhta:")] == []


async def test_what_goes_leaves_nothing_behind(server: Redis, store: RedisStore) -> None:
    now = HandClock().now()
    await store.write(
        Put("a", b"", now), Put("b", b""), Append("log", b"", now), Schedule("q", "k", b"", now)
    )
    await store.write(*(Put(f"{turn}", b"", now) for turn in range(3 * redis.SWEPT_AT_ONCE)))
    await store.trim_log("log", older_than=now.replace(year=2027))
    for _ in range(4):
        await store.write(Delete("b"), Unschedule("q", "k"))
    assert sorted(server("keys", "*").split()) == ["vakhta:schema", "vakhta:seq"]


async def test_a_long_log_is_trimmed_wholly(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "_TRIMMED_AT_ONCE", 10)
    now = HandClock().now()
    await store.write(*(Append("log", b"", now) for _ in range(25)))
    assert await store.trim_log("log", older_than=now.replace(year=2027)) == 25
    assert await store.read_log("log", limit=9) == []


async def test_a_password_logs_in_and_is_never_said(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = make("--requirepass", "hunter2/@")
    good = f"redis://:hunter2%2F%40@127.0.0.1:{server.port}/3"
    async with open_store(good, HandClock()) as store:
        await store.write(Put("a", b"1"))
    assert server("-n", "3", "keys", "vakhta:keys", password="hunter2/@") == "vakhta:keys"
    for wrong in (good.replace("hunter2", "swordfish"), f"redis://127.0.0.1:{server.port}/3"):
        with pytest.raises(StoreUnavailable) as told:
            await _open_and_close(wrong)
        assert "swordfish" not in told.value.detail
        assert "127.0.0.1" in told.value.detail
    server.stop()
    with pytest.raises(StoreUnavailable) as told:
        await _open_and_close(good)
    assert "hunter2" not in told.value.detail + caplog.text


@pytest.mark.parametrize("url", ["redis://:hunter2@localhost:many/0", "redis://:hunter2@[::1/0"])
async def test_a_broken_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(StoreUnavailable) as told:
        await _open_and_close(url)
    assert "hunter2" not in told.value.detail


async def test_a_database_that_is_not_there(server: Redis) -> None:
    with pytest.raises(StoreUnavailable, match="out of range"):
        await _open_and_close(f"redis://127.0.0.1:{server.port}/100000")


async def test_a_server_that_may_lose_things_is_warned_of(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    await _open_and_close(make().url)
    assert caplog.messages == []
    lossy = make("--appendfsync", "everysec", "--maxmemory-policy", "allkeys-lru")
    await _open_and_close(lossy.url)
    (message,) = caplog.messages
    assert "appendfsync always, maxmemory-policy noeviction" in message
    assert "appendonly" not in message


async def test_a_server_that_hides_its_settings_is_used(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    server = make("--rename-command", "CONFIG", "")
    await _open_and_close(server.url)
    assert caplog.messages == []


async def test_over_tls_the_server_must_be_the_one_that_was_meant(make: Make, tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True, cwd=tmp_path, timeout=20)
    cert, port = tmp_path / "cert.pem", free_port()
    options = f"--tls-port {port} --tls-cert-file {cert} --tls-key-file {tmp_path}/key.pem".split()
    server = make(*options, "--tls-auth-clients", "no", "--tls-ca-cert-file", str(cert))
    with pytest.raises(StoreUnavailable, match="certificate"):
        await _open_and_close(f"rediss://127.0.0.1:{port}/0")
    trusting = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={cert}"
    async with open_store(trusting, HandClock()) as store:
        await store.write(Put("a", b"1" * 1_000_000))
        assert await store.get("a") == b"1" * 1_000_000
    assert server("keys", "vakhta:keys") == "vakhta:keys"


async def test_a_replica_is_refused(make: Make, server: Redis) -> None:
    await _open_and_close(server.url)
    replica = make("--replicaof", "127.0.0.1", str(server.port))
    with pytest.raises(StoreUnavailable, match="read only replica"):
        await _open_and_close(replica.url)


async def test_a_server_without_memory_refuses_writes_and_keeps_what_it_has(
    server: Redis, store: RedisStore
) -> None:
    await store.write(Put("a", b"1"))
    server("config", "set", "maxmemory", "1")
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="memory"):
            await store.write(Put("a", b"2"), Put("b", b"2"))
    assert await store.scan("") == {"a": b"1"}
    server("config", "set", "maxmemory", "0")
    assert await store.write(Put("a", b"2"))


async def test_a_server_still_reading_its_data_is_not_there_yet(server: Redis, store: RedisStore) -> None:
    await store.write(*(Put(f"{turn}", b"x" * 100) for turn in range(1000)))
    server.stop()
    server.start("--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024", wait=False)
    refusals = set()
    deadline = time.monotonic() + 30
    found = None
    while found is None and time.monotonic() < deadline:
        try:
            found = await store.get("7")
        except StoreUnavailable as error:
            refusals.add("loading" if "loading" in error.detail.lower() else error.detail)
            await asyncio.sleep(0.01)
    assert found == b"x" * 100
    assert "loading" in refusals


async def test_connections_are_few_and_all_closed(server: Redis) -> None:
    def open_here() -> int:
        here = psutil.Process().net_connections("tcp")
        return sum(bool(each.raddr) and each.raddr.port == server.port for each in here)

    async with open_store(server.url, HandClock()) as store:
        await asyncio.gather(*(store.write(Put(f"{turn}", b"")) for turn in range(200)))
        assert 1 <= open_here() <= link.CONNECTIONS
    assert open_here() == 0
    for turn in range(20):
        opening = asyncio.ensure_future(open_redis(server.url, HandClock()))
        for _ in range(turn):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled():
            await opening.result().close()
    await asyncio.sleep(0)
    gc.collect()
    assert open_here() == 0
