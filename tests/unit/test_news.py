"""What engines remember: parsed with suspicion, folded into stories, narrowed to a scope."""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.access import Scope
from services.domain.containers import Health
from services.domain.news import Deed, Fact, Gravity, History, Story, What
from services.domain.spans import TimeSpan
from services.domain.stories import stories
from services.fleet import news
from services.fleet.news import MOST_FACTS, event_of, remembered
from services.fleet.newsroom import _host_news
from services.fleet.streams import Response
from tests.unit.test_streams import Tape, pieces

ID, OTHER = "c6" * 32, "d7" * 32
THEN = datetime(2026, 11, 24, 2, 46, 16, 891439, tzinfo=UTC)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def line(kind: str, action: str, subject: str = ID, /, **attributes: Any) -> bytes:
    """As 20.10 writes it."""
    actor = {"ID": subject, "Attributes": attributes}
    event: dict[str, Any] = {"status": action, "id": subject, "Type": kind, "Action": action, "Actor": actor}
    return json.dumps(
        {**event, "scope": "local", "time": 1795488376, "timeNano": 1795488376891439894}
    ).encode()


def fact_of(kind: str, action: str, subject: str = ID, /, **attributes: Any) -> Fact:
    event = event_of("server2", line(kind, action, subject, **attributes))
    assert event is not None
    at, fact = event
    assert fact is not None
    assert at == fact.at == THEN
    return fact


def test_facts_about_a_container() -> None:
    assert fact_of(
        "container", "die", name="directus", exitCode="137", image="x", maintainer="y" * 9999
    ) == Fact(Deed.DIE, THEN, "directus", ID, ID, exit_code=137)
    assert fact_of("container", "kill", name="directus", signal="15").signal == 15
    assert fact_of("container", "kill", name="directus", signal="SIGTERM").signal == 0
    assert fact_of("container", "health_status: unhealthy", name="n8n").health is Health.UNHEALTHY
    assert fact_of("container", "health_status: odd", name="n8n").health is None
    assert fact_of("container", "rename", name="store", oldName="/shop").old_name == "shop"
    assert fact_of("container", "start", name="../etc").name == ID[:12], "what is no name is not shown"


def test_a_label_is_not_taken_for_the_engine_s_word() -> None:
    labels = {"oldName": "directus", "exitCode": "137", "signal": "9", "container": OTHER}
    assert fact_of("container", "start", name="n8n", **labels) == Fact(Deed.START, THEN, "n8n", ID, ID)


def test_facts_about_things() -> None:
    joined = fact_of("network", "connect", OTHER, container=ID, name="back", type="bridge")
    assert (joined.deed, joined.name, joined.container) == (Deed.CONNECT, "back", ID)
    assert fact_of("volume", "create", "pgdata", driver="local").name == "pgdata"
    assert (
        fact_of("image", "pull", "directus/directus:11.6", name="directus/directus").name
        == "directus/directus:11.6"
    )
    image = f"sha256:{OTHER}"
    assert fact_of("image", "tag", image, name="team/site:2").name == "team/site:2"
    assert fact_of("image", "untag", image, name=image).name == OTHER[:12]
    assert fact_of("daemon", "reload", "AB:CD", name="server2", labels="[]").name == ""


def test_texts_are_made_presentable() -> None:
    name = fact_of(
        "network", "create", name="front\n\x1b[31m\u202ePASSWORD=hunter2hunter2 " + "x" * 9999
    ).name
    assert name.startswith("front PASSWORD=•••")
    assert len(name) <= news.LONGEST_NAME


@pytest.mark.parametrize(
    "quiet",
    [
        line("container", "exec_start: pg_isready -U directus", name="postgres"),
        line("container", "exec_die", name="postgres", exitCode="0"),
        line("container", "attach"), line("container", "top"), line("builder", "prune"), line("odd", "odd: odd"),
    ],
)  # fmt: skip
def test_what_is_not_told_still_says_how_far_memory_reaches(
    quiet: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert event_of("server2", quiet) == (THEN, None)
    assert not caplog.records


@pytest.mark.parametrize(
    "odd",
    [
        b"[]", b"\xff", b'"text"', b"{" * 100_000, b'{"Type":"container"}', b'{"Type":' + b"[" * 100_000,
        line("container", "die", name="n8n", exitCode="x"), line("container", "die", name="n8n", exitCode="9" * 99),
        line("container", "die", name=5), line("container", "die", "short", name="n8n"),
        line("network", "connect", name="back"), line("network", "connect", container="../x", name="back"),
        line("container", "die").replace(b"1795488376891439894", b"-99999999999999999999999"),
        line("container", "die").replace(b"1795488376891439894", b"1" + b"0" * 30),
        line("container", "die").replace(b"1795488376891439894", b'"now"'),
    ],
    ids=lambda odd: odd[:30].decode(errors="replace"),
)  # fmt: skip
def test_an_odd_line_is_passed_over_and_logged(odd: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert event_of("server2", odd) is None
    assert caplog.records[0].levelno == logging.WARNING
    assert len(caplog.messages[0]) < 600


words = st.text("ab/:.-_ \n\x1b\u202eя😀\ud800", max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "Type": st.sampled_from(["container", "network", "volume", "image", "daemon"]) | json_values,
            "Action": st.sampled_from(["die", "kill", "connect", "create", "pull", "reload"]) | json_values,
            "time": json_values,
            "timeNano": st.just(1795488376891439894) | json_values,
            "Actor": st.fixed_dictionaries(
                {},
                optional={
                    "ID": st.just(ID) | json_values,
                    "Attributes": st.dictionaries(
                        st.sampled_from(["name", "exitCode", "signal", "container", "oldName"]), json_values
                    )
                    | json_values,
                },
            )
            | json_values,
        },
    )
)
def test_nothing_odd_gets_through(event: dict[str, Any]) -> None:
    told = event_of("server2", json.dumps(event).encode())
    if told and (fact := told[1]):
        assert fact.name.isprintable()
        assert len(fact.name) <= news.LONGEST_NAME
        assert fact.container == "" or len(fact.container) == 64


class Engine:
    """Answers each request with the next of `bodies`, and writes down what it was asked."""

    def __init__(self, *bodies: bytes, date: datetime | None = NOON, cuts: Sequence[int] = ()) -> None:
        self.bodies, self.date, self.cuts = list(bodies), date, list(cuts)
        self.asked: list[str] = []

    @asynccontextmanager
    async def ask(self, what: str) -> AsyncIterator[Response]:
        self.asked.append(what)
        headers = {"date": f"{self.date:%a, %d %b %Y %H:%M:%S} GMT"} if self.date else {}
        yield Response(Tape(*filter(None, pieces(self.bodies.pop(0), self.cuts))), 200, headers, b"")


def at(seconds: float, raw: bytes) -> bytes:
    nano = int((NOON + timedelta(seconds=seconds)).timestamp() * 10**9)
    return raw.replace(b"1795488376891439894", str(nano).encode())


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0), max_size=12))
async def test_an_answer_cut_anywhere(cuts: list[int]) -> None:
    body = b"".join(
        at(second, raw) + b"\n"
        for second, raw in enumerate(
            (
                line("container", "exec_die"),
                line("container", "start", name="n8n"),
                line("image", "pull", "x:1"),
            )
        )
    )
    engine = Engine(body[:-1], cuts=cuts)
    history = await remembered(engine.ask, "server2", None, NOON)
    assert [fact.deed for fact in history.facts] == [Deed.START, Deed.PULL]
    assert history.oldest == NOON, "an event that is not told is remembered all the same"
    assert engine.asked == [f"events?since=0&until={NOON.timestamp():.6f}"]


@pytest.mark.parametrize("apart", [-3600, -2, 2, 3600])
async def test_where_clocks_differ_the_engine_s_own_counts(apart: float) -> None:
    there = NOON + timedelta(seconds=apart)
    engine = Engine(b"", at(0, line("container", "start")) + b"\n", date=there)
    history = await remembered(engine.ask, "server2", None, NOON)
    assert len(history.facts) == 1
    assert engine.asked[1] == f"events?since=0&until={there.timestamp():.6f}"


@pytest.mark.parametrize("date", [None, NOON, NOON - timedelta(seconds=1)])
async def test_where_they_agree_it_is_asked_once(date: datetime | None) -> None:
    engine = Engine(b"", date=date)
    assert await remembered(engine.ask, "server2", NOON, NOON) == History()
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "Mon, 99 Nov 2026 99:99:99 GMT", "1" * 5000, "Tue, 24 Nov 99999999999 12:00:00 +9999"],
)
def test_an_odd_date_is_none(date: str) -> None:
    assert news._time_of(Response(Tape(), 200, {"date": date}, b"")) is None


async def test_the_newest_are_kept_of_more_than_can_be_told() -> None:
    lines = [at(number, line("container", "start", name=f"n{number}")) for number in range(MOST_FACTS + 5)]
    history = await remembered(Engine(b"\n".join(lines) + b"\n").ask, "server2", None, NOON)
    assert len(history.facts) == MOST_FACTS
    assert history.oldest == history.facts[0].at == NOON + timedelta(seconds=5)


class Script:
    """Facts of one host, a second apart unless told: `script(5, Deed.KILL, signal=15)`."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def __call__(
        self, seconds: float, deed: Deed, name: str = "directus", identity: str = ID, **more: Any
    ) -> None:
        moment = NOON + timedelta(seconds=seconds)
        whose = identity if deed.of_container else more.pop("container", "")
        self.facts.append(Fact(deed, moment, name, more.pop("id", identity), whose, **more))

    def told(self, oldest: float = -3600) -> list[Story]:
        history = History(tuple(self.facts), NOON + timedelta(seconds=oldest))
        return list(stories(history, {ID: "directus"}))

    def only(self) -> Story:
        (story,) = self.told()
        return story


@pytest.fixture
def script() -> Script:
    return Script()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_restart_is_one_story_and_not_nine(script: Script) -> None:
    script(0, Deed.KILL, signal=15)
    script(1.8, Deed.DIE, exit_code=143)
    script(1.9, Deed.DISCONNECT, "bridge", OTHER, container=ID)
    script(1.9, Deed.UNMOUNT, "pgdata", "pgdata", container=ID)
    script(1.9, Deed.STOP)
    script(1.9, Deed.MOUNT, "pgdata", "pgdata", container=ID)
    script(1.9, Deed.CONNECT, "bridge", OTHER, container=ID)
    script(2, Deed.START)
    script(2, Deed.RESTART)
    script(13, Deed.HEALTH, health=Health.HEALTHY)
    story = script.only()
    assert (story.what, story.at, story.back, story.healthy) == (What.RESTARTED, NOON, after(2), after(13))
    assert (story.exit_code, story.gravity) == (143, Gravity.WELL)


def test_one_that_does_not_end_by_itself_had_to_be_killed(script: Script) -> None:
    script(0, Deed.KILL, signal=15)
    script(60, Deed.KILL, signal=9)
    script(60.1, Deed.DIE, exit_code=137)
    script(60.2, Deed.STOP)
    story = script.only()
    assert (story.what, story.at, story.signal, story.gravity) == (What.STOPPED, NOON, 9, Gravity.AT_REST)


def test_one_that_takes_its_time_was_stopped_all_the_same(script: Script) -> None:
    script(0, Deed.KILL, signal=15)
    script(60, Deed.DIE, exit_code=0)
    script(60.1, Deed.STOP)
    assert (script.only().what, script.only().at) == (What.STOPPED, NOON)


def test_out_of_memory_and_started_again_by_its_policy(script: Script) -> None:
    for tenth in range(3):
        script(tenth / 10, Deed.OOM)
    script(0.5, Deed.DIE, exit_code=137)
    script(3.5, Deed.START)
    story = script.only()
    assert (story.what, story.oom, story.exit_code, story.back) == (What.FELL, True, 137, after(3.5))
    assert story.gravity is Gravity.UNWELL


@pytest.mark.parametrize(
    ("belated", "told"), [(Deed.OOM, (What.FELL, True, 0)), (Deed.KILL, (What.KILLED, False, 9))]
)
def test_what_brought_the_end_is_told_a_moment_after_it(
    script: Script, belated: Deed, told: tuple[What, bool, int]
) -> None:
    script(0, Deed.DIE, exit_code=137)
    script(0.05, belated, signal=9 if belated is Deed.KILL else 0)
    story = script.only()
    assert (story.what, story.oom, story.signal) == told
    script(30, belated)
    assert len(script.told()) == 2, "what comes much later is a story of its own"


def test_killed_is_not_fallen(script: Script) -> None:
    script(0, Deed.KILL, signal=9)
    script(0.1, Deed.DIE, exit_code=137)
    assert (script.only().what, script.only().oom, script.only().gravity) == (
        What.KILLED,
        False,
        Gravity.DOWN,
    )


def test_a_signal_long_ago_is_no_cause(script: Script) -> None:
    script(0, Deed.KILL, signal=1)
    script(60, Deed.DIE, exit_code=1)
    assert [story.what for story in script.told()] == [What.FELL, What.SIGNALLED]


def test_a_loop_of_falls_is_one_story(script: Script) -> None:
    script(0, Deed.CREATE)
    script(0.1, Deed.START)
    for number in range(1, 5):
        script(number * 10, Deed.DIE, exit_code=3)
        if number < 4:
            script(number * 10 + 1, Deed.START)
    falls, created = script.told()
    assert (created.what, created.back) == (What.CREATED, after(0.1))
    assert (falls.what, falls.count, falls.first, falls.at) == (What.FELL, 4, after(10), after(40))
    assert falls.gravity is Gravity.DOWN


def test_what_comes_long_after_is_told_at_its_own_time(script: Script) -> None:
    script(0, Deed.DIE, exit_code=1)
    script(7200, Deed.START)
    script(10_000, Deed.HEALTH, health=Health.UNHEALTHY)
    script(20_000, Deed.HEALTH, health=Health.HEALTHY)
    told = script.told()
    assert [story.what for story in told] == [What.HEALTHY, What.UNHEALTHY, What.STARTED, What.FELL]
    assert [story.gravity for story in told] == [Gravity.WELL, Gravity.WELL, Gravity.WELL, Gravity.UNWELL]
    assert told[0].first == after(10_000)


def test_a_job_that_comes_and_goes(script: Script) -> None:
    script(0, Deed.CREATE, "backup")
    script(0.2, Deed.START, "backup")
    script(30.2, Deed.DIE, "backup", exit_code=0)
    script(30.3, Deed.DESTROY, "backup")
    story = script.only()
    assert (story.what, story.first, story.ended, story.removed) == (What.RAN, after(0.2), after(30.2), True)


def test_made_anew_by_compose(script: Script) -> None:
    script(0, Deed.CREATE, f"{'ab' * 6}_directus", OTHER)
    script(1, Deed.KILL, signal=15)
    script(2, Deed.DIE, exit_code=143)
    script(2.1, Deed.STOP)
    script(2.2, Deed.DESTROY)
    script(2.3, Deed.RENAME, "directus", OTHER, old_name=f"{'ab' * 6}_directus")
    script(4, Deed.START, "directus", OTHER)
    story = script.only()
    assert (story.what, story.name, story.at, story.back) == (What.MADE_ANEW, "directus", after(1), after(4))


def test_removed_by_force(script: Script) -> None:
    script(0, Deed.KILL, signal=9)
    script(0.1, Deed.DIE, exit_code=137)
    script(0.3, Deed.DESTROY)
    assert (script.only().what, script.only().in_trouble) == (What.REMOVED, False)


def test_paused_and_unwell(script: Script) -> None:
    script(0, Deed.PAUSE)
    script(5, Deed.UNPAUSE)
    script(10, Deed.HEALTH, health=Health.UNHEALTHY)
    script(20, Deed.DIE, exit_code=1)
    fell, unhealthy, paused = script.told()
    assert (paused.what, paused.back, paused.in_trouble) == (What.PAUSED, after(5), False)
    assert (unhealthy.what, unhealthy.ended, unhealthy.in_trouble) == (What.UNHEALTHY, after(20), False)
    assert fell.what is What.FELL


def test_by_hand_a_network_is_news(script: Script) -> None:
    script(0, Deed.NETWORK_CREATE, "back", OTHER)
    script(100, Deed.CONNECT, "back", OTHER, container=ID)
    script(200, Deed.DISCONNECT, "back", OTHER, container=ID)
    script(200.1, Deed.DISCONNECT, "back", OTHER, container=ID)
    told = script.told()
    assert [story.what for story in told] == [What.DISCONNECTED, What.CONNECTED, What.NETWORK_CREATED]
    assert (told[0].name, told[0].other) == ("directus", "back")


def test_an_end_that_memory_has_lost_explains_what_follows(script: Script) -> None:
    script(0, Deed.UNMOUNT, "pgdata", "pgdata", container=ID)
    assert script.told(oldest=0) == []
    assert len(script.told(oldest=-60)) == 1


def test_volumes_are_news_but_for_nameless_ones_and_false_reports(script: Script) -> None:
    script(0, Deed.VOLUME_CREATE, "pgdata", "pgdata")
    script(60, Deed.VOLUME_CREATE, "pgdata", "pgdata")
    script(60, Deed.VOLUME_CREATE, "uploads", "uploads")
    script(60, Deed.VOLUME_CREATE, OTHER, OTHER)
    script(60.01, Deed.CREATE)
    script(90, Deed.VOLUME_DESTROY, "pgdata", "pgdata")
    script(91, Deed.VOLUME_CREATE, "pgdata", "pgdata")
    things = [(s.what, s.name) for s in script.told() if s.what is not What.CREATED]
    assert things == [
        (What.VOLUME_CREATED, "pgdata"), (What.VOLUME_REMOVED, "pgdata"), (What.VOLUME_CREATED, "pgdata"),
    ]  # fmt: skip


def test_an_image_and_its_tags(script: Script) -> None:
    script(0, Deed.TAG, "site:1", OTHER)
    script(0.1, Deed.TAG, "site:2", OTHER)
    script(50, Deed.UNTAG, OTHER[:12], OTHER)
    script(60, Deed.UNTAG, OTHER[:12], OTHER)
    script(60.1, Deed.DELETE, OTHER[:12], OTHER)
    assert [(story.what, story.name) for story in script.told()] == [
        (What.DELETED, "site:2"), (What.UNTAGGED, OTHER[:12]), (What.TAGGED, "site:2"), (What.TAGGED, "site:1"),
    ]  # fmt: skip


IDS = (ID, OTHER, "e8" * 32)
NAMES = ("directus", "secret-a", "secret-b")
OF_A_CONTAINER = (Deed.CONNECT, Deed.DISCONNECT, Deed.MOUNT, Deed.UNMOUNT)


def as_parsed(fact: Fact) -> Fact:
    """Only some deeds have a container, or an old name."""
    container = fact.container if fact.deed.of_container or fact.deed in OF_A_CONTAINER else ""
    return replace(fact, container=container, old_name=fact.old_name if fact.deed is Deed.RENAME else "")


facts = st.builds(
    Fact,
    deed=st.sampled_from(Deed),
    at=st.integers(0, 400).map(after),
    name=st.sampled_from(NAMES),
    id=st.sampled_from(IDS),
    container=st.sampled_from(IDS),
    old_name=st.sampled_from(("", *NAMES)),
    exit_code=st.sampled_from((None, 0, 1, 137)),
    signal=st.sampled_from((0, 1, 9, 15)),
    health=st.sampled_from((None, *Health)),
).map(as_parsed)
histories = st.lists(facts, max_size=40).map(
    lambda found: History(tuple(sorted(found, key=lambda fact: fact.at)), NOON)
)


@settings(deadline=None)
@given(histories)
def test_any_history_can_be_told(history: History) -> None:
    told = stories(history, {})
    assert [story.at for story in told] == sorted((story.at for story in told), reverse=True)
    assert all(story.first <= story.at and story.count >= 1 for story in told)
    ends = {fact.container for fact in history.facts if fact.deed is Deed.DIE}
    assert ends <= {story.container for story in told}, "no death goes untold"


@settings(deadline=None)
@given(histories)
def test_a_viewer_learns_of_what_is_in_scope_alone(history: History) -> None:
    renamed = [
        fact if fact.deed.of_container else replace(fact, name="net-of-theirs") for fact in history.facts
    ]
    answer = History(tuple(renamed), history.oldest)
    seen = _host_news("server2", answer, None, TimeSpan(), Scope.of("*/directus"))
    theirs = {
        fact.container
        for fact in renamed
        if fact.deed.of_container and "directus" in (fact.name, fact.old_name)
    }
    for story in seen.stories if seen else ():
        assert story.name == "directus"
        assert story.other in ("", "directus", "net-of-theirs")
        assert story.container in theirs
    assert bool(theirs) == (seen is not None)


@settings(deadline=None)
@given(histories, histories)
def test_how_much_happened_out_of_scope_tells_nothing(history: History, other: History) -> None:
    """How far back an engine remembers depends on it."""
    scope = Scope.of("*/directus")
    theirs = tuple(fact for fact in history.facts if fact.deed.of_container and fact.name == "directus")
    hidden = [fact for fact in other.facts if "directus" not in (fact.name, fact.old_name)]
    known = {fact.container for fact in theirs}
    hidden = [fact for fact in hidden if fact.container not in known]
    busy = tuple(sorted((*theirs, *hidden), key=lambda fact: fact.at))
    seen = [
        _host_news("server2", History(facts, oldest), None, TimeSpan(), scope)
        for facts, oldest in ((theirs, NOON - timedelta(days=9)), (busy, NOON))
    ]
    assert seen[0] == seen[1]


def test_who_sees_the_whole_host_sees_things_too() -> None:
    history = History((Fact(Deed.NETWORK_CREATE, NOON, "back", OTHER),), NOON)
    whole = _host_news("server2", history, None, TimeSpan(), Scope.of("server2/*"))
    assert whole is not None
    assert [story.what for story in whole.stories] == [What.NETWORK_CREATED]
    assert _host_news("server2", history, None, TimeSpan(), Scope.of("*/n8n", "server1/*")) is None


def test_the_time_asked_for_and_the_last_before_it(script: Script) -> None:
    script(0, Deed.START, "n8n", OTHER)
    script(100, Deed.DIE, exit_code=1)
    script(130, Deed.START)
    history = History(tuple(script.facts), NOON)

    def within(since: float | None, until: float | None = None) -> tuple[list[str], str | None]:
        ends = (None if end is None else after(end) for end in (since, until))
        found = _host_news("server2", history, None, TimeSpan(*ends), Scope.of("*/*"))
        assert found is not None
        return [story.name for story in found.stories], found.before.name if found.before else None

    assert within(None) == (["directus", "n8n"], None)
    assert within(110) == (["directus"], "n8n"), "what ends in the time belongs to it"
    assert within(200) == ([], "directus")
    assert within(0, 50) == (["n8n"], None)
