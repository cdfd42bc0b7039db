"""The demo as a newcomer meets it: in a browser, with a mouse, with a finger, and with a keyboard alone."""

import pytest

from playground.cast import ALERTS, OPS
from playground.chromium import PHONE, Chromium
from tests.bots import AIGERIM, DIAS
from tests.browser.test_page import LAST, violations
from tests.demos import PATIENCE, demo

pytestmark = pytest.mark.long(busy=True)


async def test_an_evening_at_a_desk(chromium: Chromium) -> None:
    async with demo("--trouble", "3") as running, chromium.tab() as dias, chromium.tab() as aigerim:
        await dias.open(f"{running.url}#as={DIAS}&chat={DIAS}")
        await dias.say("/status")
        await dias.shows("server2", PATIENCE)
        await dias.say("/logs n8n 200")
        await dias.click(".file-open")
        await dias.until("document.querySelector('#viewer-body pre')?.textContent.split('\\n').length > 150")
        await dias.press("Escape")
        await dias.say("/follow n8n")
        await dias.until("!document.querySelector('#draft').hidden", "a draft", PATIENCE)
        await dias.click("#draft .key")
        await dias.until("document.querySelector('#draft').hidden", "the end of the draft", PATIENCE)

        await aigerim.open(f"{running.url}#as={AIGERIM}&chat={OPS}&topic={ALERTS}")
        await aigerim.shows("directus is down on server2", PATIENCE)
        await dias.value(f"location.hash = '#as={DIAS}&chat={OPS}&topic={ALERTS}'")
        await dias.shows("directus is down on server2", PATIENCE)
        await dias.click(".key", "Acknowledge")
        await aigerim.shows("Acknowledged: Dias", PATIENCE)
        await aigerim.click(".key", "Restart")
        await aigerim.shows("Restart directus on server2?", PATIENCE)
        await dias.click(".key.danger", "Yes, restart")
        await dias.until("document.querySelector('#alert').open || document.querySelector('.toast')")
        await dias.press("Escape")
        await aigerim.click(".key.danger", "Yes, restart")
        await aigerim.shows("directus is back on server2", PATIENCE)
        assert await violations(aigerim) == []

        await aigerim.click("#language")
        await aigerim.until("document.documentElement.lang === 'ru'")
        await aigerim.until("document.querySelector('.banner').innerText.includes('имитация')")
        assert dias.complaints + aigerim.complaints == []


async def test_on_a_phone(chromium: Chromium) -> None:
    async with demo("--trouble", "2") as running, chromium.tab() as tab:
        await tab.open(running.url, PHONE, language="ru-RU")
        await tab.until("document.documentElement.lang === 'ru'")
        await tab.click("#welcome .key", "/status")
        await tab.shows("server2", PATIENCE)
        await tab.click("#back")
        await tab.until("document.querySelector('.count')", "the alert", PATIENCE)
        await tab.click(".row-name", "Ops")
        await tab.shows("directus", PATIENCE)
        await tab.value(
            f"(e => {{ e.value = {DIAS}; e.dispatchEvent(new Event('change')); }})(document.querySelector('#as'))"
        )
        await tab.until(f"document.querySelector('#people :checked').value === '{DIAS}'")
        assert f"chat={OPS}" in await tab.value("location.hash")
        await tab.value("document.querySelector('.keys-below button').click()")
        await tab.shows("Dias", PATIENCE)
        assert await tab.value("document.documentElement.scrollWidth") == PHONE[0]
        assert await violations(tab) == []
        assert tab.complaints == []


async def test_with_a_keyboard_alone(chromium: Chromium) -> None:
    async with demo("--trouble", "600") as running, chromium.tab() as tab:
        await tab.open(running.url)
        await tab.until("document.activeElement.id === 'input'")
        await tab.press("/")
        await tab.until("!document.querySelector('#menu').hidden")
        for key in "resta":
            await tab.press(key)
        await tab.until("document.querySelectorAll('#menu [role=option]').length === 1")
        await tab.press("Tab")
        assert await tab.value("document.querySelector('#input').value") == "/restart "
        await tab.type("directus")
        await tab.press("Enter")
        await tab.shows("Restart directus on server2?", PATIENCE)
        await tab.press("ArrowUp")
        await tab.until(f"document.activeElement === {LAST}")
        await tab.press("Enter")
        assert await tab.value("document.activeElement.textContent") == "Cancel"
        await tab.press("ArrowRight")
        assert await tab.value("document.activeElement.textContent") == "Yes, restart"
        await tab.press("Enter")
        await tab.shows("directus restarted in", PATIENCE)
        await tab.press("Escape")
        await tab.press("Escape")
        await tab.until("document.activeElement.id === 'input'")
        # Back to the people, and on to the group, by Tab and arrows.
        for _ in range(30):
            await tab.press("Tab", shift=True)
            if await tab.value("document.activeElement.matches('#people input')"):
                break
        await tab.press("ArrowRight")
        await tab.until(f"location.hash.includes('as={DIAS}')")
        for _ in range(30):
            await tab.press("Tab")
            if await tab.value(f"document.activeElement.dataset?.chat === '{OPS}'"):
                break
        await tab.press("Enter")
        await tab.until("document.querySelector('#chat-title').textContent === 'Ops'")
        assert tab.complaints == []
