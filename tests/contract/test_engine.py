"""The simulated engine and a real dockerd, by the same tests: what the bot may rely on in a demo is true of both.

Everything goes through the bot's own engine, over SSH.
"""

import json
import re
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest

from services.domain.containers import State
from services.errors import ContainerGone
from services.fleet.streams import get
from tests.contract.engine_asking import is_in, raw, row_of
from tests.contract.engine_stages import Stage, Wanted
from tests.lab.transport import until

NOBODY = "0" * 64


NO_KILL = "Cannot kill container:"


ERRORS = [
    ("GET /v1.99/containers/json", 400, "client version 1.99 is too new. Maximum supported API version is 1.41"),
    ("GET /v1.99/_ping", 400, "client version 1.99 is too new. Maximum supported API version is 1.41"),
    ("GET /nowhere", 404, "page not found"),
    ("GET /v1.41/nowhere", 404, "page not found"),
    ("GET /vx/version", 404, "page not found"),
    ("POST /containers/json", 404, "page not found"),
    ("POST /_ping", 404, "page not found"),
    ("GET /containers/json?limit=x", 500, 'strconv.Atoi: parsing "x": invalid syntax'),
    ('GET /containers/json?filters={"x":["y"]}', 400, "Invalid filter 'x'"),
    ('GET /containers/json?filters={"status":["y"]}', 400, "Invalid filter 'status=y'"),
    ('GET /containers/json?filters={"health":["y"]}', 400, "Unrecognised filter value for health: y"),
    ("GET /containers/nobody/json", 404, "No such container: nobody"),
    ("GET /containers/a%20b/json", 404, "No such container: a b"),
    ("GET /containers/nobody/stats?stream=false", 404, "No such container: nobody"),
    ("GET /containers/nobody/logs?stdout=1", 404, "No such container: nobody"),
    ("GET /containers/nobody/logs", 400, "Bad parameters: you must choose at least one stream"),
    ("GET /containers/toy/logs?stdout=0", 400, "Bad parameters: you must choose at least one stream"),
    ("GET /containers/toy/logs?stdout=no", 400, "Bad parameters: you must choose at least one stream"),
    ("GET /containers/toy/logs?stdout=1&since=x", 500, 'strconv.ParseInt: parsing "x": invalid syntax'),
    ("GET /containers/toy/logs?stdout=1&since=1.5.5", 500, 'strconv.ParseInt: parsing "5.5": invalid syntax'),
    ("GET /containers/toy/stats?stream=1&one-shot=1", 400, "cannot have stream=true and one-shot=true"),
    ("GET /events?since=x", 500, 'strconv.ParseInt: parsing "x": invalid syntax'),
    ("GET /events?since=20&until=10", 400, "`since` time (20) cannot be after `until` time (10)"),
    ("POST /containers/nobody/start", 404, "No such container: nobody"),
    ("POST /containers/nobody/stop", 404, "No such container: nobody"),
    ("POST /containers/nobody/restart", 404, "No such container: nobody"),
    ("POST /containers/nobody/kill", 404, f"{NO_KILL} nobody: No such container: nobody"),
    ("POST /containers/toy/start", 304, ""),
    ("POST /containers/toy/restart?t=x", 500, 'strconv.Atoi: parsing "x": invalid syntax'),
    ("POST /containers/toy/kill?signal=NONE", 400, "Invalid signal: NONE"),
    ("POST /containers/toy/kill?signal=0", 400, "Invalid signal: 0"),
    ("POST /containers/toy/kill?signal=65", 500, f"{NO_KILL} toy: The linux daemon does not support signal 65"),
    ("POST /containers/toy/unpause", 500, "Container ID is not paused"),
    ("POST /containers/down/stop", 304, ""),
    ("POST /containers/down/pause", 409, "Container ID is not running"),
    ("POST /containers/down/kill", 409, f"{NO_KILL} down: Container ID is not running"),
]  # fmt: skip


async def test_errors_are_worded_as_dockerd_words_them(stage: Stage) -> None:
    await stage.idle("toy")
    down = await stage.created("down")
    found = []
    for request, _, _ in ERRORS:
        status, _, body = await raw(stage.engine, request)
        words = json.loads(body)["message"] if body else ""
        found.append((request, status, re.sub("[0-9a-f]{64}", "ID", words)))
    assert found == ERRORS
    assert (await stage.engine.inspect(down)).state is State.CREATED


async def test_the_pages_about_the_engine(stage: Stage) -> None:
    for path in ("/_ping", "/v1.41/_ping", "/v1.24/_ping"):
        status, headers, body = await raw(stage.engine, f"GET {path}")
        assert (status, body, headers["api-version"], headers["ostype"]) == (200, b"OK", "1.41", "linux")
    status, _, body = await raw(stage.engine, "HEAD /_ping")
    assert (status, body) == (200, b"")
    info = await stage.engine.ping(deadline=5)
    assert (info.version.split("+")[0], info.api_version) == ("20.10.24", "1.41")
    _, headers, body = await raw(stage.engine, "GET /version")
    version = json.loads(body)
    assert (version["ApiVersion"], version["MinAPIVersion"], version["Os"]) == ("1.41", "1.12", "linux")
    assert headers["content-type"] == "application/json"
    _, _, body = await raw(stage.engine, "GET /info")
    facts = json.loads(body)
    assert facts["ContainersRunning"] + facts["ContainersStopped"] == facts["Containers"]
    assert {"NCPU", "MemTotal", "Name", "OperatingSystem", "ServerVersion"} <= facts.keys()


async def test_list_and_inspect(stage: Stage) -> None:
    labels = (("com.docker.compose.project", "p"), ("com.docker.compose.service", "s"))
    wanted = Wanted(labels=labels, exposes=(81,), publishes=((18080, 80),), stop_timeout=3, memory=64 << 20)
    identity = await stage.idle("toy", wanted)
    await stage.created("new")
    row = await row_of(stage.engine, "toy")
    assert (row.id, row.image, row.state, row.health) == (identity, "busybox:lab", State.RUNNING, None)
    assert (row.project, row.service) == ("p", "s")
    assert {(port.private, port.public) for port in row.ports} == {(80, 18080), (81, None)}
    assert abs(row.created - datetime.now(UTC)) < timedelta(seconds=30)
    (address,) = row.addresses
    assert IPv4Address(address).is_private
    details = await stage.engine.inspect(identity)
    assert (details.id, details.state, details.restart_policy) == (identity, State.RUNNING, "no")
    assert (details.stop_timeout, details.memory_limit, details.tty) == (3, 64 << 20, False)
    assert (details.log_driver, details.restart_count, details.oom_killed) == ("json-file", 0, False)
    assert details.started
    assert details.finished is None
    new = await row_of(stage.engine, "new")
    assert (new.state, new.ports, new.addresses) == (State.CREATED, (), ())
    assert (await stage.engine.inspect(new.id)).started is None
    with pytest.raises(ContainerGone):
        await stage.engine.inspect(NOBODY)


async def test_which_containers_are_listed(stage: Stage) -> None:
    first = await stage.idle("first", Wanted(labels=(("color", "red"),)))
    await stage.short("second", 3)
    await until(lambda: is_in(stage.engine, "second", State.EXITED), "it has exited")
    await stage.created("third")
    for question, names in {
        "": ["first"],
        "all=1": ["third", "second", "first"],
        "all=true&limit=2": ["third", "second"],
        "limit=2": ["third", "second"],
        'filters={"status":["exited"]}': ["second"],
        'filters={"status":{"created":true}}': ["third"],
        'all=1&filters={"name":["^/first$"]}': ["first"],
        'all=1&filters={"name":["ir"]}': ["third", "first"],
        'all=1&filters={"label":["color=red"]}': ["first"],
        'all=1&filters={"label":["color=blue"]}': [],
        'all=1&filters={"exited":["3"]}': ["second"],
        'all=1&filters={"health":["none"]}': ["third", "second", "first"],
        f'all=1&filters={{"id":["{first[:9]}"]}}': ["first"],
        'all=1&filters={"ancestor":["nothing:at-all"]}': [],
    }.items():
        _, _, body = await raw(stage.engine, f"GET /containers/json?{question}")
        ours = [row["Names"][0][1:] for row in json.loads(body)]
        ours = [name for name in ours if name in ("first", "second", "third")]
        assert (question, ours) == (question, names)


async def test_a_container_goes_by_its_name_and_by_the_beginning_of_its_id(stage: Stage) -> None:
    identity = await stage.idle("toy")
    for reference in ("toy", identity, identity[:12]):
        _, _, body = await raw(stage.engine, f"GET /containers/{reference}/json")
        assert json.loads(body)["Id"] == identity
    assert (await raw(stage.engine, "GET /containers/TOY/json"))[0] == 404


async def test_usage(stage: Stage) -> None:
    engine = stage.engine
    identity = await stage.idle("toy", Wanted(memory=64 << 20))
    began = time.monotonic()
    usage = await engine.usage(identity)
    assert 0.5 < time.monotonic() - began < 4, "two samples, a second apart"
    assert usage
    assert 0 <= usage.cpu_percent < 50
    assert 0 < usage.memory < (64 << 20) == usage.memory_limit
    _, _, body = await raw(engine, "GET /containers/toy/stats?stream=false&one-shot=1")
    assert json.loads(body)["preread"] == "0001-01-01T00:00:00Z"
    assert json.loads(body)["name"] == "/toy"
    await engine.stop(identity, stop_timeout=5, deadline=8)
    assert await engine.usage(identity) is None


async def test_samples_that_are_compared(stage: Stage) -> None:
    """One tells of a moment; what it costs the engine to wait for the next one is below two seconds."""
    engine = stage.engine
    identity = await stage.idle("toy", Wanted(memory=64 << 20))
    first = await engine.sample(identity)
    second = await engine.sample(identity)
    assert first and second
    assert first.cpu_percent is None
    assert 0 <= first.cpu <= second.cpu
    assert first.at <= second.at
    assert 0 < second.memory < (64 << 20) == second.memory_limit
    assert second.processes and second.most_processes is None
    assert second.received is not None and second.sent is not None
    await engine.stop(identity, stop_timeout=5, deadline=8)
    assert await engine.sample(identity) is None
    with pytest.raises(ContainerGone):
        await engine.sample("0" * 64)


async def test_what_an_engine_runs_on(stage: Stage) -> None:
    machine = await stage.engine.machine(deadline=5)
    _, _, body = await raw(stage.engine, "GET /info")
    told = json.loads(body)
    assert (machine.cores, machine.memory) == (told["NCPU"], told["MemTotal"])
    assert machine.cores > 0


async def test_usage_as_a_stream(stage: Stage) -> None:
    await stage.idle("toy")
    await stage.engine._link.ready()
    channel = await stage.engine._link.open()
    try:
        response = await get(channel, "/containers/toy/stats")
        text = b""
        async with aclosing(response.body()) as body:
            async for data in body:
                text += data
                if text.count(b"\n") >= 3:
                    break
    finally:
        channel.close()
    first, second, third = (json.loads(line) for line in text.splitlines()[:3])
    assert second["precpu_stats"] == first["cpu_stats"]
    assert third["preread"] == second["read"]
    worked = [each["cpu_stats"]["cpu_usage"]["total_usage"] for each in (first, second, third)]
    assert worked == sorted(worked)
