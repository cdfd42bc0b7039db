"""Which incidents a person sees, and which of them a person may act upon: by the hosts and containers they name."""

import re
from collections.abc import Sequence

from services.alerts.policy import Policy
from services.alerts.stages import CONTAINER_LABELS, HOST_LABELS
from services.domain.access import Action, Actor, Denial, Scope, may
from services.domain.alerts import Incident, Matcher
from services.errors import Denied, NoSuchIncident
from services.roster import Roster


def sees(scope: Scope, incident: Incident) -> bool:
    """Some of it; what of it, `Scope.covers_subject` tells for each alert."""
    if scope.covers_everything():
        return True
    return any(scope.covers_subject(host, container) for host, container in incident.targets)


def covers_all(scope: Scope, incident: Incident) -> bool:
    if incident.wide:
        return scope.covers_everything()
    return all(scope.covers_subject(host, container) for host, container in incident.targets)


def silence_in_sight(scope: Scope, matchers: Sequence[Matcher], policy: Policy) -> bool:
    """Only matchers that mean one value narrow a silence; any other reaches everywhere."""
    plain = {each.name: each for each in matchers if each.equal}
    hosts = [_host_of(plain[label], policy) for label in HOST_LABELS if label in plain]
    host = next((host for host in hosts if host), "")
    named = [plain[label].value for label in CONTAINER_LABELS if label in plain and not plain[label].regex]
    return scope.covers_subject(host, named[0] if named and host else "")


def _host_of(matcher: Matcher, policy: Policy) -> str:
    """Ours about an `instance` begin with the host's own name: `(server2|10\\.0\\.0\\.1)(:[0-9]+)?`."""
    if not matcher.regex:
        return policy.host_named(matcher.value)
    found = re.fullmatch(r"\(([^|()]+)(?:\|[^|()]+)*\)\(:\[0-9\]\+\)\?", matcher.value)
    return policy.host_named(found[1].replace("\\", "")) if found else ""


def demand(by: Actor, action: Action, incident: Incident, roster: Roster) -> None:
    """Raises NoSuchIncident for one out of sight, Denied for the role, or where only a part is in scope."""
    if not sees(by.scope, incident):
        raise NoSuchIncident
    if may(by, action) is Denial.ROLE or not covers_all(by.scope, incident):
        raise Denied(action, "", roster.who_may(action))
