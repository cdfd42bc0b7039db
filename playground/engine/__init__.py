"""A small simulated Docker engine: for the demo, for tests of load, for whatever needs servers without having any.

    async with World() as world, Sockets(directory) as sockets:
        server1, server2 = open_team(world)
        paths = {host.name: await sockets.open(host) for host in (server1, server2)}
        async with SshServer(directory, paths) as ssh:      # playground.ssh
            ...                                             # ssh.settings("server1") is what the bot is told
            Story(server2).kill("directus", oom=True)

A container is a state machine in a time that can be injected; what runs in it is a `Program`: data and pure
generators. Nothing ticks: what has been said by now is worked out when somebody reads. What it offers is held to
dockerd's behaviour by tests/contract/test_engine*.py, which run on a real one as well; what it does not offer it
answers with 501.
"""

from playground.engine.api.server import Sockets
from playground.engine.api.version import EngineVersion
from playground.engine.clock import Clock, WallClock
from playground.engine.container import Container, Status
from playground.engine.crowd import crowd
from playground.engine.host import Host, Machine
from playground.engine.load import Load
from playground.engine.past import Past, PastRun, settle
from playground.engine.program import Ending, Probe, Program, Run, Said, lines
from playground.engine.refusal import Refused
from playground.engine.spec import Healthcheck, Policy, Spec
from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World

__all__ = [
    "Clock",
    "Container",
    "Ending",
    "EngineVersion",
    "Healthcheck",
    "Host",
    "Load",
    "Machine",
    "Past",
    "PastRun",
    "Policy",
    "Probe",
    "Program",
    "Refused",
    "Run",
    "Said",
    "Sockets",
    "Spec",
    "Status",
    "Story",
    "WallClock",
    "World",
    "crowd",
    "lines",
    "open_team",
    "settle",
]
