"""A page of logs as a chat sees it: within Telegram's limits, its title, notes, seams and buttons."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers.callbacks import LogTurn
from handlers.views.answer import CAPTION_UNITS, MESSAGE_ENTITIES, MESSAGE_UNITS, Answer, units
from handlers.views.logs import log_page, log_page_file, waiting
from handlers.words import catalogues
from services.domain.containers import Container, State
from services.domain.logs import Stream, stamp_of
from services.domain.spans import TimeSpan
from services.errors import HostSilent, LogsUnreadable, Silence
from services.logs.pages.page import LogPage, Look
from services.logs.pages.questions import ALL, Bookmark, LogQuestion, Place, Sieve
from services.logs.pages.restarts import Restart
from services.logs.stream.windows import Mark
from services.logs.text.levels import Level
from services.logs.text.presenter import ShownLine

NOW = datetime(2026, 11, 23, 9, 6, tzinfo=UTC)  # 14:06
OLDER = Place("0", Mark(7, b"x"), Mark(1, b"y"), b"y")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty")):
        yield


def container(name: str = "n8n", host: str = "server1") -> Container:
    return Container(host, "0123456789abcdef" * 4, name, "image", State.RUNNING, None, NOW)


def lines(*texts: str, name: str = "n8n", begin: datetime = NOW - timedelta(minutes=10)) -> list[ShownLine]:
    """One a second."""
    return [
        ShownLine("server1", name, stamp_of(begin + timedelta(seconds=n)), Stream.STDOUT, text)
        for n, text in enumerate(texts)
    ]


def page(
    shown: Sequence[ShownLine] = (),
    *,
    asked: int = 50,
    sieve: Sieve = ALL,
    span: TimeSpan | None = None,
    text: str = "",
    newest: bool = True,
    older: bool = True,
    containers: Sequence[Container] = (),
) -> LogPage:
    question = LogQuestion(("n8n",), asked, span=span or TimeSpan(), sieve=sieve, text=text)
    bookmark = Bookmark(question, (OLDER,) if older else (), len(shown), b"", b"", newest)
    return LogPage(tuple(containers) or (container(),), tuple(shown), NOW, bookmark, token="t" * 8)


def text_of(of: LogPage) -> str:
    return log_page(of, "3e9").text.render()[0]


def title_of(of: LogPage) -> str:
    return text_of(of).split("\n", 1)[0]


def buttons(answer: Answer) -> list[list[str]]:
    return [[each.text for each in row] for row in answer.rows if row]


def assert_fits(answer: Answer) -> None:
    text, entities = answer.text.render()
    assert 0 < units(text) <= (CAPTION_UNITS if answer.file else MESSAGE_UNITS)
    assert len(entities) <= MESSAGE_ENTITIES


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=3000), max_size=60),
    st.booleans(),
)
def test_any_page_fits_and_a_file_holds_all_of_it(texts: list[str], several: bool) -> None:
    shown = lines(*texts)
    both = [container(), container("directus")] if several else []
    with speaking(catalogues("ru"), ZoneInfo("UTC")):
        answer = log_page(page(shown, containers=both), "3e9")
        assert_fits(answer)
    if answer.file:
        assert answer.file.content.decode() == "\n".join(texts) + "\n"
    elif any(text.strip() for text in texts) and not several:
        assert all(text in answer.text.render()[0] for text in texts if not text.startswith("{"))


def test_titles() -> None:
    shown = lines("a", "b")
    assert title_of(page(shown, asked=2)) == "n8n on server1 · last 2 lines · 14:06"
    assert title_of(page(shown)) == "n8n on server1 · 2 lines, that is all · 14:06"
    assert title_of(page(shown, newest=False)) == "n8n on server1 · 2 lines · 13:56:00–13:56:01"
    early = lines("a", begin=NOW - timedelta(days=1)) + lines("b")
    assert title_of(page(early, newest=False)) == "n8n on server1 · 2 lines · 22 Nov, 14:06–13:56"
    warn = page(shown, asked=2, sieve=Sieve(Level.WARN, None, Stream.STDERR))
    assert title_of(warn) == "n8n on server1 · WARN and above, stderr · last 2 lines · 14:06"
    since = page(shown, span=TimeSpan(NOW - timedelta(minutes=30)))
    assert title_of(since) == "n8n on server1 · 2 lines · since 13:36 · 14:06"
    cut = replace(page(shown), cut=True)
    assert title_of(cut) == "n8n on server1 · 2 lines · too large, the oldest left out · 14:06"


def test_titles_of_several() -> None:
    two = [container(), container("directus")]
    assert title_of(page(lines("a"), containers=two)).startswith("n8n, directus on server1 · ")
    apart = [container(), container("directus", "server2")]
    assert title_of(page(lines("a"), containers=apart)).startswith("server1/n8n, server2/directus · ")
    many = page(lines("a"), containers=[container(f"c{n}") for n in range(9)])
    assert title_of(many).startswith("n8n · 9 containers · ")


def test_of_several_each_line_says_whose_it_is_and_when_it_was() -> None:
    two = [container(), container("directus")]
    assert text_of(page(lines("a"), containers=two)).split("\n")[1:] == ["13:56:00 n8n│ a"]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (page(), "The log is empty."),
        (page(lines("", " ")), "Only blank lines."),
        (page(sieve=Sieve(Level.WARN)), "No such line in the whole log."),
        (page(newest=False), "Nothing older."),
        (page(span=TimeSpan(NOW - timedelta(minutes=30)), text="n8n 30m"), "No lines in the last 30 min."),
        (page(span=TimeSpan(NOW - timedelta(minutes=30)), text="n8n 13:36"), "No lines since 13:36."),
        (
            page(span=TimeSpan(NOW - timedelta(minutes=30), NOW - timedelta(minutes=20)), newest=False),
            "No lines from 13:36 to 13:46.",
        ),
        (
            page(span=TimeSpan(None, NOW - timedelta(days=1)), newest=False),
            "No lines before 22 Nov, 14:06.",
        ),
        (replace(page(), back_to=NOW - timedelta(hours=5)), "Nothing found back to 09:06."),
    ],
)
def test_nothing_to_show_says_why(of: LogPage, words: str) -> None:
    assert text_of(of).split("\n")[1:] == [words]


def test_the_last_line_tells_since_when_it_is_quiet() -> None:
    quiet = page(span=TimeSpan(NOW - timedelta(minutes=30)), text="n8n 30m")
    assert text_of(replace(quiet, last=NOW - timedelta(minutes=134))).endswith(
        "No lines in the last 30 min. Last line: 11:52."
    )


def test_what_could_not_be_read_is_one_line_a_host() -> None:
    silent = HostSilent("server2", Silence.TIMEOUT, NOW - timedelta(minutes=4))
    of = replace(page(lines("a")), silent=(silent, silent, LogsUnreadable("server1", "redis", "none")))
    assert text_of(of).split("\n")[1:] == [
        "⚠️ server2: no contact since 14:02",
        '⚠️ redis keeps no readable log: its log driver is "none".',
        "a",
    ]


def test_a_look_that_ended_early_says_so_and_goes_on() -> None:
    of = replace(page(lines("a"), sieve=Sieve(Level.WARN)), back_to=NOW - timedelta(hours=5))
    assert "\nLooked back to 09:06.\n" in text_of(of)
    assert buttons(log_page(of, "3e9"))[0] == ["‹ Further back", "Newer ›"]


def test_seams_of_restarts() -> None:
    shown = lines("old", "new")
    began = NOW - timedelta(minutes=10)
    at = (began + timedelta(milliseconds=400), began + timedelta(milliseconds=600))
    restart = Restart(container(), *at, exit_code=137)
    assert text_of(replace(page(shown), restarts=(restart,))).split("\n")[1:] == [
        "old",
        "— restarted 13:56:00, exit 137 —",
        "new",
    ]
    gone = Restart(container(), began + timedelta(seconds=3), exit_code=1)
    assert text_of(replace(page(shown), restarts=(gone,))).endswith("new\n— ended 13:56:03, exit 1 —")
    assert "ended" not in text_of(replace(page(shown, newest=False), restarts=(gone,)))
    both = (Restart(container(), *at), gone)
    assert text_of(replace(page(shown), restarts=both)).count("—") == 4
    long = Restart(container(), began + timedelta(milliseconds=1), began + timedelta(milliseconds=2))
    long = replace(long, finished=began - timedelta(hours=3), started=began + timedelta(hours=3, seconds=1))
    assert "restarted 16:56:01, down 6 hr" in text_of(replace(page(shown), restarts=(long,)))


def test_a_restart_long_after_is_told_once() -> None:
    shown = [*lines("old"), *lines("new", begin=NOW - timedelta(minutes=1))]
    at = NOW - timedelta(minutes=1, seconds=1)
    restart = Restart(container(), at, at, exit_code=1)
    assert text_of(replace(page(shown), restarts=(restart,))).split("\n")[1:] == [
        "old",
        "— restarted 14:04:59, exit 1 —",
        "new",
    ]


def test_buttons() -> None:
    answer = log_page(page(lines("a", "b"), asked=2), "3e9")
    assert buttons(answer) == [["‹ Older", "Newer ›"], ["200", "1000", "↻"], ["File", "Follow", "Search"]]
    assert buttons(log_page(page(lines("a"), older=False), "3e9")) == [
        ["Newer ›"],
        ["↻"],
        ["File", "Follow", "Search"],
    ]
    assert buttons(log_page(page(older=False), "3e9")) == [["↻"], ["Follow", "Search"]]
    long = log_page(page(lines("x" * 5000)), "3e9")
    assert long.file and "File" not in [label for row in buttons(long) for label in row]


def test_without_a_store_a_single_container_is_still_read_again() -> None:
    lost = replace(page(lines("a", "b"), asked=2), token=None)
    assert buttons(log_page(lost, "3e9")) == [["200", "1000", "↻"]]


def test_a_page_further_back_keeps_its_place_in_other_sizes() -> None:
    rows = log_page(page(lines("a"), newest=False), "3e9").rows
    acts = {
        each.text: LogTurn.unpack(each.callback_data or "").act
        for row in rows
        for each in row
        if (each.callback_data or "").startswith("lg:")
    }
    assert acts["200"] == "size" and acts["↻"] == "renew" and acts["‹ Older"] == "older"


def test_a_button_leads_before_a_restart_that_the_page_does_not_reach() -> None:
    before = NOW - timedelta(hours=2)
    restart = Restart(container(), before, before + timedelta(seconds=1))
    with_it = log_page(replace(page(lines("a")), restarts=(restart,)), "3e9")
    assert "Before the restart" in buttons(with_it)[-1]
    long_ago = Restart(
        container(), before - timedelta(days=2), before - timedelta(days=2) + timedelta(1 / 86400)
    )
    without = log_page(replace(page(lines("a")), restarts=(long_ago,)), "3e9")
    assert "Before the restart" not in buttons(without)[-1]


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("https://logs.example.org/container/0123456789ab", True),
        ("http://10.0.0.5:8080/dozzle/container/0123456789ab", True),
        ("http://localhost:8080/container/0123456789ab", False),
        (None, False),
    ],
)
def test_the_container_in_dozzle(link: str | None, there: bool) -> None:
    answer = log_page(replace(page(lines("a")), link=link), "3e9")
    assert [each.url for row in answer.rows for each in row if each.url] == ([link] if there else [])


def test_the_file_and_the_words_of_waiting() -> None:
    file = log_page_file(page(lines('{"level":50}', "b"))).file
    assert file is not None
    assert (file.name, file.content) == ("n8n-server1-20261123-140600.log", b'{"level":50}\nb\n')
    assert waiting(Look()).text.render()[0] == "⏳ reading …"
    look = Look(NOW - timedelta(hours=5))
    assert waiting(look).text.render()[0] == "⏳ looking back, at 23 Nov, 09:06:00 …"


def test_times_between_lines_that_have_none() -> None:
    shown = lines("a") + lines("b", begin=NOW - timedelta(minutes=3)) + lines("c", begin=NOW)
    assert text_of(page(shown)).split("\n")[1:] == ["a", "— 14:03 —", "b", "— 14:06 —", "c"]
    timed = lines("13:56:00 a") + lines("14:03:00 b", begin=NOW - timedelta(minutes=3))
    assert "—" not in text_of(page(timed))
