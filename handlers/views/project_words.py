"""Why a Compose project is not shown or not restarted, in words, with those that may have been meant."""

from collections import Counter

from aiogram.utils.i18n import gettext as _

from handlers.compose_callbacks import ProjectCard, ProjectPage
from handlers.views.alert_text import WORD, cut, one_line, plain
from handlers.views.answer import Row, button, in_pairs
from services.domain.containers import key_of
from services.errors import NoSuchProject, ProjectBarred, ProjectBusy, ProjectIdle

_MOST_CHOICES = 16


def project_choice(error: NoSuchProject, asker: str) -> tuple[Row, ...]:
    """A name that is on two hosts is told apart by its host; where nothing is near, all of them are a tap away."""
    count = Counter(name for _host, name in error.near)
    near = [
        button(
            one_line(f"{host}/{name}" if count[name] > 1 else name, WORD) or "?",
            ProjectCard(asker=asker, host=host, key=key_of(host, name), opens=True),
        )
        for host, name in error.near[:_MOST_CHOICES]
    ]
    if near or not error.name:
        return tuple(in_pairs(near))
    return ([button(_("Projects"), ProjectPage(asker=asker))],)


def project_words(error: NoSuchProject | ProjectBarred | ProjectIdle | ProjectBusy) -> str:
    name = plain(error.name, WORD)
    match error:
        case NoSuchProject(name=""):
            return _("It is not there any more.")
        case NoSuchProject(fits=True):
            return _('"{name}" is on several hosts. Which one?').format(name=name)
        case NoSuchProject(near=near, silent=silent):
            words = _('Elsewhere there is no "{name}".') if silent else _('No project "{name}".')
            words = words.format(name=name)
            return words + " " + _("Did you mean:") if near else words
        case ProjectBarred(protected=protected, who=who) if protected:
            words = _("No right to restart all of {name}, protected: {names}.")
            words = words.format(name=name, names=cut(", ".join(protected), 80))
            return words + " " + _("Who has it: {names}.").format(names=", ".join(who)) if who else words
        case ProjectBarred():
            words = _("A part of {name} is out of your scope. Restart its containers one by one: /restart")
            return words.format(name=name)
        case ProjectIdle():
            return _("All of {name} is stopped on purpose. One by one they are started with /up.").format(
                name=name
            )
    return _("{name} is being restarted already: {by}.").format(name=name, by=error.by)
