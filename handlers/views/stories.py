"""A story of an engine in a few words. Names stand before them, behind a colon."""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.alert_text import inert
from handlers.views.moments import duration, moment, seconds
from services.domain.news import Gravity, Story, What

SYMBOL = {
    Gravity.DOWN: "🔴",
    Gravity.UNWELL: "🟡",
    Gravity.WELL: "🟢",
    Gravity.AT_REST: "⚪",
    Gravity.NOTED: "",
}
_SHORT = timedelta(minutes=1)
_INSTANT = 0.1  # seconds: less is not told apart


def subject(story: Story) -> str:
    """Whom it is about."""
    return inert(story.name) or "Docker"


def words(story: Story, now: datetime) -> str:
    """`died, exit 137, out of memory; started again after 3 s`."""
    told = ", ".join((_what(story), *_details(story, now)))
    if story.what in (What.STOPPED, What.KILLED, What.FELL, What.FINISHED) and story.back:
        told += "; "
        if story.count == 1:
            told += _("started again after {time}").format(time=_lasted(story.at, story.back))
        else:
            told += _("started again each time")
    if story.healthy:
        told += ", " + _("healthy after {time}").format(time=_lasted(story.back or story.at, story.healthy))
    return told + (", " + _("then removed") if story.removed else "")


def _details(story: Story, now: datetime) -> Iterator[str]:
    if story.exit_code or (story.exit_code == 0 and story.what is What.FINISHED):
        yield _("exit {code}").format(code=story.exit_code)
    if story.oom:
        yield _("out of memory")
    if story.what in (What.STOPPED, What.RESTARTED) and story.signal == signal.SIGKILL:
        yield _("had to be killed")
    if story.count > 1:
        times = ngettext("{count} time since {time}", "{count} times since {time}", story.count)
        yield times.format(count=story.count, time=moment(story.first, now))


def _what(story: Story) -> str:
    match story.what:
        case What.CONNECTED | What.DISCONNECTED | What.MOUNTED | What.UNMOUNTED:
            return _with_other()[story.what].format(name=inert(story.other) or "?")
        case What.RENAMED if story.other:
            return _("renamed, was {name}").format(name=inert(story.other))
        case What.KILLED | What.SIGNALLED:
            return _with_signal()[story.what].format(signal=_signal(story.signal))
        case What.CREATED if story.back:
            return _("created and started")
        case What.RAN:
            return _("ran for {time}").format(time=_lasted(story.first, story.ended or story.last))
        case What.MADE_ANEW:
            return _("made anew in {time}").format(time=_lasted(story.at, story.back or story.last))
        case What.RESTARTED | What.PAUSED | What.UNHEALTHY if story.back:
            return _with_end()[story.what].format(time=_lasted(story.at, story.back))
        case What.UNHEALTHY if story.ended:
            return _("unhealthy for {time}").format(time=_lasted(story.at, story.ended))
        case What.HEALTHY | What.UNPAUSED if story.first < story.at:
            return _with_beginning()[story.what].format(time=_lasted(story.first, story.at))
    return _plain()[story.what]


def _plain() -> dict[What, str]:
    return {
        What.CREATED: _("created, not started"),
        What.STARTED: _("started"),
        What.RESTARTED: _("restarted"),
        What.STOPPED: _("was stopped"),
        What.FELL: _("died"),
        What.FINISHED: _("ended"),
        What.REMOVED: _("was removed"),
        What.RENAMED: _("got another name"),
        What.OUT_OF_MEMORY: _("out of memory, still runs"),
        What.UNHEALTHY: _("unhealthy"),
        What.HEALTHY: _("healthy"),
        What.PAUSED: _("paused"),
        What.UNPAUSED: _("goes on after a pause"),
        What.NETWORK_CREATED: _("network created"),
        What.NETWORK_REMOVED: _("network removed"),
        What.VOLUME_CREATED: _("volume created"),
        What.VOLUME_REMOVED: _("volume removed"),
        What.PULLED: _("image pulled"),
        What.LOADED: _("image loaded from a file"),
        What.TAGGED: _("image tagged"),
        What.UNTAGGED: _("image lost a tag"),
        What.DELETED: _("image deleted"),
        What.RELOADED: _("settings read anew"),
    }


def _with_other() -> dict[What, str]:
    return {
        What.CONNECTED: _("joined network {name}"),
        What.DISCONNECTED: _("left network {name}"),
        What.MOUNTED: _("mounted volume {name}"),
        What.UNMOUNTED: _("unmounted volume {name}"),
    }


def _with_signal() -> dict[What, str]:
    return {What.KILLED: _("was killed by {signal}"), What.SIGNALLED: _("was sent {signal}")}


def _with_end() -> dict[What, str]:
    return {
        What.RESTARTED: _("restarted in {time}"),
        What.PAUSED: _("paused for {time}"),
        What.UNHEALTHY: _("unhealthy for {time}, now healthy"),
    }


def _with_beginning() -> dict[What, str]:
    return {
        What.HEALTHY: _("healthy again after {time}"),
        What.UNPAUSED: _("goes on after a pause of {time}"),
    }


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return _("signal {number}").format(number=number)


def _lasted(began: datetime, ended: datetime) -> str:
    span = ended - began
    return seconds(max(span.total_seconds(), _INSTANT)) if span < _SHORT else duration(span)
