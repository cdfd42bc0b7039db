"""The restart of a whole Compose project in the chat: the question, how far it is, and how it ended."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from aiogram.enums import ButtonStyle
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Open
from handlers.compose_callbacks import ProjectCard, ProjectConfirm, ProjectStop
from handlers.views.alert_text import cut, plain
from handlers.views.answer import Answer, Row, button
from handlers.views.compose import NAME_UNITS
from handlers.views.condition import SYMBOL, state_words
from handlers.views.failures import sentence
from handlers.views.moments import clock, seconds
from services.domain.containers import Condition, key_of
from services.domain.plans import Outcome, Phase
from services.domain.projects import Begun, Member, ProjectPlan, Rolling, Stand
from services.errors import HostSilent

_FLOW_UNITS = 1200


def question(plan: ProjectPlan) -> Answer:
    """All that would be restarted, in its order. Yes stands apart from where the tap that led here was."""
    asker, count = f"{plan.asker:x}", len(plan.members)
    head = _("Restart project {name} on {host}?").format(name=plain(plan.project, NAME_UNITS), host=plan.host)
    words = ngettext(
        "{count} container: {names}", "{count} containers, one after another: {names}", count
    ).format(count=count, names=_flow(plan))
    lines = [words]
    if plan.stays:
        lines.append(_("Stays stopped: {names}.").format(names=_cut(plan.stays)))
    if plan.protected:
        labels = {each.name: plan.labels[each.id] for each in plan.members}
        names = [labels.get(name, name) for name in plan.protected]
        lines.append(_("Protected: {names}. Be sure.").format(names=_cut(names)))
    return Answer(
        Text(Bold(head), *(f"\n{line}" for line in lines)),
        (
            (
                button(_("Cancel"), ProjectConfirm(asker=asker, token=plan.token, yes=False)),
                button(
                    _("Yes, restart"),
                    ProjectConfirm(asker=asker, token=plan.token, yes=True),
                    ButtonStyle.DANGER,
                ),
            ),
        ),
    )


def _flow(plan: ProjectPlan) -> str:
    """`postgres → redis → worker × 2`."""
    parts = []
    for service, group in groupby(plan.members, key=lambda member: member.service):
        count, name = len(list(group)), plain(service, NAME_UNITS)
        parts.append(f"{name} × {count}" if count > 1 else name)
    return cut(" → ".join(parts), _FLOW_UNITS)


def _cut(names: Sequence[str]) -> str:
    return cut(", ".join(plain(name, NAME_UNITS) for name in names), _FLOW_UNITS // 2)


def cancelled(plan: ProjectPlan) -> Answer:
    return Answer(Text(_("Not restarted: {name}").format(name=_subject(plan))))


def toast_stopping() -> str:
    return _("What is being restarted comes to its end; the rest is left as it is.")


def toast_over() -> str:
    return _("It is over already.")


def progress(rolling: Rolling) -> Answer:
    """One step, in full."""
    if rolling.over:
        return _ended(rolling)
    plan, current = rolling.plan, rolling.current
    name = _name(plan, current) if current else ""
    waits = rolling.step is not None and rolling.step.phase is not Phase.RUNNING
    words = (
        _("Restarting {project}: {done} of {total}, waiting for {name} …")
        if waits
        else _("Restarting {project}: {done} of {total}, {name} …")
    )
    lines = [words.format(project=_subject(plan), done=rolling.done, total=len(plan.members), name=name)]
    if rolling.step and rolling.step.phase is Phase.UNCONFIRMED:
        lines.append(_unconfirmed(rolling, rolling.step))
    if rolling.stopped_by:
        lines.append(_("No more after that: {by}").format(by=rolling.stopped_by))
    stop = button(_("Cancel"), ProjectStop(asker=f"{plan.asker:x}", token=plan.token))
    offered = bool(rolling.untouched) and not rolling.stopped_by
    return Answer(Text("⏳ ", "\n".join(lines)), ([stop],) if offered else ())


def _ended(rolling: Rolling) -> Answer:
    plan = rolling.plan
    symbol, words = _result(rolling)
    who = f" · 👤 {plan.asker_name}, {clock(rolling.at)}"
    lines = list(_evidence(rolling))
    if rolling.untouched or rolling.current:
        lines += _rest(plan, rolling.done, rolling.untouched)
    text = Text(symbol, " ", Bold(_subject(plan), ": ", words), who, *(f"\n{line}" for line in lines))
    if rolling.current:
        return Answer(text, (_next(plan, rolling.current),))
    opens = ProjectCard(
        asker=f"{plan.asker:x}", host=plan.host, key=key_of(plan.host, plan.project), opens=True
    )
    return Answer(text, ([button(f"{plain(plan.project, NAME_UNITS)} ▸", opens)],))


def _result(rolling: Rolling) -> tuple[str, str]:
    """A symbol, and what came of it."""
    plan, step = rolling.plan, rolling.step
    if rolling.current and step:
        name = _name(plan, rolling.current)
        if rolling.stand is Stand.UNKNOWN:
            return "⚠️", _("not known whether {name} was restarted").format(name=name)
        if step.phase is Phase.FAILED:
            return _symbol(step.failure), _("{name} was not restarted").format(name=name)
        if step.now is None:
            return "⚠️", _("{name} was restarted, its state could not be read").format(name=name)
        state = state_words(step.now, rolling.at)
        return SYMBOL[Condition.DOWN], _("{name} did not come up: {state}").format(name=name, state=state)
    if rolling.failure:
        name = _name(plan, rolling.untouched[0])
        return _symbol(rolling.failure), _("{name} was not restarted").format(name=name)
    count = {"done": rolling.done, "total": len(plan.members)}
    if rolling.stopped_by:
        words = _("{done} of {total} restarted, cancelled: {by}")
        return SYMBOL[Condition.STOPPED], words.format(**count, by=rolling.stopped_by)
    if rolling.untouched:
        return SYMBOL[Condition.STOPPED], _("{done} of {total} restarted, then the bot was stopped").format(
            **count
        )
    return "✅", _("{done} of {total} restarted").format(**count)


def _symbol(failure: Exception | None) -> str:
    return "⚠️" if isinstance(failure, HostSilent) else SYMBOL[Condition.DOWN]


def _evidence(rolling: Rolling) -> Iterator[str]:
    step = rolling.step
    if rolling.failure:
        yield sentence(rolling.failure, rolling.at)
    if rolling.current is None or step is None:
        return
    if rolling.stand is Stand.UNKNOWN:
        yield _unconfirmed(rolling, step)
        yield _("Checked {time}: {state}.").format(time=clock(step.at), state=_now(step))
    elif step.phase is Phase.FAILED:
        if step.failure:
            yield sentence(step.failure, step.at)
        yield _("Now: {state}.").format(state=_now(step))


def _unconfirmed(rolling: Rolling, step: Outcome) -> str:
    words = _("{host} did not confirm within {time}; {name} may still be restarting.")
    name = _name(rolling.plan, rolling.current) if rolling.current else step.plan.name
    return words.format(host=rolling.plan.host, time=seconds(step.took or 0), name=name)


def _rest(plan: ProjectPlan, done: int, untouched: Sequence[Member]) -> Iterator[str]:
    labels = plan.labels
    if done:
        yield _("Restarted: {names}.").format(names=_cut([labels[each.id] for each in plan.members[:done]]))
    if untouched:
        yield _("Not touched: {names}.").format(names=_cut([labels[each.id] for each in untouched]))


def interrupted(begun: Begun, outcome: Outcome | None) -> Answer:
    """After a crash. outcome: of the container that was under way, None where its own books are closed."""
    plan, current = begun.plan, begun.plan.members[begun.done]
    words = _("restart interrupted, the bot was restarted meanwhile")
    unknown = _("{name}: result unknown.").format(name=_name(plan, current))
    if outcome:
        unknown += " " + _("Now: {state}.").format(state=_now(outcome))
    lines = [unknown, *_rest(plan, begun.done, plan.members[begun.done + 1 :])]
    text = Text("⚠️ ", Bold(_subject(plan), ": ", words), *(f"\n{line}" for line in lines))
    return Answer(text, (_next(plan, current),))


def _subject(plan: ProjectPlan) -> str:
    return f"{plain(plan.project, NAME_UNITS)} · {plan.host}"


def _name(plan: ProjectPlan, member: Member) -> str:
    return plain(plan.labels[member.id], NAME_UNITS)


def _now(outcome: Outcome) -> str:
    return state_words(outcome.now, outcome.at) if outcome.now else _("not known")


def _next(plan: ProjectPlan, member: Member) -> Row:
    asker, key = f"{plan.asker:x}", key_of(plan.host, member.name)
    return [
        button(_("Logs"), Open(asker=asker, act="logs", host=plan.host, key=key)),
        button(_("Status"), Open(asker=asker, act="card", host=plan.host, key=key)),
    ]
