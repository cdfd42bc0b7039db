"""Which incidents a person sees, and which of them a person may act upon: by the hosts and containers they name."""

from services.domain.access import Action, Actor, Denial, Scope, may
from services.domain.alerts import Incident
from services.errors import Denied, NoSuchIncident
from services.roster import Roster


def covers(scope: Scope, host: str, container: str) -> bool:
    """An alert about a host needs the whole host, one about nothing known here needs everything."""
    if not host:
        return scope.covers_everything()
    return scope.covers(host, container) if container else scope.covers_host(host)


def sees(scope: Scope, incident: Incident) -> bool:
    """Some of it; what of it, `covers` tells for each alert."""
    if scope.covers_everything():
        return True
    return any(covers(scope, host, container) for host, container in incident.targets)


def covers_all(scope: Scope, incident: Incident) -> bool:
    if incident.wide:
        return scope.covers_everything()
    return all(covers(scope, host, container) for host, container in incident.targets)


def demand(by: Actor, action: Action, incident: Incident, roster: Roster) -> None:
    """Raises NoSuchIncident for one out of sight, Denied for the role, or where only a part is in scope."""
    if not sees(by.scope, incident):
        raise NoSuchIncident
    if may(by, action) is Denial.ROLE or not covers_all(by.scope, incident):
        raise Denied(action, "", roster.who_may(action))
