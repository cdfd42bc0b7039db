"""Compose projects: which there are and how they do, one in its order, and its restart as a whole after a question."""

from asyncio import to_thread
from contextlib import aclosing

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.args import DEFAULT_LINES
from handlers.compose_callbacks import (
    ProjectCard,
    ProjectConfirm,
    ProjectLogs,
    ProjectPage,
    ProjectRestart,
    ProjectStop,
)
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.reply import announce, answer_press, replace_or_send, send, show, take_button
from handlers.views import compose as views
from handlers.views import compose_restart as restart_views
from handlers.views.logs import log_page, waiting
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.plans import Place
from services.logs.pages.page import Look
from services.logs.pages.questions import LogQuestion
from services.logs.pages.reader import LogReader
from services.ports import Clock
from services.project_control import ProjectControl
from services.projects import Projects

router = Router(name="compose")


@command(
    router,
    "compose",
    role=Role.VIEWER,
    about=mark("Compose projects, and the restart of a whole one"),
    entry=(mark("Projects"), ProjectPage),
    usage="[PROJECT]",
)
async def compose(
    message: Message, command: CommandObject, actor: Actor, asker: str, projects: Projects, clock: Clock
) -> None:
    name = args.optional_name(command.args)
    if name is None:
        found = await projects.all(by=actor)
        await send(message, await to_thread(views.projects, found, ProjectPage(asker=asker)))
        return
    project = await projects.find(name, by=actor)
    here = ProjectCard(asker=asker, host=project.host, key=project.key)
    await send(message, await to_thread(views.project, project, clock.now(), actor, here))


@button(router, ProjectPage.filter(), role=Role.VIEWER)
async def turn_projects(
    callback: CallbackQuery,
    callback_data: ProjectPage,
    actor: Actor,
    asker: str,
    projects: Projects,
    *,
    in_place: bool,
) -> None:
    found = await projects.all(by=actor)
    here = callback_data.model_copy(update={"asker": asker})
    await show(pressed(callback), await to_thread(views.projects, found, here), in_place=in_place)


@button(router, ProjectCard.filter(), role=Role.VIEWER)
async def turn_project(
    callback: CallbackQuery,
    callback_data: ProjectCard,
    actor: Actor,
    asker: str,
    projects: Projects,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    project = await projects.find(callback_data.project, by=actor)
    here = callback_data.model_copy(update={"asker": asker})
    answer = await to_thread(views.project, project, clock.now(), actor, here)
    await show(pressed(callback), answer, in_place=in_place and not callback_data.opens)


@button(router, ProjectLogs.filter(), role=Role.VIEWER)
async def open_project_logs(
    callback: CallbackQuery,
    callback_data: ProjectLogs,
    actor: Actor,
    asker: str,
    projects: Projects,
    reader: LogReader,
) -> None:
    """As `/logs HOST/PROJECT`."""
    project = await projects.find(callback_data.project, by=actor)
    question = LogQuestion((f"{project.host}/{project.name}",), DEFAULT_LINES)
    spot, look = Spot(pressed(callback), as_reply=True), Look()
    page = await spot.awaiting(reader.newest(question, by=actor, look=look), lambda: waiting(look))
    await spot.put(log_page(page, asker))


@button(router, ProjectRestart.filter(), role=Role.OPERATOR)
async def open_restart(
    callback: CallbackQuery, callback_data: ProjectRestart, actor: Actor, project_control: ProjectControl
) -> None:
    plan = await project_control.propose(callback_data.project, by=actor)
    await send(pressed(callback), restart_views.question(plan), as_reply=True)


@button(router, ProjectConfirm.filter(F.yes), role=Role.OPERATOR, answers=True)
async def confirm_restart(
    callback: CallbackQuery, callback_data: ProjectConfirm, actor: Actor, project_control: ProjectControl
) -> None:
    """Errors before anything is restarted show as an alert over the message."""
    message, shown = pressed(callback), None
    place = Place(message.chat.id, message.message_id)
    async with aclosing(project_control.carry_out(callback_data.token, by=actor, place=place)) as steps:
        async for rolling in steps:
            answer = restart_views.progress(rolling)
            if rolling.over:
                if shown is None:
                    await answer_press(callback)
                await replace_or_send(message, answer)
            elif answer.as_kwargs() != shown:
                await announce(message, answer, press=None if shown else callback)
                shown = answer.as_kwargs()


@button(router, ProjectConfirm.filter(), role=Role.OPERATOR, answers=True)
async def cancel_restart(
    callback: CallbackQuery, callback_data: ProjectConfirm, actor: Actor, project_control: ProjectControl
) -> None:
    plan = await project_control.cancel(callback_data.token, by=actor)
    await answer_press(callback)
    await replace_or_send(pressed(callback), restart_views.cancelled(plan))


@button(router, ProjectStop.filter(), role=Role.OPERATOR, answers=True)
async def stop_restart(
    callback: CallbackQuery, callback_data: ProjectStop, actor: Actor, project_control: ProjectControl
) -> None:
    """The message itself goes on to tell how far it has got; until its next step only the button is gone."""
    plan = project_control.stop(callback_data.token, by=actor)
    await answer_press(callback, restart_views.toast_stopping() if plan else restart_views.toast_over())
    if plan:
        await take_button(pressed(callback), callback.data)
