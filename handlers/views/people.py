"""Who one is, what one may, and what has been done: `/whoami`, `/help`, `/audit`, and what a stranger sees."""

from collections.abc import Iterable, Sequence

from aiogram.utils.formatting import Bold, Code, Text
from aiogram.utils.i18n import gettext as _
from rapidfuzz import fuzz, process

from handlers.callbacks import AuditPage, Go
from handlers.declare import Declaration, offered
from handlers.views.answer import Answer, button
from handlers.views.moments import clock, day
from services.audit import AuditEntry, Result
from services.domain.access import Action, Actor, Role

_LONGEST_WHY = 80


def role_name(role: Role) -> str:
    return {
        Role.VIEWER: _("viewer"),
        Role.OPERATOR: _("operator"),
        Role.ADMIN: _("admin"),
    }[role]


def whoami(actor: Actor) -> Answer:
    scope = " ∩ ".join(", ".join(layer) for layer in actor.scope.layers)
    return Answer(
        Text(
            Bold(actor.name), " · ", role_name(actor.role), "\n",
            _("Your id:"), " ", Code(str(actor.id)), "\n",
            _("You see here:"), " ", Code(scope or _("nothing")),
        )
    )  # fmt: skip


def stranger(person_id: int) -> Answer:
    words = _("This bot serves its own team. Your id, for its admin:")
    return Answer(Text(words, " ", Code(str(person_id))))


def help_page(actor: Actor, declarations: Iterable[Declaration], asker: str) -> Answer:
    """Only what this person may use."""
    lines = [
        Text(f"\n/{each.name}{' ' + each.usage if each.usage else ''}: ", _(each.about))
        for each in offered(declarations, actor.role)
    ]
    example = _("NAME is a container (directus) or host/container (server2/directus).")
    text = Text(Bold(_("What I can do for you")), *lines, "\n\n", example)
    return Answer(text, ((button(_("Menu") + " ▸", Go(asker=asker)),),))


def not_understood(text: str, actor: Actor, declarations: Iterable[Declaration]) -> Answer:
    """A mistyped command is answered with the nearest one that this person may use."""
    typed = text.split(maxsplit=1)[0]
    known = [f"/{each.name}" for each in declarations if each.role <= actor.role]
    near = process.extractOne(typed.lower(), known, scorer=fuzz.ratio, score_cutoff=60)
    if typed.startswith("/") and near:
        words = _("No command {typed}. Did you mean {near}?")
        return Answer(Text(words.format(typed=typed[:32], near=near[0])))
    return Answer(Text(_("I understand commands: /help lists them.")))


def away(since: str, until: str) -> Answer:
    return Answer(
        Text(_("I was away {since}–{until}; repeat what is still needed.").format(since=since, until=until))
    )


def broken(reference: str) -> Answer:
    return Answer(
        Text(_("Something broke here (ref {reference}). It is in the log.").format(reference=reference))
    )


def audit(entries: Sequence[AuditEntry], asker: str, *, more: bool) -> Answer:
    if not entries:
        return Answer(Text(_("Nothing has been done yet.")))
    lines: list[Text] = []
    today = ""
    for entry in entries:
        if day(entry.at) != today:
            today = day(entry.at)
            lines.append(Text("\n", Bold(today), "\n"))
        lines.append(Text(_audit_line(entry), "\n"))
    rows = ((button(_("Older"), AuditPage(asker=asker, before=entries[-1].seq)),),) if more else ()
    return Answer(Text(Bold(_("Audit")), *lines), rows)


def _audit_line(entry: AuditEntry) -> str:
    acts = {
        Action.RESTART: _("restart"),
        Action.STOP: _("stop"),
        Action.START: _("start"),
        Action.READ_AUDIT: _("reading the audit"),
        Action.READ: _("reading"),
        Action.ACKNOWLEDGE: _("acknowledge"),
        Action.RELEASE: _("release"),
        Action.SILENCE: _("silence"),
        Action.UNSILENCE: _("end a silence"),
        Action.PRUNE: _("make room"),
    }
    results = {
        Result.INTENT: "⏳ " + _("begun"),
        Result.DONE: "✅ " + _("done"),
        Result.FAILED: "🔴 " + _("failed"),
        Result.UNKNOWN: "⚠️ " + _("unknown"),
        Result.DENIED: "⚠️ " + _("refused"),
    }
    target = f" {entry.host}/{entry.container}" if entry.host else ""
    why = f" ({entry.detail[:_LONGEST_WHY]})" if entry.detail else ""
    return f"{clock(entry.at)} {entry.actor_name}: {acts[entry.action]}{target}: {results[entry.result]}{why}"
