"""Alertmanager as the hook meets it, by hand: groups of alerts, each notification with the whole group."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from services.alertmanager import fingerprint

WEBHOOK_TOKEN = "a-token-of-the-webhook-0123456789"
NEVER = "0001-01-01T00:00:00Z"

PATIENCE = 20.0  # seconds

_groups = itertools.count()


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Fire:
    """One alert of a group."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts: str = field(default_factory=now)
    ends: str = NEVER
    generator: str = ""

    def body(self) -> dict[str, Any]:
        labels = {"alertname": self.name, "severity": "warning", **self.labels}
        return {
            "status": "firing" if self.ends == NEVER else "resolved",
            "labels": labels,
            "annotations": {"summary": f"{self.name} happened", **self.annotations},
            "startsAt": self.starts,
            "endsAt": self.ends,
            "generatorURL": self.generator,
            "fingerprint": fingerprint(labels),
        }

    def over(self) -> None:
        self.ends = now()


def notification(fires: list[Fire], key: str, **more: Any) -> dict[str, Any]:
    bodies = [fire.body() for fire in fires]
    return {
        "version": "4",
        "groupKey": key,
        "truncatedAlerts": 0,
        "status": "firing" if any(body["status"] == "firing" for body in bodies) else "resolved",
        "receiver": "vakhta",
        "groupLabels": {"alertname": fires[0].name} if fires else {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": bodies,
        **more,
    }


class Alertmanager:
    """Posts to a bot's hook."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hooks/alertmanager"
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {WEBHOOK_TOKEN}"}, trust_env=False, timeout=30
        )

    async def __aenter__(self) -> "Alertmanager":
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._client.aclose()

    async def tells(self, *fires: Fire, key: str = "", **more: Any) -> str:
        """The group, as one notification; its key. As the real one it tries again until it is heard."""
        key = key or f'{{}}:{{alertname="{fires[0].name}", group="{next(_groups)}"}}'
        await self.posts(json.dumps(notification(list(fires), key, **more)).encode())
        return key

    async def posts(self, body: bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self._client.post(self.url, content=body)
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code < 500:
                    assert answer.status_code == 200, answer.text
                    return
                await asyncio.sleep(0.02)

    async def posts_once(self, body: bytes) -> int:
        """The status of the only try."""
        return (await self._client.post(self.url, content=body)).status_code
