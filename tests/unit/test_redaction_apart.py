"""Secrets apart from what says what they are: lines below it, statements, keys; and whom e-mail addresses belong to."""

import pytest

from services.redaction.text import EMAILS, HIDDEN, redact
from tests.unit.redaction_rows import Row, assert_hidden

KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDVMIIEvQIBADAN"

# Where `§` stands, there was a secret, and nothing else changes.
HIDDEN_TEXTS = [
    # YAML
    ("db:\n  password: |\n    §\n  user: dias", "two words"),
    ("token: >-\n    §\nx: 1", "Kq7ZtP2mXw9LbV4nYc8RdJ5s"),
    ("n8n-1  | db:\nn8n-1  |   password: |\nn8n-1  |     §\nn8n-1  |   user: x", "Zhuravl-klin"),
    ("env:\n- name: DB_PASSWORD\n  value: §", "Zhuravl-klin"),
    ("apiVersion: v1\ndata:\n  app.ini: §\nkind: Secret", "S2x5dWt2YS1tb3Jveg=="),
    # dialogues
    ("S: 334 UGFzc3dvcmQ6\nC: §", "aHVudGVyMjI="),
    ("reply: b'334 UGFzc3dvcmQ6\\r\\n'\nsend: '§\\r\\n'", "aHVudGVyMjI="),
    ("2026-11-20 10:00:00 SMTP<< 334 UGFzc3dvcmQ6\n2026-11-20 10:00:01 SMTP>> §", "aHVudGVyMjI="),
    ('1) "AUTH"\n2) "§"', "Zhuravl-klin"),
    (' 4) 1) "AUTH"\n    2) "default"\n    3) "§"', "Zhuravl-klin"),
    ('  ["password"]=>\n  string(12) "§"', "Zhuravl-klin"),
    ('Content-Disposition: form-data; name="password"\r\n\r\n§\r\n--x', "molokoIhleb"),
    ('app-1  | form-data; name="user.token"\napp-1  | \napp-1  | §\napp-1  | --x', "a b"),
    # what installers print
    ("Please use the following password to proceed:\n\n§\n", "6e6ec6264277b7369687b367b07ec4af"),
    ("app-1  | Your new API key:\napp-1  | \napp-1  | §", "Kq7ZtP2mXw9LbV4nYc8RdJ5s"),
    ("root password changed.\nnew password is §", "Snegir.na-vetke"),
    ("Recovery codes:\n  §\n", "1a2b3c4d"),
    # statements
    ("INSERT INTO users (id, login, password, x) VALUES (1, 'a', '§', 'b')", "it''s (one), two"),
    ("insert into users(name, api_token) values('a','§')", "Kq7ZtP2mXw9L"),
    ('INSERT INTO "users" ("login", "password") VALUES (\'a\', \'§\') RETURNING id', "Zhuravl-klin"),
    ("{\"sql\": \"INSERT INTO users (login,password) VALUES ('a','§')\"}", "Zhuravl-klin"),
    ('UPDATE users SET "password"=$1 WHERE "id"=$2 -- params ["§", 5]', "Zhuravl-klin"),
    ('INSERT INTO users(login,password) VALUES ($1,$2) -- PARAMETERS: ["zoya","§"]', "Zhuravl-klin"),
    ('SELECT * FROM users WHERE id = ? AND token = ? bindings [5, "§"]', "hunter"),
    (
        "LOG:  execute <unnamed>: UPDATE users SET password = $2 WHERE id = $1\n"
        "DETAIL:  parameters: $1 = '42', $2 = '§'",
        "Zhuravl''klin",
    ),
    (
        "==>  Preparing: INSERT INTO users (login, password) VALUES (?, ?)\n==> Parameters: zoya(String), §(String)",
        "Zhuravl-klin",
    ),
    (
        "sqlalchemy.engine.Engine UPDATE users SET token=? WHERE id=?\n"
        "sqlalchemy.engine.Engine [generated in 0.0002s] ('§', 5)",
        "Zhuravl-klin",
    ),
    # keys
    ("Private-Lines: 1\n§\nPrivate-MAC: x", KEY_LINE),
    ("-----BEGIN+PRIVATE+KEY-----§-----END+PRIVATE+KEY-----", f"%0A{KEY_LINE}%0A"),
    (
        "-----BEGIN OpenVPN Static key V1-----\n§\n-----END OpenVPN Static key V1-----",
        "0831e3c8b101f81d481c1163992d295b",
    ),
]

PLAIN_TEXTS = [
    "ERROR at character 334\nS: 250 OK\nbm9yZXBseQ==",
    "S: 334 VXNlcm5hbWU6\nC: bm9yZXBseQ==",
    "data:\n  mode: production\n  level: debug\n  name: service1",
    'Password:\n{"event":"order.created","id":1}',
    "Token is invalid:\n  retry in 5 s",
    "Keys found in cache:\nitems:42",
    "password reset.\nGET /x 200",
    "INSERT INTO tokens (id, token_expires, name) VALUES (1, '2026-11-23', 'x')",
    "SELECT id FROM t WHERE token = $1\nsqlalchemy [cached since 5s ago] (5, '255d861b-5ea1-5996-9aa3-922530ec40b1')",
    'UPDATE users SET name = $1 -- params ["Zhuravl-klin"]',
    f"-----BEGIN CERTIFICATE-----\n{KEY_LINE}\n-----END CERTIFICATE-----",
]


@pytest.mark.parametrize("row", HIDDEN_TEXTS)
def test_what_stands_apart_is_hidden_and_only_it_and_once_is_enough(row: Row) -> None:
    assert_hidden(row)


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("prefix", ["app-1  | ", "2026-11-20T08:48:00.12{n}Z ", "INFO ", "  ", "> "])
@pytest.mark.parametrize("cut", ["", "BEGIN", "END"])
def test_lines_of_a_key_may_have_before_them_what_a_logger_puts_there(prefix: str, cut: str) -> None:
    marks = ["-----BEGIN EC PRIVATE KEY-----", *[KEY_LINE] * 3, "-----END EC PRIVATE KEY-----"]
    marks = [mark for mark in marks if not cut or cut not in mark]
    lines = [prefix.format(n=n) + line for n, line in enumerate(["before", *marks, "behind"])]
    assert redact("\n".join(lines)) == "\n".join(lines).replace(KEY_LINE, HIDDEN)


def test_of_an_email_address_the_domain_stays() -> None:
    text = "sent to anna.petrova+x@mail.kontora.example and to email=anna%40kontora.kz, cc <a_b@sub.example.co.uk>"
    assert redact(text) == text
    hidden = redact(text, [EMAILS])
    assert hidden == (
        f"sent to {HIDDEN}@mail.kontora.example and to email={HIDDEN}%40kontora.kz, cc <{HIDDEN}@sub.example.co.uk>"
    )
    assert redact(hidden, [EMAILS]) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:example/repository left-pad@1.3.0 dir@docker root@server1 @types/node",
        "getty@tty1.service user@1000.service /srv/mail@domain x@y",
        "redis://redis:6379 http://a/@b",
    ],
)
def test_what_only_looks_like_an_email_address_stays(text: str) -> None:
    assert redact(text, [EMAILS]) == text
