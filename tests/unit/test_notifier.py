"""The notifier against the stand-in: what it sends and edits, and what each of Telegram's refusals becomes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.courier import Courier
from bot.notifier import TelegramNotifier, link_to
from bot.pacing import Rates
from handlers.words import LANGUAGES, catalogues
from playground.telegram import Chat as Group
from playground.telegram import Limits, Person, Telegram
from services.domain.access import Scope
from services.domain.alerts import Ack, Alert
from services.domain.posts import Bulletin, Destination, Notice, Ring, Ringing, Trouble
from services.errors import ChatClosed, MessageLost, NotDelivered
from services.languages import Languages
from services.ports import Sent
from services.roster import Chat, Roster
from services.store import open_store
from tests.clock import HandClock
from tests.unit.alert_samples import NOW, alert, bulletin, shown

OPS, FORUM, RUSSIAN = -1001234567890, -1005, -1006


@dataclass(frozen=True)
class Stage:
    telegram: Telegram
    notifier: TelegramNotifier
    languages: Languages
    ops: Group
    forum: Group
    person: Person


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        Telegram(limits=Limits.none()) as telegram,
        open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store,
    ):
        ops = telegram.group(OPS)
        forum = telegram.group(FORUM, topics=[5])
        telegram.group(RUSSIAN)
        person = telegram.person(1001)
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
        courier = Courier(rates=Rates(scale=0.01), request_timeout=1)
        session.middleware(courier)
        roster = Roster([], [Chat(RUSSIAN, Scope.of("*/*"), "ru")])
        languages = Languages(store, roster, known=LANGUAGES, default="en")
        words = catalogues("en")
        notifier = TelegramNotifier(
            Bot(telegram.token, session=session), languages, words, ZoneInfo("Asia/Almaty"), courier
        )
        try:
            yield Stage(telegram, notifier, languages, ops, forum, person)
        finally:
            await session.close()


def one(**more: Any) -> Bulletin:
    return bulletin(shown(alert()), **more)


def many(count: int) -> tuple[Alert, ...]:
    return tuple(alert("Storm", container=f"c{number}", number=number) for number in range(1, count + 1))


def storm(count: int = 12, **more: Any) -> Bulletin:
    alerts = many(count)
    parts = [shown(each, identity=f"{place:08x}") for place, each in enumerate(alerts)]
    return bulletin(*parts, roll=alerts, **more)


async def test_a_living_message_is_sent_and_edited_in_place(stage: Stage) -> None:
    sent = await stage.notifier.post(one())
    assert sent == Sent(OPS, stage.ops.sent[0].id)
    message = stage.ops.sent[0]
    assert message.text.startswith("🔥 directus is down on server2") and not message.silent
    assert message.content.preview == {"is_disabled": True}
    taken = bulletin(shown(alert(), acks=(Ack(1001, "Aigerim", NOW, 1),)))
    await stage.notifier.revise(taken, sent)
    assert "Acknowledged: Aigerim" in message.text and message.buttons[0][0] == "Release"
    await stage.notifier.revise(taken, sent)  # not modified: that is success
    assert len(stage.ops.sent) == 1


async def test_silent_topics_and_languages(stage: Stage) -> None:
    await stage.notifier.post(one(silent=True))
    assert stage.ops.sent[0].silent
    await stage.notifier.post(one(to=Destination(FORUM, 5)))
    assert stage.forum.sent[0].topic == 5
    await stage.notifier.post(one(to=Destination(RUSSIAN)))
    assert stage.telegram.world.chats[RUSSIAN].sent[0].text.startswith("🔥 server2: directus не работает")


async def test_without_its_topic_a_message_goes_into_the_chat(stage: Stage) -> None:
    sent = await stage.notifier.post(one(to=Destination(FORUM, 77)))
    assert stage.forum.sent[0].topic is None and sent.message == stage.forum.sent[0].id


async def test_a_digest_of_many_is_a_document_and_its_edit_keeps_the_file(stage: Stage) -> None:
    new = storm()
    sent = await stage.notifier.post(new)
    message = stage.ops.sent[0]
    assert sent.document and message.document is not None
    assert all(f"server2/c{number} ".encode() in message.document.content for number in range(1, 13))
    over = [
        replace(part, tally=replace(part.tally, critical=0, resolved=1, uncovered=0)) for part in new.shown
    ]
    await stage.notifier.revise(replace(new, shown=tuple(over)), sent)
    assert message.caption.startswith("✅ resolved: 12 alerts") and message.document is not None
    assert stage.telegram.refusals == []


async def test_the_file_of_a_large_group_is_a_silent_reply_made_anew_in_place(stage: Stage) -> None:
    alerts = many(300)
    large = bulletin(shown(*alerts), roll=alerts)
    sent = await stage.notifier.post(large)
    file = await stage.notifier.attach(large, sent, None)
    attached = stage.ops.messages[file]
    assert attached.silent and attached.reply_to is stage.ops.sent[0] and attached.document
    more = bulletin(shown(*many(301)), roll=many(301))
    assert await stage.notifier.attach(more, sent, file) == file
    assert attached.document is not None and b"server2/c301 " in attached.document.content
    attached.deleted = True
    again = await stage.notifier.attach(more, sent, file)
    assert again != file and stage.ops.messages[again].document is not None


async def test_a_ring_replies_with_sound_and_the_end_without(stage: Stage) -> None:
    sent = await stage.notifier.post(one())
    ring = Ring(Ringing.REMIND, shown(alert()), NOW + timedelta(minutes=15), 1, (alert(),))
    await stage.notifier.ring(Destination(OPS), ring, sent)
    await stage.notifier.ring(Destination(OPS), replace(ring, why=Ringing.OVER), sent)
    reminder, end = stage.ops.sent[1:]
    assert reminder.reply_to is stage.ops.sent[0] and not reminder.silent and end.silent


async def test_an_orphan_points_to_the_newer_one(stage: Stage) -> None:
    orphan, newer = await stage.notifier.post(one()), await stage.notifier.post(one())
    await stage.notifier.redirect(orphan, newer)
    message = stage.ops.sent[0]
    assert message.text == "⬇️ See the newer message" and message.buttons == []
    assert [entity.url for entity in message.entities] == [f"https://t.me/c/1234567890/{newer.message}"]
    assert link_to(Sent(-55, 1)) is None
    paper = await stage.notifier.post(storm())
    await stage.notifier.redirect(paper, newer)
    assert stage.ops.messages[paper.message].caption == "⬇️ See the newer message"


async def test_admins_are_told_privately(stage: Stage) -> None:
    await stage.notifier.tell(1001, Notice(Trouble.WATCHDOG_BACK, NOW))
    assert stage.person.chat.sent[0].text == "✅ The watchdog alert comes again."


async def test_a_private_chat_is_spoken_to_in_its_persons_language(stage: Stage) -> None:
    await stage.languages.choose(1001, "ru")
    await stage.notifier.tell(1001, Notice(Trouble.WATCHDOG_BACK, NOW))
    await stage.notifier.post(replace(bulletin(shown(alert())), to=Destination(1001)))
    notice, message = stage.person.chat.sent
    assert notice.text.startswith("✅ Контрольный алерт снова")
    assert "Принять" in message.buttons[0]


@pytest.mark.parametrize(
    "close",
    [
        lambda stage: stage.telegram.kick_bot(stage.ops),
        lambda stage: setattr(stage.ops, "bot", "left"),
        lambda stage: stage.telegram.world.chats.pop(OPS),
    ],
    ids=["kicked", "left", "gone"],
)
async def test_a_chat_that_does_not_let_us_write_is_closed(
    stage: Stage, close: Callable[[Stage], object]
) -> None:
    sent = await stage.notifier.post(one())
    close(stage)
    with pytest.raises(ChatClosed):
        await stage.notifier.post(one())
    with pytest.raises(ChatClosed):
        await stage.notifier.revise(one(), sent)


async def test_a_person_who_has_blocked_the_bot_or_never_started_it_is_closed(stage: Stage) -> None:
    stage.person.chat.bot = "kicked"
    for person in (1001, 4711):
        with pytest.raises(ChatClosed):
            await stage.notifier.tell(person, Notice(Trouble.RECONCILE, NOW))


async def test_a_message_that_is_gone_is_lost(stage: Stage) -> None:
    sent = await stage.notifier.post(one())
    with pytest.raises(MessageLost):
        await stage.notifier.revise(one(), replace(sent, message=999))
    stage.ops.sent[0].deleted = True
    with pytest.raises(MessageLost):
        await stage.notifier.revise(one(), sent)
    ring = Ring(Ringing.REMIND, shown(alert()), NOW, 1, (alert(),))
    await stage.notifier.ring(Destination(OPS), ring, sent)  # it goes without what it replies to
    assert stage.ops.sent[1].reply_to is None


async def test_a_group_that_moves_loses_its_messages_and_takes_new_ones(stage: Stage) -> None:
    basic = stage.telegram.group(-77, basic=True)
    sent = await stage.notifier.post(one(to=Destination(-77)))
    fresh = stage.telegram.migrate(basic, -1007)
    with pytest.raises(MessageLost):
        await stage.notifier.revise(one(to=Destination(-77)), sent)
    assert (await stage.notifier.post(one(to=Destination(-77)))).chat == -1007
    assert len(fresh.sent) == 1


@pytest.mark.parametrize("kind", ["500", "502", "reset", "html", "hang"])
async def test_trouble_on_the_way_may_pass(stage: Stage, kind: str) -> None:
    stage.telegram.fail_next("sendMessage", kind, times=9)
    with pytest.raises(NotDelivered):
        await stage.notifier.post(one())


async def test_a_flood_says_how_long_to_wait(stage: Stage) -> None:
    stage.telegram.fail_next("sendMessage", "429", retry_after=7, times=9)
    with pytest.raises(NotDelivered) as flood:
        await stage.notifier.post(one())
    assert flood.value.after == 7
