"""What was typed or pressed while the bot was away is not carried out; each chat is told so once."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from handlers.callbacks import Confirm, Open, Overview, Press
from tests.bots import Setup, running
from tests.conftest import Cast

Make = Callable[..., Setup]


class Earlier:
    """A clock that is behind."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) - self._by


async def test_fifty_commands_while_the_bot_was_down(cast: Cast, setup: Make) -> None:
    made = setup()
    away = timedelta(minutes=31)
    async with running(made, clock=Earlier(away)):
        await cast.aigerim.says("/whoami")
        await cast.telegram.next_message(cast.aigerim)
    left = datetime.now(UTC) - away
    five_minutes_ago = int(time.time()) - 300
    for number in range(50):
        person, chat = [(cast.aigerim, None), (cast.dias, None), (cast.dias, cast.ops)][number % 3]
        await person.says("/whoami", chat=chat, date=five_minutes_ago)
    await cast.stranger.says("/start", date=five_minutes_ago)
    async with running(made):
        for place in (cast.aigerim, cast.dias, cast.ops):
            line = (await cast.telegram.next_message(place)).text
            match = re.fullmatch(r"I was away (.*)–(.*); repeat what is still needed\.", line)
            assert match, line
            since = datetime.strptime(match[1][-5:], "%H:%M").time()  # noqa: DTZ007
            expected = (left + timedelta(hours=5)).time()
            assert abs((since.hour * 60 + since.minute) - (expected.hour * 60 + expected.minute)) in (
                0,
                1,
                1439,
            )
            await cast.telegram.silence(place)
        await cast.telegram.silence(cast.stranger)
        await cast.aigerim.says("/whoami")
        assert "Aigerim" in (await cast.telegram.next_message(cast.aigerim)).text


async def test_a_short_absence_loses_nothing(cast: Cast, setup: Make) -> None:
    made = setup()
    async with running(made):
        pass
    await cast.aigerim.says("/whoami", date=int(time.time()) - 60)
    async with running(made):
        assert "Aigerim" in (await cast.telegram.next_message(cast.aigerim)).text


@pytest.mark.parametrize(
    "data",
    [Open(asker="3ea", act="up", host="server1", key="0" * 12), Confirm(asker="3ea", token="x", yes=True)],
)
async def test_a_button_pressed_while_the_bot_was_away_does_nothing(
    cast: Cast, setup: Make, data: Press
) -> None:
    made = setup()
    async with running(made, clock=Earlier(timedelta(minutes=31))):
        await cast.dias.says("/status")
        card = await cast.telegram.next_message(cast.dias)
    for _ in range(2):
        await cast.dias.presses_data(card, data.pack(), wait=False)
    async with running(made):
        line = (await cast.telegram.next_message(cast.dias)).text
        assert re.fullmatch(r"I was away .*–.*; repeat what is still needed\.", line)
        await cast.telegram.silence(cast.dias)
        answers = [call.text("text") for call in cast.telegram.called("answerCallbackQuery")]
        assert answers == ["This message is too old. Ask again."] * 2
        answer = await cast.dias.presses_data(card, data.pack())
        assert answer.text != answers[0]


async def test_a_button_that_changes_nothing_works_after_an_absence(cast: Cast, setup: Make) -> None:
    made = setup()
    async with running(made, clock=Earlier(timedelta(minutes=31))):
        await cast.dias.says("/status")
        status = await cast.telegram.next_message(cast.dias)
    await cast.dias.presses_data(status, Confirm(asker="3ea", token="x", yes=False).pack(), wait=False)
    await cast.dias.presses_data(status, Overview(asker="3ea").pack(), wait=False)
    async with running(made):
        await cast.telegram.until(lambda: len(cast.telegram.called("answerCallbackQuery")) == 2)
        answers = [call.text("text") for call in cast.telegram.called("answerCallbackQuery")]
    assert "This message is too old. Ask again." not in answers
