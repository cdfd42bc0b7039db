"""What was typed while the bot was away is not carried out; each chat is told so once."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

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
