"""The person: the help, one's rights and language, and the audit."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import AuditPage, Speak
from handlers.declare import Declaration, button, command, otherwise
from handlers.links import links_beside
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views import people as views
from handlers.views.answer import Answer
from handlers.views.language import here, question
from handlers.words import Catalogues, mark
from services.audit import Audit
from services.domain.access import Action, Actor, Role
from services.languages import Languages

ENTRIES = 20

router = Router(name="people")


@command(router, "help", role=Role.VIEWER, about=mark("what I can do for you"))
async def help_page(
    message: Message, actor: Actor, asker: str, declarations: tuple[Declaration, ...]
) -> None:
    await send(message, views.help_page(actor, declarations, asker))


@command(router, "whoami", role=Role.VIEWER, about=mark("your id, role and scope"))
async def whoami(message: Message, actor: Actor) -> None:
    await send(message, views.whoami(actor))


@command(
    router,
    "language",
    role=Role.VIEWER,
    about=mark("in which language I speak to you"),
    entry=(mark("Language"), Speak),
)
async def language(message: Message, actor: Actor, asker: str, languages: Languages) -> None:
    await send(message, await _language(message, actor, asker, languages))


@button(router, Speak.filter(F.language == "ask"), role=Role.VIEWER)
async def ask_language(
    callback: CallbackQuery,
    actor: Actor,
    asker: str,
    languages: Languages,
    *,
    in_place: bool,
) -> None:
    message = pressed(callback)
    await show(message, await _language(message, actor, asker, languages), in_place=in_place)


async def _language(message: Message, actor: Actor, asker: str, languages: Languages) -> Answer:
    if message.chat.type != ChatType.PRIVATE:
        return here(await links_beside(message))
    return question(await languages.choice(actor.id), asker)


@button(router, Speak.filter(), role=Role.VIEWER)
async def choose_language(
    callback: CallbackQuery,
    callback_data: Speak,
    actor: Actor,
    asker: str,
    languages: Languages,
    catalogues: Catalogues,
    *,
    in_place: bool,
) -> None:
    chosen = None if callback_data.language == "own" else callback_data.language
    await languages.choose(actor.id, chosen)
    spoken = await languages.of_chat(actor.id, callback.from_user.language_code)
    with catalogues.use_locale(spoken):
        answer = question(await languages.choice(actor.id), asker)
        await show(pressed(callback), answer, in_place=in_place)


@command(
    router,
    "audit",
    role=Role.ADMIN,
    action=Action.READ_AUDIT,
    about=mark("who did what"),
    entry=(mark("Audit"), AuditPage),
)
async def audit(message: Message, actor: Actor, asker: str, audit: Audit) -> None:
    entries = await audit.page(by=actor, limit=ENTRIES + 1)
    await send(message, views.audit(entries[:ENTRIES], asker, more=len(entries) > ENTRIES))


@button(router, AuditPage.filter(), role=Role.ADMIN)
async def turn_audit(
    callback: CallbackQuery,
    callback_data: AuditPage,
    actor: Actor,
    asker: str,
    audit: Audit,
    *,
    in_place: bool,
) -> None:
    entries = await audit.page(by=actor, limit=ENTRIES + 1, before=callback_data.before or None)
    answer = views.audit(entries[:ENTRIES], asker, more=len(entries) > ENTRIES)
    await show(pressed(callback), answer, in_place=in_place)


@otherwise(router, F.chat.type == ChatType.PRIVATE, F.text, role=Role.VIEWER)
async def not_understood(message: Message, declarations: tuple[Declaration, ...], actor: Actor) -> None:
    await send(message, views.not_understood(message.text or "", actor, declarations))


@button(router, None, role=Role.VIEWER, answers=True)
async def unknown_button(callback: CallbackQuery) -> None:
    """Of an older version, or not ours. Its router comes last."""
    await callback.answer(_("This button is not understood any more. Ask again."), show_alert=True)
