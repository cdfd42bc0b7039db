"""The person: the beginning, the help, one's rights, and the audit."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import AuditPage
from handlers.declare import Declaration, button, command, otherwise
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views import people as views
from handlers.words import mark
from services.audit import Audit
from services.domain.access import Action, Actor, Role

ENTRIES = 20

router = Router(name="people")


@command(router, "start", role=Role.VIEWER, about="")
@command(router, "help", role=Role.VIEWER, about=mark("what I can do for you"))
async def help_page(message: Message, actor: Actor, declarations: tuple[Declaration, ...]) -> None:
    await send(message, views.help_page(actor, declarations))


@command(router, "whoami", role=Role.VIEWER, about=mark("your id, role and scope"))
async def whoami(message: Message, actor: Actor) -> None:
    await send(message, views.whoami(actor))


@command(router, "audit", role=Role.ADMIN, action=Action.READ_AUDIT, about=mark("who did what"))
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
