"""A past for a real Prometheus: figures that are in its store before it starts, as if it had scraped them."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.lab.monitoring import PrometheusServer
from tests.lab.network import PATH, LabUnavailable


@dataclass(frozen=True)
class Past:
    """One series: what it was at each moment, by the hours from its beginning; None where nothing was scraped."""

    name: str
    labels: Mapping[str, str]
    value: Callable[[float], float | None]
    hours: float = 24
    every: timedelta = field(default=timedelta(minutes=1))


def remember(server: PrometheusServer, until: datetime, *pasts: Past) -> None:
    """Before the server's first start. until: the last moment of all series."""
    program = shutil.which("promtool", path=PATH)
    if not program:
        raise LabUnavailable("promtool is missing (Debian package prometheus)")
    file = server.home / "past.om"
    file.write_text("".join(_rows(until, pasts)) + "# EOF\n")
    subprocess.run(
        [program, "tsdb", "create-blocks-from", "openmetrics", str(file), str(server.home / "data")],
        check=True,
        capture_output=True,
    )


def _rows(until: datetime, pasts: tuple[Past, ...]) -> Iterator[str]:
    for name in dict.fromkeys(past.name for past in pasts):
        yield f"# TYPE {name} gauge\n"  # the rows of one name stand together
        for past in pasts:
            if past.name == name:
                yield from _series(until, past)


def _series(until: datetime, past: Past) -> Iterator[str]:
    labels = ",".join(f'{label}="{value}"' for label, value in past.labels.items())
    steps = int(timedelta(hours=past.hours) / past.every)
    for step in range(steps + 1):
        value = past.value(step * past.every / timedelta(hours=1))
        if value is not None:
            at = until - (steps - step) * past.every
            yield f"{past.name}{{{labels}}} {value} {at.timestamp():.3f}\n"
