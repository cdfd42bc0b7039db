"""One word for many containers: globs, projects, and what a silent host may have."""

from datetime import UTC, datetime

import pytest

from services.domain.containers import Container, State
from services.errors import Ambiguous, NoSuchContainer
from services.fleet.names import may_mean, select

HOSTS = ("server1", "server2")


def container(host: str, name: str, project: str = "") -> Container:
    labels = {"com.docker.compose.project": project} if project else {}
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Container(
        host, (host + name).encode().hex().ljust(64, "0"), name, "i", State.RUNNING, None, at, labels=labels
    )


FLEET = (
    container("server1", "n8n", "automation"),
    container("server1", "redis", "automation"),
    container("server1", "traefik"),
    container("server2", "Directus", "platform"),
    container("server2", "platform-db-1", "platform"),
    container("server2", "traefik"),
)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("n8n", ["server1/n8n"]),
        ("server1/*", ["server1/n8n", "server1/redis", "server1/traefik"]),
        ("*", [each.full_name for each in FLEET]),
        ("traef*", ["server1/traefik", "server2/traefik"]),
        ("DIRECT*", ["server2/Directus"]),
        ("*/traefik", ["server1/traefik", "server2/traefik"]),
        ("automation", ["server1/n8n", "server1/redis"]),
        ("Platform", ["server2/Directus", "server2/platform-db-1"]),
        ("server2/platform", ["server2/Directus", "server2/platform-db-1"]),
        ("Server1", ["server1/n8n", "server1/redis", "server1/traefik"]),
        ("server1/", ["server1/n8n", "server1/redis", "server1/traefik"]),
    ],
)
def test_what_a_word_means(word: str, meant: list[str]) -> None:
    assert [each.full_name for each in select(word, FLEET, HOSTS)] == meant


def test_a_name_on_two_hosts_is_asked_about() -> None:
    with pytest.raises(Ambiguous):
        select("traefik", FLEET, HOSTS)


@pytest.mark.parametrize("word", ["server3/*", "x*", "server1/platform", "[n"])
def test_what_fits_nothing_is_said(word: str) -> None:
    with pytest.raises(NoSuchContainer):
        select(word, FLEET, HOSTS)


@pytest.mark.parametrize(
    ("word", "may"),
    [
        ("n8n", True),
        ("server1/n8n", True),
        ("redis", False),
        ("server2/*", False),
        ("server1/*", True),
        ("*", True),
        ("Server1", True),
        ("server2", False),
    ],
)
def test_what_a_silent_host_may_have(word: str, may: bool) -> None:
    assert may_mean(word, "server1", ["n8n"]) is may
