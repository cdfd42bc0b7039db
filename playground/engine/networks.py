"""The networks of a host, its containers' own and those that nobody is in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from playground.engine.container import Container

BRIDGE, HOST, NONE = "bridge", "host", "none"
_DRIVERS = {HOST: "host", NONE: "null"}


@dataclass(frozen=True, slots=True)
class Network:
    """internal: nothing in it reaches the outside, or is reached from there."""

    name: str
    internal: bool = False

    @property
    def driver(self) -> str:
        return _DRIVERS.get(self.name, BRIDGE)


class Networks:
    """Of one host. containers: all that are there; what they ask for is there, too."""

    def __init__(self, containers: Collection[Container]) -> None:
        self._containers = containers
        self._made: dict[str, Network] = {}

    def make(self, *networks: Network) -> None:
        self._made |= {network.name: network for network in networks}

    def __call__(self) -> Sequence[Network]:
        asked = {each.spec.network: Network(each.spec.network) for each in self._containers}
        own = {name: Network(name) for name in (NONE, HOST, BRIDGE)}
        return list((own | asked | self._made).values())
