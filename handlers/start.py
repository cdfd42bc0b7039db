"""The beginning, and where deep links lead."""

from aiogram import Router
from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.types import Message

from handlers.callbacks import asker_of
from handlers.declare import Declaration, command
from handlers.links import LANGUAGE, IncidentLink, link_beside, parse_link
from handlers.reply import send
from handlers.views.card import card
from handlers.views.incident_page import incident_page
from handlers.views.language import question
from handlers.views.people import help_page
from services.alerts.browse import AlertBrowser
from services.cards import Cards
from services.domain.access import Actor, Role
from services.domain.containers import ContainerKey
from services.languages import Languages
from services.recents import Recents

router = Router(name="start")


@command(router, "start", role=Role.VIEWER, about="")
async def start(
    message: Message,
    command: CommandObject,
    actor: Actor,
    declarations: tuple[Declaration, ...],
    cards: Cards,
    recents: Recents,
    browser: AlertBrowser,
    languages: Languages,
) -> None:
    """What no link of ours would say is the beginning, as without it."""
    match parse_link(command.args or ""):
        case ContainerKey() as key:
            found = await cards.linked(key, by=actor)
            link = await link_beside(message, found.container)
            await send(message, card(found.card, actor, asker_of(actor), routes=found.routes, link=link))
            await recents.used(actor.id, found.container.host, found.container.name)
        case IncidentLink(id=identity):
            await send(message, incident_page(await browser.one(identity, by=actor), actor))
        case str(word) if word == LANGUAGE and message.chat.type == ChatType.PRIVATE:
            await send(message, question(await languages.choice(actor.id), asker_of(actor)))
        case _:
            await send(message, help_page(actor, declarations, asker_of(actor)))
