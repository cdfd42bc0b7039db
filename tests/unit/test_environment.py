"""Which values of a container's environment are hidden: secrets by their name or their looks, and no ordinary words."""

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.redaction.environment import MOST_HIDDEN, hidden_values
from services.redaction.text import HIDDEN, redact, redacted

# As images of the team's programs have it: nothing of it may blank out a log.
OFFICIAL = """\
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LANG=C.UTF-8
GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D
GPG_KEYS=7F438280EF8D349F A4B469963BF863CC
PYTHON_VERSION=3.11.10
PYTHON_SHA256=07a4356e912900e61a15cb0949a06c4a05012e213ecd6b4e84d0f67aabbee372
PYTHON_GET_PIP_URL=https://github.com/pypa/get-pip/raw/66d8a0f637083e2c3ddffc0cb1e65ce126afb856/public/get-pip.py
NODE_VERSION=20.18.1
YARN_VERSION=1.22.22
PGDATA=/var/lib/postgresql/data
PG_VERSION=16.4-1.pgdg120+2
PG_SHA256=971766d645aa73e93b9ef4e3be44201b4f45b5477095b049125403f9f3386d6f
REDIS_DOWNLOAD_URL=http://download.redis.io/releases/redis-7.4.1.tar.gz
REDIS_DOWNLOAD_SHA=bc34b878eb89421bbfca6fa78752343bf37af312a09eb0fae47c9575977dfaa2
JAVA_HOME=/opt/java/openjdk
JAVA_VERSION=jdk-17.0.13+11
NGINX_VERSION=1.27.2
PKG_RELEASE=1~bookworm
HOSTNAME=a1b2c3d4e5f6
PHP_CFLAGS=-fstack-protector-strong -fpic -fpie -O2 -D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64
MARIADB_VERSION=1:11.5.2+maria~ubu2404
RABBITMQ_PGP_KEY_ID=0x0A9AF2115F4687BD29803A206B73A36E6026DFCA
GF_PATHS_CONFIG=/etc/grafana/grafana.ini
SOURCE_COMMIT=4b825dc642cb6eb9a060e54bf8d69288fbee4904
INSTANCE_ID=3f2b8c1e-9d4a-4e7b-8a6c-5d1f0e9b7c3a
SECRET_KEY_FILE=/run/secrets/key
SSH_AUTH_SOCK=/tmp/ssh-XXXX/agent.1
PASSWORD_HASHER=argon2id
TOKEN_TTL=86400000
ACCESS_TOKEN_TTL=15m00s
SESSION_COOKIE_NAME=directus_session_token
AUTH_PROVIDERS=github,google
SORT_KEY=created_at
CACHE_KEY_PREFIX=directus
KEY=production
SECRET=true
TOKEN=default
AUTH=basic
DB_PASSWORD=admin
POSTGRES_USER=postgres
POSTGRES_PASSWORD=postgres
VAULT_ADDR=http://vault:8200
PUBLIC_URL=https://dir.example.org/admin
NODE_ENV=production-eu""".splitlines()


def test_of_official_images_and_settings_nothing_is_hidden() -> None:
    assert hidden_values(OFFICIAL) == ()
    assert [line for line in OFFICIAL if hidden_values([line])] == []


SECRETS = [
    ("POSTGRES_PASSWORD=hunter2!", "hunter2!"),
    ("DB_PASS=swordfish", "swordfish"),
    ("DB_PASS_PROD=swordfish", "swordfish"),
    ("PGPASSWORD=changeme", "changeme"),
    ("spring.datasource.password=qwerty", "qwerty"),
    ("KEY=8d3f5b7a9c1e2f4d", "8d3f5b7a9c1e2f4d"),
    ("KEY=255d861b-5ea1-5996-9aa3-922530ec40b1", "255d861b-5ea1-5996-9aa3-922530ec40b1"),
    ("N8N_ENCRYPTION_KEY=Mylo;Verevka", "Mylo;Verevka"),
    ("LICENSE_KEY=WIGDI-4KWDQ-VWLQR-2OI08", "WIGDI-4KWDQ-VWLQR-2OI08"),
    ("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("API_KEYS=abc12345,def45678", "def45678"),
    ("PROXY_AUTH=dias:s3cr3t99", "s3cr3t99"),
    # whatever the name
    ("SENTRY=q8Zr2LkT9vXwB4nYcH7m", "q8Zr2LkT9vXwB4nYcH7m"),
    ("BAR=9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"),
    # within a value
    ("DATABASE_URL=postgres://app:p%40ssw0rd%21@db:5432/app", "p@ssw0rd!"),
    ("DATABASE_URL=postgres://app:p%40ssw0rd%21@db:5432/app", "p%40ssw0rd%21"),
    (
        "SENTRY_DSN=https://9f86d081884c7d659a2feaa0c55ad015@o1.ingest.sentry.io/4",
        "9f86d081884c7d659a2feaa0c55ad015",
    ),
    ("ConnectionStrings__Default=Server=db;User Id=sa;Password=Str0ng!pw;", "Str0ng!pw"),
    ("JAVA_OPTS=-Xmx1g -Djavax.net.ssl.trustStorePassword=prYanik7", "prYanik7"),
    ('CONFIG={"db":{"password":"two words"}}', "two words"),
    ("PEM=-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0B\n-----END PRIVATE KEY-----", "hkiG9w0B"),
]


@pytest.mark.parametrize(("pair", "secret"), SECRETS)
def test_secrets_are_hidden_wherever_they_stand(pair: str, secret: str) -> None:
    hidden = hidden_values([*OFFICIAL, pair])
    assert secret in hidden
    assert (
        redact(f"upstream said {secret} twice: {secret}", hidden) == f"upstream said {HIDDEN} twice: {HIDDEN}"
    )


def test_a_word_that_is_a_setting_too_is_left_alone() -> None:
    assert hidden_values(["DB_DATABASE=kontora", "DB_PASSWORD=kontora"]) == ()
    assert hidden_values(["DB_PASSWORD=kontora"]) == ("kontora",)


@pytest.mark.parametrize("secret", ["pa\"ss\\wörd/1 'x'", "q8Zr2LkT+9vX/wB4nYcH7m=="])
def test_a_secret_is_hidden_as_programs_write_it_too(secret: str) -> None:
    hidden = hidden_values([f"ADMIN_PASSWORD={secret}"])
    for written in (
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        repr(secret)[1:-1],
        secret.replace("'", "''"),
    ):
        assert redact(f"x {written} y", hidden) == f"x {HIDDEN} y"


@given(st.text("abcdefgh", max_size=8), st.text("abcdefgh", max_size=8))
def test_in_base64_of_a_longer_text_little_is_left_of_it(before: str, after: str) -> None:
    secret = "Okean_i_tri_kita7"
    written = base64.b64encode(f"{before}:{secret}{after}".encode()).decode()
    shown = redact(f"basic {written}", hidden_values([f"BASIC_PASSWORD={secret}"]))
    assert HIDDEN in shown
    assert len(shown) - len("basic " + HIDDEN) <= (len(before) + len(after) + 1) * 4 / 3 + 6


def test_the_longest_come_first_and_they_are_bounded() -> None:
    hidden = hidden_values(f"TOKEN_{n}={'x' * (n % 50)}secret-{n}-value" for n in range(3000))
    assert MOST_HIDDEN / 2 < sum(map(len, hidden)) <= MOST_HIDDEN
    assert list(hidden) == sorted(hidden, key=len, reverse=True)


def test_many_values_and_a_long_text_take_little_time() -> None:
    """A hundred secrets over 4 MB: less than a tenth of a second, of the processor's own time."""
    hidden = hidden_values(f"TOKEN_{n}={n:05}-{n * 7919:032x}" for n in range(100))
    text = "2026-11-23T14:06:31Z INFO order 4711 shipped in 12 ms, 00042-0 left\n" * 60_000
    redacted(text, hidden)
    spent = []
    for values in ((), hidden):
        before = time.process_time()
        redacted(text, values)
        spent.append(time.process_time() - before)
    assert spent[1] - spent[0] < 0.1


def test_an_odd_environment_takes_little_time() -> None:
    before = time.process_time()
    hidden_values(["A_SECRET=" + "\\n" * 100_000, "B_KEY=" + "x1Y" * 1_000_000, "C", "", "="] * 500)
    hidden_values(["A=" + "password=a " * 400] * 500)
    assert time.process_time() - before < 1
