"""The filter before Docker's socket: what passes, what does not, and the bot at work behind it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.domain.access import Actor, Role, Scope
from services.errors import EngineRefused
from services.fleet.hosts import HostAddress, open_engine
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.filter import Filter
from tests.lab.network import run
from tests.lab.server import Server
from tests.lab.transport import over_ssh

pytestmark = pytest.mark.lab

BOSS = Actor(1, "Boss", Role.ADMIN, Scope.of("*/*"))


@pytest.fixture
def filter(server: Server, tmp_path: Path) -> Iterator[Filter]:
    with Filter(tmp_path / "filter", server.docker_socket) as found:
        yield found


READS = ["/_ping", "/version", "/v1.41/info", "/v1.41/containers/json?all=1", "/containers/json"]
READS += [
    "/v1.41/images/json",
    "/v1.41/networks",
    "/v1.41/volumes",
    "/v1.41/containers/directus/logs?stdout=1&tail=1",
]
REFUSED = [
    ("POST", "/v1.41/containers/create"),
    ("POST", "/v1.41/containers/directus/exec"),
    ("POST", "/v1.41/exec/0123/start"),
    ("GET", "/v1.41/containers/directus/archive?path=/etc"),
    ("PUT", "/v1.41/containers/directus/archive?path=/etc"),
    ("HEAD", "/v1.41/containers/directus/archive?path=/etc"),
    ("GET", "/v1.41/containers/directus/export"),
    ("GET", "/v1.41/containers/directus/top"),
    ("GET", "/v1.41/containers/directus/top?ps_args=eww"),  # with their environments
    ("POST", "/v1.41/containers/directus/attach"),
    ("GET", "/v1.41/containers/directus/attach/ws"),
    ("POST", "/v1.41/containers/directus/kill"),
    ("POST", "/v1.41/containers/directus/update"),
    ("POST", "/v1.41/containers/directus/rename?name=x"),
    ("DELETE", "/v1.41/containers/directus?force=1"),
    ("POST", "/v1.41/images/create?fromImage=x"),
    ("POST", "/v1.41/build"),
    ("POST", "/v1.41/commit"),
    ("DELETE", "/v1.41/volumes/x"),
    ("POST", "/v1.41/volumes/prune"),
    ("POST", "/v1.41/networks/create"),
    ("GET", "/v1.41/secrets"),
    ("POST", "/v1.41/session"),
    ("POST", "/grpc"),
    ("GET", "/v1.41/containers/directus/../directus/json"),
    ("GET", "/v1.41//containers/directus/json"),
    ("GET", "/v1.41/containers/%64irectus/json"),
    ("GET", "/v1.41/containers/directus/json/"),
    ("GET", "/v1.41/containers/directus%2fjson"),
    ("GET", "http://docker/v1.41/containers/directus/json"),
    ("GET", "/v1.41/containers/json/../directus/json"),
    ("OPTIONS", "/v1.41/containers/json"),
    ("POST", "/v1.23/containers/directus/start"),  # of a time when a start took settings
    ("POST", "/v1.9/containers/directus/restart"),
    ("GET", "/v1.12/containers/json"),
    ("POST", "/v1.41/containers/directus/start?checkpoint=x&checkpoint-dir=/tmp"),
]


def test_reads_pass(filter: Filter) -> None:
    assert {path: filter.ask("GET", path) for path in READS} == dict.fromkeys(READS, 200)


def test_the_rest_is_refused(filter: Filter) -> None:
    inspect = ("GET", "/v1.41/containers/directus/json")
    found = {(method, path): filter.ask(method, path) for method, path in (*REFUSED, inspect)}
    assert {status for status in found.values() if status not in (400, 403, 405)} == set(), found
    assert filter.ask("POST", "/v1.41/containers/nobody/restart") == 404  # the engine's own word: it passed
    assert filter.ask("GET", "/v1.41/containers/directus/restart") == 403


def test_an_act_brings_nothing_along(server: Server, filter: Filter) -> None:
    """An old engine makes a stopped container privileged, with the server's files inside, at its start."""
    server.docker("stop", "--time=1", "directus")
    try:
        for path in ("/v1.23/containers/directus/start", "/containers/directus/start"):
            assert filter.ask("POST", path, body=b'{"Binds":["/:/host"],"Privileged":true}') == 403
        held = server.docker("inspect", "--format={{.State.Running}} {{.HostConfig.Privileged}}", "directus")
        assert held.split() == ["false", "false"]
    finally:
        server.docker("start", "directus")


def test_readers_inspect_and_do_nothing(filter: Filter) -> None:
    assert filter.ask("GET", "/v1.41/containers/directus/json", readers=True) == 200
    for act in ("restart", "start", "stop", "kill", "exec"):
        assert filter.ask("POST", f"/v1.41/containers/directus/{act}", readers=True) == 403
    assert filter.ask("GET", "/v1.41/images/json", readers=True) == 403


def test_inspections_are_opted_in(server: Server, tmp_path: Path) -> None:
    with Filter(tmp_path / "other", server.docker_socket, inspects=True) as open_one:
        assert open_one.ask("GET", "/v1.41/containers/directus/json") == 200
        # That one is an inspection as any, by its whole address.
        others = [row for row in REFUSED if not row[1].startswith("http:")]
        refused = {open_one.ask(method, path) for method, path in others}
        assert refused <= {400, 403, 405}


async def test_the_engine_behind_it(filter: Filter) -> None:
    async with open_engine(HostAddress(name="server2", address=f"unix://{filter.socket}")) as engine:
        (row,) = (row for row in await engine.containers(deadline=5) if row.name == "directus")
        details = await engine.inspect(row.id)
        assert (details.assumed, details.name, details.hidden) == (True, "directus", ())
        with pytest.raises(EngineRefused):
            await engine.inventory(deadline=5)


async def test_the_restricted_key_reaches_it_and_others_of_that_server_do_not(server: Server) -> None:
    """With the users of `deploy/`: the filter's own, and the one group that may enter where its socket lies."""
    home = server.engine.home / "filter"
    home.mkdir()
    shutil.chown(home, 99, server.ssh_user)
    home.chmod(0o750)
    group = Path(server.docker_socket).stat().st_gid
    try:
        with Filter(home, server.docker_socket, owner=(99, group)) as filter:
            server.permit(f"[{filter.socket}]:*")
            async with over_ssh(server, docker_socket=str(filter.socket)) as engine:
                assert "directus" in {row.name for row in await engine.containers(deadline=10)}
            stranger = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
            with pytest.raises(subprocess.CalledProcessError):
                run(*stranger, "test", "-S", filter.socket)
    finally:
        shutil.rmtree(home)


async def test_the_bot_behind_it(
    server: Server, filter: Filter, cast: Cast, setup: Callable[..., Setup]
) -> None:
    """Status, logs and a restart; what it cannot know it says."""
    hosts: dict[str, Any] = {"server2": {"address": f"unix://{filter.socket}"}}
    async with running(setup(more={"hosts": hosts})):
        await cast.aigerim.says("/status directus")
        card = await next_answer(cast, cast.aigerim)
        assert card.text.startswith("🟢 directus on server2: ")
        assert "No right to inspect here" in card.text
        await cast.aigerim.says("/logs directus 5")
        page = await next_answer(cast, cast.aigerim)
        assert "Server started at http://0.0.0.0:80" in page.text
        await cast.aigerim.says("/restart directus")
        question = await next_answer(cast, cast.aigerim)
        assert "Yes, restart" in labels(question)
        await cast.aigerim.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: question.text.startswith("✅ directus restarted"), 20)
        assert server.docker("inspect", "--format={{.State.StartedAt}}", "directus")
        await cast.aigerim.says("/standards")
        reply = await next_answer(cast, cast.aigerim)
        assert "server2" in reply.text
