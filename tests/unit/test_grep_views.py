"""What a search has found as a chat sees it: within Telegram's limits, honest about how far it looked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from aiogram.types import User
from aiogram.utils.formatting import TextMention
from hypothesis import given
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers.callbacks import SearchTurn
from handlers.views.answer import MESSAGE_ENTITIES, MESSAGE_UNITS, Answer, units
from handlers.views.failures import failure, sentence
from handlers.views.grep import ask_pattern, placeholder, progress, search_page
from handlers.views.grep_file import search_file
from handlers.words import catalogues
from services.domain.logs import Stream, stamp_of
from services.domain.spans import TimeSpan
from services.errors import Fault, HostSilent, LogsUnreadable, PatternRefused, Silence
from services.logs.pages.questions import Sieve
from services.logs.search.hits import Found, Hit, Progress, SearchQuestion, Stop, Tally, Times, Watch
from services.logs.stream.windows import Mark
from services.logs.text.levels import Level
from services.logs.text.presenter import ShownLine

NOW = datetime(2026, 11, 23, 9, 6, tzinfo=UTC)  # 14:06
TOKEN = "abcdefgh"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty")):
        yield


def line(text: str, ago: float = 60, name: str = "n8n") -> ShownLine:
    return ShownLine("server1", name, stamp_of(NOW - timedelta(seconds=ago)), Stream.STDOUT, text)


def hit(text: str, number: int = 1, *, name: str = "n8n", context: int = 0) -> Hit:
    """The so-manieth newest line of its log, so many minutes old."""
    around = [
        line(f"around {step}", 60 * number + step, name) for step in range(context, -context - 1, -1) if step
    ]
    before, after = tuple(around[:context]), tuple(around[context:])
    shown = line(text, 60 * number, name)
    return Hit(name, -number, shown, before, after, Mark(number, shown.stamp, b"c"))


def tally(name: str = "n8n", count: int = 0, *, ago: float | None = None, **facts: object) -> Tally:
    """`ago`: minutes to where it has got; without it all was looked at."""
    reached = None if ago is None else stamp_of(NOW - timedelta(minutes=ago))
    usual = {"reached": reached, "done": ago is None, "mark": None if ago is None else Mark(9, b"m")}
    return Tally(name, "server1", name, count, **(usual | facts))  # type: ignore[arg-type]


def found(
    *tallies: Tally, hits: tuple[Hit, ...] = (), question: SearchQuestion | None = None, **more: object
) -> Found:
    times = Times()
    times.add(each.line.stamp for each in hits)
    tallies = tallies or (tally(count=len(hits)),)
    return Found(question or SearchQuestion("ECONNREFUSED"), tallies, hits, times, NOW, **more)  # type: ignore[arg-type]


def text(answer: Answer) -> str:
    return str(answer.text.render()[0])


def shown(page: Found) -> str:
    return text(search_page(page).answer(TOKEN, "1"))


def buttons(page: Found) -> list[tuple[str, str]]:
    answer = search_page(page).answer(TOKEN, "1")
    return [
        (each.text, SearchTurn.unpack(each.callback_data or "").act) for row in answer.rows for each in row
    ]


def test_the_first_line_says_what_how_often_where_and_how_far_back() -> None:
    hits = tuple(hit("ERROR connect ECONNREFUSED", number) for number in range(1, 4))
    page = found(
        tally(count=200, ago=300), tally("api", 12, ago=294), tally("web"), hits=hits, stop=Stop.ENOUGH
    )
    lines = shown(page).splitlines()
    assert lines[0] == "🔎 ECONNREFUSED · 212 hits in 2 of 3 · back to 09:12"
    assert lines[1] == "n8n 200 · api 12"
    assert lines[2] == "09:12 ▕               █▏ 14:06"
    assert lines[3] == "The newest 3 of 212:"
    assert lines[4] == "14:05:00 n8n│ ERROR connect ECONNREFUSED"
    assert buttons(page) == [("More", "on"), ("Context", "context"), ("File", "file"), ("↻", "again")]


def test_in_russian() -> None:
    with speaking(catalogues("ru"), ZoneInfo("Asia/Almaty")):
        page = found(tally(count=21, ago=300), tally("web"), hits=(hit("x"),), stop=Stop.TIME)
        lines = shown(page).splitlines()
    assert lines[0] == "🔎 ECONNREFUSED · 21 строка в 1 логе из 2 · просмотрено с 09:06"
    assert lines[1] == "Время вышло; что раньше, ещё не смотрели."


@pytest.mark.parametrize(
    ("question", "head"),
    [
        (SearchQuestion("x", ignore_case=True, invert=True), "🔎 x -i -v · 1 hit in n8n · the whole log"),
        (SearchQuestion("", sieve=Sieve(Level.WARN)), "🔎 ≥ WARN · 1 hit in n8n · the whole log"),
        (
            SearchQuestion("x", sieve=Sieve(Level.ERROR, stream=Stream.STDERR)),
            "🔎 x ≥ ERROR stderr · 1 hit in n8n · the whole log",
        ),
        (
            SearchQuestion("x", span=TimeSpan(NOW - timedelta(minutes=30))),
            "🔎 x · 1 hit in n8n · since 13:36",
        ),
        (SearchQuestion("x", places=()), "🔎 x · 1 further hit in n8n · the whole log"),
    ],
)
def test_the_first_line_for_one_log_and_with_options(question: SearchQuestion, head: str) -> None:
    assert shown(found(hits=(hit("x"),), question=question)).splitlines()[0] == head


def test_nothing_found_says_where_and_how_far_and_what_to_try() -> None:
    page = found(*(tally(f"c{n}", ago=24 * 60 * n) for n in range(1, 15)), stop=Stop.TIME)
    lines = shown(page).splitlines()
    assert lines == [
        "🔎 ECONNREFUSED · no hit in 14 logs · back to 22 Nov, 14:06",
        "The time was up; there is more further back.",
    ]
    assert buttons(page) == [("Go on", "on_here"), ("Ignore case", "fold"), ("↻", "again")]
    whole = found(tally(), tally("web"))
    assert shown(whole).splitlines() == [
        "🔎 ECONNREFUSED · no hit in 2 logs · all of the logs",
        "A part of a word is enough.",
    ]
    assert buttons(whole) == [("Ignore case", "fold"), ("↻", "again")]
    question = SearchQuestion("12", ("n8n",), span=TimeSpan(NOW - timedelta(hours=1)))
    since = found(tally(), question=question)
    assert shown(since).splitlines() == ["🔎 12 · no hit in n8n · since 13:06"]
    assert buttons(since) == [("All of the log", "always"), ("↻", "again")]  # figures have no case
    named = found(tally(), question=SearchQuestion("x", ("n8n",), invert=True))
    assert buttons(named) == [
        ("All logs", "everywhere"),
        ("↻", "again"),
    ]  # with less regard to case even less is left


def test_what_may_have_been_meant_is_a_tap_away() -> None:
    question = SearchQuestion("status", context=3, quoted='"status 500" n8n')
    page = found(hits=(hit("status 200"),), question=question)
    assert buttons(page) == [('🔎 "status 500" n8n', "quoted"), ("File", "file"), ("↻", "again")]


def test_what_was_not_looked_at_is_told() -> None:
    silence = HostSilent("server2", Silence.UNREACHABLE)
    page = found(
        tally(count=1, ago=5),
        tally("web", failure=LogsUnreadable("server1", "web", "none"), done=False),
        tally("api", done=False),
        hits=(hit("x"),),
        stop=Stop.CANCELLED,
        silent=(silence,),
    )
    lines = shown(page).splitlines()
    assert lines[1] == sentence(silence, NOW)
    assert lines[2] == '⚠️ web keeps no readable log: its log driver is "none".'
    assert lines[3:5] == ["Cancelled.", "1 log was not begun."]
    many = found(*(tally(f"c{n}", failure=LogsUnreadable("server1", f"c{n}", "none")) for n in range(20)))
    assert "⚠️ +15" in shown(many)


def test_context_stands_around_each_hit_and_groups_are_apart() -> None:
    hits = (hit("newest", 1, context=1), hit("other", 5, name="web", context=1), hit("oldest", 9, context=1))
    page = found(tally(count=2), tally("web", 1), hits=hits)
    block = shown(page).splitlines()[-11:]
    assert [each.partition("│ ")[2] or each for each in block] == [
        "around 1", "newest", "around -1", "— … —", "around 1", "other", "around -1", "— … —", "around 1", "oldest",
        "around -1",
    ]  # fmt: skip


def test_neighbours_share_their_context() -> None:
    lines = [line(f"line {number}", 100 - number) for number in range(10)]

    def neighbour(number: int) -> Hit:
        return Hit(
            "n8n",
            number - 10,
            lines[number],
            tuple(lines[number - 2 : number]),
            tuple(lines[number + 1 : number + 3]),
        )

    block = shown(found(hits=(neighbour(6), neighbour(3)))).splitlines()[-8:]
    assert [each.split()[-1] for each in block] == ["1", "2", "3", "4", "5", "6", "7", "8"]


@given(
    st.lists(
        st.tuples(st.text(max_size=300), st.integers(0, 3), st.sampled_from(["n8n", "web"])),
        min_size=1,
        max_size=50,
    ),
    st.integers(0, 1000),
    st.sampled_from(["en", "ru"]),
)
def test_whatever_was_found_it_fits_and_onward_goes_on_behind_it(
    rows: list[tuple[str, int, str]], more: int, language: str
) -> None:
    hits = tuple(
        hit(words.replace("\n", " "), number * 10, name=name, context=context)
        for number, (words, context, name) in enumerate(rows, 1)
    )
    with speaking(catalogues(language), ZoneInfo("Asia/Almaty")):
        page = search_page(
            found(
                tally(count=sum(each.container == "n8n" for each in hits) + more, ago=9000),
                tally("web", sum(each.container == "web" for each in hits)),
                hits=hits,
                stop=Stop.ENOUGH,
            )
        )
        answer = page.answer(TOKEN, "1fffffffffffff"[:13])
    rendered, entities = answer.text.render()
    assert units(rendered) <= MESSAGE_UNITS
    assert len(entities) <= MESSAGE_ENTITIES
    assert 1 <= page.shown <= len(hits)
    for row in answer.rows:
        assert all(len((each.callback_data or "").encode()) <= 64 for each in row)


def test_a_hit_too_large_for_a_message_is_shown_without_its_context() -> None:
    large = hit("x" * 3000, context=3)
    large = replace(large, before=tuple(replace(each, text="y" * 900) for each in large.before))
    page = search_page(found(tally(count=2), hits=(large, hit("z", 9))))
    assert page.shown == 1
    assert "xxx" in text(page.answer(TOKEN, "1"))
    assert "yyy" not in text(page.answer(TOKEN, "1"))


def test_without_a_store_there_are_no_buttons() -> None:
    assert search_page(found(hits=(hit("x"),))).answer(None, "1").rows == ()


def test_progress_says_how_far_it_is_and_can_be_cancelled() -> None:
    watch = Watch(TOKEN, lambda: Progress(3, 14, 182 * 2**20, NOW - timedelta(hours=5)))
    answer = progress(watch, SearchQuestion("x", ignore_case=True), "1")
    assert text(answer) == "⏳ x -i · 3 of 14 · 182 MB · back to 23 Nov, 09:06"
    assert [each.text for row in answer.rows for each in row] == ["Cancel"]
    early = progress(Watch(), SearchQuestion("x"), "1")  # the hosts are still asked what they have
    assert (text(early), early.rows) == ("⏳ x · …", ())


def test_the_file_has_moments_names_and_what_was_looked_at() -> None:
    hits = (hit("newest", 1, context=1), hit("oldest", 9, name="web"))
    answer = search_file(found(tally(count=1, ago=30), tally("web", 3), hits=hits, stop=Stop.TIME))
    assert answer.file is not None
    assert answer.file.name == "grep-20261123-140600.log"
    assert answer.file.content.decode().splitlines() == [
        "# ECONNREFUSED",
        "# server1/n8n · 1 · … 2026-11-23 13:36:00.000+05:00",
        "# server1/web · 3",
        "",
        "2026-11-23 13:57:00.000+05:00 server1/web stdout: oldest",
        "--",
        "2026-11-23 14:04:59.000+05:00 server1/n8n stdout- around 1",
        "2026-11-23 14:05:00.000+05:00 server1/n8n stdout: newest",
        "2026-11-23 14:05:01.000+05:00 server1/n8n stdout- around -1",
    ]
    assert text(answer).splitlines()[-1] == "Too many for a file: the oldest are left out."


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("fault", Fault)
def test_each_fault_of_a_pattern_has_its_words(fault: Fault, language: str) -> None:
    with speaking(catalogues(language), ZoneInfo("Asia/Almaty")):
        words = sentence(PatternRefused(fault, "(?=", 5), NOW)
    assert "{" not in words
    assert words.strip()
    assert (fault in (Fault.EMPTY, Fault.TOO_LONG)) is not words.startswith(
        ("Pattern not", "Шаблон непонятен")
    )


def test_what_to_try_instead_can_be_copied() -> None:
    refused = PatternRefused(Fault.LOOK_AHEAD, "(?=", 4, "foo(?:bar)")
    rendered, entities = failure(refused, "1", "card", NOW).text.render()
    assert rendered == 'Pattern not understood: look-ahead "(?=" is not supported. Try: foo(?:bar)'
    assert [entity.type for entity in entities] == ["code"]


def test_the_question_for_a_pattern() -> None:
    assert str(ask_pattern(("n8n", "web"), None).render()[0]).splitlines() == [
        "🔎 What shall I look for? Reply with words or a pattern.",
        "In: n8n, web",
    ]
    whom = TextMention("Aigerim", user=User(id=1, is_bot=False, first_name="A"))
    rendered, entities = ask_pattern((), whom).render()
    assert rendered.startswith("🔎 Aigerim: What")
    assert [entity.type for entity in entities] == ["text_mention"]
    assert 1 <= len(placeholder()) <= 64
