"""Scopes: layers of globs that can only narrow each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.access import Scope

EVERYTHING = Scope.of("*/*")

parts = st.sampled_from(["*", "server1", "server*", "n8n", "*sql", "[ab]", "?"])
globs = st.builds("{}/{}".format, parts, parts)
scopes = st.builds(Scope, st.lists(st.lists(globs, max_size=2).map(tuple), max_size=2).map(tuple))
names = st.sampled_from(["server1", "server2", "n8n", "mysql", "a", ""])


@pytest.mark.parametrize(
    ("glob", "host", "container", "inside"),
    [
        ("*/*", "server1", "n8n", True),
        ("server2/*", "server2", "n8n", True),
        ("server2/*", "server1", "n8n", False),
        ("*/directus", "server2", "directus", True),
        ("*/directus", "server2", "directus-2", False),
        ("*/directus", "server2", "Directus", False),
        ("*/directus*", "server2", "directus-2", True),
        ("server?/n8n", "server1", "n8n", True),
        ("*", "server1", "n8n", False),
        ("server1", "server1", "n8n", False),
        ("", "server1", "n8n", False),
    ],
)
def test_a_glob_covers(glob: str, host: str, container: str, inside: bool) -> None:
    assert Scope.of(glob).covers(host, container) is inside


@pytest.mark.parametrize("scope", [Scope(()), Scope.of(), Scope.of("*/*") & Scope(()), Scope(((), ("*/*",)))])
def test_without_globs_nothing_is_inside(scope: Scope) -> None:
    assert not scope.covers("server1", "n8n")
    assert not scope.covers_host("server1")
    assert not scope.covers_everything()


@pytest.mark.parametrize(
    ("scope", "host", "whole"),
    [
        (EVERYTHING, "server1", True),
        (Scope.of("server1/*"), "server1", True),
        (Scope.of("server1/*"), "server2", False),
        (Scope.of("server*/*"), "server2", True),
        (Scope.of("*/directus"), "server2", False),
        (Scope.of("server1/a", "server1/*"), "server1", True),
        (Scope.of("*/*") & Scope.of("server1/a*"), "server1", False),
        (Scope.of("server1/*") & Scope.of("*/*"), "server1", True),
    ],
)
def test_a_host_is_inside_as_a_whole_only_by_a_star(scope: Scope, host: str, whole: bool) -> None:
    assert scope.covers_host(host) is whole


def test_everything_is_a_star_in_every_layer() -> None:
    assert (EVERYTHING & Scope.of("a/b", "*/*")).covers_everything()
    assert not (EVERYTHING & Scope.of("server1/*")).covers_everything()


def test_a_person_s_scope_crossed_with_a_chat_s_shows_what_both_hold() -> None:
    crossed = Scope.of("server2/*", "server1/n8n") & Scope.of("*/directus", "*/n8n")
    shown = [
        (host, name)
        for host in ("server1", "server2")
        for name in ("n8n", "directus", "redis")
        if crossed.covers(host, name)
    ]
    assert shown == [("server1", "n8n"), ("server2", "n8n"), ("server2", "directus")]


@given(scopes, scopes, names, names)
def test_crossing_never_widens(one: Scope, other: Scope, host: str, name: str) -> None:
    both = one & other
    assert both.covers(host, name) == (one.covers(host, name) and other.covers(host, name))
    assert both.covers_host(host) == (one.covers_host(host) and other.covers_host(host))
    assert both.covers_everything() == (one.covers_everything() and other.covers_everything())


@given(scopes, names, names)
def test_a_host_as_a_whole_holds_each_of_its_containers(scope: Scope, host: str, name: str) -> None:
    assert not scope.covers_host(host) or scope.covers(host, name)
    assert not scope.covers(host, name) or scope.reaches(host)


@given(scopes, scopes)
def test_crossing_twice_is_crossing_once(one: Scope, other: Scope) -> None:
    assert (one & other) & other == one & other
