"""What the rules look at: a container as an engine tells of it, or a service as a compose file describes it.

Values of the environment are not among it: only the names of those that hold a secret in plain sight.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

_COMPOSE = "com.docker.compose."
PROJECT, SERVICE, HASH = _COMPOSE + "project", _COMPOSE + "service", _COMPOSE + "config-hash"
FILES = _COMPOSE + "project.config_files"


class MountKind(StrEnum):
    BIND = "bind"
    VOLUME = "volume"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Mount:
    """source: a path of the host, or a volume's name, "" where it has none of its own choosing."""

    kind: MountKind
    source: str
    target: str
    writable: bool = True


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """address: of the host, "" for all of them. public: "" where the engine chooses."""

    private: str
    public: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One container, or one service of a compose file.

    image: as it was asked for. made: when the image was, None where nobody can tell. digest: NAME@sha256:… of the very
    image that runs, "" where it came from no registry. restart: no, always, on-failure,
    unless-stopped. log_options: of the driver. networks: their names; own_network: False on Docker's default bridge.
    network_mode: "host", "none", "container:…", or "" for networks. secrets: names of variables that hold one in
    plain. memory: bytes, None for no limit. capabilities: those that are added. user: "" for the image's own, which is
    root unless known otherwise. readable: whether somebody gave it its name.
    """

    name: str
    image: str
    restart: str = "no"
    log_driver: str = "json-file"
    log_options: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    networks: tuple[str, ...] = ()
    network_mode: str = ""
    ports: tuple[PublishedPort, ...] = ()
    exposed: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    healthcheck: bool = False
    memory: int | None = None
    privileged: bool = False
    capabilities: tuple[str, ...] = ()
    user: str = ""
    readable: bool = True
    made: datetime | None = None
    digest: str = ""
    host: str = ""

    @property
    def image_name(self) -> str:
        """Without registry, path, tag and digest: `postgres` of `docker.io/library/postgres:16@sha256:…`."""
        return self.image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()

    @property
    def image_tag(self) -> str:
        """What stands behind the name; "" where nothing does."""
        return self.image.partition("@")[0].rpartition("/")[2].partition(":")[2]

    @property
    def pinned(self) -> bool:
        """By a digest, which is never another image."""
        return "@sha256:" in self.image or self.image.startswith("sha256:")


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """internal: nothing in it reaches the outside, or is reached from there."""

    name: str
    internal: bool = False
    external: bool = False  # of a compose file: made elsewhere


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """used: by how many containers."""

    name: str
    used: int = 0

    @property
    def anonymous(self) -> bool:
        return len(self.name) == 64 and all(letter in "0123456789abcdef" for letter in self.name)


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """dangling: images that no name leads to; unused: with names, of which no container is made; both with what they
    take in bytes, layers that they share counted each time."""

    version: str
    live_restore: bool
    log_driver: str
    dangling: int = 0
    dangling_bytes: int = 0
    unused: int = 0
    unused_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each value of a label comes; leaders: the two that come most often."""

    count: Mapping[str | None, int]
    leaders: tuple[tuple[str | None, int], ...]

    def is_odd_one_out(self, value: str | None) -> bool:
        """Whether most have another; of two that differ nobody knows which is right, so both are."""
        others = next((count for each, count in self.leaders if each != value), 0)
        return 0 < self.count.get(value, 0) <= others


@dataclass(frozen=True, slots=True)
class Scene:
    """All of one host, or of one compose file. projects: of those whose compose files are known, the services that
    these have. proxies: names of the networks that a Traefik is in. tallies: of the values of HASH among the containers
    of a project's service, and of FILES among those of a project (its service None)."""

    now: datetime
    subjects: tuple[Subject, ...] = ()
    networks: Mapping[str, NetworkFacts] = field(default_factory=dict)
    volumes: tuple[VolumeFacts, ...] = ()
    engine: EngineFacts | None = None
    host: str = ""
    projects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    proxies: frozenset[str] = field(init=False)
    tallies: Mapping[tuple[str, str | None, str], Tally] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Once for all: thousands of containers that each look at all others would take minutes."""
        proxies = frozenset(
            network
            for each in self.subjects
            if each.image_name == "traefik"
            for network in (*each.networks, *(["host"] if each.network_mode == "host" else []))
        )
        object.__setattr__(self, "proxies", proxies)
        object.__setattr__(self, "tallies", _tallies(self.subjects))


def _tallies(subjects: Iterable[Subject]) -> Mapping[tuple[str, str | None, str], Tally]:
    found: defaultdict[tuple[str, str | None, str], Counter[str | None]] = defaultdict(Counter)
    for each in subjects:
        if project := each.labels.get(PROJECT):
            found[project, each.labels.get(SERVICE), HASH][each.labels.get(HASH)] += 1
            found[project, None, FILES][each.labels.get(FILES)] += 1
    return {key: Tally(count, tuple(count.most_common(2))) for key, count in found.items()}
