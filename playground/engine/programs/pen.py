"""What the programs write with: moments that go by, people who come and go with the day, things that are made up."""

import base64
import hashlib
import json
import math
from datetime import datetime, timedelta, timezone
from random import Random

from playground.engine.clock import SECOND
from playground.engine.durations import moment
from playground.engine.program import STDOUT, Run, Said

ALMATY = timezone(timedelta(hours=5))


class Pen:
    """Of one run. at: the present moment, ns since 1970; it starts where the log does."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.at = max(run.started, run.kept_from)
        self.random: Random = run.random

    @property
    def when(self) -> datetime:
        """In UTC, to the microsecond."""
        return moment(self.at)

    def wait(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)

    def wait_about(self, seconds: float) -> None:
        """At random, on average so long."""
        self.wait(self.random.expovariate(1 / seconds))

    def wait_for_people(self, seconds: float) -> None:
        """As `wait_about` at midday in Almaty; at night three times as long."""
        hour = self.when.astimezone(ALMATY).hour + self.when.minute / 60
        awake = 0.33 + 0.67 * max(math.sin((hour - 6) / 18 * math.pi), 0) ** 0.7
        self.wait_about(seconds / awake)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def line(self, text: str, stream: int = STDOUT) -> Said:
        return Said(self.at, text.encode() + b"\n", stream)

    def json(self, **fields: object) -> Said:
        return self.line(json.dumps(fields, ensure_ascii=False, separators=(",", ":")))


def invented(kind: str, length: int) -> str:
    """Letters and digits that look like a secret and open nothing; the same for the same kind."""
    digest = hashlib.sha512(f"invented {kind}".encode()).digest()
    text = base64.b64encode(digest).decode("ascii").translate(str.maketrans("+/=", "Aq7"))
    return text[:length]


def _part(fields: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode("ascii").rstrip("=")


BOT_TOKEN = f"7104482913:AA{invented('bot token', 33)}"
REDIS_PASSWORD = invented("redis", 24)
DATABASE_PASSWORD = invented("database", 22)
ACCESS_TOKEN = ".".join(
    (_part({"alg": "HS256", "typ": "JWT"}), _part({"id": "8d1f", "role": "manager"}), invented("jwt", 43))
)

# Addresses that documents may use.
PEOPLE = tuple(
    f"{net}.{n}" for net in ("203.0.113", "198.51.100") for n in (7, 12, 23, 31, 44, 58, 77, 90, 118, 201)
)
STRANGERS = ("192.0.2.13", "192.0.2.66", "192.0.2.171")
COLLECTIONS = ("bookings", "specialists", "services", "customers", "reviews", "payments", "branches")
