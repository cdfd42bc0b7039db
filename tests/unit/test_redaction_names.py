"""Secrets behind their names, in assignments, structures and sentences, and what only looks like them."""

import pytest

from services.redaction.text import redact
from tests.unit.redaction_rows import HEX, MIXED, Row, assert_hidden

# Where `§` stands, there was a secret: each row is a line of a log, the secret, and nothing else changes.
HIDDEN_LINES = [
    # assigned
    ("Cookie: §", "a=b; c=d"),
    ("set-cookie: §", "sid=abc; Path=/"),
    ("authorization: §", MIXED),
    ("-H authorization:Bearer\\ §", MIXED),
    ("_auth=§", "YW5uYTpodW50ZXIyMg=="),
    ('"identitytoken":"§"', MIXED),
    ("PIN=§", "4821"),
    ('"otp": §', "481920"),
    ('Environment="DB_PASSWORD=§"', "two words"),
    ('"Env":["DB_PASSWORD=§","X=1"]', "two words"),
    ("{\\x22password\\x22:\\x22§\\x22}", "Zhuravl-klin"),
    ("\\u0022password\\u0022:\\u0022§\\u0022", "Zhuravl-klin"),
    ("&quot;password&quot;:&quot;§&quot;", "Zhuravl-klin"),
    ("body=%7B%22password%22%3A%22§%22%7D", "Zhuravl-klin"),
    ('"{\\x22login\\x22:\\x22anna\\x22,\\x22password\\x22:\\x22§\\x22}"', "Zhuravl-klin"),
    ("{Password:[§]}", "104 117 110 116 101 114 50"),
    ("password: <Buffer §>", "68 75 6e 74 65 72"),
    ("spring.mail.password=§", "abcd efgh ijkl mnop"),
    ("EMAIL_HOST_PASSWORD = §", "abcd efgh ijkl mnop"),
    ("pwd=§", "Zhuravl-klin"),
    ("pass=§;host=db", "Klyukva-moroz"),
    ("?token=§&expires=1", MIXED),
    ("логин: admin, пароль: §", "Zhuravl-klin"),
    ("Ocp-Apim-Subscription-Key: §", HEX),
    ("пароль был изменён, новый пароль: §", "molokoIhleb"),
    ('{password,"§"}', "Zhuravl-klin"),
    ('["password","§"]', "Zhuravl-klin"),
    ("('password', '§')", "Zhuravl-klin"),
    ('{password,<<"§">>}', "Zhuravl-klin"),
    ('define("SECRET", "§");', "Snegir.na-vetke"),
    ("define('AUTH_KEY', '§');", "x%tBbgWS67uh7rOIJGYlMFUc23yQzRkhOhQxOwLAb2nPfUpRK9CITUieJzrLKG"),
    ("<password>§</password>", "Zhuravl-klin"),
    ("<ns:apiKey>§</ns:apiKey>", MIXED),
    ("<SecretAccessKey>§</SecretAccessKey>", "HmXrf98EwuSHeWv6YSfsykSV2hDaPqERGe+iY7FW"),
    ("maven settings: <password>§</password>", "Snegir.na-vetke"),
    ('DB_PASSWORD=\\"§\\"', "Snegir.na-vetke"),
    ('"\\"password\\": \\"§\\""', "Zhuravl-klin"),
    ('{"a":"password=\\"§\\""}', "Klyukva-moroz"),
    ('msg="{\\"api_key\\":\\"§\\"}"', MIXED),
    ('{"log":"{\\"token\\":\\"§\\"}\\n"}', MIXED),
    ('{"log":"{\\"access_token\\":\\"§\\"}"}', "zuLo9YiosYXKmUwCvJ1zWGNM8yBAici0zI8cdJOL"),
    ('\\\\\\"password\\\\\\":\\\\\\"§\\\\\\"', "Zhuravl-klin"),
    ('"msg":"{\\\\\\"secret\\\\\\":\\\\\\"§\\\\\\"}"', "Klyukva-moroz"),
    ('"{\\"a\\":\\"{\\\\\\"password\\\\\\":\\\\\\"§\\\\\\"}\\"}"', "Zhuravl-klin"),
    ('"body":"{\\\\\\"password\\\\\\":\\\\\\"§\\\\\\",\\\\\\"x\\\\\\":1}"', "Snegir.na-vetke"),
    ("{\\'password\\': \\'§\\'}", "Zhuravl-klin"),
    ('psk="§"', "Zhuravl-klin"),
    ('{"secret":"§"}', "word"),
    ('"privateKey": "§"', "q3Vt8LxY0mZr5KdN2pWc7HsBf9JgT4aUe6RiOk1QvXw"),
    ('Config{password: "§"}', "Zhuravl-klin"),
    ('{"data":{"password":"§"}}', "aHVudGVyMjI="),
    ('{"headers":{"x-access-token":"§"}}', "q2tc76E9K2nwVRKHHKyh19bK3Hf0HQ"),
    ("password: '§", "Zhur"),
    ("'password' => '§',", "Zhuravl-klin"),
    ("declare -x API_TOKEN='§'", "efbMJEPFgsBvU8dWBySh"),
    ("kafka sasl_plain_password='§'", "Snegir.na-vetke"),
    ("'key': 'DB_PASSWORD', 'value': '§'", "Zhuravl-klin"),
    ("UPDATE users SET password = MD5('§') WHERE id=1", "Zhuravl-klin"),
    ('{"field":"password","from":"§","to":"x"}', "molokoIhleb"),
    ('{"field":"user.password","old":null,"new":"§"}', "Snegir.na-vetke"),
    ('value="§", name="DB_PASSWORD"', "molokoIhleb"),
    ('{"value":"§","type":"secret"}', "molokoIhleb"),
    ('<string name="api_key">§</string>', "OhWlmEAzQO9dzdnJn1gt"),
    ('<entry key="db.password">§</entry>', "molokoIhleb"),
    ("auth=['anna', '§']", "Okun_i_shuka7"),
    ('"auth":["anna","§"]', "Snegir.na-vetke"),
    ("'spring.mail.password' in PropertySource 'env' with value of type String = §", "molokoIhleb"),
    ("Key: §", MIXED + "ab12"),
    ("AES key = §", HEX),
    ('{"passwords":{§},"x":1}', '"anna":"Zhuravl-klin","bob":"molokoIhleb"'),
    ('{"user":{"password":{§}}}', '"new":"Zhuravl-klin"'),
    # told
    ("passwords: §", "anna=x1y2z3w, bob=Zhuravl-klin"),
    ('password "§" rejected', "tri slova zdes"),
    ("пароль «§»", "tri slova"),
    ('SMTP_PASSWORD "§" rejected', "Snegir.na-vetke"),
    ('API_TOKEN "§" rejected', "Snegir.na-vetke"),
    ("backup codes: §", "12345678, 23456789"),
    ("резервные коды: §", "1a2b3c4d, 5e6f7g8h"),
    ("SMS to +79001234567: код §", "4819"),
    ("seed phrase: §", "apple apple apple apple apple apple apple apple apple apple apple zebra"),
    ("track1 %B§?", "4000056655665556^IVANOV/IVAN^28111010000"),
    ("PAN §", "4111.1111.1111.1111"),
    ("pan §|12/28", "2223003122003222"),
    ("amex §", "378282246310005"),
    ("diners §", "30569309025904"),
    ("setup key: §", "abcd efgh 2345 ijkl"),
    ("password digest: §", HEX),
    ("New password generated: §", "Zhuravl-klin"),
    ('password is "§"', "swordfish"),
    ("ваш пароль — «§»", "molokoIhleb"),
    ("password for anna is now '§'", "molokoIhleb"),
    ('set config smtp.password to "§"', "Snegir.na-vetke"),
    ("Admin password has been set to '§'", "Zhuravl-klin1"),
    ("пароль «§»", "Zhuravl-klin1"),
    ('Default password "§" is in use', "tihiyOmut"),
    ("mg: auth api:§", "5608658f3e5c1f6f36b24af525f2a6a3-9eda891d-b7a66399"),
    ("basic auth anna:§ rejected", "Zhuravl-klin7"),
    ("токеном §", MIXED),
    ("jenkins: api token §", "259c6c9657b6b738b166ee5ec471daecab"),
    ("OTP §", "481920"),
    ("One-time code: §", "481920"),
]

PLAIN_LINES = r"""
device eth0 up, IPv6 fe80::5433:6d42:fe48:6a8e
WARNING! Using --password via the CLI is insecure. Use --password-stdin. Pass --token if you need to
peer public key: q3Vt8LxY0mZr5KdN2pWc7HsBf9JgT4aUe6RiOk1QvXw= allowed ips 10.8.0.3/32
password of user1234 was reset by dias5678, password for "web-1" expires in 3600s
UPDATE sessions SET token = ?, expires = ? WHERE id = ? -- no params given
session 5f4dcc3b closed, session 255d861b-5ea1-5996-9aa3-922530ec40b1 opened, sid=42
chatcmpl-9aBcDeFgHiJkLmNoPqRsTuVwXyZ12 charged ch_3MtwBwLkdIwHu7ix28a3tqPa of cus_NffrFeUfNV2Hib
login from 10.0.0.1:5432, account billing / 2026, access to orders/2026-11
"tokens":{"prompt":12,"completion":34,"unit":"count"} "secrets":{"enabled":true}
<password type="string"/> <token></token> <property name="url">jdbc:postgresql://db/x</property>
password: ?, password = ?, password = :password, token: <redacted>, secret: [hidden], password: (sensitive value)
mysql://db:3306/shop redis://redis postgres://db,db2/x amqp://rabbit
module.x: image: "nginx:1.26" -> "nginx:1.27"
user default on nopass; user dias on server2 >2 minutes
sha512-AbC123dEf456GhI789jKl012MnO345pQr678StU901vWx234YzA567bCd890== etag W/"5f4dcc3b-AbC123dEf456GhI789jKl012Mn="
Secret "db-secret-2" not found, secret/orders-tls-1 unchanged, configmap "key1" created
Token validity: 15m0s, token bucket: 100/200, token type: Bearer, tokens left: 12345
KEY idx_users_email (email), KEY `token` (`token`), UNIQUE KEY (password)
4111111111111112 and 1234567812345678 and 2026-11-23-1234-5678
Secret key 1: mounted
secret 2: rotated
password: unchanged
cookie: accepted, Cookie banner shown, cookies: 3, set-cookie header missing""".strip().splitlines()


@pytest.mark.parametrize("row", HIDDEN_LINES)
def test_a_secret_is_hidden_and_only_it_and_once_is_enough(row: Row) -> None:
    assert_hidden(row)


@pytest.mark.parametrize("line", PLAIN_LINES)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(f"{line}\n{line}") == f"{line}\n{line}"
