"""How a container was created: what `docker inspect` shows of its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from playground.engine.program import TERM, Program


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Seconds; `retries` failures in a row make it unhealthy, those within the start period do not count.

    start_interval: between two looks until then, or until it is well; engines from 25 on know it. 0: as ever.
    """

    test: str
    interval: float = 30.0
    timeout: float = 30.0
    retries: int = 3
    start_period: float = 0.0
    start_interval: float = 0.0

    def pause(self, *, starting: bool, since: float) -> float:
        """Seconds to the next look. since: seconds since the container was started."""
        early = starting and since < self.start_period and self.start_interval
        return self.start_interval if early else self.interval


@dataclass(frozen=True, slots=True)
class Policy:
    """`no`, `always`, `unless-stopped` or `on-failure`, which may have a limit (0: none)."""

    name: str = "no"
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or directory of the host, and where it is in the container."""

    source: str
    target: str
    writable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """command: as words. env: `NAME=value`. exposes: ports within; publishes: (port of the host, port within).

    stop_timeout: in seconds, None: the engine's 10. stop_signal: by number. memory: the limit in bytes, 0: none.
    volumes: name → where it is mounted. log_options: of the driver. user: "" for the image's own. capabilities: that
    are added, as the engine spells them. written: bytes that it holds beside its image.
    """

    name: str
    image: str
    program: Program = field(default_factory=Program)
    command: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    env: tuple[str, ...] = ()
    exposes: tuple[int, ...] = ()
    publishes: tuple[tuple[int, int], ...] = ()
    restart: Policy = Policy()
    healthcheck: Healthcheck | None = None
    stop_timeout: int | None = None
    stop_signal: int = TERM
    tty: bool = False
    log_driver: str = "json-file"
    memory: int = 0
    network: str = "bridge"
    volumes: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[Bind, ...] = ()
    log_options: tuple[tuple[str, str], ...] = ()
    user: str = ""
    privileged: bool = False
    capabilities: tuple[str, ...] = ()
    written: int = 0
