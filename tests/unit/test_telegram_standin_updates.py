"""The stand-in queues and delivers updates as Telegram does, and shows the bot no more than Telegram shows."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from playground.telegram import CallbackAnswer, Limits, Telegram


class Poller:
    def __init__(self, tg: Telegram, http: aiohttp.ClientSession) -> None:
        self.tg, self.http = tg, http
        self.aigerim = tg.person(1001, "Aigerim")

    async def call(self, method: str, **params: Any) -> tuple[int, Any]:
        async with self.http.post(f"{self.tg.url}/bot1:test/{method}", json=params) as answer:
            body = await answer.json()
            return answer.status, body.get("result", body)

    async def poll(self, **params: Any) -> list[dict[str, Any]]:
        status, result = await self.call("getUpdates", **params)
        assert status == 200, result
        return list(result)


@pytest.fixture
async def poller() -> AsyncIterator[Poller]:
    async with Telegram(limits=Limits.none()) as tg, aiohttp.ClientSession() as http:
        yield Poller(tg, http)


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_offset_confirms_and_limit_cuts(poller: Poller) -> None:
    for word in ("one", "two", "three"):
        await poller.aigerim.says(word)
    first = await poller.poll(limit=2)
    assert texts(first) == ["one", "two"]
    assert texts(await poller.poll()) == ["one", "two", "three"], "nothing is confirmed without an offset"
    assert texts(await poller.poll(offset=first[1]["update_id"])) == ["two", "three"]
    assert texts(await poller.poll()) == ["two", "three"]
    assert texts(await poller.poll(offset=-1)) == ["three"], "a negative offset keeps the newest"
    assert texts(await poller.poll()) == ["three"]
    newest = first[1]["update_id"] + 1
    assert await poller.poll(offset=newest + 1) == []
    assert poller.tg.world.updates.pending == {}


async def test_an_offset_far_ahead_confirms_nothing(poller: Poller) -> None:
    await poller.aigerim.says("one")
    assert texts(await poller.poll(offset=2_000_000_000)) == ["one"]


async def test_a_long_poll_wakes_at_once(poller: Poller) -> None:
    waiting = asyncio.create_task(poller.poll(timeout=30))
    await poller.tg.until(lambda: poller.tg.world.updates.polled)
    began = time.monotonic()
    await poller.aigerim.says("wake up")
    assert texts(await waiting) == ["wake up"]
    assert time.monotonic() - began < 5


async def test_a_long_poll_ends_empty(poller: Poller) -> None:
    assert await poller.poll(timeout=1) == []


async def test_the_older_of_two_pollers_is_thrown_out(poller: Poller) -> None:
    older = asyncio.create_task(poller.call("getUpdates", timeout=30))
    await poller.tg.until(lambda: poller.tg.world.updates.polled)
    newer = asyncio.create_task(poller.poll(timeout=30))
    status, body = await older
    assert status == 409 and "terminated by other getUpdates request" in body["description"]
    await poller.aigerim.says("hi")
    assert texts(await newer) == ["hi"]
    assert [refusal.status for refusal in poller.tg.refusals] == [409]


async def test_a_poll_whose_client_is_gone_does_not_count(poller: Poller) -> None:
    waiting = asyncio.create_task(poller.poll(timeout=30))
    await poller.tg.until(lambda: poller.tg.world.updates.polled)
    waiting.cancel()
    await poller.tg.until(lambda: not poller.tg.world.updates.polled)
    assert await poller.poll(timeout=1) == [] and poller.tg.refusals == []


async def test_allowed_updates_are_remembered(poller: Poller) -> None:
    message = await poller.aigerim.says("hi")
    await poller.aigerim.reacts(message, "👍")
    assert len(await poller.poll()) == 1, "reactions come only when they are asked for"
    await poller.poll(allowed_updates=["message_reaction"], offset=-1)
    await poller.aigerim.reacts(message, "🔥")
    await poller.aigerim.says("unheard")
    updates = await poller.poll(offset=-1)
    assert updates[0]["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    await poller.poll(allowed_updates=[])
    await poller.aigerim.says("heard")
    assert texts(await poller.poll(offset=-1)) == ["heard"]


async def test_raw_updates(poller: Poller) -> None:
    poller.tg.queue_raw({"message": {"nonsense": True}})
    poller.tg.queue_raw(b'{"update_id": UPDATE_ID, "message": 7}')
    first, second = await poller.poll()
    assert first["message"] == {"nonsense": True} and second["message"] == 7
    assert second["update_id"] == first["update_id"] + 1


async def test_privacy_mode(poller: Poller) -> None:
    tg, aigerim = poller.tg, poller.aigerim
    group = tg.group(-100200, members=[aigerim])
    _, sent = await poller.call("sendMessage", chat_id=-100200, text="an alert")
    for text in ("hello all", "/status", "/status@other_bot", "/logs@Vakhta_Bot x", "what now, @vakhta_bot?"):
        await aigerim.says(text, chat=group)
    await aigerim.says("taken", reply_to=group.messages[sent["message_id"]])
    heard = texts(await poller.poll())
    assert heard == ["/status", "/logs@Vakhta_Bot x", "what now, @vakhta_bot?", "taken"]

    tg.add_bot(aigerim, group, status="administrator")
    await aigerim.says("hello again", chat=group)
    assert texts(await poller.poll(offset=-1)) == ["hello again"], "an admin sees everything"


async def test_topics_threads_and_replies(poller: Poller) -> None:
    forum = poller.tg.group(-100200, members=[poller.aigerim], topics={5: "Alerts"})
    plain = poller.tg.group(-100300, members=[poller.aigerim])
    first = await poller.aigerim.says("/a", chat=forum, topic=5)
    await poller.aigerim.says("/b", reply_to=first)
    root = await poller.aigerim.says("/c", chat=plain)
    await poller.aigerim.says("/d", reply_to=await poller.aigerim.says("/e", reply_to=root))
    a, b, c, e, d = [update["message"] for update in await poller.poll()]
    assert (a["message_thread_id"], a["is_topic_message"], a["chat"]["is_forum"]) == (5, True, True)
    assert (b["message_thread_id"], b["reply_to_message"]["text"]) == (5, "/a")
    assert "message_thread_id" not in c
    assert [(m["message_thread_id"], m.get("is_topic_message")) for m in (e, d)] == [(root.id, None)] * 2
    assert "reply_to_message" not in d["reply_to_message"], "one level deep"
    _, sent = await poller.call(
        "sendMessage", chat_id=-100200, text="x", reply_parameters={"message_id": first.id}
    )
    assert sent["message_thread_id"] == 5, "a reply goes to the topic of what it answers"


async def test_those_who_are_no_people(poller: Poller) -> None:
    group = poller.tg.group(-100200, members=[poller.aigerim])
    await poller.aigerim.says("/hidden", chat=group, anonymous=True)
    poller.tg.relay(group, "/post")
    hidden, post = [update["message"] for update in await poller.poll()]
    assert hidden["from"]["id"] == 1087968824 and hidden["sender_chat"]["id"] == -100200
    assert post["from"]["id"] == 777000 and post["is_automatic_forward"] is True


async def test_old_messages(poller: Poller) -> None:
    now = int(time.time())
    await poller.aigerim.says("an hour ago", date=now - 3600)
    await poller.aigerim.says("two days ago", date=now - 2 * 86400)
    [update] = await poller.poll()
    assert update["message"]["date"] == now - 3600
    assert update["message"]["text"] == "an hour ago", "Telegram tells of nothing older than a day"


async def test_files_from_people(poller: Poller) -> None:
    await poller.aigerim.sends("compose.yaml", b"services: {}", caption="/check this")
    [update] = await poller.poll()
    message = update["message"]
    assert message["document"]["file_name"] == "compose.yaml" and "text" not in message
    assert message["caption_entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


async def test_edited_messages(poller: Poller) -> None:
    message = await poller.aigerim.says("/statsu")
    await poller.aigerim.edits(message, "/status")
    edited = (await poller.poll())[1]["edited_message"]
    assert edited["text"] == "/status" and edited["message_id"] == message.id
    assert edited["entities"] == [{"type": "bot_command", "offset": 0, "length": 7}]


async def press(poller: Poller, **answer: Any) -> tuple[asyncio.Task[CallbackAnswer], int, Any]:
    """A press under way, and the status and body of the bot's answer to it."""
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go:1"}]]}
    await poller.call("sendMessage", chat_id=1001, text="x", reply_markup=markup)
    pressing = asyncio.create_task(poller.aigerim.presses(poller.aigerim.chat.sent[-1], "Go"))
    [update] = await poller.poll(timeout=5)
    assert update["callback_query"]["data"] == "go:1" and update["callback_query"]["message"]["text"] == "x"
    query_id = update["callback_query"]["id"]
    return pressing, *await poller.call("answerCallbackQuery", callback_query_id=query_id, **answer)


async def test_a_press_is_answered_once(poller: Poller) -> None:
    pressing, status, _ = await press(poller, text="Gone", show_alert=True)
    assert status == 200 and await pressing == CallbackAnswer("Gone", show_alert=True)
    query_id = poller.tg.calls[-1].params["callback_query_id"]
    status, body = await poller.call("answerCallbackQuery", callback_query_id=query_id)
    assert status == 400 and "query is too old" in body["description"]


async def test_a_press_grows_old(poller: Poller) -> None:
    poller.tg.world.callback_life = 0
    pressing, status, body = await press(poller)
    pressing.cancel()
    assert status == 400 and "query is too old" in body["description"]


async def test_what_a_client_would_not_let_a_person_do(poller: Poller) -> None:
    markup = {"inline_keyboard": [[{"text": "Site", "url": "https://a.kz"}]]}
    await poller.call("sendMessage", chat_id=1001, text="x", reply_markup=markup)
    [message] = poller.aigerim.chat.sent
    with pytest.raises(AssertionError, match=r"no button 'Go' .* \[\['Site'\]\]"):
        await poller.aigerim.presses(message, "Go")
    with pytest.raises(AssertionError, match="is a url button"):
        await poller.aigerim.presses(message, "Site")
    stranger = poller.tg.person(1002)
    with pytest.raises(AssertionError, match="does not see"):
        await stranger.presses_data(message, "hostile")
    with pytest.raises(AssertionError, match="is not in"):
        await stranger.says("hi", chat=poller.tg.group(-100200))


async def test_hostile_data(poller: Poller) -> None:
    await poller.call("sendMessage", chat_id=1001, text="x")
    await poller.aigerim.presses_data(poller.aigerim.chat.sent[0], "a" * 200, wait=False)
    [update] = await poller.poll()
    assert update["callback_query"]["data"] == "a" * 200


async def test_drafts_and_the_stop_button(poller: Poller) -> None:
    await poller.call("sendMessageDraft", chat_id=1001, draft_id=2, text="without a Stop")
    with pytest.raises(AssertionError, match="no Stop"):
        await poller.aigerim.stops(2)
    await poller.call("sendMessageDraft", chat_id=1001, draft_id=3, text="so far", can_stop=True)
    assert {number: draft.text for number, draft in poller.aigerim.chat.drafts.items()} == {3: "so far"}
    await poller.aigerim.stops(3)
    assert (await poller.poll())[0]["stopped_message_generation"]["draft_id"] == 3
    await poller.call("sendMessage", chat_id=1001, text="in the end")
    assert poller.aigerim.chat.drafts == {}


async def test_waiting_for_messages(poller: Poller) -> None:
    tg, aigerim = poller.tg, poller.aigerim
    question = await aigerim.says("/status")
    await tg.silence(aigerim, 0.05)
    coming = asyncio.create_task(tg.next_message(aigerim))
    await poller.call("sendMessage", chat_id=1001, text="one")
    await poller.call("sendMessage", chat_id=1001, text="two", disable_notification=True)
    await poller.call("sendMessage", chat_id=1001, text="three", reply_parameters={"message_id": question.id})
    first, second = await coming, await tg.next_message(aigerim.chat)
    assert (first.text, first.silent, second.text, second.silent) == ("one", False, "two", True)
    answer = await tg.reply_to(question)
    assert answer.text == "three" and answer.reply_to is question
    with pytest.raises(AssertionError, match="should be silent"):
        await tg.silence(aigerim, 0.05)
    assert await tg.next_message(aigerim) is answer
    with pytest.raises(AssertionError) as caught:
        await tg.next_message(aigerim, timeout=0.05)
    told = str(caught.value)
    assert "a message from the bot in chat 1001" in told and "sendMessage(chat_id=1001, text='three'" in told


async def test_a_message_remembers_what_it_was(poller: Poller) -> None:
    await poller.call("sendMessage", chat_id=1001, text="⏳ Restarting")
    message = await poller.tg.next_message(poller.aigerim)
    edited = asyncio.create_task(poller.tg.until(lambda: "✅" in message.text))
    await poller.call("editMessageText", chat_id=1001, message_id=message.id, text="✅ restarted")
    await edited
    assert [edit.content.body.text for edit in message.edits] == ["⏳ Restarting"]
    await poller.tg.silence(poller.aigerim, 0.05)


async def test_snapshots_in_the_queue(poller: Poller) -> None:
    """An update tells what was when it happened, not what is when it is fetched."""
    message = await poller.aigerim.says("first")
    await poller.aigerim.edits(message, "second")
    queued = [json.loads(update) for update in poller.tg.world.updates.pending.values()]
    assert queued[0]["message"]["text"] == "first" and queued[1]["edited_message"]["text"] == "second"
