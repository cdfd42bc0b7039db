"""Compose projects: all of them, trouble first, and one with its services in the order in which they are started."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Open
from handlers.compose_callbacks import ProjectCard, ProjectLogs, ProjectPage, ProjectRestart
from handlers.views.alert_text import plain
from handlers.views.answer import Answer, Row, button, in_pairs
from handlers.views.condition import SYMBOL, silence_words, state_words
from handlers.views.moments import clock
from handlers.views.paging import pages, to_page, turns
from services.domain.access import Actor, Role
from services.domain.containers import Condition
from services.domain.projects import Project, ProjectList, members_of
from services.domain.reports import Observed
from services.errors import HostSilent

NAME_UNITS = 40
_PROJECTS_A_PAGE = 8
_MOST_LINES = 4  # below one project of the list
_MOST_SILENT = 5
_MOST_BUTTONS = 6


def projects(found: ProjectList, here: ProjectPage) -> Answer:
    silent = list(_silent(found.silent, found.at))
    if not found.projects:
        words = _("No Compose projects among the containers you see.")
        return Answer(Text("\n".join([*silent, words])), ([button("↻", here)],))
    made = list(_pages(found))
    page = min(here.page, len(made) - 1)
    body = "\n".join(_block(each, found.at) for each in made[page])
    text = Text("\n".join([*silent, body, "", clock(found.at, seconds=True)]))
    names = [each.name for each in found.projects]
    buttons = [
        button(
            f"{SYMBOL[each.condition]} "
            f"{plain(subject(each) if names.count(each.name) > 1 else each.name, NAME_UNITS)}",
            ProjectCard(asker=here.asker, host=each.host, key=each.key),
        )
        for each in made[page]
    ]
    return Answer(text, (*in_pairs(buttons), turns(page, len(made), to_page(here))))


def _pages(found: ProjectList) -> Iterator[list[Project]]:
    for start in range(0, len(found.projects), _PROJECTS_A_PAGE):
        some = found.projects[start : start + _PROJECTS_A_PAGE]
        rest = iter(some)
        for page in pages([_block(each, found.at) for each in some]):
            yield [next(rest) for _block_of in page]


def subject(project: Project) -> str:
    return f"{project.name} · {project.host}"


def _block(project: Project, now: datetime) -> str:
    """Its line, and below it what of it does not simply run."""
    odd = [row for row in project.containers if row.diagnosis.condition is not Condition.WELL]
    odd.sort(key=lambda row: row.diagnosis.condition is Condition.STOPPED)
    labels = project.labels
    lines = [_headline(project), *(f"· {_line(labels, row, now)}" for row in odd[:_MOST_LINES])]
    if (rest := len(odd) - _MOST_LINES) > 0:
        lines.append("· " + ngettext("and {count} more", "and {count} more", rest).format(count=rest))
    return "\n".join(lines)


def _headline(project: Project) -> str:
    words = _("{count} of {total} running").format(count=project.running, total=len(project.containers))
    return f"{SYMBOL[project.condition]} {plain(subject(project), 2 * NAME_UNITS)}: {words}"


def _line(labels: Mapping[str, str], row: Observed, now: datetime) -> str:
    return f"{plain(labels[row.container.id], NAME_UNITS)}: {state_words(row.diagnosis, now)}"


def _silent(silent: Sequence[HostSilent], now: datetime) -> Iterator[str]:
    for each in silent[:_MOST_SILENT]:
        yield f"⚠️ {each.host}: {silence_words(each, now)}"
    if (rest := len(silent) - _MOST_SILENT) > 0:
        yield ngettext("and {count} more", "and {count} more", rest).format(count=rest)


def project(found: Project, at: datetime, actor: Actor, here: ProjectCard) -> Answer:
    """Who may not restart anything is not offered it."""
    labels = found.labels
    lines = [f"{SYMBOL[row.diagnosis.condition]} {_line(labels, row, at)}" for row in found.containers]
    if found.once:
        lines.append(_("Run once, by hand:"))
        lines += [
            f"{SYMBOL[row.diagnosis.condition]} {plain(row.container.name, NAME_UNITS)}: "
            f"{state_words(row.diagnosis, at)}"
            for row in found.once
        ]
    made = pages(lines)
    page = min(here.page, len(made) - 1)
    text = Text("\n".join([_headline(found), "", *made[page], "", clock(at, seconds=True)]))
    here = here.model_copy(update={"opens": False, "page": page})
    acts: list[InlineKeyboardButton] = []
    if actor.role >= Role.OPERATOR and members_of(found):
        acts.append(button(_("Restart"), ProjectRestart(asker=here.asker, host=found.host, key=found.key)))
    acts.append(button(_("Logs"), ProjectLogs(asker=here.asker, host=found.host, key=found.key)))
    back = button("‹ " + _("Projects"), ProjectPage(asker=here.asker))
    return Answer(text, (*_troubled(found, here.asker), acts, [back, *turns(page, len(made), to_page(here))]))


def _troubled(found: Project, asker: str) -> Sequence[Row]:
    rows = [row.container for row in found.containers if row.in_trouble][:_MOST_BUTTONS]
    labels = found.labels
    return in_pairs(
        [
            button(
                f"{plain(labels[each.id], NAME_UNITS)} ▸",
                Open(asker=asker, act="card", host=each.host, key=each.key),
            )
            for each in rows
        ]
    )
