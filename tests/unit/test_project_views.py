"""What `/compose` shows, against Telegram's limits and whatever labels say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.compose_callbacks import ProjectCard, ProjectPage
from handlers.views.compose import project, projects
from handlers.views.compose_restart import interrupted, progress, question
from handlers.words import LANGUAGES, catalogues
from services.domain.access import Actor, Role, Scope
from services.domain.containers import Condition, Container, Diagnosis, Reason, State
from services.domain.plans import Place
from services.domain.projects import Begun, Project, ProjectList, ProjectPlan, Rolling, members_of
from services.domain.reports import Observed
from services.errors import HostSilent, ProjectBusy, Silence
from tests.hostile import LONG, PIECES
from tests.unit.test_views import assert_fits

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)
ADMIN = Actor(1001, "Aigerim", Role.ADMIN, Scope.of("*/*"))
ODD = [each.encode("utf-8", "replace").decode() for each in (*PIECES, *LONG)]


@pytest.fixture(autouse=True, params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Iterator[None]:
    with speaking(catalogues(request.param), ZoneInfo("Asia/Almaty")):
        yield


def made(name: str, services: list[str], *, host: str = "a-host-of-a-long-name") -> Project:
    labels = [{"com.docker.compose.project": name, "com.docker.compose.service": each} for each in services]
    rows = [
        Container(host, f"{number:064}", f"app-{number}", "i", State.EXITED, None, AT, labels=each)
        for number, each in enumerate(labels)
    ]
    down = Diagnosis(Condition.DOWN, Reason.EXITED, AT, 137)
    return Project(host, name, tuple(Observed(row, down) for row in rows))


def test_whatever_labels_say_the_list_fits_and_each_project_is_on_some_page() -> None:
    found = ProjectList(
        tuple(made(name, ODD[:6]) for name in ODD),
        tuple(HostSilent(f"server{number}", Silence.TIMEOUT, since=AT) for number in range(20)),
        AT,
    )
    keys: set[str | None] = set()
    for page in range(20):
        answer = projects(found, ProjectPage(asker="fffffffffffff", page=page))
        assert_fits(answer)
        keys |= {
            each.callback_data for row in answer.rows for each in row if "cp:" in (each.callback_data or "")
        }
    assert len(keys) == len({each.key for each in found.projects})


def test_one_question_has_one_name_for_each_container() -> None:
    found = made("platform", ["database", "directus"])
    members = members_of(found)
    plan = ProjectPlan("t", found.host, found.name, members, 1, "Aigerim", AT, protected=(members[0].name,))
    text: str = question(plan).text.as_kwargs()["text"]
    assert "database → directus" in text
    assert ": database. " in text
    assert members[0].name not in text


def test_whatever_labels_say_one_project_and_its_restart_fit() -> None:
    large = made(ODD[-1], ODD * 3)
    here = ProjectCard(asker="fffffffffffff", host=large.host, key=large.key, page=999)
    assert_fits(project(large, AT, ADMIN, here))
    plan = ProjectPlan(
        "t" * 22, large.host, large.name, members_of(large), 2**52 - 1, "Aigerim", AT, tuple(ODD), tuple(ODD)
    )
    assert_fits(question(plan))
    half = len(plan.members) // 2
    for rolling in (
        Rolling(plan, half, AT),
        Rolling(plan, half, AT, over=True, stopped_by="Aigerim"),
        Rolling(plan, half, AT, over=True, failure=ProjectBusy(large.name, "Dias")),
    ):
        assert_fits(progress(rolling))
    assert_fits(interrupted(Begun(plan, Place(1, 1), half), None))
