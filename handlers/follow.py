"""Follow: logs as they are written, live in one message, or in a draft where the chat is private."""

import logging
import re
from asyncio import to_thread
from contextlib import suppress

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message, MessageGenerationStopped

from handlers import args
from handlers.callbacks import Follow, GoOn, Open, StopAny, StopFollow
from handlers.declare import button, command, draft_stop
from handlers.pressed import pressed
from handlers.reply import answer_press, send, show, take_button
from handlers.screens import Draft, EditedMessage
from handlers.views import follow as views
from handlers.views.picker import picker
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.containers import ContainerKey
from services.errors import NotFollowed
from services.fleet.fleet import Fleet
from services.logs.follow.following import FollowQuestion, Running, Sink
from services.logs.follow.follows import Follows
from services.logs.pages.bookmarks import Bookmarks
from services.recents import Recents

router = Router(name="follow")

log = logging.getLogger(__name__)

_NAMES = re.compile(r"[^\s,]+(?:\s*,\s*[^\s,]+)*")
_FLAG = re.compile(r"\s*-i(?=\s|$)")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")


@command(
    router,
    "follow",
    role=Role.VIEWER,
    act="follow",
    usage="NAME[,NAME…] [-i] [PATTERN]",
    about=mark("logs as they are written, live"),
)
async def follow(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    follows: Follows,
    fleet: Fleet,
    recents: Recents,
) -> None:
    question = _question(command.args)
    if question is None:
        report, recent = await fleet.overview(by=actor), await recents.of(actor.id)
        await send(message, await to_thread(picker, report, recent, "follow", asker))
        return
    await _follow(message, question, actor, asker, follows, recents)


@command(router, "stop_follow", role=Role.VIEWER, about=mark("end what you follow here"))
async def stop_follow(message: Message, actor: Actor, asker: str, follows: Follows) -> None:
    mine = follows.of(actor.id, message.chat.id)
    if len(mine) > 1:
        await send(message, views.which_one(mine, asker))
        return
    for each in mine:
        follows.stop(each.number, by=actor)
    if not mine or not mine[0].drafted:  # the end of a draft is a message of its own
        await send(message, views.stopped(mine))


@button(router, Open.filter(F.act == "follow"), role=Role.VIEWER)
async def open_follow(
    callback: CallbackQuery,
    callback_data: Open,
    actor: Actor,
    asker: str,
    follows: Follows,
    recents: Recents,
) -> None:
    container = callback_data.container
    await _follow(pressed(callback), FollowQuestion(container), actor, asker, follows, recents)


@button(router, Follow.filter(), role=Role.VIEWER)
async def follow_page(
    callback: CallbackQuery,
    callback_data: Follow,
    actor: Actor,
    asker: str,
    follows: Follows,
    bookmarks: Bookmarks,
    recents: Recents,
) -> None:
    asked = (await bookmarks.of(callback_data.token)).question
    names = asked.names if isinstance(asked.names, ContainerKey) else asked.names + asked.doubtful
    await _follow(pressed(callback), FollowQuestion(names), actor, asker, follows, recents)


@button(router, GoOn.filter(), role=Role.VIEWER)
async def go_on(
    callback: CallbackQuery,
    callback_data: GoOn,
    actor: Actor,
    asker: str,
    follows: Follows,
    recents: Recents,
    *,
    in_place: bool,
) -> None:
    """In the same message, where it is one that is edited; a private chat has a new draft instead."""
    message = pressed(callback)
    question = await follows.question(callback_data.token)
    if in_place and not _drafts(message, follows):
        await _follow(message, question, actor, asker, follows, recents, shown=message)
        return
    await _follow(message, question, actor, asker, follows, recents)
    if in_place:
        await take_button(message, callback.data)  # a second time it would only begin another


@button(router, StopFollow.filter(), role=Role.VIEWER, answers=True)
async def stop(callback: CallbackQuery, callback_data: StopFollow, actor: Actor, follows: Follows) -> None:
    """The message itself tells how it ended."""
    follows.stop(int(callback_data.number, 16), by=actor)
    await answer_press(callback)


@button(router, StopAny.filter(), role=Role.VIEWER, answers=True)
async def stop_any(
    callback: CallbackQuery, callback_data: StopAny, actor: Actor, follows: Follows, *, in_place: bool
) -> None:
    """The presser's own, whoever has asked."""
    message = pressed(callback)
    number = int(callback_data.number, 16)
    if number:
        ended: tuple[Running, ...] = (follows.stop(number, by=actor),)
    else:
        ended = tuple(follows.stop(each.number, by=actor) for each in follows.of(actor.id, message.chat.id))
    await answer_press(callback)
    await show(message, views.stopped(ended), in_place=in_place)


@draft_stop(router, role=Role.VIEWER)
async def stop_draft(event: MessageGenerationStopped, actor: Actor, follows: Follows) -> None:
    with suppress(NotFollowed):
        follows.stop(event.draft_id, by=actor)


async def _follow(
    message: Message,
    question: FollowQuestion,
    actor: Actor,
    asker: str,
    follows: Follows,
    recents: Recents,
    *,
    shown: Message | None = None,
) -> None:
    """`shown`: the message to go on in; without it, beside `message`."""

    def open_sink(number: int) -> Sink:
        if shown is None and _drafts(message, follows):
            return Draft(message, asker, number)
        return EditedMessage(message, asker, shown)

    container = await follows.start(question, open_sink, by=actor)
    if container is not None:
        await recents.used(actor.id, container.host, container.name)


def _drafts(message: Message, follows: Follows) -> bool:
    """Whether the chat takes a draft now."""
    private = message.chat.type == ChatType.PRIVATE
    return private and not any(each.drafted for each in follows.within(message.chat.id))


def _question(text: str | None) -> FollowQuestion | None:
    """`NAME[,NAME…] [-i] [PATTERN]`; a pattern may stand in quotes. None: nothing was named."""
    typed = args.as_typed(text)
    named = _NAMES.match(typed)
    if named is None:
        return None
    rest = typed[named.end() :]
    flag = _FLAG.match(rest)
    pattern = rest[flag.end() if flag else 0 :].strip()
    if quoted := _QUOTED.fullmatch(pattern):
        pattern = quoted[1] or quoted[2] or ""
    names = tuple(name for part in named[0].split(",") if (name := part.strip(" \"'")))
    return FollowQuestion(names, pattern, ignore_case=flag is not None) if names else None
