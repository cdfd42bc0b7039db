"""How a container is doing, in a symbol and a few words."""

from datetime import datetime

from aiogram.utils.i18n import gettext as _

from handlers.views.moments import moment
from services.domain.containers import Condition, Diagnosis, Reason
from services.errors import HostSilent, Silence

SYMBOL = {Condition.DOWN: "🔴", Condition.UNWELL: "🟡", Condition.WELL: "🟢", Condition.STOPPED: "⚪"}


def state_words(diagnosis: Diagnosis, now: datetime) -> str:
    """`down since 14:02, out of memory`."""
    since = moment(diagnosis.since, now) if diagnosis.since else None
    plain = _states()[diagnosis.reason]
    if diagnosis.reason is Reason.STOPPED_BY:
        return _("stopped since {since}: {by}").format(since=since, by=diagnosis.by)
    words = _("{state} since {since}").format(state=plain, since=since) if since else plain
    cause = _cause(diagnosis)
    return f"{words}, {cause}" if cause else words


def _states() -> dict[Reason, str]:
    return {
        Reason.OUT_OF_MEMORY: _("down"),
        Reason.START_FAILED: _("down"),
        Reason.EXITED: _("down"),
        Reason.DEAD: _("dead"),
        Reason.UNHEALTHY: _("unhealthy"),
        Reason.RESTARTING: _("restarting again and again"),
        Reason.PAUSED: _("paused"),
        Reason.REMOVING: _("being removed"),
        Reason.STARTING: _("starting"),
        Reason.RUNNING: _("running"),
        Reason.STOPPED_BY: _("stopped"),
        Reason.FINISHED: _("finished"),
        Reason.NEVER_STARTED: _("never started"),
        Reason.NOT_EXPECTED: _("stopped, not expected to run"),
    }


def _cause(diagnosis: Diagnosis) -> str:
    match diagnosis.reason:
        case Reason.OUT_OF_MEMORY:
            return _("out of memory")
        case Reason.START_FAILED:
            return _("could not be started")
        case Reason.EXITED | Reason.RESTARTING if diagnosis.exit_code is not None:
            return _("exit {code}").format(code=diagnosis.exit_code)
        case _:
            return ""


def silence_words(silence: HostSilent, now: datetime) -> str:
    """`no contact since 14:02` and, where a person must mend it, why."""
    cause = silence_cause(silence.reason)
    if silence.since is not None:
        words = _("no contact since {since}").format(since=moment(silence.since, now))
    elif silence.seen is not None:
        words = _("no contact, last seen {time}").format(time=moment(silence.seen, now))
    else:
        words = _("no contact yet")
    return f"{words}: {cause}" if cause else words


def silence_cause(reason: Silence) -> str:
    """What is wrong, for those reasons that will not mend themselves; else nothing."""
    return {
        Silence.HOST_KEY: _("its SSH host key is not the pinned one, refused"),
        Silence.LOGIN: _("SSH login refused"),
        Silence.KEY_FILE: _("the bot's key file cannot be read"),
        Silence.KNOWN_HOSTS: _("the known_hosts file cannot be read"),
        Silence.FORWARD: _("Docker does not run there, or SSH does not open its socket"),
        Silence.NO_SOCKET: _("no Docker socket there"),
        Silence.NO_PERMISSION: _("no permission on the Docker socket"),
        Silence.ENGINE: _("Docker does not answer as it should"),
        Silence.TLS: _("TLS refused"),
    }.get(reason, "")
