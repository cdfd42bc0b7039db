"""Secrets of programs' command lines, protocols, addresses and prose, and what only looks like them."""

import pytest

from services.redaction.text import redact
from tests.unit.redaction_rows import Row, assert_hidden

UUID = "255d861b-5ea1-5996-9aa3-922530ec40b1"
BASE64 = "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ="

# Where `§` stands, there was a secret: each row is a line of a log, the secret, and nothing else changes.
HIDDEN_LINES = [
    # variables
    ("KEY=§", UUID),
    ('  "KEY": "§",', UUID.replace("-", "")),
    ("APP_KEY=§", "base64:3Zx81kd0a"),
    ("AUTH_SALT='§'", "x7Kq!p W2"),
    ('"SECRET": "§"', "correcthorse"),
    ("password[]=§&user[]=dias", "hunter2"),
    ("db_pass='§' db_user='dias'", "it''s hunter2"),
    ("pw=§", "hunter2"),
    # prose
    ("password is §", "hunter2x"),
    ("The password of dias was reset. Your new password is: §", "hunter2x"),
    ("password is '§', user is 'dias1234'", "hunter2x"),
    ("passwd §", "hunter2x"),
    ("-e POSTGRES_PASSWORD § -e POSTGRES_USER user1234", "hunter2x"),
    ("aws_secret_access_key §", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("no password DB_PASS2 = § user=dias", "hunter2x"),
    ("your token is §", "a1b2c3d4e5"),
    ("пароль: §", "hunter2x"),
    ("Пароль: §", "swordfish"),
    ("Ваш новый пароль: §", "hunter2x"),
    ("Пароль администратора: §", "hunter2x"),
    ("ПАРОЛЬ=§", "swordfish"),
    ("пароль §", "hunter2x"),
    ("токен: §", "a1b2c3d4e5"),
    ("Токен бота: §", "a1b2c3d4e5"),
    ("құпия сөз: §", "hunter2x"),
    # command lines
    ("redis-cli -h redis -a § ping", "hunter"),
    ('Cmd: ["redis-cli","-a","§","ping"]', "hunter"),
    ("sshpass -p § ssh dias@web-1", "hunter"),
    ("sshpass -p'§' ssh dias@web-1", "hunter"),
    ("+ mysql -uroot -p§ directus", "hunter"),
    ("mysqldump --all -h db -p§", "hunter"),
    ("+ curl -sS -u dias:§ https://api.example/v1", "hunter"),
    ("curl --user dias:§ https://api.example/v1", "hunter"),
    # Redis, SMTP, SQL
    ('["AUTH","default","§"]', "hunter"),
    ('["AUTH","§"]', "hunter"),
    ('1:M 02 Nov 2026 AUTH "default" "§"', "hunter"),
    ("AUTH §", "hunter2x"),
    ("AUTH default §", "hunter2x"),
    ("command: { name: 'auth', args: [ 'default', '§' ] }", "hunter"),
    ("< AUTH PLAIN §", "AHVzZXIAcGFzcw=="),
    ("smtp: AUTH §", "AHVzZXIAcGFzcw=="),
    ("CREATE ROLE directus LOGIN PASSWORD E'§';", "hunter"),
    ("CREATE ROLE directus LOGIN PASSWORD '§' VALID UNTIL 'infinity';", "it''s"),
    # addresses
    ("remote: https://§@github.com/example/repository", "a1b2c3d4e5f6a7b8c9d0e1"),
    ("SENTRY_DSN=https://§@o1.ingest.sentry.io/1", "0123456789abcdef" * 2),
    ("POST https://discord.com/api/webhooks/1234567890/§ 404", "aZ09_-" * 10),
    ("POST https://discordapp.com/api/v10/webhooks/1234567890/§", "aZ09_-" * 10),
    ("POST https://hooks.slack.com/workflows/§", "T00000000/A00000000/4111/aZ09aZ09"),
    ("magic link https://dir.example/reset?code=§&user=1", "a1b2c3d4e5"),
    ("GET /admin/reset-password/§ 200", "a1b2c3d4e5"),
    ("GET https://dir.example/password-reset/§?lang=ru", "a1b2c3d4e5"),
    ("123456789:§ is unauthorized", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"),
    # keys and challenges
    ("PresharedKey: §", BASE64),
    ("PresharedKey = §", BASE64),
    ("PrivateKey = §", BASE64),
    ("  preshared key: §", BASE64),
    (
        'Authorization: Digest username="dias", realm="api", uri="/", response="§"',
        "6629fae49393a05397450978507c4ef1",
    ),
]

PLAIN_LINES = """\
PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users (id), KEY idx_users_1 (id)
KEY: not found, KEY= and KEY="" and KEY=$KEY and KEY=${KEY}
key=255d861b-5ea1-5996-9aa3-922530ec40b1 monkey=banana1234 cache_key: users:1
request 255d861b-5ea1-5996-9aa3-922530ec40b1 done, etag e3b0c44298fc1c149afbf4c8996fb924
The password is required; a password is too short; your password is: expired
the token is invalid, the token was revoked, the secret is missing, token is undefined
password authentication failed for user user1234, password for user1234 was wrong, passwd: unknown
password sha256 mismatch, password scram-sha-256, password argon2id, secret: base64, password oauth2
token user1234 expired; secret db-password-v2 not found; password reset for dias1234
Неверный пароль: попробуйте снова. Пароль: не менее 8 символов, пароль 8 символов
Токен: истёк. Пользователь user1234 сменил пароль пользователя user5678
mysql -u root -p directus < dump1234.sql
mysql -h db -p 2>&1 | tee -a log1234.txt
redis-cli -h redis -p 6379 -n 2; ls -a data1234
docker run -p 8080:80 -u 1000:1000 -a stdout redis
mkdir -p /var/lib/a1b2c3d4e5 && cp -a /srv/a1b2c3d4e5 /tmp
ssh -p 2222 dias@web-1 redis; curl -a x1234567 https://api.example
250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2
NOAUTH Authentication required. AUTH failed: WRONGPASS invalid username-password pair
["auth","users","sessions"] {"auth":"basic1"} name: 'get', args: [ 'user:1' ]
ALTER TABLE users ADD COLUMN password varchar(255) NOT NULL DEFAULT '', ADD token text
UPDATE directus_users SET password = $1, token = $2 WHERE id = $3 AND password IS NOT NULL
git clone https://dias@github.com/example/repository
https://a-deploy-user-of-2026-prod@git.example/x https://continuousdeployment@git.example/x
GET /items?code=200 GET /items?code=ENOTFOUND&x=1 exit code=12345678 code=ERR_HTTP2_STREAM
GET /reset-password/request 200 GET /reset-password 200 GET /assets/reset-password/index-a1b2c3d4.js 200
    at reset (/srv/reset-password/handler12.ts:10:2)
GET https://discord.com/api/webhooks/1234567890 200, https://discord.com/channels/1234567890/0987654321987654
response="ok" http_response=200 response=0123456789abcdef0123456789abcdef
PublicKey = aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=
Failed to load private key: no start line; private key: /etc/ssl/private/web1.pem""".splitlines()


@pytest.mark.parametrize("row", HIDDEN_LINES)
def test_a_secret_is_hidden_and_only_it_and_once_is_enough(row: Row) -> None:
    assert_hidden(row)


@pytest.mark.parametrize("line", PLAIN_LINES)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(f"{line}\n{line}") == f"{line}\n{line}"
