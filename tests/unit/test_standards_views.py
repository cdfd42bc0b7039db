"""What `/standards` shows on a phone: all that is named is a tap away, and none taken for another."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.middlewares.locale import speaking
from handlers.views import standards as views
from handlers.words import LANGUAGES, catalogues
from services.domain.standards import About, Audited, Breach, HostAudit, StandardsReport, Weight
from tests.unit.test_views import assert_fits

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)


@pytest.fixture(autouse=True, params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Iterator[None]:
    with speaking(catalogues(request.param), ZoneInfo("Asia/Almaty")):
        yield


def host(name: str, containers: int) -> HostAudit:
    rules = ("healthcheck", "memory_limit", "container_name", "root_user", "privileged", "log_compressed")
    flaws = tuple(Breach(rule, About.CONTAINER, Weight.WARNING, "") for rule in rules)
    names = ["traefik", *(f"app{number}" for number in range(containers - 1))]
    return HostAudit(name, tuple(Audited(name, About.CONTAINER, each, flaws) for each in names), AT)


def test_each_that_is_named_has_its_button_and_two_of_a_name_are_told_apart() -> None:
    report = StandardsReport((host("server1", 9), host("server2", 9)), AT)
    labels: list[str] = []
    for page in range(3):
        answer = views.overview(report, "3e9", page=page)
        assert_fits(answer)
        lines = [line for line in answer.text.render()[0].splitlines() if ";" in line]
        assert max(map(len, lines)) < 130
        keys = [key for row in answer.rows for key in row if (key.callback_data or "").startswith("sc:")]
        assert len(keys) == len(lines)
        labels += [key.text for key in keys]
    assert len(set(labels)) == len(labels) == 18
    assert "traefik · server2 ▸" in labels
