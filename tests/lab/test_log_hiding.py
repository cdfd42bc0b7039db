"""What a container itself keeps secret is hidden in its log, wherever it stands and however it is written."""

import base64
from urllib.parse import quote

import pytest

from services.domain.logs import LogQuery
from services.logs.stream.source import LogSource
from services.logs.text.presenter import presented
from services.redaction.text import HIDDEN
from tests.lab.servers import Lab, Server
from tests.lab.transport import over_ssh

pytestmark = pytest.mark.lab

ENVIRONMENT = {
    "DATABASE_URL": "postgres://directus:p%40ss-of-1@postgres:5432/directus",
    "ADMIN_PASSWORD": "Sadko bogaty",
    "WHATEVER": "Kq7ZtP2mXw9LbV4nYc8RdJ5s",
    "NODE_ENV": "production",
    "DB_USER": "directus",
}
SAYING = 'echo "got $WHATEVER as $DB_USER in $NODE_ENV"; echo "$SAID"; echo "mail to anna@kontora.example"; sleep 600'


async def shown_by(server: Server, *, hide_emails: bool) -> list[str]:
    said = f"p@ss-of-1 {quote('Sadko bogaty')} {base64.b64encode(b'user:Kq7ZtP2mXw9LbV4nYc8RdJ5s').decode()}"
    identity = server.run_container("chatty", "sh", "-c", SAYING, env={**ENVIRONMENT, "SAID": said})
    try:
        async with over_ssh(server, hide_emails=hide_emails) as engine:
            source = LogSource.of(engine, "chatty", await engine.inspect(identity))
            while True:
                blocks = [block async for block in source.read(LogQuery(tail=10), deadline=9)]
                lines = [line.text for block in blocks for line in presented(source, block).lines]
                if len(lines) == 3:
                    return lines
    finally:
        server.docker("rm", "--force", identity)


@pytest.mark.parametrize("hide_emails", [False, True])
async def test_a_containers_own_environment_is_hidden_and_by_setting_whom_mail_goes_to(
    lab: Lab, hide_emails: bool
) -> None:
    first, second, mail = await shown_by(lab.servers["server2"], hide_emails=hide_emails)
    assert first == f"got {HIDDEN} as directus in production"
    assert second.split()[:2] == [HIDDEN, HIDDEN]
    assert second.split()[2].startswith(f"dXNlcjp{HIDDEN}") and len(second.split()[2]) < 14
    assert mail == f"mail to {HIDDEN if hide_emails else 'anna'}@kontora.example"
