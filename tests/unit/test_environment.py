"""Which values of a container's environment are hidden: secrets by their name or their looks, and no ordinary words."""

import json
from urllib.parse import quote

import pytest

from services.logs.environment import MOST, hidden_values
from services.logs.redaction import HIDDEN, redact


@pytest.mark.parametrize(
    "pair",
    [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        "PYTHON_SHA256=0419e9085bf51b7a672009b3f50dbf1859acdf18ba725d0ec19aa5c8503f0ea3",
        "NODE_VERSION=20.18.1",
        "YARN_VERSION=1.22.22",
        "PGDATA=/var/lib/postgresql/data",
        "REDIS_DOWNLOAD_SHA=5981179706f8391f03be91d951acafaeda91af7fac56beffb2701963103e423d",
        "JAVA_HOME=/opt/java/openjdk",
        "SECRET_KEY_FILE=/run/secrets/key",
        "POSTGRES_USER=postgres",
        "DB_PASSWORD=admin",
        "TOKEN=short",
        "KEY=production",
        "ACCESS_TOKEN_TTL=15m00s",
        "INSTANCE_ID=6f1c2b1e-8f0a-4a4e-9b7e-2f1d4f6a9c11",
        "SITE=https://dir.tapbot.kz/admin",
        "NODE_ENV=production-eu",
    ],
)
def test_what_says_nothing_is_left_alone(pair: str) -> None:
    assert hidden_values([pair]) == ()


@pytest.mark.parametrize(
    ("pair", "secret"),
    [
        ("POSTGRES_PASSWORD=hunter2!", "hunter2!"),
        ("DB_PASS=swordfish9", "swordfish9"),
        ("KEY=8d3f5b7a9c1e2f4d", "8d3f5b7a9c1e2f4d"),
        ("N8N_ENCRYPTION_KEY=Mylo;Verevka", "Mylo;Verevka"),
        ("SENTRY=q8Zr2LkT9vXwB4nYcH7m", "q8Zr2LkT9vXwB4nYcH7m"),
        ("DATABASE_URL=postgres://app:p%40ssw0rd%21@db:5432/app", "p@ssw0rd!"),
        ("DATABASE_URL=postgres://app:p%40ssw0rd%21@db:5432/app", "p%40ssw0rd%21"),
    ],
)
def test_secrets_are_hidden_wherever_they_stand(pair: str, secret: str) -> None:
    assert secret in hidden_values([pair])
    assert secret not in redact(f"upstream said {secret} twice: {secret}", hidden_values([pair]))


def test_a_secret_is_hidden_as_programs_write_it_too() -> None:
    secret = 'pa"ss\\wörd/1'
    hidden = hidden_values([f"ADMIN_PASSWORD={secret}"])
    for written in (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
    ):
        assert redact(f"x {written} y", hidden) == f"x {HIDDEN} y"


def test_the_longest_come_first_and_they_are_bounded() -> None:
    hidden = hidden_values(f"TOKEN_{n}={'x' * (n % 50)}secret-{n}-value" for n in range(1000))
    assert len(hidden) == MOST
    assert list(hidden) == sorted(hidden, key=len, reverse=True)
