"""Data in volumes with names, where it is found, kept and backed up."""

from services.domain.standards import About, Weight
from services.standards.facts import Mount, MountKind, Scene, Subject, VolumeFacts
from services.standards.rules.row import Fault, Row

# Files of the host that are no data of the container.
ALLOWED = ("/etc/localtime", "/etc/timezone")
SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
# Sockets and the like live there, and are gone at each boot: no data.
_PASSING = ("/run/", "/var/run/")


def _binds(subject: Subject, _scene: Scene) -> Fault | None:
    """What is bound read-only is configuration: data are what is written."""
    found = [mount for mount in subject.mounts if _holds_data(mount)]
    if not found:
        return None
    first = found[0]
    name = f"{subject.name}-data"
    mend = f"volumes:\n  - {name}:{first.target}\n# at the top level:\nvolumes:\n  {name}:"
    return Fault({"paths": ", ".join(mount.source for mount in found)}, mend)


def _holds_data(mount: Mount) -> bool:
    if mount.kind is not MountKind.BIND or not mount.writable:
        return False
    return mount.source not in (*ALLOWED, *SOCKETS) and not mount.source.startswith(_PASSING)


def _anonymous(subject: Subject, _scene: Scene) -> Fault | None:
    found = [
        m for m in subject.mounts if m.kind is MountKind.VOLUME and (not m.source or is_anonymous(m.source))
    ]
    if not found:
        return None
    name = f"{subject.name}-data"
    mend = f"volumes:\n  - {name}:{found[0].target}\n# at the top level:\nvolumes:\n  {name}:"
    return Fault({"targets": ", ".join(mount.target for mount in found)}, mend)


def is_anonymous(name: str) -> bool:
    """Whether it is a name that the engine makes up."""
    return VolumeFacts(name).anonymous


def _dangling(volume: VolumeFacts, _scene: Scene) -> Fault | None:
    return None if volume.used or not volume.anonymous else Fault({"volume": volume.name[:12]})


ROWS = (
    Row("named_volumes", Weight.WARNING, _binds),
    Row("anonymous_volume", Weight.WARNING, _anonymous),
)
VOLUME_ROWS = (Row("dangling_volume", Weight.INFO, _dangling, About.VOLUME),)
