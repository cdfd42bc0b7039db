"""What is wrong with a Traefik, in both languages: short, with the mend, and no two alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.views.failures import sentence
from handlers.words import LANGUAGES, catalogues
from services.errors import (
    ApiBehindPage,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiTooOld,
    ApiUnreachable,
    ForwardRefused,
    NotConfigured,
    VakhtaError,
)

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
API, HERE = "traefik", "server2"
TOLD: list[tuple[VakhtaError, str]] = [
    (
        ApiRefusedLogin(API, host=HERE),
        "Traefik on server2 refuses the login: an admin must mend the settings.",
    ),
    (
        ApiRefused(API, 404, "404 page not found", host=HERE),
        "Traefik on server2: its API is switched off. It needs --api=true, and --api.insecure=true or a router to "
        "api@internal.",
    ),
    (ApiRefused(API, 502, "Bad Gateway", host=HERE), "Traefik on server2 refused: Bad Gateway"),
    (
        ApiTooOld(API, "…", "2.11.3", "3.0", host=HERE),
        "Traefik on server2 is too old: 2.11.3, where 3.0 or newer is needed.",
    ),
    (
        ApiRedirects(API, "…", "/login", host=HERE),
        "Traefik on server2 redirects to /login: the settings must name the API itself, behind no login page.",
    ),
    (
        ApiBehindPage(API, "…", host=HERE),
        "Traefik on server2 shows a web page: is a login in front of it, or its address wrong?",
    ),
    (
        ApiNotUnderstood(API, "JSON is malformed", host=HERE),
        "Traefik on server2 gave an answer that is not its own: an admin must look at its address.",
    ),
    (ApiTimeout(API, 1.4, host=HERE), "Traefik on server2 did not answer within 1.4 s."),
    (
        ApiUnreachable(API, "refused", host=HERE),
        "Traefik on server2 cannot be reached: is it running, and is its address right?",
    ),
    (
        NotConfigured("hosts.server1.traefik"),
        "server1 has no Traefik in the settings (hosts.server1.traefik).",
    ),
    (NotConfigured("routes"), "Not in the settings: routes"),
    (
        ForwardRefused(HERE, "127.0.0.1:8080", forbidden=True),
        "server2: the SSH key may not open 127.0.0.1:8080. An admin finds its line in: python -m bot check",
    ),
    (
        ForwardRefused(HERE, "127.0.0.1:8080", forbidden=False),
        "server2: nothing answers at 127.0.0.1:8080 there. Is it running?",
    ),
]


@contextmanager
def words(language: str) -> Iterator[None]:
    with speaking(catalogues(language), ZoneInfo("Asia/Almaty")):
        yield


@pytest.mark.parametrize(("error", "said"), TOLD, ids=lambda value: type(value).__name__)
def test_what_is_said(error: VakhtaError, said: str) -> None:
    with words("en"):
        assert sentence(error, NOW).replace("\u2060", "") == said  # that keeps /login from being a command


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_a_sentence_of_its_own(language: str) -> None:
    with words(language):
        said = [sentence(error, NOW) for error, _ in TOLD]
    assert len(set(said)) == len(said)
    assert max(map(len, said)) < 140
    assert all("{" not in each for each in said)


def test_only_where_something_was_asked_for_is_it_said_that_nothing_was_done() -> None:
    with words("en"):
        assert sentence(ApiUnreachable("alertmanager", ""), NOW).endswith("nothing was done.")
        assert sentence(ApiTimeout("alertmanager", 5), NOW).endswith("it may still do it.")
        assert sentence(ApiRefused("alertmanager", 404, "no such silence"), NOW).endswith("no such silence")


def test_a_place_to_be_redirected_to_is_no_link() -> None:
    with words("en"):
        said = sentence(ApiRedirects(API, "…", "https://login.example.org/", host=HERE), NOW)
    assert "https://login.example.org" not in said
