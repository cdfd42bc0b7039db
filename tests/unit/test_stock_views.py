"""What `/df` shows: who does not answer first, and a way to make room wherever there is anything to remove."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.middlewares.locale import speaking
from handlers.views import stock as views
from handlers.views.answer import Answer
from handlers.words import catalogues
from services.domain.stock import Clearing, Image, Item, Kind, Remains, Stock
from services.errors import HostSilent, NoSuchHost, Silence

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)


def stock(host: str, *images: Image) -> Stock:
    return Stock(host, AT, 1 << 30, images, (), (), (), containers=2, running=1, written=0)


def told(*found: Stock | HostSilent, may_prune: bool = True) -> tuple[str, list[str]]:
    with speaking(catalogues("en"), ZoneInfo("UTC"), "en"):
        answer: Answer = views.disks(found, "1", AT, may_prune=may_prune)
    text: str = answer.text.as_kwargs()["text"]
    return text, [key.text for row in answer.rows for key in row]


def test_who_does_not_answer_stands_first() -> None:
    text, _keys = told(stock("server1"), HostSilent("server2", Silence.UNREACHABLE, since=AT))
    assert text.index("⚠️ server2") < text.index("server1\n")


def test_room_can_be_made_where_nothing_goes_unasked() -> None:
    unused = Image("sha256:" + "0" * 64, ("n8n:1",), AT, 1 << 20, used=0)
    text, keys = told(stock("server1"), stock("server2", unused))
    assert "can go" not in text
    assert "Make room: server2" in keys
    assert "Make room: server1" not in keys
    assert "Make room: server2" not in told(stock("server2", unused), may_prune=False)[1]


def test_what_is_not_known_after_a_crash_is_said() -> None:
    item = Item(Kind.IMAGES, "sha256:1", "1", 5)
    clearing = Clearing("token", "server2", (item,), 1, "Boss", AT)

    def shown(failure: Exception) -> tuple[list[str], list[str]]:
        with speaking(catalogues("ru"), ZoneInfo("UTC"), "ru"):
            answer: Answer = views.told_late(Remains(clearing, AT, (), failure))
        text: str = answer.text.as_kwargs()["text"]
        return text.splitlines(), [key.text for row in answer.rows for key in row]

    (head, why, unknown), keys = shown(HostSilent("server2", Silence.UNREACHABLE, since=AT))
    assert head == "⚠️ server2: освобождение места прервано, бот в это время перезапускался"
    assert "server2" in why
    assert unknown == "Что успело удалиться, неизвестно."
    assert keys == ["Освободить: server2", "Диск"]
    _lines, keys = shown(NoSuchHost("server2", ()))
    assert keys == ["Диск"]
