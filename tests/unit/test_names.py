"""What a person types → the container meant: what fits is found, what nearly fits is only suggested."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.containers import Container, State
from services.errors import Ambiguous, NoSuchContainer, NoSuchHost, NotFound
from services.fleet import names

HOSTS = ("server1", "server2")


def container(host: str, name: str, **labels: str) -> Container:
    marked = {f"com.docker.compose.{label.replace('_', '-')}": value for label, value in labels.items()}
    return Container(
        host, "0" * 64, name, "image", State.RUNNING, None, datetime(2026, 1, 1, tzinfo=UTC), labels=marked
    )


FLEET = [
    *(container("server1", name) for name in ("n8n", "redis", "redis-commander", "traefik")),
    *(
        container("server2", name)
        for name in ("traefik", "dozzle", "portainer", "postgres", "directus", "pgadmin", "alertmanager")
    ),
    container("server2", "team-worker-1", project="team", service="worker", container_number="1"),
    container("server2", "team-worker-2", project="team", service="worker", container_number="2"),
    container("server2", "shop_api_1", project="shop", service="api", container_number="1"),
    container("server2", "x1", project="shop", service="billing", container_number="1"),
    container("server2", "shop-odd-name", project="shop", service="directus", container_number="1"),
]


def near(query: str) -> list[str]:
    with pytest.raises(NoSuchContainer) as told:
        names.resolve(query, FLEET, HOSTS)
    return [f"{host}/{name}" for host, name in told.value.near]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("directus", "server2/directus"),
        ("Directus", "server2/directus"),
        ("server2/directus", "server2/directus"),
        ("SERVER2/DIRECTUS", "server2/directus"),
        ("/directus", "server2/directus"),
        ("server1/traefik", "server1/traefik"),
        ("api", "server2/shop_api_1"),
        ("API", "server2/shop_api_1"),
        ("shop_api_1", "server2/shop_api_1"),
        ("shop-api-1", "server2/shop_api_1"),
        ("shop-api", "server2/shop_api_1"),
        ("server2/api", "server2/shop_api_1"),
        ("team_worker_2", "server2/team-worker-2"),
    ],
)
def test_a_name_that_fits(query: str, found: str) -> None:
    assert names.resolve(query, FLEET, HOSTS).full_name == found


def test_the_case_as_typed_wins() -> None:
    both = [container("server1", "web"), container("server2", "Web")]
    assert names.resolve("Web", both, HOSTS).host == "server2"
    assert names.resolve("web", both, HOSTS).host == "server1"
    with pytest.raises(Ambiguous):
        names.resolve("WEB", both, HOSTS)


@pytest.mark.parametrize(
    ("query", "choices"),
    [
        ("traefik", (("server1", "traefik"), ("server2", "traefik"))),
        ("Traefik", (("server1", "traefik"), ("server2", "traefik"))),
        ("worker", (("server2", "team-worker-1"), ("server2", "team-worker-2"))),
    ],
)
def test_a_name_that_fits_several(query: str, choices: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Ambiguous) as told:
        names.resolve(query, FLEET, HOSTS)
    assert (told.value.name, told.value.choices) == (query, choices)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("вшкусегы", "server2/directus"),
        ("ВШКУСЕГЫ", "server2/directus"),
        ("ыукмук2.вшкусегы", "server2/directus"),
        ("т8т", "server1/n8n"),
        ("зщыепкуы", "server2/postgres"),
        ("dirctus", "server2/directus"),
        ("direktus", "server2/directus"),
        ("server2/dirctus", "server2/directus"),
        ("server1/directus", "server2/directus"),
        ("server2/treafik", "server2/traefik"),
        ("server1/treafik", "server1/traefik"),
        ("post", "server2/postgres"),
        ("manager", "server2/alertmanager"),
        ("wroker", "server2/team-worker-1"),
        ("8nn", "server1/n8n"),
        ("biling", "server2/x1"),
        ("директус", "server2/directus"),
        ("постгрес", "server2/postgres"),
        ("Траефик", "server1/traefik"),
        ("te", "server2/team-worker-1"),
        ("servr2/directus", "server2/directus"),
    ],
)
def test_a_near_miss_and_the_wrong_layout_are_only_suggested(query: str, first: str) -> None:
    assert near(query)[0] == first


def test_suggestions_are_few_and_none_is_noise() -> None:
    many = [container("server1", f"worker-{number}") for number in range(50)]
    with pytest.raises(NoSuchContainer) as told:
        names.resolve("worker", many, HOSTS)
    assert len(told.value.near) == names.MOST_SUGGESTIONS
    assert near("qqqq") == []
    assert near("картошка") == []


def test_a_part_of_a_long_name_is_enough() -> None:
    long = [container("server1", "a-very-long-name-as-compose-makes-them-production-worker-1")]
    for typed in ("a-v", "production", "worker"):
        with pytest.raises(NoSuchContainer) as told:
            names.resolve(typed, long, HOSTS)
        assert told.value.near == (("server1", long[0].name),)


def test_an_unknown_host_is_told_with_the_nearest_ones() -> None:
    with pytest.raises(NoSuchHost) as told:
        names.resolve("servr2/qqqq", FLEET, HOSTS)
    assert (told.value.name, told.value.near[0]) == ("servr2", "server2")
    with pytest.raises(NoSuchHost) as told:
        names.resolve_host("ыукмук1", HOSTS)
    assert told.value.near[0] == "server1"
    with pytest.raises(NoSuchHost) as told:
        names.resolve_host("", HOSTS)
    assert told.value.near == ()


@pytest.mark.parametrize(
    ("query", "is_meant"),
    [
        ("n8n", True),
        ("N8N", True),
        ("server1/n8n", True),
        ("Server1/n8n", True),
        ("server2/n8n", False),
        ("n8", False),
        ("", False),
    ],
)
def test_a_silent_host_s_container_is_known_by_name(query: str, is_meant: bool) -> None:
    assert names.names_one_of(query, "server1", ("n8n", "redis")) is is_meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("руддщ", "hello"),
        ("ghbdtn", "привет"),
        ("Djljcnjr", "Водосток"),
        (",fpf", "база"),
        ("`krb", "ёлки"),
        ("[jhjij", "хорошо"),
        ("ключ", "rk.x"),
        ("а.б", "f/,"),
        ("n8n", "т8т"),
        ("redis-1", "кувшы-1"),
    ],
)
def test_the_same_keys_in_the_other_layout(typed: str, meant: str) -> None:
    assert names.in_other_layout(typed) == meant


@given(st.text(max_size=20))
def test_any_text_leads_to_a_candidate_or_an_error_about_candidates(query: str) -> None:
    """Nothing but the candidates and hosts that were given can come out: they are the asker's scope."""
    scope = [each for each in FLEET if each.host == "server1"]
    inside = {(each.host, each.name) for each in scope}
    try:
        found = names.resolve(query, scope, ["server1"])
        assert (found.host, found.name) in inside
    except NoSuchContainer as error:
        assert inside.issuperset(error.near)
    except NoSuchHost as error:
        assert {"server1"}.issuperset(error.near)
    except (Ambiguous, NotFound) as error:
        pytest.fail(str(error))
