"""Rules over logs: so many lines like a pattern within so much time are an alert."""

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

from services.domain.alerts import Severity


@dataclass(frozen=True, slots=True)
class LogRule:
    """`name`: becomes the alert's name. containers: globs of host/container. pattern: RE2, of one line.

    cooldown: the alert is over once the threshold has not been met for so long. channels: the alert's label of that
    name, "" for the usual ones.
    """

    name: str
    pattern: str
    containers: tuple[str, ...] = ("*/*",)
    ignore_case: bool = False
    threshold: int = 1
    within: timedelta = timedelta(minutes=1)
    severity: Severity = Severity.WARNING
    cooldown: timedelta = timedelta(minutes=10)
    channels: str = ""

    def covers(self, host: str, name: str) -> bool:
        return any(
            fnmatchcase(host, host_glob) and fnmatchcase(name, name_glob)
            for host_glob, _, name_glob in (glob.partition("/") for glob in self.containers)
        )
