"""What has gathered on the disks of the team's servers: images, volumes, the build cache, and networks."""

from collections.abc import Iterator
from typing import NamedTuple

from playground.engine.clock import SECOND
from playground.engine.container import identity
from playground.engine.disk import Cached, Image, Volume
from playground.engine.host import Host
from playground.engine.load import MIB
from playground.engine.networks import Network
from playground.engine.team.member import DATABASE, DAY, REDIS, WEB


class _Pulled(NamedTuple):
    """name: "" where a newer one of its name was pulled. age: in days. size, shared: in MiB."""

    name: str
    age: float
    size: int
    base: str = ""
    shared: int = 0


class _Filled(NamedTuple):
    """name: "" where the engine made it up. age: in days. size: in MiB."""

    name: str
    age: float
    size: int
    protected: bool = False


class _Built(NamedTuple):
    """size: in MiB."""

    words: str
    size: int


_ALPINE, _DEBIAN, _NODE = ("alpine", 8), ("debian", 75), ("node", 178)
_IMAGES = {
    "server1": (
        _Pulled("traefik:v3.0", 210, 141, *_ALPINE),
        _Pulled("n8nio/n8n:1.70", 41, 974, *_NODE),
        _Pulled("n8nio/n8n:1.68", 83, 958, *_NODE),
        _Pulled("redis:7", 96, 117, *_DEBIAN),
        _Pulled("rediscommander/redis-commander:0.9", 612, 164, *_ALPINE),
        _Pulled("vakhta:0.1", 2.1, 386, *_DEBIAN),
        _Pulled("", 5.2, 384, *_DEBIAN),
        _Pulled("", 9.7, 381, *_DEBIAN),
    ),
    "server2": (
        _Pulled("traefik:v3.0", 210, 141, *_ALPINE),
        _Pulled("traefik:v2.11", 402, 152, *_ALPINE),
        _Pulled("directus/directus:11.5", 38, 742, *_NODE),
        _Pulled("directus/directus:11.4", 71, 736, *_NODE),
        _Pulled("postgres:16", 64, 432, *_DEBIAN),
        _Pulled("postgres:15", 280, 425, *_DEBIAN),
        _Pulled("dpage/pgadmin4:8", 120, 522, *_ALPINE),
        _Pulled("amir20/dozzle:latest", 19.5, 58),
        _Pulled("portainer/portainer-ce:2.21", 90, 299),
        _Pulled("", 40, 741, *_NODE),
        _Pulled("", 47, 740, *_NODE),
        _Pulled("", 62, 738, *_NODE),
        _Pulled("", 150, 519, *_ALPINE),
    ),
}
_VOLUMES = {
    "server1": (
        _Filled("letsencrypt", 33, 1),
        _Filled("n8n_data", 210, 318),
        _Filled("redis_data", 210, 41),
        _Filled("vakhta_data", 61, 12),
    ),
    "server2": (
        _Filled("letsencrypt", 26, 1),
        _Filled("directus_uploads", 190, 3470),
        _Filled("postgres_data", 190, 1890, protected=True),
        _Filled("portainer_data", 190, 4),
        _Filled("", 190, 612),
        _Filled("", 26, 1120, protected=True),
    ),
}
_CACHE = {
    "server1": (
        _Built("[bot 4/6] RUN pip install --requirement requirements.lock", 214),
        _Built("[bot 5/6] COPY . .", 9),
    ),
    "server2": (
        _Built("[extensions 2/4] RUN npm install", 388),
        _Built("[extensions 3/4] RUN npm run build", 46),
    ),
}
_NETWORKS = {
    "server1": (Network(WEB), Network(REDIS, internal=True), Network(DATABASE, internal=True)),
    "server2": (Network(WEB), Network(DATABASE, internal=True)),
}


def fill(host: Host) -> None:
    """Before its containers are there: these are made of it."""
    host.disk.keep(*_images(host), *_volumes(host), *_cache(host))
    host.networks.make(*_NETWORKS[host.name])


def _ago(host: Host, days: float) -> int:
    return host.clock.now() - int(days * DAY * SECOND)


def _images(host: Host) -> Iterator[Image]:
    for number, (name, age, size, base, shared) in enumerate(_IMAGES[host.name]):
        digits = identity("image", name or f"{host.name}/{number}")
        names = (name,) if name else ()
        yield Image(f"sha256:{digits}", names, _ago(host, age), size * MIB, base, shared * MIB)


def _volumes(host: Host) -> Iterator[Volume]:
    for number, (name, age, size, protected) in enumerate(_VOLUMES[host.name]):
        labels = {"vakhta.protected": "true"} if protected else {}
        made_up = identity(host.name, "volume", str(number))
        yield Volume(name or made_up, _ago(host, age), size * MIB, labels)


def _cache(host: Host) -> Iterator[Cached]:
    for number, (words, size) in enumerate(_CACHE[host.name]):
        digits = identity(host.name, "cache", str(number))[:25]
        yield Cached(digits, words, _ago(host, 2 + number / 100), size * MIB)
