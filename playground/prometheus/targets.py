"""What the simulated Prometheus scrapes, and how each scrape went."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from playground.prometheus.chronicle import Story
from playground.prometheus.figures.probes import domains_of
from playground.prometheus.series import SCRAPE, Series

_REFUSED = 'Get "{url}": dial tcp: connect to {address}: connection refused'


@dataclass(frozen=True, slots=True)
class Target:
    """address: HOST:PORT. behind: the container that must run for it; None: it is always there."""

    job: str
    address: str
    labels: Mapping[str, str]
    path: str = "/metrics"
    parameters: Mapping[str, str] = field(default_factory=dict)
    behind: Story | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The labels of all that comes from it."""
        return {"instance": self.address, "job": self.job, **self.labels}

    @property
    def url(self) -> str:
        asked = "&".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"http://{self.address}{self.path}{'?' if asked else ''}{asked}"

    def up(self, moment: float) -> bool:
        return self.behind is None or self.behind.run_at(moment) is not None

    @property
    def error(self) -> str:
        return _REFUSED.format(url=self.url, address=self.address)


def targets(servers: Mapping[str, Sequence[Story]]) -> list[Target]:
    """By host, the containers there."""
    found = [Target("prometheus", "localhost:9090", {"host": next(iter(servers), "")})]
    for host, stories in servers.items():
        named = {story.name: story for story in stories}
        found.append(Target("node", f"{host}:9100", {"host": host}))
        found.append(Target("cadvisor", f"{host}:9180", {"host": host}))
        for job, name, address in (
            ("traefik", "traefik", f"{host}:8082"),
            ("n8n", "n8n", "n8n:5678"),
            ("vakhta", "vakhta", "vakhta:9464"),
        ):
            if name in named:
                found.append(Target(job, address, {"host": host}, behind=named[name]))
        for job, port in (("postgres", 9187), ("redis", 9121)):
            if job in named:
                found.append(Target(job, f"{host}:{port}", {"host": host}))
        if "n8n" in named:
            found.append(Target("tapbot", "tapbot:8000", {"host": host}))
        found += _probes(host, stories, [*servers])
    return sorted(found, key=lambda each: (each.job, each.address))


def _probes(host: str, stories: Sequence[Story], hosts: Sequence[str]) -> Iterator[Target]:
    """What is asked on behalf of a blackbox exporter."""
    for story in stories:
        for domain in domains_of(story):
            about = {"host": host, "container": story.name, "domain": domain}
            yield Target(
                "domains", domain, about, "/probe", {"module": "https", "target": f"https://{domain}/"}
            )
    for other in hosts:
        if other != host:
            address = f"{other}:9100"
            yield Target("distance", address, {"host": host}, "/probe", {"module": "tcp", "target": address})


def scrapes(found: Sequence[Target]) -> Iterator[Series]:
    """up, and how long it took."""
    for target in found:
        yield Series({"__name__": "up", **target.identity}, _up(target))
        took = {"__name__": "scrape_duration_seconds", **target.identity}
        yield Series(took, _duration(target))


def row(target: Target, now: float, moment: Callable[[float], str]) -> dict[str, object]:
    """As `GET /api/v1/targets` has it. moment: how one is written."""
    scraped = now // SCRAPE * SCRAPE
    up = target.up(scraped)
    interval = f"{SCRAPE:g}s"
    discovered = {
        "__address__": target.address, "__metrics_path__": target.path, "__scheme__": "http",
        "__scrape_interval__": interval, "__scrape_timeout__": interval, **target.labels, "job": target.job,
    }  # fmt: skip
    return {
        "discoveredLabels": discovered,
        "labels": target.identity,
        "scrapePool": target.job,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": "" if up else target.error,
        "lastScrape": moment(scraped),
        "lastScrapeDuration": _duration(target)(scraped),
        "health": "up" if up else "down",
        "scrapeInterval": interval,
        "scrapeTimeout": interval,
    }


def _up(target: Target) -> Callable[[float], float]:
    return lambda at: float(target.up(at))


def _duration(target: Target) -> Callable[[float], float]:
    """Seconds; longer the more there is to tell."""
    usual = {"cadvisor": 0.048, "node": 0.021}.get(target.job, 0.006)
    return lambda at: round(usual * (1 + 0.2 * ((at / SCRAPE) % 7) / 7), 6)
