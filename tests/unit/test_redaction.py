"""Secrets are hidden in the shapes that real logs have, and nothing else is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.redaction.text import HIDDEN, MOST_JUDGEMENTS, redact, redacted

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjVmMSIsInJvbGUiOiJhZG1pbiJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
BOT_TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"

# Where `§` stands, there was a secret: each row is a line of a log, the secret, and nothing else changes.
HIDDEN_LINES = [
    # headers
    ("Authorization: Bearer §", "abcdefgh12345678"),
    ("> authorization: Basic §", "dXNlcjpwYXNz"),
    ("curl -H 'Authorization: token §' https://api.example", "ghx_0123456789abcdef"),
    ('"Authorization": []string{"Bearer §"}', JWT),
    ('{"headers":{"authorization":["Basic §"],"host":"n8n"}}', "dXNlcjpwYXNz"),
    ("retrying with bearer §, attempt 2", "f3a9c8d1e0b7"),
    ("upstream said Basic § is wrong", "dXNlcjpwYXNz"),
    ("X-Api-Key: §", "0123456789abcdef"),
    ("Cookie: §", "n8n-auth=eyJhbGciOi; theme=dark"),
    ('"set-cookie":"§"', "directus_refresh_token=abc; Path=/; HttpOnly"),
    # tokens known by their looks
    ("session § opened", JWT),
    ("using key § in eu-west-1", "AKIAIOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = §", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("push with § refused", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
    ("push with § refused", "github_pat_11ABCDEFG0123456789_abcdefghij"),
    ("slack said no to §", "xoxb-123456789012-abcdefABCDEF"),
    ("POST https://hooks.slack.com/services/§", "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
    ("GET https://api.telegram.org/bot123456789:§/getUpdates", BOT_TOKEN.partition(":")[2]),
    ("stripe key §", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("model refused § (401)", "sk-proj-abcdefghijk1234567890lmnop"),
    ("google key §", "AIzaSyA1234567890abcdefghijklmnopqrstu"),
    ("mail key §", "SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789"),
    # assignments
    ("POSTGRES_PASSWORD=§", "hunter2"),
    ("password=§", "correcthorse"),
    ("  password: §", "swordfish"),
    ("db_password: §", "пароль-с-дефисом"),
    ("login failed, password: § (from env)", "hunt3r2"),
    ("level=info token=§ user=dias", "abcdef"),
    ('level=info token="§" user=dias', "a b c d e f"),
    ("GET /items/articles?access_token=§&limit=5 HTTP/1.1", "Zx81kd0a"),
    ("?token=§&page=2", "a1b2c3"),
    ("user[password]=§&user[name]=dias", "hunter2"),
    ("body: password%3D§", "hunter2"),
    ("dbPass=§ dbUser=dias", "hunter2"),
    ("MYSQL_PWD=§", "hunter2"),
    ("N8N_ENCRYPTION_KEY=§", "abcdefghij"),
    ("Password=§;User=x", "ab,cd;e"),
    ("connect(password=§)", "hunter2"),
    ('env: "DB_PASSWORD=§"', "hunter2"),
    ('{"email":"a@b.kz","password":"§","otp":null}', 'p\\"w,d'),
    ('{"password":§}', "123456"),
    ('{"msg":"login \\"password\\":\\"§\\" failed"}', "hunter2"),
    ("{ email: 'a@b.kz', password: '§' }", "swordfish"),
    ('"password" => "§"', "hunter2"),
    ("token: §", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ("deploy --token § --wait", "s3cr3tvalue"),
    ("https://bucket.example/a.png?X-Amz-Signature=§", "0123456789abcdef0123"),
    # addresses
    ("postgres://directus:§@postgres:5432/directus", "s3cret"),
    ("redis://:§@redis:6379/0", "p@ss/w0rd"),
    ("https://dias:§@registry.example/v2/", "hunter2"),
    ("amqp://guest:§@mq", "gu:est"),
    # what the team's own programs write
    ('[14:00:00.123] INFO: No admin password provided. Defaulting to "§"', "o7ouyWgQAb7X"),
    ("[Server] A temporary password is generated for root@localhost: §", "!SwuO=#*D53j"),
    ("[Note] [Entrypoint]: GENERATED ROOT PASSWORD: §", "x7Kq!pW2"),
    ("LOG:  statement: ALTER ROLE directus WITH PASSWORD '§';", "hunter2"),
    ("DETAIL:  Key (token)=(§) already exists.", "abc123def456"),
    ("STATEMENT:  select * from directus_users where \"token\" = '§' limit 1", "abc123def456"),
    ('1700000000.107412 [0 172.18.0.5:60866] "AUTH" "default" "§"', "hunter2"),
    ('1700000000.107412 [0 172.18.0.5:60866] "AUTH" "§"', "hunter2"),
    ('"CONFIG" "SET" "requirepass" "§"', "hunter2"),
    ("requirepass §", "hunter2"),
    ("traefik.http.middlewares.a.basicauth.users=admin:§", "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"),
    ("rolpassword §", "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"),
    ('172.18.0.1 - - [23/Nov/2026] "GET /rest/login?token=§ HTTP/1.1" 200 12 "-" "curl"', "a1b2c3d4"),
    # cards
    ("card § declined", "4111 1111 1111 1111"),
    ("card=§", "5555555555554444"),
    ("amex § ok", "378282246310005"),
]


@pytest.mark.parametrize(("line", "secret"), HIDDEN_LINES)
def test_a_secret_is_hidden_and_only_it(line: str, secret: str) -> None:
    before, after = "INFO first line\n", "\nERROR next line"
    written = before + line.replace("§", secret) + after
    assert redact(written) == before + line.replace("§", HIDDEN) + after


PLAIN_LINES = """\
SyntaxError: Unexpected token '<', "<!DOCTYPE "... is not valid JSON
SyntaxError: Unexpected token: "SELECT" at line 1
Invalid token: unexpected end of JSON input
JsonWebTokenError: invalid token: expired
password: must be at least 8 characters long
Wrong password: try again
{"message":"Enter password:","level":"info"}
"password": null, "token": "", 'secret': None, "password": true
password=${POSTGRES_PASSWORD} token=$1 secret=<your secret> password=%s token={{ token }}
GET /items?access_token=--redacted-- password=*** secret=[FILTERED]
PWD=/srv/app/directus OLDPWD=/root
POSTGRES_PASSWORD_FILE=/run/secrets/db_password secret=/run/secrets/vakhta
prompt_token: 512, "token_count": 1234, max_tokens=4096, tokens: 120, token_type=bearer
pass=3 fail=0 bypass=true compass: north author: Anna secretary: Bob
const token = await getToken();
if (token === undefined) throw new Error("no token: x")
token = req.headers.authorization.split(' ')[1];
    at TokenService.validateToken (/directus/node_modules/.pnpm/api/dist/token.js:12:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at refreshToken:1234:15
Basic authentication failed; the basic functionality of a bearer token was missing
commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 pulled
id 550e8400-e29b-41d4-a716-446655440000 request-id=0f8fad5b-d9cb-469f-a165-70867728950e
ts=1732400000000 us=1732400000000000 ns=1732400000000000000 chat=-1001234567890 0.4111111111111111
order 4111111111111112 shipped, tel 4111-1111-1111-11112
http://host:8080/path?email=a@b.kz redis://redis:6379/0?x=a@b postgres://db:5432/app?email=x@y.kz
2026-11-23T14:06:31.123Z INFO connected to 172.18.0.3:5432 in 12ms
FATAL:  password authentication failed for user "directus"
DETAIL:  Connection matched file "/var/lib/postgresql/data/pg_hba.conf" line 128: "host all all all scram-sha-256"
LOG:  connection authorized: user=directus database=directus application_name=api
ERROR:  duplicate key value violates unique constraint "directus_users_email_unique"
DETAIL:  Key (email)=(dias@tapbot.kz) already exists.
STATEMENT:  SELECT "token", "password" FROM directus_users WHERE "token" = $1 AND password IS NOT NULL
LOG:  checkpoint complete: wrote 45 buffers (0.3%); write=4.5 s, sync=0.01 s; lsn=0/1A2B3C4D
1:M 23 Nov 2026 14:00:00.123 * DB saved on disk
1:C 23 Nov 2026 14:00:00.123 # WARNING Memory overcommit must be enabled!
time="2026-11-23T14:00:00Z" level=error msg="Router uses a nonexistent resolver: le" routerName=dir@docker
time="2026-11-23T14:00:00Z" level=debug msg="Trying to challenge certificate for domain [dir.tapbot.kz]"
2026/11/23 14:00:00 [error] 29#29: *1 connect() failed (111: Connection refused), upstream: "http://172.18.0.5:8055/"
172.18.0.1 - - [23/Nov/2026:14:06:31 +0000] "GET /items/a?sort=-id HTTP/1.1" 200 12 "-" "Mozilla/5.0" 5 "dir@docker"
Registered webhook "POST" path "webhook/550e8400-e29b-41d4-a716-446655440000/chat"
Problem with execution 1234: The service refused the connection - perhaps it is offline. Aborting.
[14:00:00.123] WARN: "PUBLIC_URL" should be a full URL
{"level":30,"time":1732400000000,"pid":18,"hostname":"a1b2c3d4e5f6","req":{"method":"GET","url":"/server/ping"}}
cookie: not found; secret: not set; authorization: required
-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUZ3Vlc3MgYWdhaW4gaXQgaXMgbm90aGluZzAKBggqhkjO
-----END CERTIFICATE-----""".splitlines()


@pytest.mark.parametrize("line", PLAIN_LINES)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(f"{line}\n{line}") == f"{line}\n{line}"


def test_several_secrets_of_one_line() -> None:
    line = f'POST /auth?token=a1b2c3d4 {{"password":"hunter2","user":"dias"}} Bearer {JWT} redis://:x1y2@r'
    assert redact(line) == (
        f'POST /auth?token={HIDDEN} {{"password":"{HIDDEN}","user":"dias"}} Bearer {HIDDEN} redis://:{HIDDEN}@r'
    )


KEY_BODY = [
    "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyz+/ABCDEFGHIJ",
    "abcdefghijklmnopqrstuvwxyzABCDEF",
    "ab==",
]


@pytest.mark.parametrize(
    "kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
)
def test_a_private_key_is_hidden_line_for_line(kind: str) -> None:
    text = "\n".join(["INFO a", f"-----BEGIN {kind}-----", *KEY_BODY, f"-----END {kind}-----", "INFO b"])
    shown = redact(text)
    assert shown.splitlines() == [
        "INFO a",
        f"-----BEGIN {kind}-----",
        *[HIDDEN] * 3,
        f"-----END {kind}-----",
        "INFO b",
    ]
    assert redact(shown) == shown


def test_of_a_private_key_cut_off_what_is_left_is_hidden() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    header = "Proc-Type: 4,ENCRYPTED"
    assert redact("\n".join([*KEY_BODY[1:], end, "INFO b"])).splitlines() == [HIDDEN, HIDDEN, end, "INFO b"]
    assert redact("\n".join([begin, header, *KEY_BODY[:2], "INFO b"])).splitlines() == [
        begin,
        *[HIDDEN] * 3,
        "INFO b",
    ]
    two = "\n".join([begin, KEY_BODY[0], "INFO between", begin, KEY_BODY[0], end])
    assert redact(two).splitlines() == [begin, HIDDEN, "INFO between", begin, HIDDEN, end]


def test_a_private_key_within_one_line_of_json() -> None:
    key = "-----BEGIN PRIVATE KEY-----\\n" + "\\n".join(KEY_BODY) + "\\n-----END PRIVATE KEY-----\\n"
    shown = redact(f'{{"pem":"{key}","id":7}}')
    assert shown == f'{{"pem":"-----BEGIN PRIVATE KEY-----{HIDDEN}-----END PRIVATE KEY-----\\n","id":7}}'


def test_a_container_s_own_values_are_hidden_wherever_they_stand() -> None:
    extra = ["s3cr3t-value", "s3cr3t-value-longer", "5432", "пароль1"]
    text = "got s3cr3t-value-longer and xs3cr3t-valuex and пароль1 on port 5432"
    assert redact(text, extra) == f"got {HIDDEN} and x{HIDDEN}x and {HIDDEN} on port 5432"


_words = st.sampled_from(
    [line.replace("§", secret) for line, secret in HIDDEN_LINES]
    + PLAIN_LINES
    + [
        "password",
        "token",
        "=",
        ": ",
        '"',
        "'",
        "\\",
        "\n",
        " ",
        "://",
        "@",
        "x",
        "яё",
        "•••",
        "-----BEGIN PRIVATE KEY-----",
    ]
)


@given(st.lists(_words, max_size=6).map("".join))
def test_any_text_keeps_its_lines(text: str) -> None:
    assert redact(text).count("\n") == text.count("\n")


@given(st.text(max_size=80))
def test_any_characters_at_all_can_be_read(text: str) -> None:
    redact(text)


@pytest.mark.parametrize(("line", "secret"), HIDDEN_LINES)
def test_hiding_twice_changes_nothing(line: str, secret: str) -> None:
    once = redact(line.replace("§", secret))
    assert redact(once) == once


HOSTILE = [
    "AKIA1234567890123456.",
    "-eyJ-AKIA1234567890123456",
    "redis://a:password=x,",
    "://a:b,",
    "-----BEGIN PRIVATE KEY-----",
    "aaaaaaaaaaaaaaaaaaaaaaaa\n-----END PRIVATE KEY-----\n",
    "password=\"a'token='x'",
    'password="\\',
    "token=a,b",
    "token: a ",
    "password ",
    "SG.aaaaaaaaaaaaaaaaaaaa-AKIA1234567890123456 ",
    "4111 ",
    "$1$",
    " ",
    "--AKIAABCDEFGHIJKLMNOP",
    "mysql -pa ",
    " -u -u",
    "AUTH a1 ",
    '"AUTH","',
    "пароль ",
    "://aaaaaaaaaaaaaaaaaaaa",
    "/reset-password/aaaaaaaa",
]


def _seconds(text: str) -> float:
    """The least of three, of the processor's own time."""
    spent = []
    for _ in range(3):
        before = time.process_time()
        redact(text)
        spent.append(time.process_time() - before)
    return min(spent)


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_text_eight_times_as_long_takes_no_square_of_it(unit: str) -> None:
    """Linear is 8, quadratic 64; a floor keeps what is too fast to measure out of it."""
    short = "password" + unit * (25_000 // len(unit)) + "=y1"
    long = "password" + unit * (200_000 // len(unit)) + "=y1"
    assert _seconds(long) < 24 * max(_seconds(short), 0.005)


def test_of_more_than_can_be_judged_the_newest_lines_are_shown_and_the_older_withheld() -> None:
    """None of what stands in the withheld part is seen, be it judged a secret or not."""
    full = "\n".join(f"INFO {number} pwd=s3cret{number}" for number in range(MOST_JUDGEMENTS + 5_000))
    shown = redacted(full)
    first, *lines = shown.text.split("\n")
    assert shown.withheld and first == HIDDEN and "s3cret" not in shown.text
    assert 15_000 < len(lines) <= MOST_JUDGEMENTS
    numbers = range(MOST_JUDGEMENTS + 5_000)[-len(lines) :]
    assert lines == [f"INFO {number} pwd={HIDDEN}" for number in numbers]
    assert redact(shown.text) == shown.text


@pytest.mark.parametrize("end", ["", "\n", "\nINFO newest line", "\n\n"])
def test_one_line_of_more_than_can_be_judged_is_withheld_whole(end: str) -> None:
    shown = redacted("INFO oldest line\n" + "pwd=1 " * (MOST_JUDGEMENTS + 1) + end)
    assert (shown.text, shown.withheld) == (HIDDEN + end, True)


def test_what_can_be_judged_is_never_withheld() -> None:
    text = "pwd=a1b2c3\n" * MOST_JUDGEMENTS
    assert redacted(text).text == f"pwd={HIDDEN}\n" * MOST_JUDGEMENTS
    assert not redacted(text).withheld
