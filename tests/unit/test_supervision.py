"""A watch that stumbles begins anew, and the admins are told why, in one word."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.views.alert_notices import notice
from handlers.words import catalogues
from services.alerts import supervision
from services.alerts.supervision import supervised
from services.domain.posts import Notice, Trouble
from tests.clock import HandClock


async def test_it_begins_anew_whatever_it_met() -> None:
    told: list[Notice] = []
    pauses: list[float] = []
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise ValueError("what a stranger wrote, with a password")
        if begun == 2:
            async with asyncio.TaskGroup():
                raise UnicodeError
        await asyncio.Event().wait()

    async def tell(notice: Notice) -> None:
        told.append(notice)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    clock = HandClock()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await supervised("probes", work, tell, clock, sleep=sleep)
    facts = [{"watch": "probes", "why": why} for why in ("ValueError", "UnicodeError")]
    assert told == [Notice(Trouble.STUMBLED, clock.now(), each) for each in facts]
    assert (begun, pauses) == (3, [supervision.PAUSE] * 2)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "⚠️ Something broke in the watch over probes (ValueError). It begins anew; the log tells more.",
        ),
        ("ru", "⚠️ Сбой в наблюдении: проверки (ValueError). Оно начато заново; подробности в логе."),
    ],
)
def test_how_it_is_told(language: str, words: str) -> None:
    stumbled = Notice(Trouble.STUMBLED, HandClock().now(), {"watch": "probes", "why": "ValueError"})
    with speaking(catalogues(language), ZoneInfo("UTC")):
        assert notice(stumbled).text.render()[0] == words
