"""Who reaches whom: networks of one's own, and databases that nobody reaches from outside."""

from services.domain.standards import About, Weight
from services.standards.facts import NetworkFacts, PublishedPort, Scene, Subject
from services.standards.rules.row import Fault, Row

# Images of what keeps data; what merely shows it, such as pgadmin or redis-commander, is none.
STORES = frozenset(
    (
        *(
            "postgres",
            "postgresql",
            "postgis",
            "timescaledb",
            "pgvector",
            "mysql",
            "mariadb",
            "percona",
            "mongo",
        ),
        *("mongodb", "redis", "redis-stack-server", "valkey", "keydb", "dragonfly", "memcached", "cassandra"),
        *("couchdb", "influxdb", "clickhouse-server", "elasticsearch", "opensearch", "etcd"),
    )
)
DEFAULT = "bridge"


def _own(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.network_mode or DEFAULT not in subject.networks:
        return None
    return Fault(mend="networks:\n  - NAME\n# at the top level:\nnetworks:\n  NAME:\n    driver: bridge")


def _internal(subject: Subject, scene: Scene) -> Fault | None:
    if subject.image_name not in STORES or subject.network_mode == "none":
        return None
    known = [scene.networks.get(name) for name in subject.networks]
    # A compose file does not say what a network is that was made elsewhere.
    open_ones = [net.name for net in known if net and not net.internal and not net.external]
    if subject.network_mode:
        open_ones = [subject.network_mode]
    if not open_ones:
        return None
    mend = "networks:\n  - database-network\n# at the top level:\nnetworks:\n  database-network:\n    internal: true"
    return Fault({"networks": ", ".join(open_ones)}, mend)


def _published(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.image_name not in STORES or not subject.ports:
        return None
    return Fault({"ports": ", ".join(map(_told, subject.ports))}, "ports: []")


def _told(port: PublishedPort) -> str:
    return ":".join(part for part in (port.address, port.public, port.private) if part)


def _host(subject: Subject, _scene: Scene) -> Fault | None:
    return Fault(mend="networks:\n  - NAME") if subject.network_mode == "host" else None


def _unused(network: NetworkFacts, scene: Scene) -> Fault | None:
    if network.name in (DEFAULT, "host", "none") or network.external:
        return None
    return None if any(network.name in each.networks for each in scene.subjects) else Fault()


ROWS = (
    Row("own_network", Weight.WARNING, _own),
    Row("store_internal", Weight.ERROR, _internal),
    Row("store_published", Weight.ERROR, _published),
    Row("host_network", Weight.WARNING, _host),
)
NETWORK_ROWS = (Row("unused_network", Weight.INFO, _unused, About.NETWORK),)
