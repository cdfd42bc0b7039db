"""Alertmanager as the bot meets it: whole groups, one notification of a group at a time, tried again until 200."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from services.alertmanager import fingerprint
from tests.faults.history import Fact

_PATIENCE = 5.0  # seconds for one answer
_BACK_OFF = (0.02, 0.2)


@dataclass(slots=True)
class Raised:
    """An alert as Alertmanager has it."""

    box: str
    severity: str
    chats: tuple[int, ...]
    starts: datetime
    ends: datetime | None = None


@dataclass(slots=True)
class Group:
    number: int
    alerts: dict[str, Raised] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    busy: bool = False

    @property
    def idle(self) -> bool:
        return not self.busy and not self.news.is_set()


class Sender:
    """`facts`: what has been answered with 200. `gave_up`: answers after which it does not try again."""

    def __init__(self, url: str, token: str) -> None:
        self.facts: dict[str, Fact] = {}
        self.gave_up: list[str] = []
        self.groups: dict[int, Group] = {}
        self._url, self._token = url, token

    async def run(self) -> None:
        """Until cancelled."""
        headers = {"Authorization": f"Bearer {self._token}"}
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as self._session,
            asyncio.TaskGroup() as self._tasks,
        ):
            await asyncio.Event().wait()

    @property
    def idle(self) -> bool:
        return all(group.idle for group in self.groups.values())

    def fire(self, number: int, box: str, severity: str, chats: tuple[int, ...]) -> None:
        """It fires, perhaps again."""
        group = self.groups.get(number)
        if group is None:
            group = self.groups[number] = Group(number)
            self._tasks.create_task(self._tell(group))
        group.alerts[box] = Raised(box, severity, chats, datetime.now(UTC))
        group.news.set()

    def resolve(self, number: int, box: str) -> None:
        group = self.groups[number]
        if (alert := group.alerts.get(box)) and alert.ends is None:
            alert.ends = datetime.now(UTC)
            group.news.set()

    def repeat(self, number: int) -> None:
        """The repeat interval is over."""
        if (group := self.groups.get(number)) and group.alerts:
            group.news.set()

    async def _tell(self, group: Group) -> None:
        while True:
            await group.news.wait()
            group.news.clear()
            group.busy = True
            sent = {box: (alert.starts, alert.ends) for box, alert in group.alerts.items()}
            if sent and await self._notify(_body(group)):
                self._note(group, sent)
            group.busy = False

    async def _notify(self, body: dict[str, Any]) -> bool:
        pause, longest = _BACK_OFF
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with self._session.post(self._url, json=body) as answer:
                    if answer.status < 300:
                        return True
                    if answer.status < 500:
                        self.gave_up.append(f"{answer.status} {await answer.text()}")
                        return False
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    def _note(self, group: Group, sent: dict[str, tuple[datetime, datetime | None]]) -> None:
        """What was told is true from now on; what is over and told is forgotten."""
        for box, (starts, ends) in sent.items():
            alert = group.alerts[box]
            self.facts[box] = Fact(box, alert.chats, firing=ends is None)
            if ends is not None and (alert.starts, alert.ends) == (starts, ends):
                del group.alerts[box]


def _body(group: Group) -> dict[str, Any]:
    """Version 4 of the webhook's payload."""
    alerts = [_alert(group, alert) for alert in group.alerts.values()]
    labels = {"alertname": f"Group{group.number}"}
    firing = any(alert.ends is None for alert in group.alerts.values())
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="Group{group.number}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "vakhta",
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": alerts,
    }


def _alert(group: Group, alert: Raised) -> dict[str, Any]:
    labels = {"alertname": f"Group{group.number}", "severity": alert.severity, "disk": alert.box}
    return {
        "status": "firing" if alert.ends is None else "resolved",
        "labels": labels,
        "annotations": {"summary": f"{alert.box} is full"},
        "startsAt": alert.starts.isoformat(),
        "endsAt": alert.ends.isoformat() if alert.ends else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": fingerprint(labels),
    }
