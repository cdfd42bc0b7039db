"""What the settings say about alerts, ready to be asked: which chat takes what, when it is quiet, when to remind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from services.alerts.charts import AlertCharts
from services.domain.alerts import Alert, Severity
from services.domain.posts import Destination

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Route:
    """A chat and what it takes: everything where a list is empty. Globs for label values and hosts.

    severities: words of the label, or our own three.
    """

    to: Destination
    severities: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    def takes(self, labels: Mapping[str, str], severity: Severity, host: str) -> bool:
        words = (labels.get("severity", "").lower(), severity.name.lower())
        return (
            (not self.severities or any(word in self.severities for word in words))
            and (not self.hosts or any(fnmatchcase(host, glob) for glob in self.hosts))
            and all(fnmatchcase(labels.get(name, ""), glob) for name, glob in self.labels.items())
        )


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` in `zone`, over midnight when `end` is earlier; equal: never."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, now: datetime) -> datetime | None:
        """When they end, if it is quiet now."""
        here = now.astimezone(self.zone)
        if self.start <= self.end:
            if not self.start <= here.time() < self.end:
                return None
        elif self.end <= here.time() < self.start:
            return None
        end = datetime.combine(here.date(), self.end, self.zone)
        return end if end > here else datetime.combine(here.date() + timedelta(days=1), self.end, self.zone)


@dataclass(frozen=True, slots=True)
class Policy:
    """fallback: for chats that are closed to us; admins: for when that is, too, and where nobody else is named.

    hosts: name → aliases, what an `instance` label may call it. watchdog: the alert that must keep coming.
    ack_silence: how long an acknowledgement silences, renewed while it fires; None: it does not.
    morning: until when "till the morning" is. charts: which picture belongs to which alert.
    """

    routes: tuple[Route, ...] = ()
    fallback: Destination | None = None
    admins: tuple[Destination, ...] = ()
    remind: timedelta = timedelta(minutes=15)
    quiet: QuietHours | None = None
    watchdog: str = "Watchdog"
    ack_silence: timedelta | None = None
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: ZoneInfo = UTC
    morning: time = time(9)
    charts: AlertCharts = field(default_factory=AlertCharts)

    @property
    def everywhere(self) -> tuple[Destination, ...]:
        """All chats that may be shown anything, the admins' own last."""
        named = [route.to for route in self.routes] + ([self.fallback] if self.fallback else [])
        return tuple(dict.fromkeys([*named, *self.admins]))

    def destinations(
        self, labels: Mapping[str, str], severity: Severity, host: str
    ) -> tuple[Destination, ...]:
        """Each once, in the settings' order. Without any route everything goes to the fallback, else to the admins."""
        if not self.routes:
            return (self.fallback,) if self.fallback else self.admins
        return tuple(dict.fromkeys(route.to for route in self.routes if route.takes(labels, severity, host)))

    def sends(self, alert: Alert, to: str) -> bool:
        """Whether the destination with this key takes the alert."""
        return any(each.key == to for each in self.destinations(alert.labels, alert.severity, alert.host))

    def instead_of(self, closed: Destination) -> Sequence[Destination]:
        """Where alerts go when this chat does not let us write; nowhere for an admin's own chat."""
        if self.fallback and closed != self.fallback and closed not in self.admins:
            return (self.fallback,)
        return () if closed in self.admins else self.admins

    def host_named(self, name: str) -> str:
        """The host of the settings that a label's value means, "" for none. `name`: perhaps with a port."""
        bare = name.rpartition(":")[0] if name.rpartition(":")[2].isdecimal() else name
        bare = bare.strip("[]").lower()
        for host, aliases in self.hosts.items():
            if bare == host or bare in aliases or name.lower() in aliases:
                return host
        return ""

    def next_morning(self, now: datetime) -> datetime:
        here = now.astimezone(self.zone)
        end = datetime.combine(here.date(), self.morning, self.zone)
        return (
            end if end > here else datetime.combine(here.date() + timedelta(days=1), self.morning, self.zone)
        )
