"""What compose has made: what was left over, of a single run or of a service that is no more, and what was not made
anew with the rest."""

from services.domain.standards import Weight
from services.standards.facts import FILES, HASH, PROJECT, SERVICE, Scene, Subject
from services.standards.rules.row import Fault, Row

ONE_OFF = "com.docker.compose.oneoff"


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
    twins, kin = scene.tallies[project, service, HASH], scene.tallies[project, None, FILES]
    if twins.is_odd_one_out(subject.labels.get(HASH)) or kin.is_odd_one_out(subject.labels.get(FILES)):
        return Fault({"project": project})
    return None


ROWS = (
    Row("compose_left_over", Weight.INFO, _left_over),
    Row("compose_orphan", Weight.WARNING, _orphan),
    Row("compose_drift", Weight.WARNING, _drift),
)
