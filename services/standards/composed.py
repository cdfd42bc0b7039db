"""A compose file → what the rules look at, both syntaxes of each key."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from services.redaction.environment import secret_names
from services.standards.facts import Mount, MountKind, NetworkFacts, PublishedPort, Scene, Subject

_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^{}]*))?(?::?[?+][^{}]*)?\}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_MOST_BYTES = 1 << 20


class NoCompose(ValueError):
    """The text is no compose file; the words say where and why."""


def read(path: Path, now: datetime) -> Scene:
    """Raises NoCompose, OSError."""
    if path.stat().st_size > _MOST_BYTES:
        raise NoCompose("more than 1 MiB")
    return scene(path.read_text(), now, path.parent)


def declared(path: Path) -> tuple[str, frozenset[str]]:
    """The project's name and its services. Raises NoCompose, OSError."""
    if path.stat().st_size > _MOST_BYTES:
        raise NoCompose("more than 1 MiB")
    tree = _tree(path.read_text())
    # As compose makes it of the directory, where the file does not say.
    name = str(tree.get("name") or re.sub(r"[^a-z0-9_-]", "", path.resolve().parent.name.lower()))
    return _filled(name), frozenset(map(str, tree["services"]))


def scene(written: str, now: datetime, folder: Path | None = None) -> Scene:
    """folder: where `env_file` is looked for. Raises NoCompose."""
    tree = _tree(written)
    networks = {name: _network(name, each or {}) for name, each in (tree.get("networks") or {}).items()}
    networks.setdefault("default", NetworkFacts("default"))
    try:
        subjects = tuple(_subject(name, each, folder) for name, each in tree["services"].items())
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise NoCompose(f"not as compose has it: {error}") from None
    used = {network for each in subjects for network in each.networks}
    return Scene(
        now, subjects, {name: net for name, net in networks.items() if name != "default" or name in used}
    )


def _tree(written: str) -> Mapping[str, Any]:
    """With services in it, each a mapping. Raises NoCompose."""
    try:
        tree = yaml.safe_load(written)
    except yaml.YAMLError as error:
        raise NoCompose(" ".join(str(error).split())[:300]) from None
    found: Mapping[str, Any] = tree if isinstance(tree, dict) else {}
    services = found.get("services")
    if not isinstance(services, dict) or not all(isinstance(each, dict) for each in services.values()):
        raise NoCompose("no services: in it")
    return found


def _subject(name: str, service: Mapping[str, Any], folder: Path | None) -> Subject:
    logging = service.get("logging") or {}
    mode = _filled(service.get("network_mode") or "")
    return Subject(
        name=_filled(service.get("container_name") or name),
        image=_filled(service.get("image") or f"{name}:built-here"),
        restart=_filled(service.get("restart") or "no").partition(":")[0],
        log_driver=_filled(logging.get("driver") or "json-file"),
        log_options={key: _filled(value) for key, value in (logging.get("options") or {}).items()},
        mounts=tuple(map(_mount, service.get("volumes") or ())),
        networks=() if mode else tuple(service.get("networks") or ("default",)),
        network_mode=mode if mode != "bridge" else "",
        ports=tuple(map(_port, service.get("ports") or ())),
        exposed=tuple(_filled(port).partition("/")[0] for port in service.get("expose") or ()),
        labels=dict(_pairs(service.get("labels"))),
        secrets=secret_names(f"{key}={value}" for key, value in _environment(service, folder)),
        healthcheck=_is_checked(service.get("healthcheck")),
        memory=_memory(service),
        privileged=service.get("privileged") is True,
        capabilities=tuple(map(str, service.get("cap_add") or ())),
        user=_filled(service.get("user") or ""),
    )


def _filled(value: object) -> str:
    """With the defaults of its variables; one without stays as it stands."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _VARIABLE.sub(lambda found: found[0] if found[2] is None else found[2], text)


def _pairs(value: Mapping[str, Any] | Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """A mapping, or a list of NAME=VALUE."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key), "" if each is None else _filled(each)
        return
    for each in value or ():
        key, _, text = str(each).partition("=")
        yield key, _filled(text)


def _environment(service: Mapping[str, Any], folder: Path | None) -> Iterator[tuple[str, str]]:
    files = service.get("env_file") or ()
    for each in [files] if isinstance(files, str | dict) else files:
        path = folder / str(each["path"] if isinstance(each, dict) else each) if folder else None
        if path and path.is_file() and path.stat().st_size < _MOST_BYTES:
            lines = (line.strip() for line in path.read_text(errors="replace").splitlines())
            yield from _pairs([line for line in lines if "=" in line and not line.startswith("#")])
    value = service.get("environment")
    if isinstance(value, Mapping):
        yield from ((str(key), "" if each is None else str(each)) for key, each in value.items())
    else:
        yield from ((key, text) for key, _, text in (str(each).partition("=") for each in value or ()))


def _mount(value: str | Mapping[str, Any]) -> Mount:
    if isinstance(value, Mapping):
        kind = {"bind": MountKind.BIND, "volume": MountKind.VOLUME}.get(value["type"], MountKind.OTHER)
        return Mount(kind, _filled(value.get("source", "")), str(value["target"]), not value.get("read_only"))
    parts = _filled(value).split(":")
    if len(parts) == 1:
        return Mount(MountKind.VOLUME, "", parts[0])
    kind = MountKind.BIND if parts[0].startswith((".", "/", "~", "$")) else MountKind.VOLUME
    return Mount(kind, parts[0], parts[1], "ro" not in parts[2].split(",") if len(parts) > 2 else True)


def _port(value: object) -> PublishedPort:
    if isinstance(value, Mapping):
        return PublishedPort(
            str(value["target"]), str(value.get("published", "")), str(value.get("host_ip", ""))
        )
    address, _, rest = _filled(value).rpartition("]:")
    *before, private = (rest if address else _filled(value)).split(":")
    public = before.pop() if before else ""
    return PublishedPort(private.removesuffix("/tcp"), public, address + "]" if address else ":".join(before))


def _memory(service: Mapping[str, Any]) -> int | None:
    limits = ((service.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    found = _SIZE.fullmatch(_filled(limits.get("memory") or service.get("mem_limit") or "").strip())
    return int(float(found[1]) * _UNITS[found[2].lower()]) or None if found else None


def _is_checked(check: Mapping[str, Any] | None) -> bool:
    if not check or check.get("disable"):
        return False
    return check.get("test") not in (["NONE"], "NONE")


def _network(name: str, tree: Mapping[str, Any]) -> NetworkFacts:
    return NetworkFacts(name, internal=tree.get("internal") is True, external=bool(tree.get("external")))
