"""One route in full: from its domain through Traefik to its container, and what can be done with that."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Code, Text
from aiogram.utils.i18n import gettext as _

from handlers.outside_callbacks import Check, RouteCard
from handlers.views.alert_text import WORD, clean, cut, one_line, plain, web_link
from handlers.views.answer import Answer, Row, button
from handlers.views.card import changes, opens
from handlers.views.condition import SYMBOL, state_words
from handlers.views.moments import clock
from handlers.views.route_words import name_of, route_words, servers_words, symbol, target
from services.domain.access import Actor
from services.domain.certificates import Domain
from services.domain.routes import Route
from services.domain.routing import Protocol

_HEADLINE_UNITS = 700
_MOST_TOLD = 5
_MOST_ERRORS, _ERROR_UNITS = 3, 300
_RULE_UNITS = 400
_LABEL_UNITS = 40
# A button with an address that Telegram does not take costs the whole message, so only what is surely one gets one.
_OPENABLE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_KINDS = {
    name.lower(): name
    for name in (
        "AddPrefix", "BasicAuth", "Buffering", "Chain", "CircuitBreaker", "Compress", "ContentType", "DigestAuth",
        "Errors", "ForwardAuth", "GrpcWeb", "Headers", "InFlightConn", "InFlightReq", "IPAllowList", "IPWhiteList",
        "PassTLSClientCert", "Plugin", "RateLimit", "RedirectRegex", "RedirectScheme", "ReplacePath",
        "ReplacePathRegex", "Retry", "StripPrefix", "StripPrefixRegex",
    )
}  # fmt: skip


def route_card(route: Route, actor: Actor, here: RouteCard, now: datetime, *, protected: bool) -> Answer:
    """here: the press that shows the same again. protected: its container."""
    where = _("{name} on {host}").format(name=name_of(route), host=route.host)
    words = cut(route_words(route, now, brief=True), _HEADLINE_UNITS)
    lines = [line for line in _lines(route, now) if line]
    text = Text(
        symbol(route), " ", Bold(where), ": ", words,
        *(Text("\n", line) for line in lines),
        "\n", clock(now, seconds=True),
    )  # fmt: skip
    return Answer(text, tuple(_keyboard(route, actor, here, protected=protected)))


def _lines(route: Route, now: datetime) -> Iterator[Text | str]:
    yield f"→ {target(route)}" + (f" · {servers_words(route)}" if route.servers else "")
    yield _down(route)
    if row := route.container:
        name = plain(row.container.name, WORD)
        yield f"{SYMBOL[row.diagnosis.condition]} {name}: {state_words(row.diagnosis, now)}"
    yield " · ".join(filter(None, (_entry_points(route), _tls(route))))
    yield _login(route)
    yield _middlewares(route)
    for words in route.errors[:_MOST_ERRORS]:
        yield _("Traefik says: {words}").format(words=plain(words, _ERROR_UNITS))
    if route.router:
        rule = cut(clean(route.router.rule), _RULE_UNITS) or "-"
        yield Text(_("Router {name}:").format(name=plain(route.router.name, WORD)), " ", Code(rule))


def _down(route: Route) -> str:
    """The addresses of those servers that Traefik believes to be dead."""
    servers = route.service.servers if route.service else ()
    down = [plain(each.address, WORD) for each in servers if each.up is False]
    return _("Down: {addresses}").format(addresses=_some(down)) if down else ""


def _entry_points(route: Route) -> str:
    return _some(
        [
            f"{plain(each.name, WORD)} :{each.port}" if each.port else plain(each.name, WORD)
            for each in route.entry_points
        ]
    )


def _tls(route: Route) -> str:
    if route.router is None or route.protocol is Protocol.UDP:
        return ""
    match route.router.tls:
        case None:
            return _("no TLS")
        case tls if tls.passthrough:
            return _("TLS, up to the container itself")
        case tls if tls.resolver:
            return _("TLS, certificate by {resolver}").format(resolver=plain(tls.resolver, WORD))
    return _("TLS, certificate of a file or Traefik's own")


def _login(route: Route) -> str:
    kinds = [_kind(each.kind) for each in route.middlewares if each.asks_for_login]
    return _("Login: {kinds}").format(kinds=_some(kinds)) if kinds else ""


def _middlewares(route: Route) -> str:
    kinds = [
        _kind(each.kind) or plain(each.name, WORD) for each in route.middlewares if not each.asks_for_login
    ]
    return _("Middlewares: {kinds}").format(kinds=_some(kinds)) if kinds else ""


def _kind(kind: str) -> str:
    """As Traefik's documentation writes it."""
    return _KINDS.get(kind) or plain(kind, WORD)


def _some(words: Sequence[str]) -> str:
    """As many as a card has room for, each once."""
    once = list(dict.fromkeys(words))
    return ", ".join(once[:_MOST_TOLD]) + (", …" if len(once) > _MOST_TOLD else "")


def _keyboard(route: Route, actor: Actor, here: RouteCard, *, protected: bool) -> Iterator[Row]:
    if route.container:
        container = route.container.container
        yield [
            opens(container, _("Logs"), "logs", here.asker),
            *changes(container, actor, here.asker, protected=protected)[:1],
            opens(container, f"{one_line(container.name, _LABEL_UNITS)} ▸", "card", here.asker),
        ]
    if opened := _open(route):
        check = Check(asker=here.asker, key=Domain(route.domain, route.host).key)
        yield [*opened, button(_("Check"), check)]
    yield [button("‹ " + _("Routes"), here.back), button("↻", here)]


def _open(route: Route) -> list[InlineKeyboardButton]:
    """In the browser, where there is something that a browser would reach."""
    if route.router is None or route.protocol is not Protocol.HTTP or not _OPENABLE.fullmatch(route.domain):
        return []
    address = web_link(f"{'https' if route.router.tls else 'http'}://{route.domain}")
    return [InlineKeyboardButton(text=f"{cut(route.domain, _LABEL_UNITS)} ↗", url=address)] if address else []
