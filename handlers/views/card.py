"""`/status NAME`: one container in full, and what can be done with it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Code, Pre, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.args import DEFAULT_LINES
from handlers.callbacks import Act, Go, Open, Renew
from handlers.views.alert_text import cut
from handlers.views.answer import Answer, Row, button
from handlers.views.condition import SYMBOL, state_words
from handlers.views.moments import clock, duration, moment, size
from handlers.views.route_words import in_trouble, name_of, route_words, symbol
from handlers.views.ways import MenuWays
from services.domain.access import Actor, Role
from services.domain.containers import Container, Health, Port, State
from services.domain.reports import Card
from services.domain.routes import Route

_PROBE_UNITS = 300
_MOST_LISTED = 10
_ROUTE_UNITS = 200


def card(
    card: Card,
    actor: Actor,
    asker: str,
    *,
    routes: Sequence[Route] = (),
    link: str | None = None,
    screen: Go | None = None,
) -> Answer:
    """routes: those that lead to it, where they are known. link: to the same in private. screen: as that one of
    `/menu`, which its logs take the place of."""
    lines = [line for line in _lines(card, routes) if line]
    text = Text(*_headline(card), *(Text("\n", line) for line in lines), "\n", clock(card.at, seconds=True))
    acts = _acts(card, actor, asker, in_place=screen is not None)
    private = [InlineKeyboardButton(text=_("In private") + " ↗", url=link)] if link else []
    return Answer(text, (acts, private, _around(screen)) if screen else (acts, private))


def _headline(card: Card) -> tuple[Text | str, ...]:
    container, diagnosis = card.observed.container, card.observed.diagnosis
    where = _("{name} on {host}").format(name=container.name, host=container.host)
    return SYMBOL[diagnosis.condition], " ", Bold(where), ": ", state_words(diagnosis, card.at)


def _lines(card: Card, routes: Sequence[Route]) -> Iterator[Text | str]:
    container, details = card.observed.container, card.details
    yield Code(container.image)
    yield _health(card)
    yield " · ".join(_vitals(card))
    if details.assumed:
        yield "⚠️ " + _("No right to inspect here: why it ended, restarts and limits are not known")
    if details.error:
        yield _("Docker says: {words}").format(words=details.error[:_PROBE_UNITS])
    if container.ports:
        yield _("Ports: {ports}").format(ports=_some(_ports(container.ports)))
    if routes:
        yield from _domains(routes, card.at)
    elif container.domains:
        yield _("Domains: {domains}").format(domains=_some(container.domains))
    if container.project:
        yield f"Compose: {container.project} / {container.service}"
    if card.protected:
        yield _("Protected: only an admin may change it")


def _vitals(card: Card) -> Iterator[str]:
    details = card.details
    if card.observed.container.state is State.RUNNING and details.started:
        yield _("up {time}").format(time=duration(card.at - details.started))
    if details.restart_count:
        restarts = ngettext("{count} restart by Docker", "{count} restarts by Docker", details.restart_count)
        yield restarts.format(count=details.restart_count)
    if card.usage:
        yield _("CPU {cpu} %").format(cpu=f"{card.usage.cpu_percent:.0f}")
        memory = size(card.usage.memory)
        if details.memory_limit:
            memory = _("{used} of {limit}").format(used=memory, limit=size(details.memory_limit))
        yield _("memory {memory}").format(memory=memory)


def _some(words: Sequence[str]) -> str:
    """As many as a card has room for."""
    return ", ".join(words[:_MOST_LISTED]) + (", …" if len(words) > _MOST_LISTED else "")


def _domains(routes: Sequence[Route], now: datetime) -> Iterator[str]:
    """As many as a card has room for, trouble first."""
    shown = sorted(routes, key=lambda route: (not route.is_down, not in_trouble(route)))
    for route in shown[:_MOST_LISTED]:
        yield cut(f"{symbol(route)} {name_of(route)} · {route_words(route, now, brief=True)}", _ROUTE_UNITS)
    if (rest := len(shown) - _MOST_LISTED) > 0:
        yield ngettext("and {count} more", "and {count} more", rest).format(count=rest)


def _health(card: Card) -> Text | str:
    container, details = card.observed.container, card.details
    if container.state is not State.RUNNING:
        return ""  # the engine keeps the last word of a check that runs no more
    words = {
        None: "",
        Health.HEALTHY: _("healthy"),
        Health.STARTING: _("its healthcheck has not decided yet"),
        Health.UNHEALTHY: _("unhealthy"),
    }[container.health]
    if container.health is Health.UNHEALTHY and details.probes:
        probe = details.probes[-1]
        output = probe.output.strip()[-_PROBE_UNITS:] or _("nothing, exit {code}").format(
            code=probe.exit_code
        )
        says = _("unhealthy, its healthcheck says ({time}):").format(time=moment(probe.at, card.at))
        return Text(says, "\n", Pre(output))
    return words


def _ports(ports: tuple[Port, ...]) -> list[str]:
    shown = [
        f"{port.public} → {port.private}/{port.protocol}"
        if port.public
        else f"{port.private}/{port.protocol}"
        for port in ports
    ]
    return list(dict.fromkeys(shown))


def _around(screen: Go) -> Row:
    """The menu's ways from here; the last one to here."""
    ways = MenuWays(screen.asker)
    up = button(f"‹ {screen.host}", ways.page(screen.host, screen.page))
    return [ways.all(), up, button("↻", screen)]


def _acts(card: Card, actor: Actor, asker: str, *, in_place: bool) -> list[InlineKeyboardButton]:
    """What this person may do with it now, most wanted first."""
    container = card.observed.container
    anew = Renew(asker=asker, act="logs", host=container.host, key=container.key, lines=DEFAULT_LINES)
    found = [button(_("Logs"), anew) if in_place else opens(container, _("Logs"), "logs", asker)]
    found += changes(container, actor, asker, protected=card.protected)
    if not in_place:
        found.append(button("↻", Renew(asker=asker, act="card", host=container.host, key=container.key)))
    return found


def changes(container: Container, actor: Actor, asker: str, *, protected: bool) -> list[InlineKeyboardButton]:
    """What changes it now, as far as this person may, most wanted first."""
    if actor.role < (Role.ADMIN if protected else Role.OPERATOR):
        return []
    if not container.runs:
        return [opens(container, _("Start"), "up", asker)]
    return [
        opens(container, _("Restart"), "restart", asker),
        opens(container, _("Stop"), "stop", asker),
    ]


def opens(container: Container, label: str, act: Act, asker: str) -> InlineKeyboardButton:
    """In a message of its own."""
    return button(label, Open(asker=asker, act=act, host=container.host, key=container.key))
