"""What a container may do to its host, and which secrets it shows to whoever may look at it."""

from services.domain.standards import Weight
from services.redaction.environment import NAMELESS
from services.standards.facts import MountKind, Scene, Subject
from services.standards.rules.row import Fault, Row
from services.standards.rules.storage import SOCKETS

_MOST_MENDED = 8
_ROOT = ("", "0", "root", "0:0", "root:root", "0:root", "root:0")


def _secrets(subject: Subject, _scene: Scene) -> Fault | None:
    """The names alone: their values are no business of anybody's."""
    if not subject.secrets:
        return None
    names = [each for each in subject.secrets if each != NAMELESS][:_MOST_MENDED] or ["NAME"]
    mend = "\n".join(
        [
            "environment:",
            *(f"  {name}_FILE: /run/secrets/{name.lower()}" for name in names),
            "secrets:",
            *(f"  - {name.lower()}" for name in names),
            "# at the top level:",
            "secrets:",
            *(f"  {name.lower()}:\n    file: ./secrets/{name.lower()}" for name in names),
        ]
    )
    return Fault({"names": ", ".join(subject.secrets)}, mend)


def _privileged(subject: Subject, _scene: Scene) -> Fault | None:
    return Fault(mend="privileged: false\ncap_drop:\n  - ALL") if subject.privileged else None


def _socket(subject: Subject, _scene: Scene) -> Fault | None:
    """Whoever may talk to the engine is root on its host; that it is mounted read-only changes nothing of it. A
    directory that it lies in brings it along."""
    held = (*SOCKETS, "/", "/run", "/var/run")
    binds = [each for each in subject.mounts if each.kind is MountKind.BIND]
    found = [each for each in binds if (each.source.rstrip("/") or "/") in held]
    return Fault({"path": found[0].source}) if found else None


def _capabilities(subject: Subject, _scene: Scene) -> Fault | None:
    return Fault({"names": ", ".join(subject.capabilities)}, "cap_add: []") if subject.capabilities else None


def _root(subject: Subject, _scene: Scene) -> Fault | None:
    """Many images begin as root and step down by themselves, which nobody sees from outside: no more than a hint."""
    return Fault(mend='user: "1000:1000"') if subject.user.lower() in _ROOT else None


ROWS = (
    Row("plain_secrets", Weight.WARNING, _secrets),
    Row("privileged", Weight.ERROR, _privileged),
    Row("engine_socket", Weight.ERROR, _socket),
    Row("capabilities", Weight.WARNING, _capabilities),
    Row("root_user", Weight.INFO, _root),
)
