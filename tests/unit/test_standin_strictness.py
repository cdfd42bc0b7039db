"""What is known of Telegram and what the stand-in makes of it: a row for each fact, over real HTTP.

A row has what is refused and in which words, and the nearest thing that is taken. `place`: the bullet of FACTS.md,
"Telegram", counted from 1, that says so; "docs" is the Bot API's own reference, "ours" a mistake that Telegram lets
pass and the stand-in does not.
"""

from dataclasses import dataclass, field

import pytest

from playground.telegram import Limits
from tests.unit.standin_acts import (
    Act,
    after_a_flood,
    answer,
    call,
    commands,
    copying,
    delete,
    edit,
    edit_file,
    edit_of_age,
    edits,
    html,
    in_new_group,
    in_old_group,
    later,
    linked,
    media,
    open_stage,
    polled_twice,
    react,
    send,
    times,
    to_people,
    upload,
    with_buttons,
)  # fmt: skip
from tests.unit.test_telegram_standin import data, keys, many

BAD = "Bad Request: "
PARSE = f"{BAD}can't parse entities: "
BUTTON = f"{BAD}can't parse inline keyboard button: "
FLOOD = "Too Many Requests: retry after 1"
MB = 1024 * 1024
HOUR = 3600.0
FACE = "😀"  # two units
SAME = (
    f"{BAD}message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


def wrong_start(url: str) -> str:
    return f"{BAD}inline keyboard button URL '{url}' is invalid: Wrong start parameter specified in the URL"


@dataclass(frozen=True)
class Row:
    """status, words: of the refusal. more: its `parameters`."""

    place: str
    fact: str
    refused: Act
    words: str
    taken: Act
    status: int = 400
    more: dict[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits.none)


# A hundred times as fast as Telegram: 20 messages to a group take 0.6 s there.
QUICK = Limits(scale=100)
PACE = 0.012
IN_GROUP = call("sendMessage", chat_id=-100300, text="x")

ROWS = [
    # 1: sizes
    Row("1", "a message has 4,096 characters", send(text="x" * 4097), f"{BAD}message is too long",
        send(text="x" * 4096)),
    Row("1", "which are UTF-16 units", send(text=FACE * 2049), f"{BAD}MESSAGE_TOO_LONG",
        send(text=FACE * 2048)),
    Row("1", "markup does not count", html(f"<b>{'x' * 4097}</b>"), f"{BAD}message is too long",
        html(f"<b>{'x' * 4096}</b>")),
    Row("1", "an edited message too", edit("editMessageText", text="x" * 4097), f"{BAD}message is too long",
        edit("editMessageText", text="x" * 4096)),
    Row("1", "a caption has 1,024", upload(caption="x" * 1025), f"{BAD}message caption is too long",
        upload(caption="x" * 1024)),
    Row("1", "in units", upload(caption=FACE * 513), f"{BAD}MEDIA_CAPTION_TOO_LONG",
        upload(caption=FACE * 512)),
    Row("1", "an edited caption too", edit_file("editMessageCaption", caption="x" * 1025),
        f"{BAD}message caption is too long", edit_file("editMessageCaption", caption="x" * 1024)),
    Row("1", "and that of new media", media(caption="x" * 1025), f"{BAD}message caption is too long",
        media(caption="x" * 1024)),
    Row("1", "the answer to a press has 200", answer("x" * 201), f"{BAD}MESSAGE_TOO_LONG",
        answer("x" * 200)),
    Row("1", "in units", answer(FACE * 101), f"{BAD}MESSAGE_TOO_LONG", answer(FACE * 100)),
    Row("1", "a button's data has 64 bytes", with_buttons(data("x" * 65)), f"{BAD}BUTTON_DATA_INVALID",
        with_buttons(data("x" * 64))),
    Row("1", "bytes, not letters", with_buttons(data("ы" * 33)), f"{BAD}BUTTON_DATA_INVALID",
        with_buttons(data("ы" * 32))),
    Row("1", "a copy button has 256", copying("x" * 257), f"{BAD}BUTTON_COPY_TEXT_INVALID",
        copying("x" * 256)),
    Row("1", "in units", copying(FACE * 129), f"{BAD}BUTTON_COPY_TEXT_INVALID", copying(FACE * 128)),
    Row("1", "at least 1", copying(""), f"{BAD}BUTTON_COPY_TEXT_INVALID", copying("x")),
    Row("1", "100 buttons", send(reply_markup={"inline_keyboard": [[data()]] * 101}),
        f"{BAD}reply markup is too long", send(reply_markup={"inline_keyboard": [[data()]] * 100})),
    Row("1", "8 in a row", send(reply_markup=many(1, 9)), f"{BAD}reply markup is too long",
        send(reply_markup=many(1, 8))),
    Row("1", "files of 50 MB go up", upload(document=bytes(50 * MB + 1)), "Request Entity Too Large",
        upload(document=bytes(50 * MB)), status=413),
    Row("1", "in place of others too", media(50 * MB + 1), "Request Entity Too Large", media(50 * MB),
        status=413),
    Row("1", "a draft is as long as a message",
        call("sendMessageDraft", chat_id=1001, draft_id=1, text="x" * 4097), f"{BAD}message is too long",
        call("sendMessageDraft", chat_id=1001, draft_id=1, text="x" * 4096)),
    Row("docs", "all buttons together have some 10 kB",
        with_buttons(*({"text": "x" * 1300, "callback_data": str(n)} for n in range(8))),
        f"{BAD}reply markup is too long",
        with_buttons(*({"text": "x" * 1200, "callback_data": str(n)} for n in range(8)))),
    Row("docs", "a message says something", send(text=" \n"), f"{BAD}text must be non-empty",
        send(text=" .\n")),
    Row("docs", "a file holds something", upload(document=b""), f"{BAD}file must be non-empty",
        upload(document=b"x")),
    # 2: floods
    Row("2", "a chat takes one a second, after a few", times(4, send()), FLOOD, times(3, send()), 429,
        {"retry_after": 1}, Limits()),
    Row("2", "a group 20 a minute", times(21, IN_GROUP, PACE), FLOOD, times(20, IN_GROUP, PACE), 429,
        {"retry_after": 1}, QUICK),
    Row("2", "all chats together 30 a second", to_people(31), FLOOD, to_people(30), 429, {"retry_after": 1},
        Limits()),
    Row("2", "retry_after is to be obeyed", after_a_flood(0.2), FLOOD, after_a_flood(1.1), 429,
        {"retry_after": 1}, Limits()),
    Row("9", "edits count against a group's 20", edits(21, PACE), FLOOD, edits(20, PACE), 429,
        {"retry_after": 1}, QUICK),
    # 3: markup
    Row("3", "HTML mode knows few tags", html("<table>"),
        f'{PARSE}Unsupported start tag "table" at byte offset 0',
        html("<blockquote expandable>x</blockquote>")),
    Row("3", "a bare < is a tag", html("1 < 2"), f'{PARSE}Unsupported start tag "" at byte offset 2',
        html("1 &lt; 2")),
    Row("3", "what is opened is closed", html("<b>x"),
        f'{PARSE}Can\'t find end tag corresponding to start tag "b"', html("<b>x</b>")),
    Row("3", "in its order", html("<b><i>x</b></i>"),
        f'{PARSE}Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
        html("<b><i>x</i></b>")),
    Row("3", "there are few modes", send(parse_mode="BBCode"), f"{BAD}unsupported parse_mode",
        send(parse_mode="HTML")),
    Row("3", "rich messages are not to be relied on", send(rich_message={}),
        f'{BAD}parameter "rich_message" is not modelled by the stand-in', send()),
    Row("docs", "an entity lies within the text",
        send(entities=[{"type": "bold", "offset": 3, "length": 3}]),
        f"{BAD}entity beginning at UTF-16 offset 3 ends after the end of the text at UTF-16 offset 6",
        send(entities=[{"type": "bold", "offset": 3, "length": 2}])),
    Row("docs", "and cuts no character",
        send(text=FACE, entities=[{"type": "bold", "offset": 0, "length": 1}]),
        f"{BAD}entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at UTF-16 offset 1",
        send(text=FACE, entities=[{"type": "bold", "offset": 0, "length": 2}])),
    Row("docs", "of a known kind", send(entities=[{"type": "loud", "offset": 0, "length": 1}]),
        f"{BAD}can't parse MessageEntity: Unsupported type specified",
        send(entities=[{"type": "expandable_blockquote", "offset": 0, "length": 1}])),
    # 4: drafts, ephemeral messages, buttons, reactions
    Row("4", "drafts are for private chats",
        call("sendMessageDraft", chat_id=-100200, draft_id=1, text="x"), f"{BAD}TEXTDRAFT_PEER_INVALID",
        call("sendMessageDraft", chat_id=1001, draft_id=1, text="x")),
    Row("docs", "a draft has a number", call("sendMessageDraft", chat_id=1001, draft_id=0, text="x"),
        f"{BAD}draft identifier must be non-zero",
        call("sendMessageDraft", chat_id=1001, draft_id=-1, text="x")),
    Row("4", "ephemeral messages are not to be relied on", send(receiver_user_id=1001),
        f'{BAD}parameter "receiver_user_id" is not modelled by the stand-in', send()),
    Row("4", "styles are danger, success and primary", with_buttons({**data(), "style": "warning"}),
        f"{BUTTON}invalid button style specified",
        with_buttons(*({**data(), "style": s} for s in ("danger", "success", "primary")))),
    Row("4", "disabled stands instead of data", with_buttons({**data(), "disabled": {}}),
        f"{BUTTON}more than one action specified: callback_data, disabled",
        with_buttons({"text": "b", "disabled": {}})),
    Row("4", "copy_text as well", with_buttons({**data(), "copy_text": {"text": "x"}}),
        f"{BUTTON}more than one action specified: callback_data, copy_text", copying("x")),
    Row("docs", "a button does something", with_buttons({"text": "b"}),
        f"{BUTTON}Text buttons are unallowed in the inline keyboard", with_buttons(data())),
    Row("docs", "and says something", with_buttons({**data(), "text": ""}),
        f"{BAD}inline keyboard button text must be non-empty", with_buttons({**data(), "text": "↻"})),
    Row("docs", "a link's host has a dot", linked("http://grafana:3000/d"),
        f"{BAD}inline keyboard button URL 'http://grafana:3000/d' is invalid: Wrong HTTP URL",
        linked("http://10.0.0.1:3000/d")),
    Row("docs", "a web app opens in private alone",
        with_buttons({"text": "b", "web_app": {"url": "https://a.kz"}}, chat_id=-100200),
        f"{BAD}BUTTON_TYPE_INVALID", with_buttons({"text": "b", "web_app": {"url": "https://a.kz"}})),
    Row("ours", "a deep link says A-Z, a-z, 0-9, _ and -", linked("https://t.me/vakhta_bot?start=c/n8n"),
        wrong_start("https://t.me/vakhta_bot?start=c/n8n"),
        linked("https://t.me/vakhta_bot?start=c_n8n-1")),
    Row("ours", "64 of them", linked(f"https://t.me/vakhta_bot?start={'x' * 65}"),
        wrong_start(f"https://t.me/vakhta_bot?start={'x' * 65}"),
        linked(f"https://t.me/vakhta_bot?start={'x' * 64}")),
    Row("docs", "a bot has one reaction", react("👀", "👍"), f"{BAD}REACTIONS_TOO_MANY", react("👀")),
    Row("docs", "of Telegram's own", react("🔧"), f"{BAD}REACTION_INVALID", react()),
    # 5: edits, presses
    Row("5", "an edit changes something", edit("editMessageText", text="hello"),
        SAME,
        edit("editMessageText", text="hello", reply_markup=keys(data()))),
    Row("5", "be it the keyboard", edit("editMessageReplyMarkup"),
        SAME,
        edit("editMessageReplyMarkup", reply_markup=keys(data()))),
    Row("5", "a press is dead after some 15 s", answer(late=True),
        f"{BAD}query is too old and response timeout expired or query ID is invalid", answer()),
    Row("docs", "and answered once", answer(twice=True),
        f"{BAD}query is too old and response timeout expired or query ID is invalid", answer()),
    Row("docs", "a message is deleted within 48 h", delete(48 * HOUR + 1), f"{BAD}message can't be deleted",
        delete(48 * HOUR)),
    Row("docs", "but edited for ever, if it says something", edit_of_age(300 * 24 * HOUR, ""),
        f"{BAD}message text is empty", edit_of_age(300 * 24 * HOUR, "x")),
    # 6: groups that move, topics
    Row("6", "a group that moves has another id", in_old_group("sendMessage", text="x"),
        f"{BAD}group chat was upgraded to a supergroup chat", in_new_group("sendMessage", text="x"),
        more={"migrate_to_chat_id": -100777}),
    Row("6", "for all that is done there", in_old_group("sendChatAction", action="typing"),
        f"{BAD}group chat was upgraded to a supergroup chat",
        in_new_group("sendChatAction", action="typing"), more={"migrate_to_chat_id": -100777}),
    Row("docs", "a forum has its topics", send(chat_id=-100200, message_thread_id=6),
        f"{BAD}message thread not found", send(chat_id=-100200, message_thread_id=5)),
    Row("docs", "a reply is to what is there", send(reply_parameters={"message_id": 9}),
        f"{BAD}message to be replied not found",
        send(reply_parameters={"message_id": 9, "allow_sending_without_reply": True})),
    Row("docs", "a person opens the chat first", send(chat_id=1003), f"{BAD}chat not found", send()),
    # 7, 9, 11: polling
    Row("7", "a strange token is told so", lambda stage: stage.call("getMe", token="1:other"),
        "Unauthorized", call("getMe"), 401),
    Row("11", "two pollers on one token", polled_twice(gap=False),
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        polled_twice(gap=True), 409),
    Row("9", "kinds of updates are asked for by name", call("getUpdates", allowed_updates=["reaction"]),
        f"{BAD}unknown update types ['reaction'] in allowed_updates",
        call("getUpdates", allowed_updates=["message_reaction"])),
    # 9: files and texts
    Row("9", "what has become a document is never a text again",
        edit_file("editMessageText", of=False, text="x"), f"{BAD}there is no text in the message to edit",
        edit_file("editMessageCaption", of=False, caption="x")),
    Row("docs", "a text has no caption", edit("editMessageCaption", caption="x"),
        f"{BAD}there is no caption in the message to edit", edit_file("editMessageCaption", caption="x")),
    # 11: what bots cannot
    Row("11", "bots cannot list messages", call("getChatHistory", chat_id=1001),
        "Not Found: method not found", call("getChat", chat_id=1001), 404),
    Row("11", "nor search them", call("searchMessages", chat_id=1001, query="x"),
        "Not Found: method not found", call("getChat", chat_id=1001), 404),
    # Command menus
    Row("docs", "100 commands", commands(101), f"{BAD}BOT_COMMANDS_TOO_MUCH", commands(100)),
    Row("docs", "of 32 characters", commands(name="x" * 33), f"{BAD}BOT_COMMAND_INVALID",
        commands(name="x" * 32)),
    Row("docs", "a-z, 0-9 and _", commands(name="log-s"), f"{BAD}BOT_COMMAND_INVALID",
        commands(name="log_5")),
    Row("docs", "with 256 about it", commands(about="x" * 257), f"{BAD}BOT_COMMAND_DESCRIPTION_INVALID",
        commands(about="x" * 256)),
    Row("docs", "in languages of two letters", call("setMyCommands", commands=[], language_code="rus"),
        f"{BAD}LANG_CODE_INVALID", call("setMyCommands", commands=[], language_code="ru")),
    Row("docs", "for chats that there are",
        call("setMyCommands", commands=[], scope={"type": "chat", "chat_id": 4242}), f"{BAD}chat not found",
        call("setMyCommands", commands=[], scope={"type": "chat", "chat_id": -100200})),
    # Names
    Row("ours", "a parameter by its name", send(replay_markup=keys(data())),
        f'{BAD}unknown parameter "replay_markup" of sendMessage', with_buttons(data())),
    Row("ours", "a field by its name", with_buttons({**data(), "colour": "red"}),
        f'{BAD}unknown field "colour" in inline keyboard button',
        with_buttons({**data(), "style": "danger"})),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.place} {row.fact}")
async def test_a_fact(row: Row) -> None:
    async with open_stage(row.limits) as stage:
        status, body = await row.refused(stage)
        assert (status, body["ok"], body["error_code"]) == (row.status, False, row.status)
        assert body["description"] == row.words
        assert body.get("parameters", {}) == row.more
        assert [refusal.status for refusal in stage.tg.refusals + stage.tg.floods][-1] == row.status
    async with open_stage(row.limits) as stage:
        status, body = await row.taken(stage)
        assert status == 200, body


# What is not refused, and has its consequences all the same


async def test_the_101st_entity_is_dropped_in_silence() -> None:
    bold = [{"type": "bold", "offset": 2 * number, "length": 1} for number in range(101)]
    async with open_stage(Limits.none()) as stage:
        sent = await stage.ok("sendMessage", chat_id=1001, text="xy" * 101, entities=bold)
    assert len(sent["entities"]) == 100


async def test_a_draft_fades_after_thirty_seconds() -> None:
    async with open_stage(Limits.none()) as stage:
        await stage.ok("sendMessageDraft", chat_id=1001, draft_id=1, text="x", can_stop=True)
        later(stage, 29)
        await stage.aigerim.stops(1)
        later(stage, 1)
        with pytest.raises(AssertionError, match="has faded"):
            await stage.aigerim.stops(1)
        await stage.ok("sendMessageDraft", chat_id=1001, draft_id=1, text="xy", can_stop=True)
        await stage.aigerim.stops(1)


async def test_reactions_are_told_to_an_admin_who_asks_for_them() -> None:
    async with open_stage(Limits.none()) as stage:
        for allowed, chat, told in (
            ([], stage.plain, 0),
            (["message_reaction"], stage.forum, 0),
            (["message_reaction"], stage.plain, 1),
        ):
            await stage.ok("getUpdates", allowed_updates=allowed, offset=-1)
            message_id = await stage.sent(chat_id=chat.id)
            await stage.aigerim.reacts(chat.messages[message_id], "👀")
            updates = await stage.ok("getUpdates")
            assert len([update for update in updates if "message_reaction" in update]) == told


async def test_an_edit_takes_the_keyboard_away_unless_it_brings_one() -> None:
    async with open_stage(Limits.none()) as stage:
        message_id = await stage.sent(reply_markup=keys(data()))
        edited = await stage.ok("editMessageText", chat_id=1001, message_id=message_id, text="x")
        assert "reply_markup" not in edited
