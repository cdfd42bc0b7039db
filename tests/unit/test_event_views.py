"""`/events` as it reads, in both languages and within Telegram's limits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers import args
from handlers.args import UsageError
from handlers.callbacks import News
from handlers.views.answer import Answer
from handlers.views.events import news
from handlers.views.stories import words
from handlers.words import LANGUAGES, catalogues
from services.domain.news import HostNews, NewsReport, Story, What
from services.domain.spans import TimeSpan
from services.errors import EngineRefused, HostSilent, Silence
from tests.unit.test_views import assert_fits

ALMATY = ZoneInfo("Asia/Almaty")  # UTC+5
NOW = datetime(2026, 11, 23, 14, 6, 31, tzinfo=ALMATY)
HOUR = TimeSpan(NOW - timedelta(hours=1))
ASKED = News(asker="3e9")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ALMATY):
        yield


def story(what: What, name: str = "directus", minutes: float = 4, **more: Any) -> Story:
    """`minutes` before now; what is given in seconds is counted from then."""
    at = NOW - timedelta(minutes=minutes)
    back, healthy, ended = (
        at + timedelta(seconds=more.pop(key)) if key in more else None for key in ("back", "healthy", "ended")
    )
    first = at - timedelta(seconds=more.pop("before", 0))
    container = "" if what in (What.NETWORK_CREATED, What.PULLED) else "c" * 64
    return Story(what, name, at, first, at, container, back=back, healthy=healthy, ended=ended, **more)


def shown(*hosts: HostNews, span: TimeSpan = HOUR, asked: News = ASKED) -> Answer:
    return news(NewsReport(hosts, span, NOW, asked.host), asked)


def text(answer: Answer) -> str:
    rendered: str = answer.text.render()[0]
    return rendered


FULL = HostNews(
    "server2",
    (
        story(What.FELL, "n8n", 4, exit_code=137, oom=True),
        story(What.FELL, "worker", 6, exit_code=1, count=12, before=1800, back=3),
        story(What.UNHEALTHY, "pgadmin", 9),
        story(What.RESTARTED, "directus", 11, back=2, healthy=13, exit_code=143),
        story(What.NETWORK_CREATED, "back", 26),
        story(What.STARTED, "redis", 27),
        story(What.STARTED, "traefik", 27),
    ),
    oldest=NOW - timedelta(minutes=46),
)


def test_an_hour_of_trouble() -> None:
    answer = shown(
        FULL, HostNews("server1", before=story(What.STARTED, "vakhta", 134), oldest=NOW - timedelta(days=1))
    )
    assert text(answer).splitlines() == [
        "🔴 Trouble on server2: n8n, worker, pgadmin · news since 13:06",
        "",
        "server2",
        "14:02 🔴 n8n: died, exit 137, out of memory",
        "14:00 🟡 worker: died, exit 1, 12 times since 13:30; started again each time",
        "13:57 🟡 pgadmin: unhealthy",
        "13:55 🟢 directus: restarted in 2 s, exit 143, healthy after 11 s",
        "13:40 back: network created",
        "13:39 🟢 redis, traefik: started",
        "Docker remembers only since 13:20.",
        "",
        "server1",
        "Nothing. Last: 11:52, vakhta: started",
        "",
        "14:06:31",
    ]
    assert [[button.text for button in row] for row in answer.rows if row] == [
        ["n8n ▸", "worker ▸"], ["pgadmin ▸"], ["6 h", "24 h"], ["server2 ▸", "server1 ▸", "↻"],
    ]  # fmt: skip


def test_the_same_in_russian() -> None:
    with speaking(catalogues("ru"), ALMATY):
        lines = text(shown(FULL)).splitlines()
    assert lines[:10] == [
        "🔴 server2 · сбои: n8n, worker, pgadmin · события с 13:06",
        "",
        "server2",
        "14:02 🔴 n8n: падение, код 137, кончилась память",
        "14:00 🟡 worker: падение, код 1, 12 раз с 13:30; каждый раз новый запуск",
        "13:57 🟡 pgadmin: проверка не проходит",
        "13:55 🟢 directus: перезапуск за 2 с, код 143, проверка прошла через 11 с",
        "13:40 back: сеть создана",
        "13:39 🟢 redis, traefik: запуск",
        "Docker помнит только с 13:20.",
    ]


def test_a_silent_host_is_one_line() -> None:
    silence = HostSilent("server1", Silence.UNREACHABLE, NOW - timedelta(minutes=4))
    quiet = HostNews("server2", oldest=NOW - timedelta(days=2))
    assert text(shown(HostNews("server1", error=silence), quiet)).splitlines()[:6] == [
        "⚠️ News since 13:06; no answer: server1",
        "",
        "⚠️ server1: no contact since 14:02",
        "",
        "server2",
        "Nothing.",
    ]
    refused = text(shown(HostNews("server1", error=EngineRefused("server1", 403, "forbidden by policy"))))
    assert "⚠️ Docker on server1 says: forbidden by policy" in refused


def test_trouble_on_two_hosts_names_them() -> None:
    other = HostNews("server1", (story(What.KILLED, "n8n", signal=9, exit_code=137),), oldest=NOW)
    first = text(shown(FULL, other)).splitlines()[0]
    assert first == "🔴 Trouble: server2/n8n, server1/n8n, server2/worker, … · news since 13:06"


def test_nothing_at_all() -> None:
    answer = shown(HostNews("server2", oldest=None))
    assert text(answer).splitlines() == [
        "No news since 13:06", "", "server2", "Nothing.",
        "Docker remembers nothing: it has just been started.", "", "14:06:31",
    ]  # fmt: skip
    assert text(shown()).startswith("Nothing to watch here")


def test_who_sees_a_part_is_not_told_how_busy_the_rest_is() -> None:
    for stories in ((), (story(What.STARTED),)):
        said = text(shown(HostNews("server2", stories, in_part=True))).splitlines()
        assert said[-3:] == ["Docker remembers only the last 256 events of the host.", "", "14:06:31"]


def test_yesterday_stands_under_its_day_and_a_time_has_two_ends() -> None:
    host = HostNews(
        "server2", (story(What.STARTED), story(What.STARTED, minutes=16 * 60)), oldest=NOW - timedelta(days=9)
    )
    lines = text(shown(host, span=TimeSpan(NOW - timedelta(hours=24), NOW - timedelta(hours=1)))).splitlines()
    assert lines[0] == "News 22 Nov, 14:06–13:06"
    assert lines[3:6] == ["14:02 🟢 directus: started", "22 Nov", "22:06 🟢 directus: started"]
    lines = text(
        shown(host, span=TimeSpan(NOW - timedelta(days=2, hours=1), NOW - timedelta(days=2)))
    ).splitlines()
    assert lines[0] == "News 21 Nov, 13:06–14:06"
    assert text(shown(host, span=TimeSpan(None, NOW))).startswith("News until 14:06\n")


def test_two_of_the_same_are_counted() -> None:
    twice = HostNews("server2", (story(What.RESTARTED), story(What.RESTARTED), story(What.RESTARTED, "n8n")))
    assert "14:02 🟢 2 × directus, n8n: restarted" in text(shown(twice))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (story(What.STOPPED, exit_code=0), "was stopped"),
        (story(What.STOPPED, exit_code=137, signal=9), "was stopped, exit 137, had to be killed"),
        (story(What.STOPPED, exit_code=0, back=240), "was stopped; started again after 4 min"),
        (story(What.KILLED, signal=9, exit_code=137), "was killed by SIGKILL, exit 137"),
        (story(What.KILLED, signal=99, exit_code=137), "was killed by signal 99, exit 137"),
        (story(What.FELL, exit_code=137, oom=True, back=3), "died, exit 137, out of memory; started again after 3 s"),
        (story(What.FELL, exit_code=1, removed=True), "died, exit 1, then removed"),
        (story(What.FINISHED, exit_code=0), "ended, exit 0"),
        (story(What.RAN, exit_code=0, ended=3, removed=True), "ran for 3 s, then removed"),
        (story(What.CREATED), "created, not started"),
        (story(What.CREATED, back=1, healthy=12), "created and started, healthy after 11 s"),
        (story(What.MADE_ANEW, back=3), "made anew in 3 s"),
        (story(What.SIGNALLED, signal=1), "was sent SIGHUP"),
        (story(What.OUT_OF_MEMORY, count=2, before=60), "out of memory, still runs, 2 times since 14:01"),
        (story(What.UNHEALTHY, back=240), "unhealthy for 4 min, now healthy"),
        (story(What.UNHEALTHY, ended=50), "unhealthy for 50 s"),
        (story(What.HEALTHY, before=3600), "healthy again after 1 hr"),
        (story(What.PAUSED, back=0), "paused for 0.1 s"),
        (story(What.RENAMED, other="shop"), "renamed, was shop"),
        (story(What.RENAMED), "got another name"),
        (story(What.CONNECTED, other="back"), "joined network back"),
    ],
)  # fmt: skip
def test_a_story_in_words(told: Story, expected: str) -> None:
    assert words(told, NOW) == expected


texts = st.text("abcdef-_.0123456789😀", min_size=1, max_size=128)
moments = st.integers(0, 100_000).map(lambda seconds: NOW - timedelta(seconds=seconds))
stories = st.builds(
    Story,
    what=st.sampled_from(What),
    name=texts,
    at=moments,
    first=moments,
    last=moments,
    container=st.sampled_from(("", "c" * 64)),
    count=st.integers(1, 300),
    back=st.none() | moments,
    healthy=st.none() | moments,
    ended=st.none() | moments,
    removed=st.booleans(),
    exit_code=st.sampled_from((None, 0, 137)),
    signal=st.sampled_from((0, 9, 15, 64, 999)),
    oom=st.booleans(),
    other=st.just("") | texts,
)


@settings(deadline=None)
@given(
    st.lists(st.lists(stories, max_size=12), min_size=1, max_size=3),
    st.integers(1, 12),
    st.sampled_from(LANGUAGES),
    st.booleans(),
)
def test_any_news_fit_and_each_is_on_some_page(
    told: list[list[Story]], times: int, language: str, silent: bool
) -> None:
    hosts = [
        HostNews(f"server{number}", tuple(sorted(each * times, key=lambda s: s.at, reverse=True)), oldest=NOW)
        for number, each in enumerate(told)
    ]
    if silent:
        hosts.append(HostNews("dead", error=EngineRefused("dead", 500, "x" * 4000)))
    with speaking(catalogues(language), ALMATY):
        seen = all_pages(*hosts)
    assert all(each.name in seen for host in hosts for each in host.stories)


def test_all_that_two_engines_remember_fits_into_pages() -> None:
    hosts = [
        HostNews(
            f"server{number}",
            tuple(story(What.FELL, f"{number}-{place}-{'x' * 110}", place) for place in range(256)),
            oldest=NOW,
        )
        for number in range(2)
    ]
    seen = all_pages(*hosts)
    assert all(each.name in seen for host in hosts for each in host.stories)


def all_pages(*hosts: HostNews) -> str:
    """Each within the limits."""
    seen = ""
    for page in range(1000):
        answer = shown(*hosts, asked=ASKED.model_copy(update={"page": page}))
        assert_fits(answer)
        seen += text(answer)
        if not any(button.text.startswith(f"{page + 2}/") for row in answer.rows for button in row):
            break
    return seen.replace("\u2060", "")


@given(
    st.none() | st.integers(0, 2**32 - 1),
    st.none() | st.integers(0, 2**32 - 1),
)
def test_a_button_carries_the_time_in_64_bytes(since: int | None, until: int | None) -> None:
    ends = [None if end is None else datetime.fromtimestamp(end, UTC) for end in (since, until)]
    asked = News.of(f"{2**52 - 1:x}", "h" * 24, TimeSpan(*ends)).model_copy(update={"page": 999})
    assert len(asked.pack().encode()) <= 64
    assert News.unpack(asked.pack()).span(NOW) == TimeSpan(*ends)


def test_a_time_that_no_button_can_carry_is_bounded() -> None:
    ends = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert News.of("1", "", TimeSpan(*ends)).span(NOW).since == datetime(1970, 1, 1, tzinfo=UTC)


def test_hours_are_counted_from_the_press() -> None:
    assert ASKED.span(NOW) == HOUR


@pytest.mark.parametrize(
    ("typed", "host", "since"),
    [
        (None, None, None),
        ("server2", "server2", None),
        ("2h", None, NOW - timedelta(hours=2)),
        ("server2 14:00", "server2", NOW.replace(minute=0, second=0)),
        ("14:30 Server2", "Server2", NOW.replace(day=22, minute=30, second=0)),
        ("server2 2026-11-20 14:00", "server2", NOW.replace(day=20, minute=0, second=0)),
    ],
)
def test_what_is_typed(typed: str | None, host: str | None, since: datetime | None) -> None:
    found, span = args.host_and_span(typed, NOW.astimezone(UTC), ALMATY)
    assert (found, span.since if span else None) == (host, since)


@pytest.mark.parametrize("typed", ["server2 server1", "server2 25:00", "1h 2h server2"])
def test_what_is_too_much(typed: str) -> None:
    with pytest.raises(UsageError):
        args.host_and_span(typed, NOW, ALMATY)
