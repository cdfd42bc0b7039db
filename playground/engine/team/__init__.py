"""The team's two servers, as the document about their infrastructure has them: up for weeks, with hours of logs."""

from collections.abc import Sequence

from playground.engine.api.version import EngineVersion
from playground.engine.clock import SECOND
from playground.engine.host import Host, Machine
from playground.engine.past import Past, PastRun, settle
from playground.engine.program import KILL, Ending
from playground.engine.team import server1, server2, stock
from playground.engine.team.member import DAY, HOUR, Member
from playground.engine.world import World

# server2 has the one that came with its Debian.
ENGINES = {"server1": EngineVersion("28.5.2", "1.51", "1.24"), "server2": EngineVersion()}


def open_team(world: World) -> tuple[Host, Host]:
    """server1 and server2, populated."""
    first = world.host("server1", Machine(cores=2, memory=4 << 30, up=61 * DAY, live_restore=True))
    second = world.host("server2", Machine(cores=4, memory=8 << 30, up=40 * DAY))
    for host, members in ((first, server1.members()), (second, server2.members())):
        stock.fill(host)
        for member in members:
            _settle(host, member)
    _remember_restart(first, "n8n")
    for ago, action in ((3.2, "health_status: unhealthy"), (3.1, "health_status: healthy")):
        at = world.clock.now() - int(ago * HOUR * SECOND)
        second.events.of(second.find("directus"), action, at)
    return first, second


def _settle(host: Host, member: Member) -> None:
    now = host.clock.now()
    created, kept = now - int(member.up * SECOND), now - int(member.kept * HOUR * SECOND)
    if member.restarted is None:
        settle(host, member.spec, Past(created, created, kept))
        return
    ended = now - int(member.restarted * SECOND)
    before = PastRun(created, ended, member.spec.program.stops or Ending(exit_code=128 + KILL))
    settle(host, member.spec, Past(created, ended + SECOND // 2, kept, (before,)))


def _remember_restart(host: Host, name: str) -> None:
    """In the engine's memory, as it was told then."""
    container = host.find(name)
    told: Sequence[tuple[float, str, dict[str, str]]] = (
        (-1.2, "kill", {"signal": "15"}),
        (0.0, "die", {"exitCode": str(container.spec.program.stops and container.spec.program.stops.code)}),
        (0.1, "stop", {}),
        (0.5, "start", {}),
        (0.5, "restart", {}),
    )
    for seconds, action, facts in told:
        host.events.of(container, action, container.finished + int(seconds * SECOND), **facts)
