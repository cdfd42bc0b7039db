"""What the project ships keeps the standard that it preaches, but for a few things that are agreed to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.norms import StandardsBlock
from services.domain.standards import Weight
from services.standards import composed
from services.standards.auditing import audit

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "compose.yaml", *sorted((ROOT / "deploy").rglob("compose.yaml"))]
AGREED = StandardsBlock.model_validate(
    yaml.safe_load((ROOT / "deploy/standards.yaml").read_text())
).exceptions
NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_above_a_hint(path: Path) -> None:
    audited = audit(composed.read(path, NOW), [block.exemption for block in AGREED])
    breaches = [(one.name, breach.rule) for one in audited.subjects for breach in one.breaches]
    graver = [breach for one in audited.subjects for breach in one.breaches if breach.weight > Weight.INFO]
    assert graver == []
    assert {rule for _, rule in breaches} <= {"root_user"}


def test_few_exceptions_each_of_which_is_needed() -> None:
    assert len(AGREED) <= 8
    audits = [audit(composed.read(path, NOW), [block.exemption for block in AGREED]) for path in FILES]
    used = {each.exemption for found in audits for one in found.subjects for each in one.excused}
    assert used == {block.exemption for block in AGREED}


def test_all_that_the_team_runs_is_there() -> None:
    names = {one.name for path in FILES for one in composed.read(path, NOW).subjects}
    assert names >= {
        *(
            "traefik",
            "n8n",
            "redis",
            "redis-commander",
            "directus",
            "postgres",
            "pgadmin",
            "dozzle",
            "portainer",
        ),
        *("vakhta", "netdata", "prometheus", "grafana", "alertmanager"),
    }
