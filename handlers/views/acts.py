"""A destructive act in the chat: the question with its two buttons, then its way to the end in the same message."""

from aiogram.enums import ButtonStyle
from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import ACT_OF_ACTION, Act, Confirm, Open
from handlers.views.answer import Answer, button
from handlers.views.condition import SYMBOL, state_words
from handlers.views.failures import sentence
from handlers.views.moments import clock, day, duration, seconds
from services.domain.access import Action
from services.domain.containers import Condition, Reason, key_of
from services.domain.plans import Outcome, Phase, Plan


def confirmation(plan: Plan) -> Answer:
    """The question. Yes stands apart from where the tap that led here was."""
    asker = f"{plan.asker:x}"
    question = {
        Action.RESTART: _("Restart {name} on {host}?"),
        Action.STOP: _("Stop {name} on {host}?"),
    }[plan.action].format(name=plan.name, host=plan.host)
    yes = {Action.RESTART: _("Yes, restart"), Action.STOP: _("Yes, stop")}[plan.action]
    lines = [_consequences(plan)]
    if plan.protected:
        lines.append(_("It is protected: be sure."))
    return Answer(
        Text(Bold(question), *(f"\n{line}" for line in lines if line)),
        (
            (
                button(_("Cancel"), Confirm(asker=asker, token=plan.token, yes=False)),
                button(yes, Confirm(asker=asker, token=plan.token, yes=True), ButtonStyle.DANGER),
            ),
        ),
    )


def _consequences(plan: Plan) -> str:
    parts = []
    if plan.domains and plan.up_since:
        parts.append(_("Away meanwhile: {domains}.").format(domains=", ".join(plan.domains)))
    facts = []
    if plan.state and not plan.up_since:
        parts.append(_("Now: {state}.").format(state=state_words(plan.state, plan.asked)))
    if plan.up_since:
        facts.append(_("Up {time}").format(time=duration(plan.asked - plan.up_since)))
    if plan.last_at and plan.last_by:
        last = {Action.RESTART: _("last restart {day}: {by}"), Action.STOP: _("last stop {day}: {by}")}
        facts.append(last[plan.action].format(day=day(plan.last_at), by=plan.last_by))
    if facts:
        parts.append("; ".join(facts) + ".")
    return " ".join(parts)


def cancelled(plan: Plan) -> Answer:
    words = {Action.RESTART: _("Not restarted: {name}"), Action.STOP: _("Not stopped: {name}")}
    return Answer(Text(words[plan.action].format(name=plan.name)))


def starting(plan: Plan) -> Answer:
    """What `/up` shows before its first outcome; it asks nothing."""
    return Answer(Text(_running(plan)))


def outcome(outcome: Outcome) -> Answer:
    """One step, in full."""
    plan = outcome.plan
    match outcome.phase:
        case Phase.RUNNING:
            return starting(plan)
        case Phase.SETTLING:
            words = _("{done}, waiting for its healthcheck …").format(done=_done(outcome))
            return Answer(Text("⏳ ", words))
        case Phase.DONE:
            return Answer(Text(*_ended(outcome)), (_next(plan, "logs", "card"),))
        case Phase.FAILED:
            return Answer(_failed(outcome), (_next(plan, "logs", ACT_OF_ACTION[plan.action]),))
        case Phase.UNCONFIRMED:
            return Answer(Text("⚠️ ", _unconfirmed(outcome)), (_next(plan, "logs"),))
        case Phase.CHECKED:
            checked = _("Checked {time}: {state}.").format(time=clock(outcome.at), state=_now(outcome))
            return Answer(Text("⚠️ ", _unconfirmed(outcome), "\n", checked), (_next(plan, "logs", "card"),))
        case Phase.INTERRUPTED:
            return Answer(_interrupted(outcome), (_next(plan, "logs", "card"),))


def interruption(outcome: Outcome) -> Answer:
    """The reply that rings: the message that it answers has been edited, and an edit is silent."""
    plan = outcome.plan
    words = _("{name}: result unknown, the bot was restarted meanwhile. Now: {state}.")
    return Answer(Text("⚠️ ", words.format(name=plan.name, state=_now(outcome))))


def _interrupted(outcome: Outcome) -> Text:
    words = {
        Action.RESTART: _("Restart of {name} on {host}: result unknown, the bot was restarted meanwhile."),
        Action.STOP: _("Stop of {name} on {host}: result unknown, the bot was restarted meanwhile."),
        Action.START: _("Start of {name} on {host}: result unknown, the bot was restarted meanwhile."),
    }[outcome.plan.action].format(name=outcome.plan.name, host=outcome.plan.host)
    checked = _("Checked {time}: {state}.").format(time=clock(outcome.at), state=_now(outcome))
    return Text("⚠️ ", words, "\n", checked)


def _running(plan: Plan) -> str:
    words = {
        Action.RESTART: _("Restarting {name} …"),
        Action.STOP: _("Stopping {name} …"),
        Action.START: _("Starting {name} …"),
    }
    return "⏳ " + words[plan.action].format(name=plan.name)


def _done(outcome: Outcome) -> str:
    words = {
        Action.RESTART: _("{name} restarted in {time}"),
        Action.STOP: _("{name} stopped in {time}"),
        Action.START: _("{name} started in {time}"),
    }
    return words[outcome.plan.action].format(name=outcome.plan.name, time=seconds(outcome.took or 0))


def _ended(outcome: Outcome) -> tuple[Text | str, ...]:
    """The engine's yes is not the end: a container that fell over again, or stays unhealthy, is no success."""
    signature = f" · 👤 {outcome.plan.asker_name}, {clock(outcome.at)}"
    now = outcome.now
    done = _done(outcome)
    stopping = outcome.plan.action is Action.STOP
    if now and now.reason is Reason.STARTING and not stopping:
        return "🟡 ", done, ", ", _("its healthcheck has not decided yet"), signature
    if now and (now.condition in (Condition.WELL, Condition.UNWELL)) is stopping:
        return SYMBOL[now.condition], " ", done, ", ", _but_now(outcome), signature
    if now and now.condition is Condition.UNWELL:
        return SYMBOL[now.condition], " ", done, ", ", _but_now(outcome), signature
    if outcome.healthy_after is not None:
        done = _("{done}, healthy after {time}").format(done=done, time=seconds(outcome.healthy_after))
    elif now is None:
        done = _("{done}; its state could not be read").format(done=done)
    return "✅ ", done, signature


def _but_now(outcome: Outcome) -> str:
    return _("but now: {state}").format(state=_now(outcome))


def _failed(outcome: Outcome) -> Text:
    words = {
        Action.RESTART: _("{name} was not restarted."),
        Action.STOP: _("{name} was not stopped."),
        Action.START: _("{name} was not started."),
    }[outcome.plan.action].format(name=outcome.plan.name)
    lines = [Text("🔴 ", Bold(words))]
    if outcome.failure is not None:
        lines.append(Text("\n", sentence(outcome.failure, outcome.at)))
    lines.append(Text("\n", _("Now: {state}.").format(state=_now(outcome))))
    return Text(*lines)


def _unconfirmed(outcome: Outcome) -> str:
    words = {
        Action.RESTART: _("{host} did not confirm within {time}; {name} may still be restarting."),
        Action.STOP: _("{host} did not confirm within {time}; {name} may still be stopping."),
        Action.START: _("{host} did not confirm within {time}; {name} may still be starting."),
    }[outcome.plan.action]
    plan = outcome.plan
    return words.format(host=plan.host, name=plan.name, time=seconds(outcome.took or 0))


def _now(outcome: Outcome) -> str:
    return state_words(outcome.now, outcome.at) if outcome.now else _("not known")


def _next(plan: Plan, *wanted: Act) -> list[InlineKeyboardButton]:
    labels: dict[Act, str] = {
        "logs": _("Logs"),
        "card": _("Status"),
        "restart": _("Try again"),
        "stop": _("Try again"),
        "up": _("Try again"),
    }
    key = key_of(plan.host, plan.name)
    return [
        button(labels[act], Open(asker=f"{plan.asker:x}", act=act, host=plan.host, key=key)) for act in wanted
    ]
