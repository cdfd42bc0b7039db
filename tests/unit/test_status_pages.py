"""`/status` of five hundred hosts: trouble from everywhere first, and no wall of text."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.callbacks import Overview
from handlers.views.answer import Answer
from handlers.views.failures import failure
from handlers.views.picker import picker
from handlers.views.status import overview
from handlers.words import catalogues
from services.domain.containers import Condition, Reason
from services.domain.reports import FleetReport, HostReport, Observed
from services.errors import Ambiguous, HostSilent, Silence
from tests.unit.test_menu_views import labels
from tests.unit.test_views import NOW, assert_fits, observed

WELL, DOWN = (Condition.WELL, Reason.RUNNING), (Condition.DOWN, Reason.EXITED)
NAMES = [f"project-{number // 10:02}-service-{number % 10}" for number in range(100)]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty")):
        yield


def rows(host: str, down: int = 0) -> tuple[Observed, ...]:
    return tuple(
        observed(name, *(DOWN if place < down else WELL), host=host) for place, name in enumerate(NAMES)
    )


def silent(host: str, reason: Silence, *, lost: bool = True, unknown: tuple[str, ...] = ()) -> HostReport:
    since = NOW - timedelta(minutes=7) if lost else None
    return HostReport(host, silence=HostSilent(host, reason, since), unknown=unknown)


def fleet(*first: HostReport, down: int = 1) -> FleetReport:
    """Those, and as many more as make five hundred."""
    names = [f"host-{number:03}" for number in range(len(first), 500)]
    return FleetReport((*first, *(HostReport(name, rows(name, down)) for name in names)), NOW)


def text(answer: Answer) -> str:
    return answer.text.render()[0]


def test_the_first_page_tells_of_trouble_alone_and_each_line_has_its_button() -> None:
    answer = overview(fleet(), "3e9")
    assert_fits(answer)
    first, _, *body, more, _, time = text(answer).splitlines()
    assert first == "🔴 500 of 50000 need you"
    expected = [f"host-{number:03}/project-00-service-0" for number in range(14)]
    assert body == [f"🔴 {name}: down since 14:02" for name in expected]
    assert (more, time) == ("and 486 more", "14:02:00")
    assert labels(answer)[:14] == [f"{name} ▸" for name in expected]
    assert labels(answer)[14].startswith("2/")
    assert labels(answer)[15:] == [*(f"host-00{number} ▸" for number in range(5)), "↻"]


def test_pages_lead_through_all_trouble_to_all_names() -> None:
    report, seen = fleet(), ""
    answers = [overview(report, "3e9", page=page) for page in (*range(36), 36, 37)]
    for answer in answers[:36]:
        assert_fits(answer)
        seen += text(answer)
    assert all(f"host-{number:03}/project-00-service-0: down" in seen for number in range(500))
    assert "more" not in text(answers[35])
    assert "host-000\n🔴 project-00-service-0: down since 14:02\n🟢 99 fine" in text(answers[36])
    assert all(name in text(answers[36]) for name in NAMES)
    last = overview(report, "3e9", page=99999)
    assert_fits(last)
    assert NAMES[-1] in text(last)
    assert labels(last)[0].startswith("‹ "), "there is no next one"
    number, count = map(int, labels(last)[0].removeprefix("‹ ").split("/"))
    assert number == count - 1


def test_a_page_stays_where_it_is_when_it_is_made_anew() -> None:
    answer = overview(fleet(), "3e9", page=7)
    assert answer.rows[-1][-1].callback_data == Overview(asker="3e9", host="", page=7).pack()


def test_those_that_are_silent_for_the_same_reason_are_told_together() -> None:
    why = (Silence.CONNECTING, Silence.QUEUED)
    yet = [silent(f"host-{number:03}", why[number > 8], lost=False) for number in range(480)]
    answer = overview(fleet(*yet), "3e9")
    assert_fits(answer)
    lines = text(answer).splitlines()
    assert lines[0] == "🔴 500 of 2480 need you"
    assert lines[2] == "⚠️ 480 hosts: no contact yet"
    assert lines[3].startswith("host-000, host-001, ")
    assert lines[3].endswith(", …")
    assert lines[4].startswith("🔴 host-480/project-00-service-0: down")
    assert len(lines) < 20


def test_a_few_that_are_silent_have_a_line_each_and_different_reasons_stay_apart() -> None:
    hosts = [
        silent("host-000", Silence.TIMEOUT, unknown=("n8n", "redis")),
        silent("host-001", Silence.HOST_KEY),
        *(silent(f"host-{number:03}", Silence.LOGIN) for number in range(2, 9)),
    ]
    answer = overview(fleet(*hosts, down=0), "3e9")
    assert_fits(answer)
    lines = text(answer).splitlines()
    assert "⚠️ host-000: no contact since 13:55, 2 unknown" in lines
    assert "⚠️ host-001: no contact since 13:55: its SSH host key is not the pinned one, refused" in lines
    assert "⚠️ 7 hosts: no contact: SSH login refused" in lines


def test_a_fleet_that_fits_is_on_one_page_host_by_host() -> None:
    few = FleetReport((HostReport("server1", rows("server1", 1)[:3]), HostReport("server2", ())), NOW)
    assert text(overview(few, "3e9")).splitlines() == [
        "🔴 1 of 3 needs you",
        "",
        "server1",
        "🔴 project-00-service-0: down since 14:02",
        "🟢 2 fine",
        "project-00-service-1, project-00-service-2",
        "",
        "server2",
        "no containers",
        "",
        "14:02:00",
    ]


def test_a_name_on_five_hundred_hosts_leads_to_some_and_says_how_to_reach_the_rest() -> None:
    choices = tuple((f"host-{number:03}", "redis") for number in range(500))
    answer = failure(Ambiguous("redis", choices), "3e9", "logs", NOW)
    assert_fits(answer)
    assert text(answer) == (
        '"redis" is on several hosts. Which one?\nand 484 more. Or write the host too: host-499/redis'
    )
    assert labels(answer) == [f"host-{number:03}/redis" for number in range(16)]
    few = failure(Ambiguous("redis", choices[:16]), "3e9", "logs", NOW)
    assert "more" not in text(few)


def test_a_choice_among_fifty_thousand() -> None:
    report = fleet(down=0)
    recent = [("host-007", "project-09-service-9"), ("host-300", "project-00-service-3")]
    answer = picker(report, recent, "logs", "3e9")
    assert_fits(answer)
    assert labels(answer)[:3] == [
        "🟢 host-007/project-09-service-9",
        "🟢 host-300/project-00-service-3",
        "🟢 host-000/project-00-service-0",
    ]
    assert labels(answer)[-1] == "2/3125"
    assert_fits(picker(report, recent, "logs", "3e9", page=3124))
