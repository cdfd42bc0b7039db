"""What compose has made: what was left over, of a single run or of a service that is no more, and what was not made
anew with the rest."""

from collections import Counter

from services.domain.standards import Weight
from services.standards.facts import Scene, Subject
from services.standards.rules.row import Fault, Row

_BASE = "com.docker.compose."
PROJECT, SERVICE, HASH = _BASE + "project", _BASE + "service", _BASE + "config-hash"
FILES, ONE_OFF = _BASE + "project.config_files", _BASE + "oneoff"


def _left_over(subject: Subject, _scene: Scene) -> Fault | None:
    """A `docker compose run` without --rm."""
    one_off = subject.labels.get(ONE_OFF, "").lower() == "true"
    return Fault({"project": subject.labels.get(PROJECT, "")}) if one_off else None


def _orphan(subject: Subject, scene: Scene) -> Fault | None:
    """Only compose files tell which services there are: an engine knows nothing of one that was taken out of them."""
    project, service = subject.labels.get(PROJECT, ""), subject.labels.get(SERVICE, "")
    if project not in scene.projects or service in scene.projects[project]:
        return None
    return Fault({"project": project, "service": service}, "docker compose up -d --remove-orphans")


def _drift(subject: Subject, scene: Scene) -> Fault | None:
    """The siblings were made from something else: another file, or other settings of the same service."""
    project, service = subject.labels.get(PROJECT), subject.labels.get(SERVICE)
    if not project or subject.labels.get(ONE_OFF, "").lower() == "true":
        return None
    kin = [each for each in scene.subjects if each.labels.get(PROJECT) == project]
    twins = [each for each in kin if each.labels.get(SERVICE) == service]
    if _is_odd_one_out(subject, twins, HASH) or _is_odd_one_out(subject, kin, FILES):
        return Fault({"project": project})
    return None


def _is_odd_one_out(subject: Subject, others: list[Subject], label: str) -> bool:
    """Whether it has another value than most; of two that differ nobody knows which is right, so both are."""
    values = Counter(each.labels.get(label) for each in others)
    mine = values[subject.labels.get(label)]
    return len(values) > 1 and mine <= max(
        count for value, count in values.items() if value != subject.labels.get(label)
    )


ROWS = (
    Row("compose_left_over", Weight.INFO, _left_over),
    Row("compose_orphan", Weight.WARNING, _orphan),
    Row("compose_drift", Weight.WARNING, _drift),
)
