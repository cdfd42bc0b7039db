"""The one rule of access, for every role and every act: what is not listed here as allowed is denied."""

from itertools import product

import pytest

from services.domain.access import Action, Actor, Denial, Role, Scope, Target, may

# All that may be done, by the least role that may do it; on protected containers changes need an admin.
ALLOWED = {
    Role.VIEWER: {Action.READ},
    Role.OPERATOR: {
        Action.READ,
        Action.START,
        Action.RESTART,
        Action.STOP,
        Action.ACKNOWLEDGE,
        Action.RELEASE,
        Action.SILENCE,
        Action.UNSILENCE,
    },
    Role.ADMIN: set(Action),
}
CHANGES = {Action.START, Action.RESTART, Action.STOP}


def actor(role: Role, *globs: str) -> Actor:
    return Actor(1, "Somebody", role, Scope.of(*globs))


@pytest.mark.parametrize(("role", "action"), list(product(Role, Action)))
def test_a_role_allows_its_acts_alone(role: Role, action: Action) -> None:
    expected = None if action in ALLOWED[role] else Denial.ROLE
    assert may(actor(role, "*/*"), action, Target("server1", "n8n")) is expected
    assert may(actor(role, "*/*"), action) is expected


@pytest.mark.parametrize(("role", "action"), list(product(Role, Action)))
def test_protected_containers_change_under_an_admin_s_hand_alone(role: Role, action: Action) -> None:
    denial = may(actor(role, "*/*"), action, Target("server1", "postgres", protected=True))
    if action not in ALLOWED[role]:
        assert denial is Denial.ROLE
    elif action in CHANGES and role is not Role.ADMIN:
        assert denial is Denial.PROTECTED
    else:
        assert denial is None


@pytest.mark.parametrize(("role", "action", "protected"), list(product(Role, Action, (True, False))))
def test_out_of_scope_comes_before_every_other_reason(role: Role, action: Action, protected: bool) -> None:
    """Otherwise the reason would tell that the container is there."""
    outside = Target("server1", "n8n", protected)
    assert may(actor(role, "*/directus"), action, outside) is Denial.OUT_OF_SCOPE
    assert may(actor(role), action, outside) is Denial.OUT_OF_SCOPE


def test_each_role_may_all_that_the_one_below_it_may() -> None:
    for lower, higher in zip(list(Role), list(Role)[1:], strict=False):
        assert lower < higher
        assert ALLOWED[lower] <= ALLOWED[higher]
