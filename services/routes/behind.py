"""What stands behind a service of Traefik's: its servers, their port, and the container that they are. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.domain.containers import Container
from services.domain.reports import Observed
from services.domain.routing import Backend, Middleware, Router, Routing, Service

_ADDRESS = re.compile(r"(?:([a-z0-9]+)://)?(?:\[([^\]]+)\]|([^/:\[\]]+))(?::([0-9]{1,5}))?(?:/.*)?")
_PORTS = {"http": 80, "h2c": 80, "https": 443}
# Names and addresses by which a host's own published ports are reached.
_ITSELF = frozenset({"localhost", "::1", "host.docker.internal", "gateway.docker.internal"})
_ROUTERS = re.compile(r"traefik\.(http|tcp|udp)\.routers\.([^.]+)\.")
OWN, OWN_PORT = "traefik", 8080


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`host`: an address or a name in lower case. port: None where none is told."""

    host: str
    port: int | None

    @classmethod
    def of(cls, address: str) -> "Endpoint | None":
        """Of a URL, or of HOST:PORT."""
        read = _ADDRESS.fullmatch(address.lower())
        if read is None:
            return None
        scheme, six, other, port = read.groups()
        return cls(six or other, int(port) if port else _PORTS.get(scheme))


class Services:
    """Of one Traefik, by whole names."""

    def __init__(self, routing: Routing) -> None:
        self._by_name = {(each.protocol, each.name): each for each in routing.services}

    def of(self, router: Router) -> Service | None:
        """None where it does not exist."""
        return self._by_name.get((router.protocol, router.service))

    def servers(self, service: Service | None) -> Sequence[Backend]:
        """Of the service itself, or of all that it leads to, each address once."""
        if service is None or not service.children:
            return service.servers if service else ()
        return list({each.address: each for leaf in self.leaves(service) for each in leaf.servers}.values())

    def leaves(self, service: Service) -> Iterator[Service]:
        """What it leads to in the end; services that lead to each other are no way round and round."""
        seen: set[str] = set()
        waiting = [service]
        while waiting:
            here = waiting.pop()
            if here.name in seen:
                continue
            seen.add(here.name)
            if not here.children:
                yield here
            found = (self._by_name.get((here.protocol, name)) for name in reversed(here.children))
            waiting += [child for child in found if child]


class Middlewares:
    """Of one Traefik, by whole names."""

    def __init__(self, routing: Routing) -> None:
        self._by_name = {(each.protocol, each.name): each for each in routing.middlewares}

    def of(self, router: Router) -> tuple[Middleware, ...]:
        """Those that exist, each once, and those of its chains."""
        found: dict[str, Middleware] = {}
        waiting = list(reversed(router.middlewares))
        while waiting:
            name = waiting.pop()
            known = self._by_name.get((router.protocol, name))
            if known and name not in found:
                found[name] = known
                waiting += reversed(known.members)
        return tuple(found.values())


class Containers:
    """Of one host. itself: its own addresses, beside the usual ones."""

    def __init__(self, observed: Iterable[Observed], itself: Collection[str] = ()) -> None:
        self.all = sorted(observed, key=lambda each: each.container.name)
        self._itself = frozenset(itself) | _ITSELF
        self._by_address: dict[str, Observed] = {}
        self._by_port: dict[int, Observed] = {}
        self._by_name: dict[str, Observed] = {}
        self._by_service: dict[str, list[Observed]] = {}
        self._by_router: dict[tuple[str, str], Observed] = {}
        for each in self.all:
            self._add(each)
        self.traefik = self._only_traefik()

    def _add(self, each: Observed) -> None:
        container = each.container
        self._by_address.update(dict.fromkeys(map(str.lower, container.addresses), each))
        self._by_port.update({port.public: each for port in container.ports if port.public is not None})
        self._by_name.setdefault(container.name.lower(), each)
        if container.service:
            self._by_service.setdefault(container.service.lower(), []).append(each)
        for key in routers_of(container):
            known = self._by_router.get(key)
            if known is None or (container.runs and not known.container.runs):
                self._by_router[key] = each

    def _only_traefik(self) -> Observed | None:
        found = [each for each in self.all if OWN in (each.container.name.lower(), each.container.service)]
        return found[0] if len(found) == 1 else None

    def named(self, name: str) -> Observed | None:
        """By its name or its compose service, in any case; None where several have it."""
        named = self._by_name.get(name.lower())
        if named:
            return named
        served = self._by_service.get(name.lower(), ())
        running = [each for each in served if each.container.runs]
        found = running if len(running) == 1 else served
        return found[0] if len(found) == 1 else None

    def behind(self, router: Router, servers: Sequence[Backend]) -> Observed | None:
        """By the servers' addresses, else by the labels that made the router. Of several one that runs."""
        endpoints = (Endpoint.of(each.address) for each in servers)
        found = [each for endpoint in endpoints if endpoint and (each := self._at(endpoint))]
        if found:
            return min(found, key=lambda each: (not each.container.runs, each.container.name))
        name, _, provider = router.name.rpartition("@")
        if provider != "docker":
            return None
        # One that an entry point gave its TLS to may be named after both: `websecure-n8n@docker`.
        plain = [name.removeprefix(f"{point}-") for point in router.entry_points]
        keys = ((str(router.protocol), each.lower()) for each in (name, *plain))
        return next((self._by_router[key] for key in keys if key in self._by_router), None)

    def _at(self, endpoint: Endpoint) -> Observed | None:
        if endpoint.host in self._by_address:
            return self._by_address[endpoint.host]
        if endpoint.host in self._itself or endpoint.host.startswith("127."):
            return self._by_port.get(endpoint.port) if endpoint.port else None
        return self.named(endpoint.host)


def routers_of(container: Container) -> set[tuple[str, str]]:
    """(protocol, name in lower case) of the routers that its labels define."""
    found = map(_ROUTERS.match, container.labels)
    return {(read[1], read[2].lower()) for read in found if read}


def port_of(servers: Sequence[Backend]) -> int | None:
    """None where they differ, and without any."""
    ports = {endpoint.port for each in servers if (endpoint := Endpoint.of(each.address))}
    return ports.pop() if len(ports) == 1 else None


def leads_home(router: Router) -> bool:
    """Whether to Traefik itself: its dashboard, its API, its answer to pings and the like."""
    return router.service.endswith("@internal")


def is_internal(router: Router) -> bool:
    """Whether Traefik has made it for itself: nobody's route."""
    return router.provider == "internal" or router.name.endswith("@internal")
