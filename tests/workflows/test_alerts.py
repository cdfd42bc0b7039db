"""Alerts in the chat, from the hook to the message and back: taken, given back, silenced, over."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app import Tempo
from playground.telegram import Limits, Message, Telegram
from services.ports import Clock
from tests.alertmanager import WEBHOOK_TOKEN, Alertmanager, Fire
from tests.bots import OPS, QUICK, TOKEN, Setup, running
from tests.conftest import Cast, labels
from tests.lab.monitoring import free_port

Make = Callable[..., Setup]
Alarmed = Callable[..., tuple[Setup, int]]

DIRECTUS = {"host": "server2", "container": "directus", "severity": "critical"}
# A socket that nobody serves: a host that is known by name and needs no contact here.
HOSTS = {name: {"address": f"unix:///nowhere/{name}.sock"} for name in ("server1", "server2")}


@pytest.fixture
def alarmed(setup: Make) -> Alarmed:
    """A setup whose alerts go to the team's group, and its hook's port."""

    def make(**alerts: Any) -> tuple[Setup, int]:
        return alarms(setup(), **alerts)

    return make


def alarms(made: Setup, **alerts: Any) -> tuple[Setup, int]:
    port = free_port()
    block = {"webhook_token": WEBHOOK_TOKEN, "chats": [{"id": OPS}], **alerts}
    more = {"http": {"listen": f"127.0.0.1:{port}"}, "alerts": block, "hosts": HOSTS}
    return replace(made, more=more), port


@asynccontextmanager
async def watching(made: tuple[Setup, int], clock: Clock | None = None) -> AsyncIterator[Alertmanager]:
    async with running(made[0], QUICK, clock), Alertmanager(made[1]) as alertmanager:
        yield alertmanager


@pytest.mark.parametrize(("times", "told"), [(2, "It is yours."), (9, None)])
async def test_a_press_is_done_though_its_answer_is_not_taken(
    cast: Cast, alarmed: Alarmed, times: int, told: str | None
) -> None:
    """Tried again for as long as it is of use; and that it fails is no reason to speak of something broken."""
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        cast.telegram.fail_next("answerCallbackQuery", "502", times=times)
        answering = asyncio.ensure_future(cast.dias.presses(message, "Acknowledge", wait=told is not None))
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in message.text)
        answer = await answering
        if told:
            assert answer.text == told
        await cast.telegram.silence(cast.ops, 0.3 if told else 6)


async def test_from_firing_to_its_end(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        message = await cast.telegram.next_message(cast.ops)
        assert message.text.splitlines()[0] == "🔥 directus is down on server2"
        assert labels(message) == ["Acknowledge", "Silence", "Logs", "Restart"]
        assert not message.silent

        answer = await cast.dias.presses(message, "Acknowledge")
        assert (answer.text, answer.show_alert) == ("It is yours.", False)
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in message.text)
        assert labels(message) == ["Release", "Silence", "Logs", "Restart"]

        fire.over()
        await alertmanager.tells(fire, key=key)
        await cast.telegram.until(lambda: message.text.startswith("✅ directus is back on server2 · down "))
        assert "👤 Acknowledged: Dias" in message.text
        assert labels(message) == ["Logs"]
        await cast.telegram.silence(cast.ops)


async def test_the_first_has_it_and_the_second_is_told_who(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        button = message.button("Acknowledge").data
        await cast.dias.presses(message, "Acknowledge")
        await cast.telegram.until(lambda: "Release" in labels(message))
        # Aigerim's screen is a second behind: her press is of the button that stood there.
        answer = await cast.aigerim.presses_data(message, button)
        assert answer.show_alert
        assert answer.text.startswith(("Dias has it since ", "This button has gone meanwhile"))
        await cast.aigerim.presses(message, "Release")
        await cast.telegram.until(lambda: "Acknowledge" in labels(message))
        assert "👤" not in message.text


async def test_presses_while_the_bot_was_down_count(cast: Cast, alarmed: Alarmed) -> None:
    made = alarmed()
    fire = Fire("service_down", DIRECTUS)
    async with watching(made) as alertmanager:
        key = await alertmanager.tells(fire)
        message = await cast.telegram.next_message(cast.ops)
    await cast.dias.presses(message, "Acknowledge", wait=False)
    async with watching(made) as alertmanager:
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in message.text)
    async with watching(made) as alertmanager:
        fire.over()
        await alertmanager.tells(fire, key=key)
        await cast.telegram.until(lambda: message.text.startswith("✅"))
        assert "👤 Acknowledged: Dias" in message.text


async def test_who_may_not_sees_it_and_cannot_take_it(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        for label in ("Acknowledge", "Silence"):
            answer = await cast.student.presses(message, label)
            assert answer.show_alert and answer.text.startswith("No right")
        stranger = await cast.stranger.presses(message, "Acknowledge")
        assert (stranger.text, stranger.show_alert) == ("", False)
        await cast.telegram.silence(cast.ops)
        assert "Acknowledge" in labels(message)


async def test_an_operator_of_another_scope_cannot_touch_it(cast: Cast, alarmed: Alarmed) -> None:
    made, port = alarmed()
    users = ({"id": 1001, "name": "Aigerim", "role": "admin"},
             {"id": 1002, "name": "Dias", "role": "operator", "scope": ["server1/*"]})  # fmt: skip
    async with watching((replace(made, users=users), port)) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        answer = await cast.dias.presses(message, "Acknowledge")
        assert answer.show_alert
        await cast.dias.says("/alerts", chat=cast.ops)
        assert "directus" not in (await cast.telegram.next_message(cast.ops)).text
        await cast.dias.says("/ack directus", chat=cast.ops)
        assert "directus is down" not in (await cast.telegram.next_message(cast.ops)).text
        assert "Acknowledge" in labels(message)


async def test_a_group_that_grows_rings_and_asks_again(cast: Cast, alarmed: Alarmed) -> None:
    clock = Turned()
    async with watching(alarmed(), clock) as alertmanager:
        fires = [Fire("HighCPU", {"host": "server1", "core": str(core)}) for core in range(3)]
        key = await alertmanager.tells(*fires)
        message = await cast.telegram.next_message(cast.ops)
        await cast.dias.presses(message, "Acknowledge")
        await cast.telegram.until(lambda: "Release" in labels(message))
        clock.ahead = timedelta(minutes=6)
        fires.append(Fire("HighCPU", {"host": "server1", "core": "3"}))
        await alertmanager.tells(*fires, key=key)
        ring = await cast.telegram.next_message(cast.ops)
        assert ring.reply_to is message
        assert not ring.silent
        assert "\n" not in ring.text
        await cast.telegram.until(lambda: "👤 Acknowledged 3 of 4: Dias" in message.text)
        assert labels(message)[0] == "Acknowledge"
        await cast.aigerim.presses(message, "Acknowledge")
        await cast.telegram.until(lambda: "Release" in labels(message))


async def test_silenced_from_the_message_and_undone(cast: Cast, alarmed: Alarmed) -> None:
    """Without Alertmanager's API the silence is ours; the question stands in place of the buttons."""
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        await cast.dias.presses(message, "Silence")
        await cast.telegram.until(lambda: "directus" in labels(message))
        assert "all of server2" in labels(message)
        await cast.dias.presses(message, "all of server2")
        await cast.telegram.until(lambda: "4 h" in labels(message))
        assert {"1 h", "4 h", "24 h", "till 09:00"} <= set(labels(message))
        answer = await cast.dias.presses(message, "1 h")
        assert not answer.show_alert
        await cast.telegram.until(lambda: "🔕 until " in message.text)
        assert "Dias · server2" in message.text
        # What comes next on that host is held back, and shown nowhere but in /alerts.
        await alertmanager.tells(Fire("unhealthy", {"host": "server2", "container": "pgadmin"}))
        await cast.telegram.silence(cast.ops)
        await cast.dias.says("/silences")
        listed = await cast.telegram.next_message(cast.dias)
        assert "server2" in listed.text and "Dias" in listed.text
        await cast.dias.presses(message, "Undo")
        held = await cast.telegram.next_message(cast.ops)
        assert "pgadmin" in held.text
        await cast.telegram.until(lambda: "🔕" not in message.text)
        await cast.dias.says("/silences")
        assert (await cast.telegram.next_message(cast.dias)).text == "Nothing silenced."


async def test_taken_by_a_reply_and_by_a_command(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        first = await cast.telegram.next_message(cast.ops)
        await alertmanager.tells(Fire("high_memory", {"host": "server1"}))
        second = await cast.telegram.next_message(cast.ops)

        await cast.dias.says("/ack")
        waiting = await cast.telegram.next_message(cast.dias)
        assert waiting.text.index("directus") < waiting.text.index("high_memory")
        assert len(labels(waiting)) == 2
        assert waiting.buttons[0][0].startswith("👤 directus")

        await cast.dias.says("Беру, смотрю postgres", chat=cast.ops, reply_to=first)
        await cast.telegram.until(lambda: "смотрю postgres" in first.text)
        await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/ack high_memory it is the backup")
        await cast.telegram.next_message(cast.dias)
        await cast.telegram.until(lambda: "it is the backup" in second.text)

        await cast.dias.says("/ack")
        assert (await cast.telegram.next_message(cast.dias)).buttons == []
        await cast.dias.says("/ack directus")
        assert "Dias" in (await cast.telegram.next_message(cast.dias)).text


async def test_what_fires_and_why_it_came(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await cast.student.says("/alerts")
        assert (await cast.telegram.next_message(cast.student)).text.startswith("No alerts.")
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        await alertmanager.tells(Fire("high_memory", {"host": "server1"}))
        for _ in range(2):
            await cast.telegram.next_message(cast.ops)
        await cast.student.says("/alerts")
        page = await cast.telegram.next_message(cast.student)
        assert "directus is down on server2" in page.text
        assert "high_memory" not in page.text, "that is out of the student's scope"
        await cast.dias.says("/alerts critical")
        assert "high_memory" not in (await cast.telegram.next_message(cast.dias)).text
        await cast.dias.says("/why directus")
        trace = await cast.telegram.next_message(cast.dias)
        assert "host=server2, container=directus" in trace.text
        await cast.dias.says("/why nothing-like-that")
        assert "nothing-like-that" in (await cast.telegram.next_message(cast.dias)).text
        fire.over()
        await alertmanager.tells(fire, key=key)
        await cast.telegram.until(lambda: cast.ops.sent[0].text.startswith("✅"))
        await cast.student.says("/alerts")
        assert "Quiet since " in (await cast.telegram.next_message(cast.student)).text


async def test_logs_and_restart_below_an_alert_are_the_presser_s_own(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        for label in ("Logs", "Restart"):
            await cast.dias.presses(message, label)
            answer = await cast.telegram.next_message(cast.ops)
            assert answer.text.startswith("⚠️ server2: no contact"), "this host is not there"
        refusal = await cast.student.presses(message, "Restart")
        assert refusal.show_alert


async def test_a_storm_of_groups_is_few_messages_and_loses_no_name(tmp_path: Path) -> None:
    """1,000 alerts in ten groups for one quiet chat, at Telegram's real rates."""
    async with Telegram(token=TOKEN, limits=Limits()) as telegram:
        ops = telegram.group(OPS, title="Ops")
        made, port = alarms(Setup(tmp_path, telegram.url))
        async with running(made, Tempo(polling=QUICK.polling)), Alertmanager(port) as alertmanager:
            began = time.monotonic()
            for group in range(10):
                fires = [
                    Fire(f"Storm{group}", {"instance": f"Storm{group * 100 + n:04}"}) for n in range(100)
                ]
                await alertmanager.tells(*fires)

            def readable() -> int:
                return len({name for message in ops.sent for name in storms(message)})

            await telegram.until(lambda: readable() == 1000, 60 - (time.monotonic() - began))
            assert len(ops.sent) <= 5
        assert telegram.floods == []


async def test_a_storm_in_one_group_is_a_message_and_a_file(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(*(Fire("Storm", {"instance": f"Storm{n:04}"}) for n in range(1000)))
        message = await cast.telegram.next_message(cast.ops)
        assert message.text.splitlines()[0] == "🔥 1,000 alerts: Storm · 10 shown, all in the file"
        file = await cast.telegram.next_message(cast.ops)
        assert file.reply_to is message and file.silent
        assert len(storms(file)) == 1000
        await cast.telegram.silence(cast.ops)


def storms(message: Message) -> set[str]:
    """The names of alerts that can be read in it, its file included."""
    text = message.text + message.caption
    if message.document:
        text += message.document.content.decode()
    return set(re.findall(r"Storm\d{4}", text))


async def test_a_chat_that_does_not_let_us_write(cast: Cast, alarmed: Alarmed) -> None:
    spare = cast.telegram.group(-1009, "Spare", members=[cast.aigerim])
    async with watching(alarmed(fallback_chat=-1009)) as alertmanager:
        cast.telegram.kick_bot(cast.ops)
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(spare)
        assert message.text.startswith("🔥 directus is down on server2")
        assert str(OPS) in message.text
        notice = await cast.telegram.next_message(cast.aigerim)
        assert str(OPS) in notice.text
        await cast.aigerim.presses(message, "Acknowledge")
        await cast.telegram.until(lambda: "👤 Acknowledged: Aigerim" in message.text)
    cast.telegram.refusals.clear()


async def test_a_copy_left_by_a_lost_answer_points_to_the_living_message(
    cast: Cast, alarmed: Alarmed
) -> None:
    async with watching(alarmed()) as alertmanager:
        cast.telegram.fail_next("sendMessage", "lost")
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        copy, living = [await cast.telegram.next_message(cast.ops) for _ in range(2)]
        assert copy.text == living.text
        await cast.dias.presses(copy, "Acknowledge")
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in living.text)
        await cast.telegram.until(lambda: copy.buttons == [])
        assert "newer message" in copy.text


async def test_a_body_that_is_no_notification_is_kept_and_told(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.posts(b'{"alerts": "none"}')
        notice = await cast.telegram.next_message(cast.aigerim)
        assert "undecodable/" in notice.text or "kept" in notice.text
        await alertmanager.tells(Fire("Next"))
        assert "Next" in (await cast.telegram.next_message(cast.ops)).text


async def test_quiet_hours_hold_a_warning_until_the_morning(cast: Cast, alarmed: Alarmed) -> None:
    here = datetime.now(ZoneInfo("Asia/Almaty"))
    hours = f"{here - timedelta(hours=1):%H:%M}-{here + timedelta(minutes=1):%H:%M}"
    clock = Turned()
    async with watching(alarmed(quiet_hours=hours), clock) as alertmanager:
        await alertmanager.tells(Fire("Mild", {"host": "server1"}))
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        assert "directus" in (await cast.telegram.next_message(cast.ops)).text
        await cast.telegram.silence(cast.ops)
        await cast.dias.says("/why Mild")
        assert "quiet" in (await cast.telegram.next_message(cast.dias)).text.lower()
        clock.ahead = timedelta(minutes=2)
        await alertmanager.tells(Fire("Wake", {"severity": "critical"}))
        await cast.telegram.until(lambda: any("Mild" in message.text for message in cast.ops.sent))


class Turned:
    """The real time, and as much as a test puts it ahead."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_a_group_of_alerts_alone_takes_presses_and_no_commands(cast: Cast, alarmed: Alarmed) -> None:
    made, port = alarmed()
    async with watching((replace(made, chats=()), port)) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        message = await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/status", chat=cast.ops)
        await cast.telegram.silence(cast.ops, 1)
        await cast.dias.presses(message, "Acknowledge")
        await cast.telegram.until(lambda: "Release" in labels(message))
        assert cast.ops.bot == "member"


async def test_taken_from_the_list_which_only_loses_the_button(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        living = await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/ack", chat=cast.ops)
        listed = await cast.telegram.next_message(cast.ops)
        text = listed.text
        await cast.dias.presses(listed, labels(listed)[0])
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in living.text)
        await cast.telegram.until(lambda: listed.buttons == [])
        assert listed.text == text


async def test_two_presses_on_a_duration_are_one_silence(cast: Cast, alarmed: Alarmed) -> None:
    async with watching(alarmed()) as alertmanager:
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        message = await cast.telegram.next_message(cast.ops)
        await cast.dias.presses(message, "Silence")
        await cast.telegram.until(lambda: "directus" in labels(message))
        await cast.dias.presses(message, "directus")
        await cast.telegram.until(lambda: "4 h" in labels(message))
        data = message.button("4 h").data
        await asyncio.gather(cast.dias.presses_data(message, data), cast.aigerim.presses_data(message, data))
        await cast.telegram.until(lambda: "🔕 until" in message.text)
        await cast.dias.says("/silences")
        assert (await cast.telegram.next_message(cast.dias)).text.startswith("🔕 1 silence")
        fire.over()
        await alertmanager.tells(fire, key=key)
        await cast.telegram.until(lambda: message.text.startswith("✅"))
        assert "🔕 until" in message.text, "it holds for the next outage, too"
        await cast.dias.presses(message, "Undo")
        await cast.telegram.until(lambda: "🔕" not in message.text)
