"""The only ways to register a handler: `command`, `button`, `draft_stop` and `otherwise`. All demand a role.

What is declared here is what `/help`, the rights matrix and `docs/commands.md` are made from.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from aiogram import Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter
from magic_filter import MagicFilter

from handlers.callbacks import Act, Press
from services.domain.access import Action, Role

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True)
class Declaration:
    """One command. `usage` shows its arguments, e.g. `NAME [N]`.

    about: a msgid of the catalogues, in few words; "" keeps the command out of all lists.
    act: what a name that was meant is offered for when it was mistyped. action: what a refusal is in the audit.
    entry: its button in `/menu`: the label, a msgid, and a press that, with its asker alone, means the bare command.
    """

    name: str
    role: Role
    about: str
    usage: str = ""
    act: Act = "card"
    action: Action | None = None
    entry: tuple[str, type[Press]] | None = None


def command(
    router: Router,
    name: str,
    *,
    role: Role,
    about: str,
    usage: str = "",
    act: Act = "card",
    action: Action | None = None,
    entry: tuple[str, type[Press]] | None = None,
) -> Callable[[Handler], Handler]:
    """Register the handler of `/name`, typed in any case. The rest is as in `Declaration`."""
    declaration = Declaration(name, role, about, usage, act, action, entry)

    def register(handler: Handler) -> Handler:
        flags = {"role": role, "declaration": declaration}
        router.message.register(handler, Command(name, ignore_case=True), flags=flags)
        return handler

    return register


def otherwise(router: Router, *filters: MagicFilter, role: Role) -> Callable[[Handler], Handler]:
    """Register the handler of messages that no command has taken. Its router comes last."""

    def register(handler: Handler) -> Handler:
        router.message.register(handler, *filters, flags={"role": role})
        return handler

    return register


def button(
    router: Router, data: CallbackQueryFilter | None, *, role: Role, answers: bool = False
) -> Callable[[Handler], Handler]:
    """Register the handler of a button; `data` None: of whatever button nobody else knows.

    The guard answers the press before the handler runs. One that `answers` does so itself, once nothing it
    foresees can go wrong any more: errors before that show as an alert over the message.
    """
    filters = () if data is None else (data,)

    def register(handler: Handler) -> Handler:
        router.callback_query.register(handler, *filters, flags={"role": role, "answers": answers})
        return handler

    return register


def draft_stop(router: Router, *, role: Role) -> Callable[[Handler], Handler]:
    """Register the handler of Telegram's own Stop below a draft; the person is the one whose chat it is."""

    def register(handler: Handler) -> Handler:
        router.stopped_message_generation.register(handler, flags={"role": role})
        return handler

    return register


def offered(declarations: Iterable[Declaration], role: Role) -> Iterator[Declaration]:
    """Those that somebody of this role may use, without those that are in no list."""
    return (each for each in declarations if each.about and each.role <= role)


def declarations(routers: Iterable[Router]) -> Iterator[Declaration]:
    """All commands in the order of their registration."""
    for router in routers:
        for handler in router.message.handlers:
            if declaration := handler.flags.get("declaration"):
                yield declaration
