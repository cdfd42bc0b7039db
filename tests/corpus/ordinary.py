"""Ordinary log lines: they hold no secret, and much in them looks like one.

The shapes stand in ``ordinary.txt``. A shape's parts (hashes, ids, addresses, prose with the word "password") are
drawn at random, and so are its alternatives and the prefix that compose, a logger or a daemon writes before it.
The same count and seed give the same lines. Order numbers and decimal ids never pass the check of a payment card;
times, and digits within a hash, are left as they fall.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

HEX: Final = "0123456789abcdef"
LOW: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
B62: Final = LOW + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORDS: Final = (
    "orders",
    "stock",
    "billing",
    "catalog",
    "courier",
    "invoice",
    "media",
    "search",
    "mailer",
    "report",
    "worker",
    "gateway",
    "sklad",
    "pricing",
    "delivery",
    "import",
    "sync",
    "archive",
    "metrics",
    "profile",
    "basket",
    "review",
    "warehouse",
    "partner",
    "banner",
)
AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148",
    "curl/8.10.1",
    "python-requests/2.32.3",
    "kube-probe/1.31",
    "axios/1.7.7",
)
PATHS: Final = (
    "/",
    "/items/{word}/{n}",
    "/api/v1/{word}?limit=50&offset={n}",
    "/users/me/tokens",
    "/auth/password/forgot",
    "/settings/secrets?page={n}",
    "/rest/executions/{n}",
    "/files/{uuid}/download",
    "/search?q=secret+santa&page={n}",
    "/docs/api-key-rotation.html",
    "/healthz",
    "/.well-known/jwks.json",
)
PROSE: Final = (
    "password reset requested for user {n}",
    "password changed by user {n}",
    "invalid password for user {word}",
    "password must be at least {n} characters",
    "password is too short",
    "passwords do not match",
    "reset password e-mail queued, job {n}",
    "token expired",
    "token refresh scheduled in {n}s",
    "no token provided",
    "tokens used: {n}",
    "the token is valid for {n} minutes",
    "csrf token mismatch",
    "unexpected token in {word}.yaml at line {n}",
    "bearer token missing",
    "secret santa mailing: {n} recipients",
    "secret {word}-tls not found in namespace {word}",
    "secret rotated, version {n}",
    "no secrets found in {n} files",
    "key not found: items:{n}",
    "primary key of {word} is id",
    "partition key skew {n}%",
    "api key created with id {n}",
    "API key is missing",
    "public key fetched from https://{site}/keys/{n}",
    "keyboard interrupt, {n} workers stopped",
    "key: items:{n} evicted",
    "authorization header missing",
    "authorization failed for {word}",
    "cookie consent saved for visitor {n}",
    "session {n} closed after {n} s",
    "credentials are required",
    "signature verification failed for package {word}",
    "pass {n} of 3 finished",
    "bypass rule {n} matched",
    "encryption key loaded from /run/secrets/{word}_key",
    "hash mismatch on chunk {n}",
    "two-factor code requested for user {n}",
    "the card of user {n} was declined",
    "запрошен сброс пароля для пользователя {n}",
    "неверный пароль пользователя {n}",
    "пароль обязателен",
    "пароль изменён пользователем {n}",
    "пароль должен быть не короче {n} символов",
    "токен просрочен",
    "токен не передан",
    "использовано токенов: {n}",
    "ключ не найден: items:{n}",
    "первичный ключ таблицы {word}: id",
    "секретный раздел каталога скрыт, {n} позиций",
    "код ответа {n} от {site}",
    "соединение с {site} восстановлено за {n} мс",
    "обработано {n} строк из {word}.csv",
)


def _luhn(digits: str) -> bool:
    doubled = (int(figure) * (1 + place % 2) for place, figure in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _digits(random: Random, length: int, lead: str = "123456789") -> str:
    """Digits that no card has: the last one is moved on where the check would pass."""
    drawn = random.choice(lead) + "".join(random.choices("0123456789", k=length - 1))
    return drawn[:-1] + str((int(drawn[-1]) + 1) % 10) if _luhn(drawn) else drawn


def _run(alphabet: str, length: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choices(alphabet, k=length))


def _uuid(random: Random) -> str:
    run = _run(HEX, 32)(random)
    return f"{run[:8]}-{run[8:12]}-4{run[13:16]}-{random.choice('89ab')}{run[17:20]}-{run[20:]}"


def _ip(random: Random) -> str:
    return f"{random.choice(('10.0', '172.18', '192.168', '95.31'))}.{random.randrange(256)}.{random.randrange(1, 255)}"


def _clock(random: Random) -> str:
    return f"{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}"


def _phone(random: Random) -> str:
    tail = _digits(random, 10, "9")
    return random.choice((f"+7{tail}", f"8 ({tail[:3]}) {tail[3:6]}-{tail[6:8]}-{tail[8:]}", f"7{tail}"))


def _number(random: Random) -> str:
    return str(int(10 ** random.uniform(0, 4.9)))


def _iso(random: Random) -> str:
    return f"2026-11-{random.randrange(1, 31):02}T{_clock(random)}.{random.randrange(1000):03}Z"


def _filled(template: str) -> Callable[[Random], str]:
    """``{word}`` and the like in a sentence or a path."""
    return lambda random: re.sub(r"\{(\w+)\}", lambda name: PARTS[name[1]](random), template)


PARTS: Final[dict[str, Callable[[Random], str]]] = {
    **{f"hex{size}": _run(HEX, size) for size in (2, 4, 6, 7, 8, 9, 10, 12, 16, 20, 32, 36, 40, 64)},
    **{f"HEX{size}": _run(HEX.upper(), size) for size in (1, 8)},
    **{f"b62x{size}": _run(B62, size) for size in (8, 9, 16, 21)},
    **{f"b64x{size}": _run(B62 + "+/", size) for size in (27, 43, 60, 86)},
    **{f"n{size}": _run("0123456789", size) for size in (3, 6, 9)},
    "b64u22": _run(B62 + "-_", 22),
    "low5": _run(LOW, 5),
    "ulid": lambda random: "01K" + _run("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23)(random),
    "uuid": _uuid,
    "ip": _ip,
    "mac": lambda random: ":".join(_run(HEX, 2)(random) for _ in range(6)),
    "fingerprint": lambda random: ":".join(_run(HEX.upper(), 2)(random) for _ in range(20)),
    "port": lambda random: str(random.randrange(1024, 65536)),
    "n": _number,
    "sec": lambda random: str(random.randrange(1_795_000_000, 1_797_000_000)),
    "ms": lambda random: str(random.randrange(1_795_000_000_000, 1_797_000_000_000)),
    "bigid": lambda random: _digits(random, 19),
    "order": lambda random: _digits(random, 16),
    "phone": _phone,
    "day": lambda random: f"{random.randrange(1, 31):02}",
    "date": lambda random: f"2026-11-{random.randrange(1, 31):02}",
    "clock": _clock,
    "hms": lambda random: _clock(random).replace(":", ""),
    "iso": _iso,
    "clf": lambda random: f"{random.randrange(1, 31):02}/Nov/2026:{_clock(random)} +0300",
    "word": lambda random: random.choice(WORDS),
    "site": lambda random: f"{random.choice(WORDS)}.kontora.example",
    "agent": lambda random: random.choice(AGENTS),
    "path": lambda random: _filled(random.choice(PATHS))(random),
    "prose": lambda random: _filled(random.choice(PROSE))(random),
}
PREFIXES: Final = (
    "",
    "<iso> {info|warn|debug}: ",
    "<date> <clock>,<n3> {INFO |WARNING |DEBUG }<word>.<word>: ",
    "[<clock>] {INFO|WARN|ERROR}: ",
    "<word>-1  | ",
    "<word>-1  | <iso> {[info]|[warn]|[error]} ",
    "<date> <clock>.<n3>  {INFO|WARN} 1 --- [nio-8080-exec-<n>] c.k.<word>.Service : ",
    "[Nest] 1  - <date>, <clock>     {LOG|WARN} [<word>] ",
    "<date>T<clock>.<n9>Z stdout F ",
    "\x1b[32m{INFO|WARN}\x1b[0m[<n>] ",
)
_SLOT: Final = re.compile(r"<(" + "|".join(sorted(PARTS, key=len, reverse=True)) + r")>")
_CHOICE: Final = re.compile(r"\{([^{}\"=]*\|[^{}\"=]*)\}")


def templates() -> tuple[str, ...]:
    """The shapes, the prefixed ones still with their ``+``."""
    text = Path(__file__).with_name("ordinary.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("# "))


def _written(template: str, random: Random) -> str:
    chosen = _CHOICE.sub(lambda found: random.choice(found[1].split("|")), template)
    return _SLOT.sub(lambda found: PARTS[found[1]](random), chosen)


def ordinary(count: int, seed: int = 0) -> Iterator[str]:
    """``count`` lines without a newline; every shape comes once before any comes twice."""
    random = Random(seed)
    shapes = list(templates())
    for number in range(count):
        if number % len(shapes) == 0:
            random.shuffle(shapes)
        shape = shapes[number % len(shapes)]
        if shape.startswith("+ "):
            shape = random.choice(PREFIXES) + shape[2:]
        yield _written(shape, random)
