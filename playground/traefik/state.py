"""What one simulated Traefik would answer now: the recorded answers, with the containers' state filled in."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from playground.engine.api.listing import address
from playground.engine.clock import SECOND
from playground.engine.container import Container, Status
from playground.engine.host import Host
from playground.traefik.recorded import recorded

Row = dict[str, Any]
KINDS = ("routers", "services", "middlewares")

_LABEL = re.compile(r"traefik\.\w+\.(?:routers|services|middlewares)\.([^.]+)\.")
_SERVER = re.compile(r"//[0-9.]+:")


def _none() -> list[Row]:
    return []


class State:
    """Of the Traefik that was recorded for a host of that name. certificates: rows of what it holds."""

    def __init__(self, host: Host, certificates: Callable[[], list[Row]] = _none) -> None:
        self._host = host
        self._certificates = certificates
        self._recorded = recorded(host.name)

    def find(self, path: str) -> Any:
        """The whole answer, not paged; None where there is none. A copy."""
        if path == "api/version":
            return self._recorded[path] | {"startDate": _moment(self._host.find("traefik").started)}
        if path == "api/overview":
            return self._overview()
        if path == "api/certificates":
            return self._certificates()
        if path in self._recorded:
            return list(self._rows(path))
        return None

    def _overview(self) -> Row:
        overview: Row = dict(self._recorded["api/overview"])
        for protocol in ("http", "tcp", "udp"):
            overview[protocol] = {
                kind: _counted(self._rows(path))
                for kind in KINDS
                if (path := f"api/{protocol}/{kind}") in self._recorded
            }
        overview["certificates"] = _counted(iter(self._certificates()))
        return overview

    def _rows(self, path: str) -> Iterator[Row]:
        owners = {name: each for each in self._host for name in _names(each)}
        gone = {f"{name}@docker" for name, container in owners.items() if not routed(container)}
        for row in self._recorded[path]:
            if row["name"] not in gone:
                yield _filled(row, owners.get(row["name"].partition("@")[0]), gone)


def routed(container: Container) -> bool:
    """Whether the Docker provider takes it up: it runs, and says nothing else than that it is well.

    The real one hears of a pause only with the next thing that happens; here at once.
    """
    well = container.health is None or container.health.status == "healthy"
    return (
        container.status is Status.RUNNING and well and container.spec.labels.get("traefik.enable") == "true"
    )


def _names(container: Container) -> set[str]:
    """Of the routers, services and middlewares that its labels make."""
    return {found[1] for label in container.spec.labels if (found := _LABEL.match(label))}


def _filled(row: Mapping[str, Any], owner: Container | None, gone: Collection[str]) -> Row:
    filled: Row = dict(row)
    if "usedBy" in filled:
        filled["usedBy"] = [name for name in filled["usedBy"] if name not in gone]
    if owner and "loadBalancer" in filled:
        text = _SERVER.sub(f"//{address(owner)}:", json.dumps(filled))
        filled = json.loads(text)
    return filled


def _counted(rows: Iterator[Row]) -> dict[str, int]:
    states = [row["status"] for row in rows]
    return {"total": len(states), "warnings": states.count("warning"), "errors": states.count("disabled")}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat().replace("+00:00", "Z")
