"""What Alertmanager would post: whole groups, some 600 bytes an alert.

Each alert has a name of its own, `NAME`, in a label and in its summary, by which it is found again in a chat.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.alertmanager import fingerprint

NAME = re.compile(r"vol-\d{4}-\d{5}")
NEVER = "0001-01-01T00:00:00Z"


@dataclass
class Group:
    """`size` alerts that fire. `number`: below 10,000; two groups with one number are one group."""

    number: int
    size: int = 100
    first: int = 0  # the number of its oldest alert
    over: range = range(0)  # those that ended last
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat().replace("+00:00", "Z"))

    @property
    def firing(self) -> range:
        return range(self.first, self.first + self.size - len(self.over))

    @property
    def names(self) -> list[str]:
        """Of those that fire."""
        return [self._name(each) for each in self.firing]

    def move(self, by: int) -> None:
        """The oldest end and as many new ones begin: bodies hold both, and are as large as before."""
        self.over = range(self.first, self.first + by)
        self.first += by

    def body(self) -> bytes:
        """The group as it is now."""
        title = f"DiskFull{self.number:04}"
        told = {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{title}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "vakhta",
            "groupLabels": {"alertname": title},
            "commonLabels": {"alertname": title, "severity": "critical"},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager:9093",
            "alerts": [self._alert(title, each) for each in (*self.over, *self.firing)],
        }
        return json.dumps(told).encode()

    def _name(self, number: int) -> str:
        return f"vol-{self.number:04}-{number:05}"

    def _alert(self, title: str, number: int) -> dict[str, object]:
        host = f"10.0.0.{number % 2 + 1}"
        labels = {
            "alertname": title,
            "severity": "critical",
            "instance": f"{host}:9100",
            "job": "node",
            "device": f"/dev/mapper/{self._name(number)}",
            "fstype": "ext4",
        }
        summary = f"{self._name(number)} on {host} is 97% full"
        over = number in self.over
        return {
            "status": "resolved" if over else "firing",
            "labels": labels,
            "annotations": {"summary": summary, "description": "It fills up within four hours. " * 4},
            "startsAt": self.began,
            "endsAt": datetime.now(UTC).isoformat().replace("+00:00", "Z") if over else NEVER,
            "generatorURL": "http://prometheus:9090/graph?g0.expr=node_filesystem_avail_bytes&g0.tab=1",
            "fingerprint": fingerprint(labels),
        }


def traffic() -> Iterator[tuple[bytes, Group]]:
    """Bodies of 100 for ever: of ten, three tell of a new group, four of one that changed by a tenth, three repeat."""
    groups: list[Group] = []
    for number in range(1_000_000):
        turn = number % 10
        if turn in (0, 3, 6) or not groups:
            groups.append(Group(len(groups)))
            group = groups[-1]
        else:
            group = groups[number * 7 % len(groups)]
            if turn in (1, 4, 7, 9):
                group.move(10)
        yield group.body(), group
