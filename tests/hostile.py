"""Notifications, and bodies that are none, as nobody would think of them; drawn from a seed."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from tests.alertmanager import NEVER, now

ALERTS, BODIES = 8_900, 1_200  # cases of a run, together 10,000 at least

PIECES = (
    "", " ", "\n\n\n", "\x00", "\x00\x01\x02\x1b\x7f\x9f", "\ud800", "\udfff\ud83d", "\r\n\t\x0b\x85\u2028\u2029",
    "\u202egpj.exe\u202c", "\u2066\u2069\u200f", "\u200b\u200d\ufeff", "مرحبا بالعالم", "שלום",
    "👩‍👩‍👧‍👦🏳️‍🌈1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🔥" * 40, "e\u0301\u0333\u033f\u030a" * 30, "\u0300" * 200, "\uffff\ufdd0\U0010ffff",
    "<b>&amp;</b><script>alert(1)</script>", "&lt;&#0;", "*_`[x](tg://user?id=1)", "||spoiler|| ~~s~~ ```",
    "https://evil.example.com/?a=b", "@someone /restart@vakhta_bot #tag $USD", "a@b.example", "a.b.c.d:e/f" * 40,
    "\x1b[31mred\x1b]8;;http://x\x07", "{name} %s %(x)s {0} {", "'; DROP TABLE pairs; --", "слово ", "word ",
    "password=hunter2hunter2", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75mN", "-----END RSA PRIVATE KEY-----",
    "../../etc/passwd", "server2", "alert/", "firing/\xff",
)  # fmt: skip
LONG = ("x" * 10_000, "слово " * 1_700, "🔥" * 3_000, "<b>" * 3_300, "\u202e\u0300" * 5_000, "\n" * 10_000)
NAMES = ("service_down", "ServiceDown", "oom_killed", "unhealthy", "crash_loop")
MOMENTS = (
    NEVER, "", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-23:59", "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "2024-02-30T25:61:61Z", "nonsense", "1e308", "-1", "1969-12-31T23:59:59Z",
    "2024-01-01T00:00:00.123456789Z", "8999-12-31T23:59:59Z", "2999-01-01T00:00:00+14:00",
)  # fmt: skip
URLS = (
    "http://localhost/x", "https://wiki.example.com/a?b=c#d", "http://[::1]/", "https://a b", "//x", "tg://user?id=1",
    "https://x..y/", "javascript:alert(1)", "https://wiki.example.com:99999/", "https://wiki.example.com/" + "a" * 3000,
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"a": {}},
    "",
)
MARKER = re.compile(r"Q\d{5}q")


class Drawing:
    """All cases of a seed. `owed`: the markers of alerts that a chat must show."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.owed: set[str] = set()
        self.alerts = 0
        self.earlier: list[dict[str, Any]] = []

    def text(self) -> str:
        draw = self.random
        if draw.random() < 0.01:
            return draw.choice(LONG)
        return "".join(draw.choices(PIECES, k=draw.choice((1, 1, 2, 4))))

    def value(self) -> Any:
        return self.random.choice(ODD) if self.random.random() < 0.02 else self.text()

    def texts(self) -> dict[str, Any]:
        some = self.random.choice((0, 0, 1, 3))
        return {self.text()[:60] + str(place): self.value() for place in range(some)}

    def moment(self) -> str:
        return self.random.choice(MOMENTS) if self.random.random() < 0.3 else now()

    def alert(self) -> dict[str, Any]:
        """Its marker stands where a message shows it: in the name, the summary, the container or the instance."""
        draw = self.random
        marker = f"Q{len(self.owed):05d}q"
        self.owed.add(marker)
        # The end of a private key hides what stands before it in the same text.
        marked = marker + draw.choice(("", " ", "\n")) + self.text().replace("END RSA", "")
        labels, annotations = self.texts(), self.texts()
        labels["alertname"] = draw.choice((self.text(), ""))
        labels["case"] = f"{len(self.owed)}"  # equal labels would be one alert, whatever else it says
        labels["severity"] = draw.choice(("critical", "warning", "info", self.text()))
        match draw.randrange(4):
            case 0:
                labels["alertname"] = marked
                if draw.random() < 0.5:
                    annotations[draw.choice(("summary", "description", "message"))] = marked
            case 1:
                annotations["summary"] = marked
            case 2:
                labels |= {"alertname": draw.choice(NAMES), "host": "server2", "container": marked}
            case _:
                labels["instance"] = marked
        if draw.random() < 0.3:
            annotations["runbook_url"] = draw.choice(URLS) + draw.choice(("", self.text()))
        alert = {
            "status": draw.choice(("firing", "firing", "resolved", self.text())),
            "labels": labels,
            "annotations": annotations,
            "startsAt": self.moment(),
            "endsAt": self.moment(),
            "generatorURL": draw.choice(URLS),
            "fingerprint": self.fingerprint(),
        }
        for name in ("startsAt", "endsAt", "generatorURL", "fingerprint", "status"):
            if draw.random() < 0.02:
                alert[name] = draw.choice(ODD)
            elif draw.random() < 0.02:
                del alert[name]
        return alert

    def fingerprint(self) -> str:
        """Mostly Alertmanager's; none, or what is none; or the one of other alerts, whose labels differ."""
        draw = self.random
        if draw.random() < 0.95:
            return f"{draw.getrandbits(64):016x}"
        return draw.choice(("", "0" * 16, "ffffffffffffffff", self.text(), "0123456789ABCDEF"))

    def notification(self) -> bytes:
        draw = self.random
        size = draw.choice((0, 1, 1, 1, 1, 2, 3, 5, 9, 10, 11, 12, 25, draw.randint(30, 300)))
        if self.earlier and draw.random() < 0.2:
            told = self.again(draw.choice(self.earlier))
        else:
            told = {
                "version": draw.choice(("4", 4, "", None)),
                "groupKey": f"{self.text()[:200]}{len(self.earlier)}{self.text()}",
                "truncatedAlerts": draw.choice((0, 0, 7, *ODD)),
                "status": draw.choice(("firing", "resolved", self.text())),
                "receiver": draw.choice(("vakhta", "vakhta", self.text()[:50])),
                "groupLabels": draw.choice((self.texts(), *ODD)),
                "commonLabels": self.texts(),
                "commonAnnotations": self.texts(),
                "externalURL": draw.choice(URLS),
                "alerts": [self.alert() for _ in range(size)],
            }
            self.earlier.append(told)
        self.alerts += len(told["alerts"])
        return self.encoded(told)

    def again(self, told: dict[str, Any]) -> dict[str, Any]:
        """The group once more: some of its alerts over, some new, some as they were, some with another start."""
        draw = self.random
        alerts = []
        for each in told["alerts"][:40]:
            change = draw.choice(
                ({}, {"status": "resolved", "endsAt": now()}, {"status": "firing", "startsAt": now()})
            )
            alerts.append({**each, **change, "annotations": {**each["annotations"], **self.texts()}})
        if draw.random() < 0.5:
            alerts += [self.alert() for _ in range(draw.choice((1, 2, 12)))]
        draw.shuffle(alerts)
        return {**told, "alerts": alerts}

    def encoded(self, value: Any) -> bytes:
        """As any JSON writer might: escaped, in raw UTF-8, or with halves of surrogate pairs in bytes."""
        if self.random.random() < 0.5:
            return json.dumps(value).encode()
        return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")

    def json(self, depth: int = 4) -> Any:
        """Any value, often nearly a notification."""
        draw = self.random
        kind = draw.randrange(8 if depth else 4)
        if kind < 2:
            return draw.choice(ODD)
        if kind < 4:
            return self.text()
        if kind < 6:
            return [self.json(depth - 1) for _ in range(draw.randrange(4))]
        names = (
            "alerts",
            "labels",
            "annotations",
            "status",
            "groupKey",
            "startsAt",
            "fingerprint",
            self.text(),
        )
        return {draw.choice(names): self.json(depth - 1) for _ in range(draw.randrange(5))}

    def odd_body(self) -> bytes:
        draw = self.random
        match draw.randrange(6):
            case 0:
                return draw.randbytes(draw.randint(1, 2_000))
            case 1:
                whole = self.encoded({"alerts": [self.json() for _ in range(4)], "groupKey": self.text()})
                return whole[: draw.randint(1, len(whole))]
            case 2:
                flawed = bytearray(self.encoded({"alerts": [{"labels": self.texts()}] * draw.randrange(3)}))
                for _ in range(3):
                    flawed[draw.randrange(len(flawed))] = draw.randrange(256)
                return bytes(flawed)
            case 3:
                deep = draw.choice((500, 5_000, 100_000))
                return draw.choice((b'{"alerts":', b"")) + draw.choice((b"[", b'{"a":')) * deep
            case _:
                return self.encoded(self.json())

    def bodies(self) -> Iterator[tuple[bytes, bool]]:
        """Each with whether it is to be kept; the odd ones among the others."""
        odd = 0
        while self.alerts < ALERTS or odd < BODIES:
            if odd * ALERTS <= self.alerts * BODIES:
                odd += 1
                body = self.odd_body()
                yield body, not is_notification(body)
            else:
                yield self.notification(), False


def is_notification(body: bytes) -> bool:
    """By Python's own parser, at its most patient. All alerts of it can be read."""
    try:
        told = json.loads(body.decode(errors="replace"), strict=False, parse_int=str)
    except (ValueError, RecursionError):
        return False
    alerts = told.get("alerts") if isinstance(told, dict) else None
    return isinstance(alerts, list) and all(isinstance(each, dict) for each in alerts)
