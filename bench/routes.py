"""A Traefik of five hundred routers, on a server's loopback: `python -m bench.routes`."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.commands import ssh
from bench.figures import Series, compare
from bench.stage import CROWD, Stage, crowd, open_stage
from tests.lab.servers import Lab, LabUnavailable
from tests.lab.traefik import TraefikServer, many_routes

ROUTERS = 500
_WARM_UP, _ROUNDS = 5, 30
_MOST = 0.3  # seconds


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as directory, Lab.build(Path(directory)) as lab:
            crowd(lab)
            asyncio.run(routes(lab, Path(directory)))
    except LabUnavailable as missing:
        print(f"No bench here: {missing}", file=sys.stderr)
        return 1
    return 0


async def routes(lab: Lab, directory: Path) -> None:
    """`/routes` of the whole bot through the restricted key, against the routers alone by an admin's hand."""
    server = lab.servers["server2"]
    with TraefikServer(directory / "traefik", many_routes(ROUTERS), inside=server.network) as traefik:
        server.permit(f"127.0.0.1:{traefik.port}")
        more = {server.name: {"traefik": {"url": traefik.url, "via_ssh": True}}}
        async with open_stage(lab, more=more) as stage:
            await _settled(stage)
            stage.longest_hold()  # what the start took
            ours = Series("bot: /routes, update to reply")
            theirs = Series("ssh HOST wget of the routers alone")
            url = f"{traefik.url}/api/http/routers?per_page=1000"
            for number in range(_WARM_UP + _ROUNDS):
                seconds, reply = await stage.ask("/routes")
                assert _count(reply.text) >= ROUTERS, reply.text[:300]
                began = perf_counter()
                answer = await ssh(server, "busybox", "wget", "-q", "-O", "-", f"'{url}'")
                assert answer.count(b'"status"') >= ROUTERS
                if number >= _WARM_UP:
                    ours.seconds.append(seconds)
                    theirs.seconds.append(perf_counter() - began)
            compare(
                f"/routes: {ROUTERS} routers, services and middlewares, {CROWD} containers", ours, theirs, 3
            )
            print(f"  {'wanted of the bot':<52} {_MOST * 1000:8.1f} ms or less, warm")
            print(
                f"  {'longest hold of the event loop':<52} {stage.longest_hold():8.1f} ms  wanted: 50 ms or less"
            )


async def _settled(stage: Stage) -> None:
    """Until Traefik has read its file."""
    async with asyncio.timeout(20):
        while _count((await stage.ask("/routes"))[1].text) < ROUTERS:
            await asyncio.sleep(0.2)


def _count(text: str) -> int:
    """Of all routes, as the first line tells; the containers' labels ask for some that this Traefik does not have."""
    return max((int(figure) for figure in re.findall(r"[0-9]+", text.splitlines()[0])), default=0)


if __name__ == "__main__":
    sys.exit(main())
