"""Traefik 3: its own log as zerolog prints it, and access as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

from playground.engine.load import MIB, Load
from playground.engine.program import Ending, Program, Run, Said
from playground.engine.programs.pen import COLLECTIONS, PEOPLE, STRANGERS, Pen


@dataclass(frozen=True, slots=True)
class Site:
    """A route: its domain, the router, and what people ask it for."""

    domain: str
    router: str
    port: int
    paths: tuple[str, ...]
    share: int


DIRECTUS = Site(
    "dir.tapbot.kz",
    "directus",
    80,
    (*(f"/items/{name}" for name in COLLECTIONS), "/auth/refresh", "/users/me"),
    12,
)
SERVER2 = (
    DIRECTUS,
    Site("pg.tapbot.kz", "pgadmin", 80, ("/misc/ping", "/browser/nodes/1"), 1),
    Site("logs2.tapbot.kz", "dozzle", 8080, ("/api/events/stream", "/assets/main.js"), 1),
    Site("portainer2.tapbot.kz", "portainer", 9000, ("/api/endpoints/1/docker/info", "/api/status"), 1),
)
SERVER1 = (
    Site("n8n.tapbot.kz", "n8n", 5678, ("/webhook/telegram", "/webhook/booking-paid", "/rest/push"), 9),
    Site("redis1.tapbot.kz", "redis1", 8081, ("/apiv2/server/info", "/healthcheck"), 1),
)
_PROBED = ("/wp-login.php", "/.env", "/.git/config", "/admin/config.php", "/actuator/health")
_START = (
    "INF Traefik version 3.0.4 built on 2024-07-02T13:46:37Z version=3.0.4",
    "INF Starting provider aggregator *aggregator.ProviderAggregator",
    "INF Starting provider *traefik.Provider",
    "INF Starting provider *docker.Provider",
    "INF Starting provider *acme.ChallengeTLSALPN",
    "INF Starting provider *acme.Provider",
    "INF Testing certificate renew... acmeCA=https://acme-v02.api.letsencrypt.org/directory "
    "providerName=letsencrypt.acme",
)


def traefik(sites: tuple[Site, ...], mean: float) -> Program:
    """mean: seconds between two requests at midday."""

    def says(run: Run) -> Iterator[Said]:
        pen = Pen(run)
        if run.hears_start:
            for text in _START:
                pen.wait(0.01)
                yield pen.line(f"{pen.when:%Y-%m-%dT%H:%M:%SZ} {text}")
        number = 0
        while True:
            pen.wait_for_people(mean)
            number += 1
            if pen.chance(0.002):
                yield pen.line(_own(pen, sites[0]))
            yield _access(pen, sites, number)

    load = Load(
        cpu=0.018, swing=0.6, period=90, memory=52 * MIB, cache=6 * MIB, growth=MIB // 8, most=90 * MIB
    )
    return Program(says, stops=Ending(after=0.4, exit_code=0), load=load, starts_in=0.3)


def _own(pen: Pen, site: Site) -> str:
    words = pen.random.choice(
        (
            "WRN A new release of Traefik has been found: 3.1.2. Please consider updating.",
            f'ERR Error while dialing error="dial tcp 172.18.0.3:{site.port}: connect: connection refused" '
            f"routerName={site.router}@docker",
            'WRN Error checking new version error="Get \\"https://update.traefik.io/\\": context deadline exceeded"',
        )
    )
    return f"{pen.when:%Y-%m-%dT%H:%M:%SZ} {words}"


def _access(pen: Pen, sites: tuple[Site, ...], number: int) -> Said:
    random = pen.random
    probed = pen.chance(0.02)
    site = random.choices(sites, [each.share for each in sites])[0]
    path = random.choice(_PROBED) if probed else random.choice(site.paths)
    method = "GET" if probed or pen.chance(0.8) else random.choice(("POST", "PATCH"))
    status = 404 if probed else random.choices((200, 204, 304, 401, 404, 502), (860, 40, 60, 14, 22, 4))[0]
    duration = int(random.lognormvariate(16.6, 0.7)) if status != 502 else 30_000_000_000
    client = random.choice(STRANGERS if probed else PEOPLE)
    return pen.json(
        ClientAddr=f"{client}:{random.randrange(20_000, 60_000)}",
        ClientHost=client,
        DownstreamContentSize=random.randrange(90, 48_000) if status == 200 else 19,
        DownstreamStatus=status,
        Duration=duration,
        OriginDuration=max(duration - 400_000, 0),
        RequestCount=number,
        RequestHost=site.domain,
        RequestMethod=method,
        RequestPath=path,
        RequestProtocol="HTTP/2.0",
        RouterName=f"{site.router}@docker",
        ServiceURL=f"http://172.18.0.3:{site.port}",
        StartUTC=f"{pen.when:%Y-%m-%dT%H:%M:%S.%f}Z",
        entryPointName="websecure",
        level="info",
        msg="",
        time=f"{pen.when:%Y-%m-%dT%H:%M:%SZ}",
    )
