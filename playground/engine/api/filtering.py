"""Which containers and events a filter lets through."""

import re
from collections.abc import Mapping, Sequence

from playground.engine.api.parameters import Filters
from playground.engine.container import Container
from playground.engine.events import Event
from playground.engine.refusal import Refused

_STATES = {"created", "restarting", "running", "removing", "paused", "exited", "dead"}
_HEALTH = {"starting", "healthy", "unhealthy", "none"}
_OFFERED = {"ancestor", "exited", "health", "id", "label", "name", "network", "status", "volume"}
_KNOWN = _OFFERED | {"before", "since", "expose", "publish", "isolation", "is-task"}


def check(wanted: Filters) -> None:
    """Raises Refused for filters of containers that there are none of, or that are not offered."""
    for name, values in wanted.items():
        if name not in _KNOWN:
            raise Refused(400, f"Invalid filter '{name}'")
        if name not in _OFFERED:
            raise Refused(501, f"the simulated engine does not offer the filter '{name}'")
        if name == "status" and (odd := [value for value in values if value not in _STATES]):
            raise Refused(400, f"Invalid filter 'status={odd[0]}'")
        if name == "health" and (odd := [value for value in values if value not in _HEALTH]):
            raise Refused(400, f"Unrecognised filter value for health: {odd[0]}")


def lets_container(wanted: Filters, container: Container) -> bool:
    return all(_of_container(name, values, container) for name, values in wanted.items())


def _of_container(name: str, values: Sequence[str], container: Container) -> bool:
    spec = container.spec
    match name:
        case "label":
            return _labelled(values, spec.labels)
        case "name":
            return any(_found(value, spec.name) or _found(value, f"/{spec.name}") for value in values)
        case "id":
            return any(container.id.startswith(value) for value in values)
        case "status":
            return container.status in values
        case "health":
            return (container.health.status if container.health else "none") in values
        case "exited":
            return not container.alive and container.finished > 0 and str(container.exit_code) in values
        case "ancestor":
            return any(spec.image in (value, f"{value}:latest") for value in values)
        case "network":
            return spec.network in values
        case _:  # volume
            return any(value in (*spec.volumes, *spec.volumes.values()) for value in values)


def lets_event(wanted: Filters, event: Event) -> bool:
    """Names that no event has let all of them through, as the engine has it."""
    facts = event.attributes
    for name, values in wanted.items():
        match name:
            case "type":
                let = event.kind in values
            case "event":
                let = event.action in values or event.action.partition(":")[0] in values
            case "container":
                let = event.kind == "container" and _names(values, event.actor, facts.get("name", ""))
            case "image":
                let = any(facts.get("image", "").startswith(value) for value in values)
            case "label":
                let = _labelled(values, facts)
            case "network" | "volume" | "image" | "daemon" | "plugin":
                let = event.kind == name and _names(values, event.actor, facts.get("name", ""))
            case "scope":
                let = "local" in values
            case _:
                let = True
        if not let:
            return False
    return True


def _labelled(values: Sequence[str], labels: Mapping[str, str]) -> bool:
    """All of them: `name`, or `name=value`."""
    pairs = (value.partition("=") for value in values)
    return all(name in labels and (not equals or labels[name] == text) for name, equals, text in pairs)


def _names(values: Sequence[str], identity: str, name: str) -> bool:
    return any(value and (identity.startswith(value) or name.startswith(value)) for value in values)


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return pattern == text
