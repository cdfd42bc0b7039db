"""One scene held against all rules, with what the team has agreed to set apart."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from services.domain.standards import About, Audited, Breach, Excused, Exemption, HostAudit
from services.standards.facts import Scene
from services.standards.rules import ROWS
from services.standards.rules.row import Row

_LONGEST = 2000  # characters


def audit(scene: Scene, exemptions: Sequence[Exemption] = ()) -> HostAudit:
    """Pure. Of 200 containers it takes some milliseconds."""
    subjects = [_audited(scene, about, name, thing, exemptions) for about, name, thing in _things(scene)]
    subjects.sort(key=lambda one: (one.score, -(one.worst or 0), one.about, one.name))
    return HostAudit(scene.host, tuple(subjects), scene.now)


def _things(scene: Scene) -> Iterator[tuple[About, str, Any]]:
    if scene.engine:
        yield About.ENGINE, "", scene.engine
    for subject in scene.subjects:
        yield About.CONTAINER, subject.name, subject
    for network in scene.networks.values():
        yield About.NETWORK, network.name, network
    for volume in scene.volumes:
        yield About.VOLUME, volume.name, volume


def _audited(
    scene: Scene, about: About, name: str, thing: object, exemptions: Sequence[Exemption]
) -> Audited:
    breaches = sorted(_breaches(scene, about, name, thing), key=lambda breach: (-breach.weight, breach.rule))
    judged = [(breach, _exemption(breach, scene, exemptions)) for breach in breaches]
    return Audited(
        scene.host,
        about,
        name,
        tuple(breach for breach, exemption in judged if exemption is None),
        tuple(Excused(breach, exemption) for breach, exemption in judged if exemption),
    )


def _breaches(scene: Scene, about: About, name: str, thing: object) -> Iterator[Breach]:
    for row in rows_about(about):
        fault = row.check(thing, scene)
        if fault:
            weight = fault.weight or row.weight
            # Labels and options may be as long as an engine's answer.
            facts = {key: value[:_LONGEST] for key, value in fault.facts.items()}
            yield Breach(row.id, about, weight, name, facts, fault.mend[:_LONGEST], scene.host)


def rows_about(about: About) -> Iterable[Row]:
    return (row for row in ROWS if row.about is about)


def _exemption(breach: Breach, scene: Scene, exemptions: Sequence[Exemption]) -> Exemption | None:
    """The first that fits and has not expired."""
    today = scene.now.date()
    return next(
        (
            each
            for each in exemptions
            if each.rule == breach.rule
            and (each.until is None or today <= each.until)
            and _fits(each.subject, breach)
        ),
        None,
    )


def _fits(glob: str, breach: Breach) -> bool:
    """A compose file does not know its host: of a glob only what is said of the container counts there."""
    if breach.host:
        return fnmatchcase(f"{breach.host}/{breach.subject}", glob)
    return fnmatchcase(breach.subject, glob.partition("/")[2] or glob)
