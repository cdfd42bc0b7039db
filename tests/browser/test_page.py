"""The chat page in a real browser, with the test as the bot."""

import asyncio
import json

import pytest

from playground.cast import OPS
from playground.chromium import DESKTOP, PHONE, Chromium, Tab
from tests.browser import gallery
from tests.browser.conftest import AXE, Scene
from tests.browser.gallery import call

AIGERIM = 1001
LAST = "document.querySelector('#messages article:last-of-type')"


async def violations(tab: Tab) -> list[str]:
    """What axe-core finds serious or critical."""
    await tab.value(AXE.read_text())
    found = json.loads(await tab.value("axe.run(document).then(r => JSON.stringify(r.violations))"))
    return [
        f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("dark", [False, True])
async def test_everything_is_shown_and_accessible(
    chromium: Chromium, scene: Scene, size: tuple[int, int], *, dark: bool
) -> None:
    await scene.aigerim.says("/status")
    await gallery.hang(scene.telegram, AIGERIM)
    await call(
        scene.telegram, "sendMessageDraft", chat_id=AIGERIM, draft_id=7, text="following", can_stop=True
    )
    async with chromium.tab() as tab:
        await tab.open(scene.url, size, dark=dark)
        await tab.until("document.querySelectorAll('#messages article').length === 5")
        for selector in (
            "strong em", "u", "s", "code", ".spoiler", "a[href='https://example.org/page']", ".pre-title",
            "pre.wide[tabindex]", "blockquote.folded", ".key.danger", ".key.success", ".key.primary",
            ".key:disabled", ".answered", ".file-open", ".picture img", ".reaction", "#draft .key",
        ):  # fmt: skip
            assert await tab.value(f"document.querySelectorAll({json.dumps(selector)}).length"), selector
        assert await tab.value("document.documentElement.scrollWidth <= innerWidth"), "the page is too wide"
        assert await tab.value("document.querySelector('.picture img').naturalWidth") == 320
        assert await violations(tab) == []
        await tab.value("document.querySelector('.file-open').click()")
        await tab.until("document.querySelector('#viewer').open")
        assert await violations(tab) == []
        await tab.press("Escape")
        await tab.value(f"location.hash = '#as=1001&chat={OPS}'")
        await tab.until("document.querySelectorAll('[role=tab]').length === 2")
        if size == PHONE:
            await tab.click("#back")
            await tab.until("document.querySelector('#app').dataset.pane === 'chats'")
        assert await violations(tab) == []
        assert tab.complaints == []


async def test_the_end_stays_in_sight_where_there_is_less_room(chromium: Chromium, scene: Scene) -> None:
    await gallery.hang(scene.telegram, AIGERIM)
    end = "(e => e.scrollHeight - e.scrollTop - e.clientHeight < 2)(document.querySelector('#history'))"
    async with chromium.tab() as tab:
        await tab.open(scene.url, PHONE)
        await tab.until(f"document.querySelectorAll('#messages article').length === 4 && {end}")
        before = await tab.value("document.querySelector('#history').clientHeight")
        await tab.click(".banner summary")
        await tab.until(f"document.querySelector('#history').clientHeight < {before - 90} && {end}")
        await tab.value("document.querySelector('#history').scrollTop = 0")
        await tab.until("!document.querySelector('#newest').hidden")
        await tab.click(".banner summary")
        await tab.until(f"document.querySelector('#history').clientHeight === {before}")
        assert await tab.value("document.querySelector('#history').scrollTop") == 0
        assert tab.complaints == []


async def test_what_can_be_pressed(chromium: Chromium, scene: Scene) -> None:
    await gallery.hang(scene.telegram, AIGERIM)
    async with chromium.tab() as tab, asyncio.TaskGroup() as group:
        await tab.open(scene.url)

        async def answer(text: str, *, alert: bool) -> None:
            (update,) = await call(scene.telegram, "getUpdates", timeout=10)
            await call(scene.telegram, "getUpdates", offset=update["update_id"] + 1)
            query = update["callback_query"]["id"]
            await call(
                scene.telegram, "answerCallbackQuery", callback_query_id=query, text=text, show_alert=alert
            )

        answering = group.create_task(answer("Only Dias can confirm this.", alert=True))
        await tab.click(".keys-below .key", "Yes, restart")
        await tab.until("document.querySelector('#alert').open")
        assert await tab.value("document.querySelector('#alert-text').textContent") == (
            "Only Dias can confirm this."
        )
        await answering
        await tab.press("Enter")
        await tab.until("!document.querySelector('#alert').open")
        answering = group.create_task(answer("Noted", alert=False))
        await tab.click(".keys-below .key", "Cancel")
        await tab.until("document.querySelector('.toast')?.textContent === 'Noted'")
        await answering

        await tab.click(".keys-below .key", "Dozzle")
        await tab.until("document.querySelector('#leave').open")
        assert await tab.value("document.querySelector('#leave-link').href") == "https://example.org/logs"
        await tab.press("Escape")
        await tab.click(".unfold")
        await tab.until("!document.querySelector('blockquote.folded')")
        await tab.click(".answered")
        await tab.until("document.activeElement.matches('article')")
        await tab.click(".inline-link", "/status")
        await tab.until(f"{LAST}.classList.contains('mine') && {LAST}.innerText.includes('/status')")
        assert tab.complaints == []


async def test_an_edit_stays_in_its_place_and_does_not_ring(chromium: Chromium, scene: Scene) -> None:
    keyboard = {
        "inline_keyboard": [[{"text": "Logs", "callback_data": "l"}, {"text": "↻", "callback_data": "r"}]]
    }
    quote = "<blockquote expandable>1\n2\n3\n4\n5</blockquote>"
    facts = {"chat_id": AIGERIM, "parse_mode": "HTML", "reply_markup": keyboard}
    async with chromium.tab() as tab:
        await tab.open(f"{scene.url}#as={AIGERIM}&chat={OPS}")
        sent = await call(scene.telegram, "sendMessage", text=f"one {quote}", **facts)
        await tab.until("document.title === '(1) Vakhta'")
        await tab.until("document.querySelector('#icon').href.endsWith('ringing.svg')")
        await tab.until("document.querySelector('#announcer').textContent.includes('one')")
        await tab.value(f"location.hash = '#as={AIGERIM}&chat={AIGERIM}'")
        await tab.until("document.title === 'Vakhta'")
        await tab.click(".unfold")
        await tab.value("[...document.querySelectorAll('.keys-below button')].at(-1).focus()")
        await call(
            scene.telegram, "editMessageText", message_id=sent["message_id"], text=f"two {quote}", **facts
        )
        await tab.until(f"{LAST}.innerText.includes('two')")
        assert await tab.value(f"{LAST}.innerText.includes('edited')")
        assert await tab.value("document.activeElement.textContent") == "↻"
        assert not await tab.value("document.querySelector('blockquote.folded')")

        await tab.value(f"location.hash = '#as={AIGERIM}&chat={OPS}'")
        await tab.until("document.querySelector('#chat-title').textContent === 'Ops'")
        await call(
            scene.telegram, "editMessageText", message_id=sent["message_id"], text=f"three {quote}", **facts
        )
        await call(scene.telegram, "sendMessage", text="silent", chat_id=AIGERIM, disable_notification=True)
        await tab.until("document.querySelector('.count')?.textContent === '1'")
        assert await tab.value("document.title") == "Vakhta"
        assert tab.complaints == []


async def test_topics_drafts_typing_and_a_reply_that_is_asked_for(chromium: Chromium, scene: Scene) -> None:
    async with chromium.tab() as tab:
        await tab.open(scene.url)
        await tab.until("document.querySelector('#chat-title').textContent === 'Vakhta'")
        await call(scene.telegram, "sendChatAction", chat_id=AIGERIM, action="typing")
        await tab.until("document.querySelector('#chat-state').classList.contains('typing')")
        for text in ("line 1", "line 1\nline 2"):
            await call(
                scene.telegram, "sendMessageDraft", chat_id=AIGERIM, draft_id=7, text=text, can_stop=True
            )
        await tab.until("document.querySelector('#draft').innerText.includes('line 2')")
        await tab.click("#draft .key")
        (update,) = await call(scene.telegram, "getUpdates", timeout=10)
        assert update["stopped_message_generation"]["draft_id"] == 7
        await call(scene.telegram, "sendMessage", chat_id=AIGERIM, text="Done")
        await tab.until("document.querySelector('#draft').hidden")
        await tab.until("!document.querySelector('#chat-state').classList.contains('typing')")

        await call(
            scene.telegram, "sendMessage", chat_id=OPS, text="How long?", message_thread_id=5,
            reply_markup={"force_reply": True},
        )  # fmt: skip
        await tab.until("document.querySelector('.count')", "that something waits in the group")
        await tab.value(f"location.hash = '#as={AIGERIM}&chat={OPS}'")
        await tab.until(
            "document.querySelector('[role=tab][aria-selected=true]')?.textContent === 'Critical'"
        )
        await tab.until("document.querySelector('#answering').innerText.includes('How long?')")
        await tab.type("1 h")
        await tab.press("Enter")
        await tab.until(f"{LAST}.querySelector('.answered')")
        reply = list(scene.ops.messages.values())[-1]
        assert (reply.text, reply.topic, reply.reply_to and reply.reply_to.text) == ("1 h", 5, "How long?")

        await tab.click("[role=tab]", "General")
        await tab.until("!document.querySelector('#messages article')")
        await call(scene.telegram, "sendMessage", chat_id=OPS, text="Once more", message_thread_id=5)
        await tab.until("document.querySelector('[role=tab] .count')?.textContent === '1'")
        assert not await tab.value("document.querySelector('#messages article')")
        await tab.value("document.querySelectorAll('[role=tab]')[1].click()")
        await tab.until(f"{LAST}?.innerText.includes('Once more')")
        await tab.until("!document.querySelector('.count')")
        assert tab.complaints == []
