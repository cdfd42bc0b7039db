"""aiogram itself against the stand-in: what it sends is understood, what it gets is decoded; their tables agree."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiogram import Bot, Dispatcher, exceptions, methods, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ButtonStyle, UpdateType
from aiogram.utils.formatting import Bold, Code, ExpandableBlockQuote, Pre, Text, TextLink

from playground.telegram import Chat, Limits, Person, Telegram
from playground.telegram.keyboards import STYLES
from playground.telegram.methods import METHODS, Method
from playground.telegram.parameters import UNMODELLED
from playground.telegram.updates import TYPES


@dataclass
class Scene:
    tg: Telegram
    bot: Bot
    aigerim: Person
    ops: Chat


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with Telegram(limits=Limits(burst=100)) as tg:
        aigerim = tg.person(1001, "Aigerim", language_code="ru")
        ops = tg.group(-100200, "Ops", members=[aigerim], bot="administrator")
        async with Bot("1:test", AiohttpSession(api=TelegramAPIServer.from_base(tg.url))) as bot:
            yield Scene(tg, bot, aigerim, ops)


def keyboard(*labels: str) -> types.InlineKeyboardMarkup:
    row = [
        types.InlineKeyboardButton(text=label, callback_data=label.lower(), style="danger")
        for label in labels
    ]
    return types.InlineKeyboardMarkup(inline_keyboard=[row])


MODELS = {
    model.__api_method__: model
    for _, model in inspect.getmembers(methods, inspect.isclass)
    if issubclass(model, methods.TelegramMethod) and model is not methods.TelegramMethod
}


@pytest.mark.parametrize("row", METHODS.values(), ids=lambda row: row.name)
def test_parameters_are_those_of_the_bot_api(row: Method) -> None:
    fields = set(MODELS[row.name].model_fields)
    assert row.allowed <= fields, "a parameter that the Bot API does not have"
    assert fields - row.allowed <= UNMODELLED, "a parameter that is neither modelled nor said not to be"


def test_names_are_those_of_the_bot_api() -> None:
    assert {kind.value for kind in UpdateType} == TYPES
    assert set(STYLES) <= {style.value for style in ButtonStyle}


async def test_what_the_bot_sends_arrives(scene: Scene) -> None:
    said = Text(
        "🔴 ",
        Bold("directus"),
        ": ",
        Code("exit 137"),
        " ",
        TextLink("more", url="https://dir.tapbot.kz/x"),
        "\n",
        ExpandableBlockQuote("traefik, dozzle"),
        "\n",
        Pre("ERROR connect", language="log"),
    )
    sent = await scene.bot.send_message(
        1001, **said.as_kwargs(), reply_markup=keyboard("Logs", "Restart"), disable_notification=True
    )
    message = await scene.tg.next_message(scene.aigerim)
    assert message.text == sent.text == said.as_kwargs()["text"]
    assert message.buttons == [["Logs", "Restart"]] and message.button("Logs").style == "danger"
    assert message.silent
    kinds = ["bold", "code", "text_link", "expandable_blockquote", "pre"]
    assert [entity.type for entity in message.entities] == kinds
    assert [entity.type for entity in sent.entities or []] == kinds
    assert sent.entities and sent.entities[0].extract_from(sent.text or "") == "directus"
    assert sent.reply_markup and sent.reply_markup.model_dump() == keyboard("Logs", "Restart").model_dump()


async def test_files_both_ways(scene: Scene) -> None:
    log = types.BufferedInputFile(b"line\n" * 1000, "directus.log")
    sent = await scene.bot.send_document(1001, log, caption="1,000 lines")
    assert sent.document and sent.document.file_name == "directus.log" and sent.document.file_size == 5000
    fetched = await scene.bot.download(sent.document)
    assert fetched and fetched.read() == b"line\n" * 1000
    message = await scene.tg.next_message(scene.aigerim)
    assert message.document and message.document.content == b"line\n" * 1000
    media = types.InputMediaDocument(media=types.BufferedInputFile(b"all", "all.log"), caption="all")
    edited = await scene.bot.edit_message_media(media, chat_id=1001, message_id=sent.message_id)
    assert isinstance(edited, types.Message) and edited.caption == "all"
    assert message.document.filename == "all.log" and message.edits[0].content.file


async def test_everything_it_answers_is_decoded(scene: Scene) -> None:
    bot = scene.bot
    assert (await bot.me()).username == "vakhta_bot"
    assert (await bot.get_chat(-100200)).title == "Ops"
    assert (await bot.get_chat_member(-100200, 1001)).status == "member"
    assert (await bot.get_chat_member(-100200, bot.id)).status == "administrator"
    commands = [types.BotCommand(command="status", description="What is down")]
    scope = types.BotCommandScopeChatMember(chat_id=-100200, user_id=1001)
    await bot.set_my_commands(commands, scope=scope, language_code="ru")
    kept = await bot.get_my_commands(scope=scope, language_code="ru")
    assert [(command.command, command.description) for command in kept] == [("status", "What is down")]
    assert (await bot.get_webhook_info()).pending_update_count == 0
    sent = await bot.send_message(-100200, "<b>alert</b>", parse_mode="HTML")
    assert await bot.pin_chat_message(-100200, sent.message_id)
    assert await bot.set_message_reaction(-100200, sent.message_id, [types.ReactionTypeEmoji(emoji="👀")])
    assert await bot.send_chat_action(1001, "typing")
    assert await bot.send_message_draft(1001, 5, text="…", entities=[])
    reply = await bot.send_message(
        -100200, "x", reply_parameters=types.ReplyParameters(message_id=sent.message_id)
    )
    assert reply.reply_to_message and reply.reply_to_message.text == "alert"
    assert await bot.delete_message(-100200, sent.message_id) and await bot.leave_chat(-100200)
    updates = await bot.get_updates(timeout=1, allowed_updates=[kind.value for kind in UpdateType])
    assert [update.event_type for update in updates] == ["message", "my_chat_member"]
    assert scene.tg.refusals == []


async def test_a_dispatcher_answers_people(scene: Scene) -> None:
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def answer(message: types.Message) -> None:
        await message.reply(f"heard {message.text}", reply_markup=keyboard("More"))

    @dispatcher.callback_query()
    async def more(query: types.CallbackQuery) -> None:
        await query.answer("here", show_alert=True)
        assert isinstance(query.message, types.Message)
        await query.message.edit_text(f"more for {query.from_user.first_name}")

    @dispatcher.message_reaction()
    async def moved(reaction: types.MessageReactionUpdated, bot: Bot) -> None:
        await bot.send_message(reaction.chat.id, f"moved by {len(reaction.new_reaction)}")

    polling = asyncio.create_task(
        dispatcher.start_polling(scene.bot, handle_signals=False, polling_timeout=5, close_bot_session=False)
    )
    question = await scene.aigerim.says("/status", chat=scene.ops)
    reply = await scene.tg.reply_to(question)
    assert reply.text == "heard /status" and reply.chat is scene.ops
    pressed = await scene.aigerim.presses(reply, "More")
    assert (pressed.text, pressed.show_alert) == ("here", True)
    await scene.tg.until(lambda: reply.text == "more for Aigerim" and reply.buttons == [])
    await scene.tg.next_message(scene.ops)
    await scene.aigerim.reacts(reply, "🔥")
    assert (await scene.tg.next_message(scene.ops)).text == "moved by 1"
    await dispatcher.stop_polling()
    await polling
    assert scene.tg.refusals == []


async def test_refusals_become_aiograms_exceptions(scene: Scene) -> None:
    with pytest.raises(exceptions.TelegramBadRequest, match="message text is empty"):
        await scene.bot.send_message(1001, "")
    scene.tg.migrate(scene.ops, -100999)
    with pytest.raises(exceptions.TelegramMigrateToChat) as migrated:
        await scene.bot.send_message(-100200, "x")
    assert migrated.value.migrate_to_chat_id == -100999
    await scene.aigerim.blocks()
    with pytest.raises(exceptions.TelegramForbiddenError, match="blocked"):
        await scene.bot.send_message(1001, "x")
    for kind, expected in {
        "429": exceptions.TelegramRetryAfter,
        "500": exceptions.TelegramServerError,
        "502": exceptions.ClientDecodeError,
        "html": exceptions.ClientDecodeError,
        "reset": exceptions.TelegramNetworkError,
        "lost": exceptions.TelegramNetworkError,
    }.items():
        scene.tg.fail_next("getMe", kind, retry_after=7)
        with pytest.raises(expected):
            await scene.bot.get_me()
    assert [refusal.status for refusal in scene.tg.refusals] == [400, 400, 403], (
        "faults on order are not among them"
    )
