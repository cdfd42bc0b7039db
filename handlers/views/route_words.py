"""Routes in words: where one leads, and how it is doing.

What labels and Traefik say is cut to size and never a link.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.alert_text import WORD, inert, one_line, plain
from handlers.views.condition import state_words
from services.domain.containers import Reason
from services.domain.routes import Route, RouteFault
from services.domain.routing import Protocol

_NAME_UNITS = 300
_LABEL_UNITS = 40
_TRAEFIK_UNITS = 120
_ORDINARY = re.compile(r"[A-Za-z0-9.*-]{1,253}")


def in_trouble(route: Route) -> bool:
    """Also one with some of its servers down, which is no fault of its settings."""
    return bool(route.faults) or route.up < route.servers


def is_planned(route: Route) -> bool:
    """Not there yet, nor expected to be."""
    return (
        route.router is None and not route.faults and route.expected is not None and not route.expected.active
    )


def is_unknown(route: Route) -> bool:
    """From labels or the settings alone: whatever Traefik has been asked about has a router or a fault."""
    return route.router is None and not route.faults and not is_planned(route)


def symbol(route: Route) -> str:
    if is_unknown(route):
        return "⚠️"
    if route.is_down:
        return "🔴"
    if in_trouble(route):
        return "🟡"
    return "⚪" if is_planned(route) else "🟢"


def name_of(route: Route) -> str:
    """The domain; of a rule without one, the rule."""
    if _ORDINARY.fullmatch(route.domain):
        return inert(route.domain)
    return plain(_named(route), _NAME_UNITS) or "?"


def label_of(route: Route) -> str:
    """The same for a button, where nothing can be a link."""
    return one_line(_named(route), _LABEL_UNITS) or "?"


def _named(route: Route) -> str:
    rule = route.router.rule or route.router.name if route.router else ""
    return route.domain or rule


def target(route: Route) -> str:
    """`directus:80`, `postgres:5432/tcp`: the container, else Traefik's service, else what is expected there."""
    port = route.port
    if route.own:
        name = "Traefik"
    elif route.container:
        name = route.container.container.name
    elif route.router:
        name = route.router.service.rpartition("@")[0] or route.router.service
    else:
        name = route.expected.service if route.expected else ""
    if port is None and route.router is None and route.expected:
        port = route.expected.port
    kind = "" if route.protocol is Protocol.HTTP else f"/{route.protocol}"
    return (plain(name, WORD) or "?") + (f":{port}" if port else "") + kind


def servers_words(route: Route) -> str:
    words = ngettext("{up} of {count} server up", "{up} of {count} servers up", route.servers)
    return words.format(up=route.up, count=route.servers)


def route_words(route: Route, now: datetime, *, brief: bool = False) -> str:
    """All that is wrong, worst first. brief: where Traefik's words and the container's state stand beside it."""
    told = [_fault(route, fault, now, brief=brief) for fault in _telling(route.faults)]
    if route.up < route.servers and RouteFault.NO_LIVE_SERVER not in route.faults:
        told.append(servers_words(route))
    if told:
        return ", ".join(told)
    if is_unknown(route):
        return _("not known, Traefik cannot be asked now")
    return _("planned, not there yet") if is_planned(route) else _("fine")


def _telling(faults: Sequence[RouteFault]) -> Sequence[RouteFault]:
    """Another service mostly has another port, too."""
    return [
        each for each in faults if each is not RouteFault.WRONG_PORT or RouteFault.WRONG_SERVICE not in faults
    ]


def _fault(route: Route, fault: RouteFault, now: datetime, *, brief: bool) -> str:
    match fault:
        case RouteFault.NO_LIVE_SERVER:
            return _no_live_server(route, now, brief=brief)
        case RouteFault.REFUSED | RouteFault.WARNED:
            words = _("Traefik refuses it") if fault is RouteFault.REFUSED else _("Traefik warns of it")
            said = "" if brief else plain("; ".join(route.errors[:3]), _TRAEFIK_UNITS)
            return f"{words}: {said}" if said else words
        case RouteFault.WRONG_SERVICE if route.expected:
            wanted = f"{plain(route.expected.service, WORD)}:{route.expected.port}"
            return _("leads elsewhere, the settings expect {target}").format(target=wanted)
        case RouteFault.WRONG_PORT if route.expected:
            return _("wrong port, the settings expect {port}").format(port=route.expected.port)
    return route_fault(fault)


def route_fault(fault: RouteFault) -> str:
    """Without what is known of the route."""
    return {
        RouteFault.MISSING: _("no such route in Traefik"),
        RouteFault.REFUSED: _("Traefik refuses it"),
        RouteFault.NO_LIVE_SERVER: _("no live server"),
        RouteFault.WRONG_SERVICE: _("leads elsewhere"),
        RouteFault.WRONG_PORT: _("wrong port"),
        RouteFault.NO_TLS: _("no TLS"),
        RouteFault.NO_REDIRECT: _("plain HTTP is not redirected"),
        RouteFault.UNEXPECTED: _("not in the settings"),
        RouteFault.ALREADY_THERE: _("only planned, but already there"),
        RouteFault.WARNED: _("Traefik warns of it"),
    }[fault]


def _no_live_server(route: Route, now: datetime, *, brief: bool) -> str:
    row = route.container
    if not brief and row and row.diagnosis.reason is not Reason.RUNNING:
        return _("no live server, its container: {state}").format(state=state_words(row.diagnosis, now))
    if brief or not route.servers or route.up:
        return _("no live server")
    return _("no live server ({up} of {count} up)").format(up=route.up, count=route.servers)
