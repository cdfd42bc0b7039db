"""Whatever labels and annotations hold: Telegram takes each message, and every alert can be read in it or its file."""

import asyncio
import random
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.courier import Courier
from bot.notifier import TelegramNotifier
from bot.pacing import Rates
from handlers.words import LANGUAGES, catalogues
from playground.telegram import Limits, Telegram
from services.domain.alerts import Ack, Alert, Evidence, Quiet, Span
from services.domain.posts import Bulletin, Destination, Menu, Ring, Ringing, Shown
from services.languages import Languages
from services.roster import Roster
from services.store import open_store
from tests.clock import HandClock
from tests.unit.alert_samples import NOW, OPENED, alert, bulletin, shown

CHAT = -1001
ODD = (
    "",
    " ",
    "\n\n\n",
    "\x00",
    "\ud800",
    "\udfff\ud83d",
    "\u202egpj.exe\u202c",
    "\u2066\u2069",
    "\u200b\u200d\ufeff",
    "👩‍👩‍👧‍👦🏳️‍🌈1️⃣",
    "e\u0301\u0333\u033f\u030a" * 30,
    "\u0300" * 200,
    "<b>&amp;</b><script>",
    "*_`[x](tg://user?id=1)",
    "https://evil.example.com/?a=b",
    "@someone /restart@vakhta_bot #tag $USD",
    "\x1b[31mred\x1b]8;;http://x\x07",
    "\r\n\t\x0b\x85\u2028\u2029",
    "password=hunter2hunter2",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75mN\n-----END RSA PRIVATE KEY-----",
    "🔥" * 3000,
    "x" * 10_000,
    "слово " * 1500,
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "a.b.c.d:e/f" * 40,
    "\uffff\ufdd0",
    "{name} %s %(x)s {0}",
    "مرحبا بالعالم",
)
NAMES = ("service_down", "host_unreachable", "oom_killed", "unhealthy", "crash_loop")
URLS = (
    "http://localhost/x",
    "https://wiki.example.com/a",
    "http://[::1]/",
    "https://a b",
    "//x",
    "https://x..y/",
)
LINKS = {"mention", "hashtag", "cashtag", "bot_command", "url", "email"}


class Maker:
    """Bulletins from odd pieces. `seed`: what hypothesis varies and shrinks; `pieces`: more odd texts."""

    def __init__(self, seed: int, pieces: list[str]) -> None:
        self.random = random.Random(seed)
        self.pieces = [*ODD, *pieces]

    def text(self) -> str:
        return "".join(self.random.choices(self.pieces, k=self.random.choice((1, 1, 2, 4))))

    def alert(self, number: int) -> Alert:
        """Its name begins with `A00001x`, whatever follows."""
        draw = self.random
        name = f"A{number:05d}x{self.text()}" if draw.random() < 0.8 else draw.choice(NAMES)
        mark = "" if name[0] == "A" else f"A{number:05d}x"
        texts = {key: self.text() for key in ("summary", "description", "containers") if draw.random() < 0.5}
        links = {"runbook_url": draw.choice(URLS) + self.text()} if draw.random() < 0.3 else {}
        host = draw.choice(("", "server2", self.text()))
        container = mark or draw.choice(("", "directus", self.text()))
        if mark:
            host = host or "server2"
            texts = {}
        return alert(
            name,
            host=host,
            container=container,
            labels=self.labels(mark),
            annotations={**texts, **links},
            severity=draw.choice(("critical", "warning", "info", self.text())),
            number=number,
            resolved=NOW if draw.random() < 0.3 else None,
            generator=draw.choice(URLS),
        )

    def labels(self, mark: str) -> Mapping[str, str]:
        draw = self.random
        return {
            **{
                draw.choice(string.ascii_letters) + self.text()[:50]: self.text()
                for _ in range(draw.choice((0, 2)))
            },
            **({"id": mark} if mark else {}),
        }

    def shown(self, alerts: tuple[Alert, ...], identity: str = "0000000a") -> Shown:
        draw = self.random
        acks = (Ack(1, self.text(), NOW, draw.randrange(5), self.text()),) if draw.random() < 0.4 else ()
        quiet = (
            Quiet("x", NOW + timedelta(hours=1), self.text(), self.text()) if draw.random() < 0.3 else None
        )
        evidence = None
        if draw.random() < 0.4:
            lines = tuple(self.text() for _ in range(draw.choice((0, 1, 20))))
            evidence = Evidence(NOW, 137, draw.random() < 0.5, self.text(), lines, 3, timedelta(minutes=10))
        ordered = tuple(sorted(alerts, key=lambda each: (not each.firing, -each.severity)))
        return shown(
            *ordered,
            identity=identity,
            evidence=evidence,
            acks=acks,
            quiet=quiet,
            episode=draw.choice((1, 1, 4)),
            away=draw.random() < 0.2,
            received=OPENED + timedelta(seconds=draw.randrange(100)),
        )

    def bulletin(self, *parts: Shown, alerts: tuple[Alert, ...]) -> Bulletin:
        draw = self.random
        roll = tuple(sorted(alerts, key=lambda each: (not each.firing, -each.severity)))
        return bulletin(
            *parts,
            to=Destination(CHAT),
            roll=roll if len(roll) > 10 else (),
            menu=Menu(NOW, draw.choice((None, *Span))) if draw.random() < 0.3 and len(parts) == 1 else None,
            spans=((Span.CONTAINER, self.text()), (Span.HOST, self.text()), (Span.NAME, self.text())),
            compact=len(roll) > 10 and draw.random() < 0.3,
            delayed=timedelta(minutes=3) if draw.random() < 0.2 else None,
            instead_of=-(10**6) if draw.random() < 0.2 else None,
        )


class Count:
    alerts = 0
    bulletins = 0


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Telegram, TelegramNotifier]]:
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(TemporaryDirectory())
        store = await stack.enter_async_context(open_store(f"sqlite://{directory}/store.db", HandClock()))
        languages = Languages(store, Roster([]), known=LANGUAGES, default="ru")
        telegram = await stack.enter_async_context(Telegram(limits=Limits.none()))
        telegram.group(CHAT)
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
        bot = Bot(telegram.token, session=session)
        courier = Courier(rates=Rates(scale=1e-6))
        session.middleware(courier)
        try:
            yield (
                telegram,
                TelegramNotifier(bot, languages, catalogues("ru"), ZoneInfo("Asia/Almaty"), courier),
            )
        finally:
            await session.close()


def readable(telegram: Telegram, *messages: int) -> str:
    chat = telegram.world.chats[CHAT]
    found = [chat.messages[message] for message in messages]
    files = [each.document.content.decode() for each in found if each.document]
    return "\n".join([*(each.text + each.caption for each in found), *files])


async def show(telegram: Telegram, notifier: TelegramNotifier, maker: Maker) -> None:
    """A living message, a large group with its file, a digest, a ring; each is edited once as well."""
    draw = maker.random
    for size, digest in (
        (draw.randint(1, 10), False),
        (draw.randint(11, 25), False),
        (draw.randint(2, 20), True),
    ):
        alerts = tuple(maker.alert(number) for number in range(1, size + 1))
        if digest:
            parts = [maker.shown((each,), f"{place:08x}") for place, each in enumerate(alerts)]
        else:
            parts = [maker.shown(alerts)]
        new = maker.bulletin(*parts, alerts=alerts)
        sent = await notifier.post(new)
        messages = [sent.message]
        if new.roll and not sent.document:
            messages.append(await notifier.attach(new, sent, None))
        seen = readable(telegram, *messages)
        for each in alerts:
            assert f"A{each.number:05d}x" in seen, (
                f"alert {each.number} of {size} cannot be read: {each.labels}"
            )
        await notifier.revise(maker.bulletin(*parts, alerts=alerts), sent)
        ring = Ring(draw.choice(list(Ringing)), parts[0], NOW, size, parts[0].alerts[:3])
        await notifier.ring(Destination(CHAT), ring, sent)
        Count.alerts += size
        Count.bulletins += 1
    for message in telegram.world.chats[CHAT].sent:
        assert not {each.type for each in message.entities} & LINKS, message.content.body
    telegram.calls.clear()
    telegram.world.chats[CHAT].sent.clear()


def test_no_text_is_refused_and_every_alert_can_be_read() -> None:
    """At least 2,500 alerts in 280 bulletins; tests/workflows/test_alert_fuzz.py sends 10,000 through the whole bot."""
    with asyncio.Runner() as runner:
        stack = opened()
        telegram, notifier = runner.run(stack.__aenter__())

        @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.integers(0, 2**32), st.lists(st.text(max_size=30), max_size=3))
        def run(seed: int, pieces: list[str]) -> None:
            runner.run(show(telegram, notifier, Maker(seed, pieces)))
            assert [
                each.description for each in telegram.refusals if "not modified" not in each.description
            ] == []

        try:
            run()
        finally:
            runner.run(stack.__aexit__(None, None, None))
    assert Count.bulletins >= 280 and Count.alerts >= 2_500, (Count.bulletins, Count.alerts)
