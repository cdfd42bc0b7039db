"""An engine's JSON → what the rules look at. Raises TypeError, ValueError, KeyError, AttributeError for what is odd."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from services.fleet.believing import flag, line, mapping, text, whole
from services.redaction.environment import secret_names
from services.standards.facts import (
    PROJECT,
    EngineFacts,
    Mount,
    MountKind,
    NetworkFacts,
    PublishedPort,
    Scene,
    Subject,
    VolumeFacts,
)

Answer = Mapping[str, Any]

_MADE_UP = re.compile(r"[a-z]+_[a-z]+\d?|[0-9a-f]{12,64}")
_DIGEST = re.compile(r"[\w./:-]{1,200}@sha256:[0-9a-f]{64}", re.ASCII)
_KINDS = {"bind": MountKind.BIND, "volume": MountKind.VOLUME}
_MOST_LABELS, _MOST_PORTS, _MOST_MOUNTS = 500, 200, 200


def scene(
    host: str,
    now: datetime,
    *,
    info: Answer,
    containers: Sequence[Answer],
    networks: Sequence[Answer],
    volumes: Sequence[Answer],
    images: Sequence[Answer],
    projects: Mapping[str, frozenset[str]],
) -> Scene:
    """info: `GET /info`; containers: inspected; networks, volumes["Volumes"], images: as they are listed. projects: as
    `Scene` has them."""
    known = {text(image.get("Id")): image for image in images}
    subjects = tuple(subject(each, host, known) for each in containers)
    used: dict[str, int] = {}
    for mount in (mount for each in subjects for mount in each.mounts if mount.kind is MountKind.VOLUME):
        used[mount.source] = used.get(mount.source, 0) + 1
    return Scene(
        now,
        subjects,
        {net.name: net for net in map(_network, networks)},
        tuple(VolumeFacts(name, used.get(name, 0)) for name in map(_name, volumes)),
        _engine(info, images, {text(each.get("Image")) for each in containers}),
        host,
        projects,
    )


def subject(answer: Answer, host: str, images: Mapping[str, Answer]) -> Subject:
    """`GET /containers/{id}/json`. images: as they are listed, by id."""
    config, limits = mapping(answer.get("Config")), mapping(answer.get("HostConfig"))
    log = mapping(limits.get("LogConfig"))
    labels = _texts(config.get("Labels"))
    name = line(text(answer.get("Name")).removeprefix("/"))
    mode = text(limits.get("NetworkMode"))
    image = images.get(text(answer.get("Image")), {})
    return Subject(
        name=name,
        host=host,
        image=line(text(config.get("Image"))),
        restart=line(text(mapping(limits.get("RestartPolicy")).get("Name"))) or "no",
        log_driver=line(text(log.get("Type"))),
        log_options=_texts(log.get("Config")),
        mounts=tuple(map(_mount, (answer.get("Mounts") or [])[:_MOST_MOUNTS])),
        networks=tuple(map(line, mapping(mapping(answer.get("NetworkSettings")).get("Networks")))),
        network_mode=line(mode) if mode in ("host", "none") or mode.startswith("container:") else "",
        ports=tuple(_ports(mapping(limits.get("PortBindings")))),
        exposed=tuple(_exposed(mapping(config.get("ExposedPorts")))),
        labels=labels,
        secrets=tuple(map(line, secret_names(text(pair) for pair in config.get("Env") or ()))),
        healthcheck=_is_checked(mapping(config.get("Healthcheck")).get("Test")),
        memory=whole(limits.get("Memory")) or None,
        privileged=flag(limits.get("Privileged")),
        capabilities=tuple(line(text(each)) for each in limits.get("CapAdd") or ()),
        user=line(text(config.get("User"))),
        readable=PROJECT in labels or _is_given(name, text(config.get("Image"))),
        made=_moment(image.get("Created")),
        digest=_digest(text(config.get("Image")), image),
    )


def _digest(asked: str, image: Answer) -> str:
    """That of the name which was asked for, where it has several."""
    found = [text(each) for each in image.get("RepoDigests") or () if _DIGEST.fullmatch(text(each))]
    same = [each for each in found if asked.startswith(each.partition("@")[0])]
    return next(iter(same or found), "")


def _is_given(name: str, image: str) -> bool:
    """The engine's own names are an adjective and a person; somebody's have to do with what runs there."""
    return not _MADE_UP.fullmatch(name) or any(
        word in image for word in name.split("_") if not word.isdigit()
    )


def _texts(value: object) -> dict[str, str]:
    pairs = list(mapping(value).items())[:_MOST_LABELS]
    return {text(key): text(each) for key, each in pairs}


def _mount(row: Answer) -> Mount:
    kind = _KINDS.get(text(row.get("Type")), MountKind.OTHER)
    source = text(row.get("Name" if kind is MountKind.VOLUME else "Source"))
    return Mount(kind, line(source), line(text(row.get("Destination"))), flag(row.get("RW")))


def _ports(bindings: Answer) -> Iterator[PublishedPort]:
    for private, rows in list(bindings.items())[:_MOST_PORTS]:
        for found in map(mapping, rows or [None]):
            address = text(found.get("HostIp"))
            yield PublishedPort(
                line(private.removesuffix("/tcp")),
                line(text(found.get("HostPort"))),
                "" if address in ("0.0.0.0", "::") else line(address),  # noqa: S104  (of theirs: all addresses)
            )


def _exposed(ports: Answer) -> list[str]:
    """The lowest first, as Traefik looks at them."""
    numbers = [int(port.partition("/")[0]) for port in ports if re.fullmatch(r"\d{1,5}(/tcp)?", port)]
    return [str(number) for number in sorted(numbers)]


def _is_checked(test: object) -> bool:
    return isinstance(test, list) and bool(test) and test != ["NONE"]


def _network(row: Answer) -> NetworkFacts:
    return NetworkFacts(_name(row), internal=flag(row.get("Internal")))


def _name(row: Answer) -> str:
    return line(text(row.get("Name")))


def _engine(info: Answer, images: Sequence[Answer], held: Set[str]) -> EngineFacts:
    """held: the ids of the images that containers are made of."""
    dangling = [each for each in images if _is_dangling(each)]
    unused = [each for each in images if not _is_dangling(each) and text(each.get("Id")) not in held]
    return EngineFacts(
        line(text(info.get("ServerVersion"))),
        flag(info.get("LiveRestoreEnabled")),
        line(text(info.get("LoggingDriver"))),
        len(dangling),
        sum(whole(each.get("Size")) for each in dangling),
        len(unused),
        sum(whole(each.get("Size")) for each in unused),
    )


def _is_dangling(image: Answer) -> bool:
    """Engines differ in how they tell that no name leads to it."""
    return not image.get("RepoTags") or image["RepoTags"] == ["<none>:<none>"]


def _moment(seconds: object) -> datetime | None:
    """Unix seconds; builds that are to be repeatable claim to be from the year 1970 or 1980."""
    if type(seconds) is not int or not 0 < seconds < 1 << 33:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if moment.year > 1980 else None
