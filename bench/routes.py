"""A Traefik of five hundred routers, on a server's loopback: `python -m bench.routes`."""

import asyncio
import gc
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, thread_time

from bench.figures import Series, compare
from services.domain.access import Actor, Role, Scope
from services.domain.containers import Stop
from services.routes.routes import Routes
from services.routes.survey import Surveyor
from services.traefiks import TraefikAddress, Traefiks, open_traefiks
from tests.lab.servers import Lab, LabUnavailable, Server
from tests.lab.traefik import TraefikServer, many_routes
from tests.lab.transport import over_ssh
from tests.lab.watching import Now

ROUTERS = 500
_ROUNDS, _THEIRS = 30, 10
_WANTED = 3.0
_ADMIN = Actor(1, "Aigerim", Role.ADMIN, Scope.of("*/*"))


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as directory, Lab.build(Path(directory)) as lab:
            asyncio.run(routes(lab, Path(directory)))
    except LabUnavailable as missing:
        print(f"No bench here: {missing}", file=sys.stderr)
        return 1
    return 0


async def routes(lab: Lab, directory: Path) -> None:
    """All that Traefik says of itself, through the restricted key, against the routers alone by an admin's hand."""
    server = lab.servers["server2"]
    with TraefikServer(directory / "traefik", many_routes(ROUTERS), inside=server.network) as traefik:
        server.permit(f"127.0.0.1:{traefik.port}")
        async with over_ssh(server) as engine:
            address = TraefikAddress(traefik.url, gateway=engine)
            async with open_traefiks({server.name: address}) as traefiks:
                await _settled(traefiks, server)
                surveyor = Surveyor(traefiks, lambda _host: engine, _no_stops, (), {})
                asked = Routes(surveyor, traefiks.hosts, Now())
                ours = Series("Vakhta: everything, joined with containers, through SSH")
                held = await _longest_hold(asked, ours)
                await _by_hand(server, traefik, theirs := Series("ssh root@server2 wget: the routers alone"))
    compare(f"{ROUTERS} routers, services and middlewares of Traefik", ours, theirs, _WANTED)
    print(f"  {'the event loop was held at most':<52} {held * 1000:8.1f} ms")


async def _settled(traefiks: Traefiks, server: Server) -> None:
    """Until it has read its file."""
    while len((await traefiks.routing(server.name, deadline=10)).routers) < ROUTERS:
        await asyncio.sleep(0.1)


async def _no_stops() -> Mapping[tuple[str, str], Stop]:
    return {}


async def _longest_hold(routes: Routes, series: Series) -> float:
    longest = 0.0
    gc.collect()
    gc.freeze()  # what the bench itself stands on is not looked through meanwhile; the bot does as much: `bot.tidying`

    async def watch() -> None:
        nonlocal longest
        while True:
            began = thread_time()  # what else runs on the machine is no fault of ours
            await asyncio.sleep(0.001)
            longest = max(longest, thread_time() - began)

    async with asyncio.TaskGroup() as group:
        watcher = group.create_task(watch())
        for _ in range(_ROUNDS):
            began = perf_counter()
            report = await routes.report(by=_ADMIN)
            assert len(report.hosts[0].routes) >= ROUTERS
            series.seconds.append(perf_counter() - began)
        watcher.cancel()
    return longest


async def _by_hand(server: Server, traefik: TraefikServer, series: Series) -> None:
    url = f"{traefik.url}/api/http/routers?per_page=1000"
    command = server.admin_ssh("busybox", "wget", "-q", "-O", "-", f"'{url}'")
    for _ in range(_THEIRS):
        began = perf_counter()
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert output.count(b'"status"') >= ROUTERS
        series.seconds.append(perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
