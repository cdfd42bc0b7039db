"""Every foreseen failure as a sentence with its mend, and buttons where a choice helps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.utils.formatting import Code, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.args import MOST_LINES, Usage, UsageError
from handlers.callbacks import Act, Open, Overview
from handlers.outside_callbacks import Check, CheckList, ProbeList, ProbePicture, RouteCard, RouteList
from handlers.views.alert_text import inert, one_line
from handlers.views.answer import Answer, Row, button, in_pairs, in_rows
from handlers.views.api_words import api_words
from handlers.views.condition import silence_words
from handlers.views.log_words import follow_words, search_words
from handlers.views.metric_words import about_metric
from handlers.views.moments import clock, moment, seconds
from handlers.views.pattern_words import pattern_words
from handlers.views.project_words import project_choice, project_words
from handlers.views.target_words import service_choice, target_words
from handlers.views.wrong_part import wrong_part
from services import errors
from services.alerts.inbox import InboxFull
from services.domain.access import Action
from services.domain.containers import key_of
from services.logs.search.hits import MOST_CONTEXT

_LONGEST_ECHO = 64
_MOST_CHOICES = 16


def failure(error: Exception, asker: str, act: Act, now: datetime) -> Answer:  # noqa: PLR0912  (as below)
    """`act`: what was wanted, so that a suggested name leads straight there."""
    match error:
        case errors.NoSuchContainer(near=near) | errors.Ambiguous(choices=near) if near:
            names = [name for _host, name in near]
            buttons = [
                button(
                    f"{host}/{name}" if names.count(name) > 1 else name,
                    Open(asker=asker, act=act, host=host, key=key_of(host, name)),
                )
                for host, name in near[:_MOST_CHOICES]
            ]
            return Answer(Text(sentence(error, now), *_further(near)), tuple(in_pairs(buttons)))
        case errors.HostSilent(host=host):
            return Answer(
                Text(sentence(error, now)), ((button(f"{host} ▸", Overview(asker=asker, host=host)),),)
            )
        case errors.NoSuchHost(near=hosts) if hosts:
            return Answer(
                Text(sentence(error, now)),
                tuple(in_rows([button(host, Overview(asker=asker, host=host)) for host in hosts], 2)),
            )
        case errors.NoSuchRoute(near=routes) if routes:
            return Answer(Text(sentence(error, now), *_further_routes(routes)), tuple(_routes(routes, asker)))
        case errors.NoSuchRoute(hosts=hosts) if hosts:
            lists = [button(host, RouteList(asker=asker, host=host)) for host in hosts]
            return Answer(Text(sentence(error, now)), tuple(in_rows(lists, 2)))
        case errors.NoSuchService(near=near_services):
            return Answer(Text(sentence(error, now)), service_choice(near_services, asker))
        case errors.NoSuchProject():
            return Answer(Text(sentence(error, now)), project_choice(error, asker))
        case errors.NoSuchDomain(near=domains) if domains:
            buttons = [button(domain, Check(asker=asker, key=key)) for key, domain in domains]
            return Answer(Text(sentence(error, now)), tuple(in_pairs(buttons)))
        case errors.NoSuchProbe(near=probes) if probes:
            presses = [button(name, ProbePicture(asker=asker, name=name, opens=True)) for name in probes]
            return Answer(Text(sentence(error, now)), tuple(in_rows(presses, 2)))
        case errors.NoSuchRoute(name=name) if name:
            return Answer(Text(sentence(error, now)), ([button(_("Routes"), RouteList(asker=asker))],))
        case errors.NoSuchDomain(name=name) if name:
            return Answer(
                Text(sentence(error, now)), ([button(_("Check a domain"), CheckList(asker=asker))],)
            )
        case errors.NoSuchProbe(name=name) if name:
            return Answer(Text(sentence(error, now)), ([button(_("Uptime"), ProbeList(asker=asker))],))
        case errors.QueryRefused() | errors.PatternRefused():
            return Answer(Text(sentence(error, now), *wrong_part(error)))
        case _:
            return Answer(Text(sentence(error, now)))


def _further(choices: Sequence[tuple[str, str]]) -> Iterator[Text | str]:
    """How to reach those that have no button."""
    if (rest := len(choices) - _MOST_CHOICES) > 0:
        host, name = choices[-1]
        yield "\n" + ngettext("and {count} more", "and {count} more", rest).format(count=rest) + ". "
        yield _("Or write the host too:") + " "
        yield Code(f"{host}/{name}")


def _routes(choices: Sequence[tuple[str, str, str]], asker: str) -> list[Row]:
    """A domain that is on two hosts is told apart by its host."""
    count = Counter(domain for _host, domain, _key in choices)
    return in_pairs(
        [
            button(
                one_line(f"{host}/{domain}" if count[domain] > 1 else domain, _LONGEST_ECHO) or "?",
                RouteCard(asker=asker, host=host, key=key),
            )
            for host, domain, key in choices[:_MOST_CHOICES]
        ]
    )


def _further_routes(choices: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    if (rest := len(choices) - _MOST_CHOICES) > 0:
        yield "\n" + ngettext("and {count} more", "and {count} more", rest).format(count=rest)


def sentence(error: Exception, now: datetime) -> str:  # noqa: PLR0912  (a table of errors, one row each)
    """In the reader's language. What is not in the table is a defect that a test finds."""
    match error:
        case errors.Denied(action=action, name=name, who=who):
            return _denied(action, name, who)
        case errors.NoSuchContainer(name=""):
            return _("It is not there any more.")
        case errors.NoSuchContainer(name=name, near=near, silent=silent):
            words = _('No container "{name}".').format(name=_short(name))
            if silent:
                told = [sentence(each, now) for each in silent]
                words = "\n".join([*told, _('Elsewhere there is no "{name}".').format(name=_short(name))])
            return words + " " + _("Did you mean:") if near else words
        case errors.NoSuchRoute():
            return _about_routes(error)
        case errors.NoSuchHost(name=name, near=near_hosts):
            words = _('No host "{name}".').format(name=_short(name))
            return words + " " + _("Did you mean:") if near_hosts else words
        case errors.NoSuchDomain() | errors.NoDomain() | errors.TargetRefused() | errors.NoSuchService():
            return target_words(error)
        case errors.NoSuchProbe(name=name, near=probes):
            words = _('No probe "{name}".').format(name=_short(name))
            return words + " " + _("Did you mean:") if probes else words
        case errors.NoSuchMetric() | errors.NoSource() | errors.MetricTooWide():
            return about_metric(error)
        case errors.Ambiguous(name=name, choices=choices) if len({host for host, _name in choices}) == 1:
            return _('Several containers fit "{name}". Which one?').format(name=_short(name))
        case errors.Ambiguous(name=name):
            return _('"{name}" is on several hosts. Which one?').format(name=_short(name))
        case errors.NotUnderstood(word=word):
            words = _('"{word}" is no name, number of lines, time or level, e.g. /logs n8n 50 30m warn')
            return words.format(word=_short(word))
        case errors.PlanGone():
            return _("This confirmation has been used or has expired. Ask again.")
        case errors.NotYourPlan(owner=owner):
            return _("Only {owner} can confirm this.").format(owner=owner)
        case errors.Forgotten():
            return _("This message is too old. Ask again.")
        case errors.PatternRefused():
            return pattern_words(error)
        case errors.SearchesFull() | errors.NotYourSearch():
            return search_words(error)
        case errors.FollowsFull() | errors.NotYourFollow() | errors.NotFollowed() | errors.TooManyLogs():
            return follow_words(error)
        case errors.OwnContainer(name=name):
            return _("{name} is this bot itself; it does not stop itself. Use the server's shell.").format(
                name=name
            )
        case errors.AlreadySo():
            return _already(error, now)
        case errors.NoSuchProject(silent=silent):
            return "\n".join([*(sentence(each, now) for each in silent), project_words(error)])
        case errors.ProjectBarred() | errors.ProjectIdle() | errors.ProjectBusy():
            return project_words(error)
        case errors.HostSilent(host=host):
            return f"⚠️ {host}: {silence_words(error, now)}"
        case errors.EngineRefused(host=host, message=message):
            return _("Docker on {host} says: {words}").format(host=host, words=message[:500])
        case errors.ContainerGone(host=host, name=name):
            return _("{name} on {host} is gone or was made anew. Ask again.").format(name=name, host=host)
        case errors.LogsUnreadable(name=name, driver=driver):
            words = _('{name} keeps no readable log: its log driver is "{driver}".')
            return words.format(name=name, driver=driver)
        case errors.DeadlineExceeded(host=host, seconds=limit):
            return _("{host} did not answer within {time}.").format(host=host, time=seconds(limit))
        case errors.NoSuchIncident() | errors.AlreadyTaken() | errors.NoSuchSilence():
            return _about_alerts(error)
        case errors.ApiError():
            return api_words(error)
        case errors.PictureError():
            return _about_pictures(error)
        case errors.NotConfigured(setting=setting):
            return _missing(setting)
        case errors.ForwardRefused(host=host, address=address, forbidden=True):
            words = _("{host}: the SSH key may not open {address}. An admin finds its line in: {command}")
            return words.format(host=host, address=address, command="python -m bot check")
        case errors.ForwardRefused(host=host, address=address):
            return _("{host}: nothing answers at {address} there. Is it running?").format(
                host=host, address=address
            )
        case errors.DeliveryError() | InboxFull():  # the outbox's and the hook's own: nobody waits for them
            return _("That did not work; it is in the log.")
        case errors.StoreError():
            return _("The bot's store does not work; nothing was done. An admin must look at its log.")
        case UsageError():
            return _usage(error)
    raise error


def _missing(setting: str) -> str:
    block, _dot, part = setting.rpartition(".")
    if part == "traefik" and block == "hosts.*":
        return _("No host has a Traefik in the settings ({setting}).").format(setting="hosts.NAME.traefik")
    if part == "traefik":
        words = _("{host} has no Traefik in the settings ({setting}).")
        return words.format(host=block.rpartition(".")[2], setting=setting)
    return _("Not in the settings: {setting}").format(setting=setting)


def _about_pictures(error: errors.PictureError) -> str:
    match error:
        case errors.PicturesFull(most=most):
            return _("{count} pictures are waited for already. Try again in a moment.").format(count=most)
        case errors.PictureTooSlow(seconds=limit):
            return _("The picture was not ready within {time}.").format(time=seconds(limit))
    return _("The picture could not be drawn; the reason is in the log.")


def _about_routes(error: errors.NoSuchRoute) -> str:
    name = inert(_short(error.name))
    if not name:
        return _("It is not there any more.")
    if error.fits:
        return _('Several routes fit "{name}". Which one?').format(name=name)
    words = _('No route "{name}".').format(name=name)
    return words + " " + _("Did you mean:") if error.near or error.hosts else words


def _about_alerts(error: errors.NoSuchIncident | errors.AlreadyTaken | errors.NoSuchSilence) -> str:
    match error:
        case errors.AlreadyTaken(name=name, at=at):
            return _("{name} has it since {time}.").format(name=name, time=clock(at))
        case errors.NoSuchSilence():
            return _("This silence has ended already.")
        case errors.NoSuchIncident(name=""):
            return _("It is over, or was never there.")
    return _('No alert "{name}".').format(name=_short(error.name))


def _denied(action: str, name: str, who: tuple[str, ...]) -> str:
    known: dict[str, str] = {
        Action.RESTART: _("No right to restart {name}."),
        Action.STOP: _("No right to stop {name}."),
        Action.START: _("No right to start {name}."),
        Action.ACKNOWLEDGE: _("No right to acknowledge alerts."),
        Action.RELEASE: _("No right to acknowledge alerts."),
        Action.SILENCE: _("No right to silence alerts."),
        Action.UNSILENCE: _("No right to silence alerts."),
        Action.PRUNE: _("No right to make room."),
        Action.QUERY: _("No right to query Prometheus: it takes the role admin and the scope */*, here too."),
    }
    words = known.get(action, _("No right: {what}.")).format(name=_short(name), what=action)
    return words + " " + _("Who has it: {names}.").format(names=", ".join(who)) if who else words


def _already(error: errors.AlreadySo, now: datetime) -> str:
    if error.since is None:
        words = _("{name} already runs.") if error.running else _("{name} is stopped already.")
        return words.format(name=error.name)
    words = (
        _("{name} already runs, since {time}.") if error.running else _("{name} is stopped, since {time}.")
    )
    return words.format(name=error.name, time=moment(error.since, now))


def _usage(error: UsageError) -> str:
    match error.usage:
        case Usage.LINES:
            words = _('"{text}" is no number of lines: 1 to {most}, e.g. /logs n8n 50')
            return words.format(text=_short(error.text), most=MOST_LINES)
        case Usage.SPAN:
            words = _('"{text}" is no time, e.g. 30m, 2h, 14:00, 14:00..14:20')
            return words.format(text=_short(error.text))
        case Usage.LEVEL:
            words = _('"{text}" is no level: trace, debug, info, warn, error, fatal; e.g. level>=warn')
            return words.format(text=_short(error.text))
        case Usage.OPTION:
            words = _('"{text}" is no option: -i, -v, -C 3. A pattern that begins with - stands behind --')
            return words.format(text=_short(error.text))
        case Usage.CONTEXT:
            words = _('"{text}" is no number of lines of context: -C 0 to -C {most}')
            return words.format(text=_short(error.text), most=MOST_CONTEXT)
        case Usage.QUOTE:
            return _("A quotation mark is not closed: {text}").format(text=_short(error.text))
        case Usage.REACH:
            words = _('"{text}" is no time that pictures go back: 1h, 6h, 24h or 7d')
            return words.format(text=_short(error.text))
        case Usage.TOO_MANY:
            return _('One name is enough; "{text}" was not understood.').format(text=_short(error.text))


def _short(word: str) -> str:
    """What somebody typed, echoed only as far as a name can reach."""
    return word if len(word) <= _LONGEST_ECHO else word[:_LONGEST_ECHO] + "…"
