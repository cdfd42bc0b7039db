"""Secrets known by their looks, by the command, address or protocol they stand in, and what only looks like them."""

import pytest

from services.redaction.text import redact
from tests.unit.redaction_rows import HEX, MIXED, UUID, Row, assert_hidden

# Where `§` stands, there was a secret: each row is a line of a log, the secret, and nothing else changes.
HIDDEN_LINES = [
    # looks
    ("sk §", "rk_test_" + MIXED),
    ("glab auth login -t §", "glpat-Kq7ZtP2mXw9LbV4nYc8R"),
    ("notion §", "secret_" + MIXED + "Kq7ZtP2mXw9LbV4nYc8"),
    ("FCM server key §", "AAAAKq7ZtP2:APA91b" + MIXED * 2),
    ("yookassa §", "live_" + MIXED * 2),
    ("resend: Bearer §", "re_ch1MRnEi_weOx1vi4xJWGCV1zHLY0m3E9"),
    ("Twilio auth AC6b5a377027ccdcf322c352e339b09888:§", "cdd5070a7bdbb5ba3d783d7bd8973ce0"),
    ("jwe §", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..abcdefghijkl.mnopqrst.uvwxyz12"),
    ("eyJ payload §", "eyJhbGciOiJIUzI1NiIsInR5cCI6Ikp"),
    ("tls.key: §", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlC"),
    ('"data":{"tls.key":"§"}', "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpP9XBaZMaE6gRhkYyc5vqKr8yCRAp2q"),
    ('{"kty":"EC","d":"§","x":"a"}', MIXED + "Kq7ZtP2mXw9LbV4nYc8"),
    ("§", "$2y$10$abcdefghijk\\/mnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"),
    ('{"hash":"§"}', "$2b$12$vfSS8nEgalR4dzQ3hha6ihWcQbQEWBpF4TQiSsS5CD2qQnWfRho0P"),
    ("pw §", "%242b%2410%24kiXVtiOTLEHESI7pveArvK"),
    ("werkzeug §", "pbkdf2:sha256:600000$abcdefgh$" + HEX * 2),
    ("werkzeug §", "scrypt:32768:8:1$abcdefgh$" + HEX * 2),
    ("client_secret=§", "abc8Q~" + MIXED + "abcdefgh"),
    ('pgbouncer: "app" "md5§"', "0a515ab61a97f58023221e9784db6000"),
    ("mysql.user: *§", "044CCE23553C082547FB6F43ACB8B5FBC8E7F7F5"),
    ("userPassword: §", "{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="),
    ("admin:500:aad3b435b51404eeaad3b435b51404ee:§:::", HEX),
    ("token=§", "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
    ("TelegramUnauthorizedError: token 7123456789:§", "AAe7HN1kw9vlugNU5gBn9mecnme42wssMeQ"),
    ("https:\\/\\/hooks.slack.com\\/services\\/§", "T00000000\\/B00000000\\/" + MIXED),
    ("SLACK_WEBHOOK=https://hooks.slack.com/services/§", "T00000000/B00000000/" + MIXED),
    ("https:\\/\\/discord.com\\/api\\/webhooks\\/123456789012345678\\/§", MIXED * 3),
    ("https://b24.bitrix24.ru/rest/1/§/crm.deal.list", "a1b2c3d4e5f6g7h8"),
    ("bitrix24: https://kontora.bitrix24.ru/rest/12/§/crm.lead.add.json", "uhzrhefu624u2ln6"),
    ("ss://§@x:8388", "YWVzLTI1Ni1nY206aHVudGVyMjI"),
    ("trojan://§@x:443", "Zhuravl-klin"),
    (
        "POST https://example.webhook.office.com/webhookb2/§ 404",
        f"{UUID}@{UUID}/IncomingWebhook/{HEX}/{UUID}",
    ),
    ("n8n: POST https://hooks.zapier.com/hooks/catch/§", "123456/abcdef1"),
    ("password_pbkdf2 root §", f"grub.pbkdf2.sha512.10000.{HEX.upper() * 2}.{HEX.upper()}"),
    ("graph: § expired", "abc8Q~" + MIXED + "abcdefgh"),
    ("sms by AC6b5a377027ccdcf322c352e339b09888:§ sent", "cdd5070a7bdbb5ba3d783d7bd8973ce0"),
    ("tls §", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlC"),
    (f"CLIENT_RANDOM {HEX * 2} §", HEX * 3),
    (f"SERVER_TRAFFIC_SECRET_0 {HEX} §", HEX * 2),
    ("uid=dias {SSHA}§ imported", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="),
    # places
    ("ALTER USER app IDENTIFIED BY x REPLACE '§'", "Zhuravl-klin"),
    ("> auth: Bearer §", "zIt6nwGaJ0Sc908cetdSZJX97meUFQw1Wwwr"),
    ("HEADERS | authorization | Bearer §", "LtInHaNQ8xS2NY0nG9NQvUSEFkPlXc7dj1LJ"),
    ("moysklad: Basic §", "YWRtaW5Aa29udG9yYTpTbmVnaXI="),
    ("Authorization header: Basic §", "b3BzOlNuZWdpci5uYS12ZXRrZQ=="),
    ("git clone https://§:x-oauth-basic@github.com/a/b", "aaaa" + HEX),
    ("https://anna:§@x.example/", "p%40ss"),
    ('url: "http://ops:§@pushgateway:9091/metrics"', "molokoIhleb"),
    ("https://§@sentry.example/4", "abc-AZjBmnDmcqVrtBDp7PckTWTW"),
    ("sentry: https://§@o450.ingest.sentry.io/4505", "16cc15e41dd7bcd3bec86ffc8ed82925"),
    ("dsn=mysql%3A%2F%2Fapp%3A§%40db%2Fshop", "Klyukva"),
    ("GET /proxy?url=http%3A%2F%2Fanna%3A§%40x", "Sneg%25ir"),
    ("mysql: app:§@(db:3306)/shop", "Klyukva-moroz"),
    ("user:§@unix(/tmp/mysql.sock)/db", "xxZhuravl-klin"),
    ("sqlplus scott/§@ORCL", "Zhuravl-klin"),
    ("jdbc:oracle:thin:scott/§@host:1521:SID", "Zhuravl-klin"),
    ("redis-commander: REDIS_HOSTS=local:redis:6379:0:§", "molokoIhleb"),
    ("pg.internal:5432:orders:app:§", "Zhuravl-klin"),
    ("PGPASSFILE: db:5432:orders:app:§", "Snegir.na-vetke"),
    ("--password '§' --x", "a b"),
    ("LOG: statement: ALTER ROLE app PASSWORD '§'", "Klyukva-moroz"),
    ('ALTER USER app IDENTIFIED BY "§"', "Zhuravl-klin"),
    ("SET PASSWORD FOR 'r'@'%' = '§'", "Zhuravl-klin"),
    ("pgp_sym_encrypt('data', '§')", "Zhuravl-klin"),
    ("SELECT crypt('§', gen_salt('bf'))", "Zhuravl-klin"),
    ('requirepass="§"', "molokoIhleb"),
    ('"requirepass" "§"', "molokoIhleb"),
    ('12.5 [0 10.0.0.1:5] "auth" "app" "§"', "molokoIhleb"),
    ("> CONFIG SET requirepass §", "Klyukva-moroz"),
    ("--masterauth § --appendonly yes", "Zhuravl-klin"),
    ('"AUTH" "app" "§"', "Klyukva-moroz"),
    ('"HELLO" "3" "AUTH" "default" "§"', "Zhuravl-klin"),
    ("HELLO 3 AUTH default §", "Zhuravl-klin1"),
    ("WRONGPASS redis AUTH app §", "Okun_i_shuka7"),
    ("AUTH §", "Zhuravl-klin2"),
    ("AUTH XOAUTH2 §", "dXNlcj1hQGIuY29tAWF1dGg9QmVhcmVyIHh4eAEB"),
    ("aclfile: user app on #x >§ ~*", "molokoIhleb"),
    ("ACL SETUSER app on >§ ~* +@all", "Zhuravl-klin"),
    ("/unsubscribe?key=§", "93e3f8e89f75ff2dc330d1dcf1c11d2b"),
    ("imap_open('{h:993}', 'u', '§')", "Snegir.na-vetke"),
    ('mysqli_connect("db", "app", "§", "shop")', "Klyukva-moroz"),
    ("Postfix: smtp_sasl_password_maps=static:noreply:§", "Klyukva-moroz"),
    ("[smtp.example]:587 noreply:§", "Zhuravl-klin"),
    ("[smtp.example.com]:587 noreply@x.y:§", "Snegir.na-vetke"),
    ("sasl_passwd: [smtp.example.com]:587 noreply:§", "Snegir.na-vetke"),
    ("sasl_passwd smtp.example.com noreply:§", "Snegir.na-vetke"),
    ('secret "§";', "Zhuravl-klin"),
    ("> PASS §", "Zhuravl-klin"),
    ("C: PASS §", "Zhuravl-klin"),
    ('a1 LOGIN anna "§"', "Zhuravl-klin"),
    ('user : EAP "§"', "Zhuravl-klin"),
    ('10.0.0.1 %any : PSK "§"', "Zhuravl-klin"),
    ('gpg --passphrase "§" -d x', "Klyukva-moroz"),
    ("--token '§'", MIXED),
    ("restic --password-command 'echo §' backup", "molokoIhleb"),
    ("influx -username a -password '§'", "Klyukva-moroz"),
    ('ENTRYPOINT ["./app","--db-pass","§"]', "molokoIhleb"),
    ("['pg_dump','--password','§']", "Zhuravl-klin"),
    ("--secret §", MIXED),
    ("rclone sync --sftp-pass § a b", "Klyukva-moroz"),
    ('sshpass -p "§" scp x y', "Zhuravl-klin"),
    ('ssh-keygen -t ed25519 -N "§"', "molokoIhleb"),
    ("mosquitto_sub -h x -u a -P '§'", "Klyukva-moroz"),
    ("plink -pw § host", "Zhuravl-klin"),
    ("crane auth login x -u anna -p §", "Zhuravl-klin"),
    ('mysqldump -uapp -p"§" x', "Zhuravl-klin"),
    ("7z a -p§ x.7z y", "Zhuravl-klin"),
    ("$ mysql -h db -u root -p§ shop < dump.sql", "Klyukva-moroz"),
    ('curl -u "anna:§" https://x', "Zhuravl-klin"),
    ("curl --user 'anna:§' https://x", "pa ss w"),
    ("curl -u $USER:§ https://x", "molokoIhleb"),
    ("curl --proxy-user anna:§ https://x", "Zhuravl-klin"),
    ("lftp -u anna,§ ftp://x", "Zhuravl-klin"),
    ("smbclient //x/y -U anna%§", "Zhuravl-klin"),
    ("EXEC sp_addlogin 'a', '§'", "Zhuravl-klin"),
    ("sed -i s/__PASSWORD__/§/ x.conf", "Zhuravl-klin"),
    ("xfreerdp /u:a /p:§ /v:x", "Zhuravl-klin"),
    ("openssl rsa -passin pass:§ -in x", "Zhuravl-klin"),
    ("openssl pkcs12 -export -passout pass:§ -out x", "Klyukva-moroz"),
    ("sms.ru api_id §", UUID),
    ("api_id=§&to=7999", UUID),
    ("cargo login §", "cio" + MIXED + "abcdefgh"),
    ("ngrok config add-authtoken §", MIXED + "_Kq7ZtP2mXw9LbV4nYc8RdJ5s"),
    ('echo "§" >> .pgpass', "x:5432:a:b:c1"),
    ('printf "§" | docker login --password-stdin', "Zhuravl-klin"),
    ("echo '§' | sudo -S apt", "a b"),
    ("echo '§' | passwd --stdin root", "Zhuravl-klin"),
    ("echo § | sudo -S apt", "Zhuravl-klin"),
    ("echo § > /run/secrets/db_password", "Zhuravl-klin"),
    ('cryptsetup <<< "§"', "Snegir.na-vetke"),
    ("rsync --password-file=<(echo §)", "Snegir.na-vetke"),
    ("restic -r s3:x --password-file <(echo §) backup", "Klyukva-moroz"),
    ("::add-mask::§", "Klyukva-moroz"),
    ("##vso[task.setvariable variable=Password;issecret=true]§", "Zhuravl-klin"),
    ('module.x: password: "" => "§"', "molokoIhleb"),
    ("https://maker.ifttt.com/trigger/x/with/key/§", MIXED),
    ("magic link: https://x/magic-link/§", MIXED),
    ("Invite link https://x/accept-invite/§", MIXED),
    ("amqp://a:§@mq", "%D0%9F%D0%B0"),
    ('Traceback: connect("postgres://a:§@db")', "molokoIhleb"),
    ("redis://:§", "Zhur"),
    ("mysql://app:§", "Oborv"),
]

PLAIN_LINES = r"""
WWW-Authenticate: Bearer realm="https://x.example/token",service="registry.example"
docker run -p 14970:80 -v /srv/a:/data --secret id=npm_token nginx:1.27
key not found: items:42, cache_key=orders:0123456789abcdef0123456789abcdef, "key":"users:1:profile"
FATAL:  password authentication failed for user "web-1"
INSERT INTO tokens (id, token, created) VALUES ($1, $2, $3) RETURNING id -- Executing (default)
ED25519 SHA256:Vp27NLmjzL34yx/eyJi4uFDX1tkb9VlvItMZawoBiEz
exit code 137, error code: 12345, code=ERR_HTTP2_STREAM_CANCELLED, код ответа 10054, код ошибки: 500123
TokenService.getUserAuthenticationTokenFromRequest failed; token getUserAuthenticationTokenFromRequest
npm_config_user_agent=npm/10.8.2 npm_lifecycle_event=start npm_package_version=1.2.3
["id","password","email"] ("password", "token") 'password', 'email'
passwords do not match; password "must be at least 8 characters"; password "is required"
auth: ["user","pass"] auth=('login', 'password')
[smtp.example.com]:587 connected, [::1]:587 refused
recovery codes are sent; backup code path /var/backup; verification code sent to +79001234567
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA
/api/users/password/reset GET /auth/token/refresh POST /docs/api-key-rotation.html /users/me/tokens/42
the password you entered is 8 characters long, passwords expire after 90d
password policy: minimum 12, history 5, require digits: yes
HMAC-SHA256 signature verified, signature algorithm: rsa-sha2-512, sign=1 sig=off
sasl_passwd: /etc/postfix/sasl_passwd, password_file=/run/secrets/db, key: /etc/ssl/web.key""".strip().splitlines()


@pytest.mark.parametrize("row", HIDDEN_LINES)
def test_a_secret_is_hidden_and_only_it_and_once_is_enough(row: Row) -> None:
    assert_hidden(row)


@pytest.mark.parametrize("line", PLAIN_LINES)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(f"{line}\n{line}") == f"{line}\n{line}"
