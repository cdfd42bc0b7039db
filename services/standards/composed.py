"""A compose file → what the rules look at, both syntaxes of each key."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from services.redaction.environment import secret_names
from services.standards.facts import Mount, MountKind, NetworkFacts, PublishedPort, Scene, Subject
from services.standards.written import MOST_BYTES, NotYaml, tree

# Possessive: what stands there may be long, and made to keep a matcher busy.
_VARIABLE = re.compile(r"\$\{(\w++)(?::?-([^{}]*+))?(?::?[?+][^{}]*+)?\}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_ODD = (TypeError, ValueError, AttributeError, KeyError, ArithmeticError)


class NoCompose(ValueError):
    """The text is no compose file; the words say where and why."""


def read(path: Path, now: datetime) -> Scene:
    """Raises NoCompose, OSError."""
    return scene(_text(path), now, path.parent)


def declared(path: Path) -> tuple[str, frozenset[str]]:
    """The project's name and its services. Raises NoCompose, OSError."""
    whole = _whole(_text(path))
    # As compose makes it of the directory, where the file does not say.
    name = whole.get("name")
    if not isinstance(name, str):
        name = re.sub(r"[^a-z0-9_-]", "", path.resolve().parent.name.lower())
    return _filled(name), frozenset(map(str, whole["services"]))


def scene(written: str, now: datetime, folder: Path | None = None) -> Scene:
    """folder: where `env_file` is looked for. Raises NoCompose."""
    whole = _whole(written)
    try:
        rows = {str(name): each or {} for name, each in (whole.get("networks") or {}).items()}
        networks = {name: _network(name, each) for name, each in rows.items()}
        subjects = tuple(_subject(name, each, folder) for name, each in whole["services"].items())
    except _ODD as error:
        raise NoCompose(f"not as compose has it: {error}") from None
    networks.setdefault("default", NetworkFacts("default"))
    used = {network for each in subjects for network in each.networks}
    return Scene(
        now, subjects, {name: net for name, net in networks.items() if name != "default" or name in used}
    )


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise NoCompose("more than 1 MiB")
    return path.read_text()


def _whole(written: str) -> Mapping[str, Any]:
    """With services in it, each a mapping. Raises NoCompose."""
    try:
        found = tree(written)
    except NotYaml as error:
        raise NoCompose(str(error)) from None
    services = found.get("services") if isinstance(found, dict) else None
    if not isinstance(services, dict) or not all(isinstance(each, dict) for each in services.values()):
        raise NoCompose("no services: in it")
    return cast(Mapping[str, Any], found)


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
        networks=() if mode else tuple(map(_word, service.get("networks") or ("default",))),
        network_mode=mode if mode != "bridge" else "",
        ports=tuple(map(_port, service.get("ports") or ())),
        exposed=tuple(_filled(port).partition("/")[0] for port in service.get("expose") or ()),
        labels=dict(_pairs(service.get("labels"))),
        secrets=secret_names(f"{key}={value}" for key, value in _environment(service, folder)),
        healthcheck=_is_checked(service.get("healthcheck")),
        memory=_memory(service),
        privileged=service.get("privileged") is True,
        capabilities=tuple(map(_filled, service.get("cap_add") or ())),
        user=_filled(service.get("user") or ""),
    )


def _word(value: object) -> str:
    """Raises TypeError for what is none: lists that name each other unfold without end."""
    if isinstance(value, list | dict):
        raise TypeError("a list or mapping where one word should stand")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(value: object) -> str:
    """With the defaults of its variables; one without stays as it stands."""
    return _VARIABLE.sub(lambda found: found[0] if found[2] is None else found[2], _word(value))


def _pairs(value: Mapping[str, Any] | Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """A mapping, or a list of NAME=VALUE."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key), "" if each is None else _filled(each)
        return
    for each in value or ():
        key, _, text = _filled(each).partition("=")
        yield key, text


def _environment(service: Mapping[str, Any], folder: Path | None) -> Iterator[tuple[str, str]]:
    files = service.get("env_file") or ()
    for each in [files] if isinstance(files, str | dict) else files:
        path = folder / str(each["path"] if isinstance(each, dict) else each) if folder else None
        if path and path.is_file() and path.stat().st_size < MOST_BYTES:
            lines = (
                line.strip().removeprefix("export ") for line in path.read_text(errors="replace").splitlines()
            )
            yield from _pairs([line for line in lines if "=" in line and not line.startswith("#")])
    value = service.get("environment")
    if isinstance(value, Mapping):
        yield from ((str(key), "" if each is None else _word(each)) for key, each in value.items())
    else:
        yield from ((key, text) for key, _, text in (_word(each).partition("=") for each in value or ()))


def _mount(value: str | Mapping[str, Any]) -> Mount:
    if isinstance(value, Mapping):
        kind = {"bind": MountKind.BIND, "volume": MountKind.VOLUME}.get(value["type"], MountKind.OTHER)
        return Mount(
            kind, _filled(value.get("source", "")), _word(value["target"]), not value.get("read_only")
        )
    parts = _filled(value).split(":")
    if len(parts) == 1:
        return Mount(MountKind.VOLUME, "", parts[0])
    kind = MountKind.BIND if parts[0].startswith((".", "/", "~", "$")) else MountKind.VOLUME
    return Mount(kind, parts[0], parts[1], "ro" not in parts[2].split(",") if len(parts) > 2 else True)


def _port(value: object) -> PublishedPort:
    if isinstance(value, Mapping):
        return PublishedPort(
            _word(value["target"]), _word(value.get("published", "")), _word(value.get("host_ip", ""))
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
