"""Search: what the logs say, in one container or in all, as far back as time allows."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from aiogram import F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, ForceReply, Message, ReplyParameters, User
from aiogram.utils.formatting import TextMention

from handlers.callbacks import AskPattern, CancelSearch, SearchTurn
from handlers.declare import Declaration, button, command, otherwise
from handlers.grep_args import in_quotes, search_question, span_of
from handlers.pressed import pressed
from handlers.reply import answer_press, take_button
from handlers.views import grep as views
from handlers.views.answer import Answer
from handlers.views.grep_file import search_file
from handlers.waiting import Spot
from handlers.words import mark, zone
from services.domain.access import Actor, Role
from services.domain.containers import ContainerKey
from services.domain.plans import Place
from services.errors import NoSuchContainer, StoreUnavailable
from services.fleet.fleet import Fleet
from services.logs.pages.questions import ALWAYS
from services.logs.pages.reader import LogReader
from services.logs.search.hits import Searched, SearchQuestion, Watch
from services.logs.search.prompts import Prompts
from services.logs.search.search import FILE, Searcher
from services.ports import Clock

router = Router(name="grep")


@command(
    router,
    "grep",
    role=Role.VIEWER,
    act="logs",
    about=mark("search the logs"),
    usage="PATTERN [NAMES…] [30m] [-i] [-v] [-C 3]",
    entry=(mark("Search"), AskPattern),
)
async def grep(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    searcher: Searcher,
    prompts: Prompts,
    clock: Clock,
) -> None:
    question = search_question(command.args, clock.now(), zone.get())
    if not (question.pattern or question.sieve.by_level):
        await _ask(message, question, actor, prompts)
        return
    spot = Spot(message)
    try:
        await _search(spot, question, actor, asker, searcher)
    except NoSuchContainer as error:
        quoted = in_quotes(command.args, error.unknown)
        instead = [replace(question, names=names) for names in _other_names(question, error)]
        instead += [search_question(quoted, clock.now(), zone.get())] if quoted else []
        await spot.put(await _instead(error, instead, asker, searcher, clock))


@button(router, AskPattern.filter(), role=Role.VIEWER)
async def ask_pattern(
    callback: CallbackQuery,
    callback_data: AskPattern,
    actor: Actor,
    fleet: Fleet,
    reader: LogReader,
    prompts: Prompts,
) -> None:
    """Whatever stretch of time the page is about, its logs are searched as a whole."""
    names: tuple[str, ...] | ContainerKey = ()
    if callback_data.token:
        names = (await reader.asked(callback_data.token)).names
    elif callback_data.key:
        names = ContainerKey(callback_data.host, callback_data.key)
    if isinstance(names, ContainerKey):
        names = ((await fleet.find(names, by=actor)).full_name,)
    await _ask(pressed(callback), SearchQuestion("", names), actor, prompts, callback.from_user)


@otherwise(router, F.reply_to_message.from_user.is_bot, F.text, role=Role.VIEWER)
async def reply_pattern(
    message: Message,
    actor: Actor,
    asker: str,
    searcher: Searcher,
    prompts: Prompts,
    declarations: tuple[Declaration, ...],
) -> None:
    """A reply to the question of what to look for, by the person who was asked: all of it is the pattern."""
    assert message.reply_to_message is not None
    text = (message.text or "").strip()
    word = text.split(maxsplit=1)[0].partition("@")[0].lower() if text else ""
    if word in {f"/{each.name}" for each in declarations}:
        raise SkipHandler
    asked = message.reply_to_message
    question = await prompts.of(Place(asked.chat.id, asked.message_id), by=actor.id)
    if question is None or not text:
        raise SkipHandler
    await _search(Spot(message), replace(question, pattern=text.splitlines()[0]), actor, asker, searcher)


@button(router, SearchTurn.filter(F.act == "file"), role=Role.VIEWER)
async def as_file(
    callback: CallbackQuery, callback_data: SearchTurn, actor: Actor, asker: str, searcher: Searcher
) -> None:
    question = (await searcher.kept(callback_data.token)).anew
    spot, watch = Spot(pressed(callback), as_reply=True), Watch()
    searching = searcher.find(question, by=actor, bounds=FILE, watch=watch)
    found = await spot.awaiting(searching, lambda: views.progress(watch, question, asker))
    await spot.put(await asyncio.to_thread(search_file, found))


@button(router, SearchTurn.filter(), role=Role.VIEWER)
async def turn_search(
    callback: CallbackQuery,
    callback_data: SearchTurn,
    actor: Actor,
    asker: str,
    searcher: Searcher,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    kept = await searcher.kept(callback_data.token)
    message, act = pressed(callback), callback_data.act
    spot = Spot(message, as_reply=True) if act == "on" else Spot(message, in_place=in_place)
    if act == "on" and in_place:
        await take_button(message, callback.data)
    await _search(spot, _turned(kept, act, clock.now()), actor, asker, searcher)


def _turned(kept: Searched, act: str, now: datetime) -> SearchQuestion:
    anew = replace(kept.anew, span=span_of(kept.anew, now, zone.get()))
    match act:
        case "on" | "on_here":
            return kept.onward or kept.anew
        case "context":
            return replace(kept.question, context=views.CONTEXT)
        case "fold":
            return replace(anew, ignore_case=True)
        case "always":
            return replace(anew, span=ALWAYS, when="")
        case "everywhere":
            return replace(anew, names=())
        case "quoted":
            return search_question(anew.quoted, now, zone.get())
    return anew


@button(router, CancelSearch.filter(), role=Role.VIEWER, answers=True)
async def cancel(
    callback: CallbackQuery, callback_data: CancelSearch, actor: Actor, searcher: Searcher
) -> None:
    """The message itself tells how far it has got."""
    searcher.cancel(callback_data.token, by=actor)
    await answer_press(callback)


async def _search(spot: Spot, question: SearchQuestion, actor: Actor, asker: str, searcher: Searcher) -> None:
    watch = Watch()
    searching = searcher.find(question, by=actor, watch=watch)
    found = await spot.awaiting(searching, lambda: views.progress(watch, question, asker))
    page = views.search_page(found)
    await spot.put(page.answer(await searcher.keep(found, page.shown), asker))


def _other_names(question: SearchQuestion, error: NoSuchContainer) -> Iterator[tuple[str, ...]]:
    """With each of the nearest ones in place of what is none."""
    for host, name in error.near:
        near = f"{host}/{name}"
        yield tuple(near if each == error.name else each for each in _names(question))


async def _instead(
    error: NoSuchContainer,
    questions: Sequence[SearchQuestion],
    asker: str,
    searcher: Searcher,
    clock: Clock,
) -> Answer:
    """Raises `error` where the store does not work."""
    try:
        held = [(each, await searcher.hold(each)) for each in questions]
    except StoreUnavailable:
        raise error from None
    return views.instead(error, held, asker, clock.now())


def _names(question: SearchQuestion) -> tuple[str, ...]:
    return question.names if isinstance(question.names, tuple) else ()


async def _ask(
    message: Message, question: SearchQuestion, actor: Actor, prompts: Prompts, presser: User | None = None
) -> None:
    """`presser`: who is asked, where it is not the author of `message`."""
    in_group = message.chat.type != ChatType.PRIVATE
    whom = TextMention(actor.name, user=presser) if presser and in_group else None
    sent = await message.answer(
        **views.ask_pattern(_names(question), whom).as_kwargs(),
        reply_markup=ForceReply(selective=True, input_field_placeholder=views.placeholder()),
        reply_parameters=ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True),
    )
    await prompts.keep(Place(sent.chat.id, sent.message_id), question, asker=actor.id)
