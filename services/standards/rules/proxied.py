"""What Traefik is to publish: labels that are complete, and a network in which it reaches the container."""

import re

from services.domain.standards import Weight
from services.standards.facts import Scene, Subject
from services.standards.rules.row import Fault, Row

_ROUTER = re.compile(r"traefik\.http\.routers\.([^.]+)\.(.+)", re.IGNORECASE)
_PORT = re.compile(r"traefik\.http\.services\.([^.]+)\.loadbalancer\.server\.port", re.IGNORECASE)
# What a router's name is in a mend that somebody will copy: a label may hold lines of settings in its place.
_PLAIN = re.compile(r"[\w@-]{1,60}", re.ASCII)
_ENABLE, _NETWORK = "traefik.enable", "traefik.docker.network"


def _enabled(subject: Subject) -> bool:
    return subject.labels.get(_ENABLE, "").lower() == "true"


def _routers(subject: Subject) -> dict[str, dict[str, str]]:
    """Each router's labels, by what stands behind its name, in lower case."""
    found: dict[str, dict[str, str]] = {}
    for label, value in subject.labels.items():
        if match := _ROUTER.fullmatch(label):
            found.setdefault(match[1], {})[match[2].lower()] = value
    return found


def _written(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else "NAME"


def _enable(subject: Subject, _scene: Scene) -> Fault | None:
    """Without it Traefik takes the labels or not, as its own settings happen to say."""
    if not _routers(subject) or _ENABLE in subject.labels:
        return None
    return Fault(mend=f'labels:\n  - "{_ENABLE}=true"')


def _rule(subject: Subject, _scene: Scene) -> Fault | None:
    if not _enabled(subject):
        return None
    routers = _routers(subject)
    lacking = [name for name, labels in routers.items() if not labels.get("rule")]
    if routers and not lacking:
        return None
    name = lacking[0] if lacking else subject.name
    return Fault(
        {"router": name},
        f'labels:\n  - "traefik.http.routers.{_written(name)}.rule=Host(`{subject.name}.example.org`)"',
    )


def _tls(subject: Subject, _scene: Scene) -> Fault | None:
    """A router at the plain entry point alone does nothing but redirect."""
    if not _enabled(subject):
        return None
    for name, labels in _routers(subject).items():
        points = labels.get("entrypoints", "")
        if labels.get("rule") and not labels.get("tls.certresolver") and points.strip() != "web":
            return Fault(
                {"router": name},
                f'labels:\n  - "traefik.http.routers.{_written(name)}.tls.certresolver=letsencrypt"',
            )
    return None


def _port(subject: Subject, _scene: Scene) -> Fault | None:
    """Without the label Traefik takes the lowest port that the image exposes, which may be another one tomorrow."""
    if not _enabled(subject) or all(
        labels.get("service", "").endswith("@internal") for labels in _routers(subject).values()
    ):
        return None
    named = [value for label, value in subject.labels.items() if _PORT.fullmatch(label)]
    if not named:
        port = next(iter(subject.exposed), "80")
        return Fault(
            {"port": ""},
            f'labels:\n  - "traefik.http.services.{subject.name}.loadbalancer.server.port={port}"',
        )
    wrong = [value for value in named if subject.exposed and value not in subject.exposed]
    if not wrong:
        return None
    return Fault({"port": wrong[0], "exposed": ", ".join(subject.exposed)})


def _network(subject: Subject, scene: Scene) -> Fault | None:
    """Of a host without a Traefik that is seen nothing can be said; one on the host's network reaches all."""
    if (
        not _enabled(subject)
        or not scene.proxies
        or "host" in scene.proxies
        or subject.network_mode == "host"
    ):
        return None
    shared = scene.proxies & set(subject.networks)
    asked = subject.labels.get(_NETWORK, "")
    if asked:
        shared &= {asked}
    if shared:
        return None
    name = sorted(scene.proxies)[0]
    return Fault(
        {"network": asked or ", ".join(subject.networks)},
        f'networks:\n  - {name}\nlabels:\n  - "{_NETWORK}={name}"',
    )


ROWS = (
    Row("traefik_enable", Weight.WARNING, _enable),
    Row("traefik_rule", Weight.ERROR, _rule),
    Row("traefik_tls", Weight.ERROR, _tls),
    Row("traefik_port", Weight.WARNING, _port),
    Row("traefik_network", Weight.ERROR, _network),
)
