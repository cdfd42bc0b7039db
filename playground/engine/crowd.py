"""Very many hosts with very many containers, for tests of load: nothing ticks in them, nothing is told."""

from random import Random

from playground.engine.clock import SECOND
from playground.engine.container import Health
from playground.engine.host import Host
from playground.engine.program import Ending, Run
from playground.engine.programs.directus import directus
from playground.engine.programs.postgres import postgres
from playground.engine.programs.redis import redis
from playground.engine.spec import Policy, Spec
from playground.engine.world import World

_DAY = 86400
_KINDS = (
    ("web", "registry.example/web:2.4", directus(), (8080,)),
    ("worker", "registry.example/worker:2.4", redis(), ()),
    ("database", "postgres:16", postgres(), (5432,)),
    ("cache", "redis:7", redis(), (6379,)),
)


def populate(host: Host, containers: int = 100, *, troubled: int = 0) -> None:
    """So many containers, some with a health and of several projects. troubled: how many of them are down."""
    random = Random(host.name)  # noqa: S311 - a play
    now = host.clock.now()
    for number in range(containers):
        kind, image, program, exposes = _KINDS[number % len(_KINDS)]
        project = f"project-{number // 10:02}"
        labels = {"com.docker.compose.project": project, "com.docker.compose.service": kind}
        spec = Spec(
            name=f"{project}-{kind}-{number % 10}",
            image=image,
            program=program,
            command=("/entrypoint.sh", kind),
            labels=labels,
            exposes=exposes,
            restart=Policy("unless-stopped"),
        )
        started = now - int(random.uniform(1, 60) * _DAY * SECOND)
        container = host.add(spec, started)
        container.live(Run(host.name, spec.name, container.id, 1, started, now - 3600 * SECOND))
        if kind == "web":
            container.health = Health("healthy")
        if number < troubled:
            container.end(Ending(exit_code=1), now - int(random.uniform(1, 90) * 60 * SECOND))


def crowd(world: World, hosts: int = 500, containers: int = 100, *, troubled: int = 0) -> list[Host]:
    """`host-000` and so on. troubled: of each host, how many containers are down."""
    made = [world.host(f"host-{number:03}") for number in range(hosts)]
    for host in made:
        populate(host, containers, troubled=troubled)
    return made
