"""How a container lives: that it comes back, that somebody asks how it is, from which image it is, how it is called."""

from datetime import timedelta

from services.domain.standards import Weight
from services.standards.facts import Scene, Subject
from services.standards.rules.row import Fault, Row

OLD = timedelta(days=365)
STANDARD_RESTART = "unless-stopped"
_MOVING = frozenset(("latest", "stable", "edge", "nightly", "main", "master", "dev"))


def _restart(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.restart == STANDARD_RESTART:
        return None
    # It comes back after a reboot all the same, also when somebody has stopped it on purpose.
    weight = Weight.INFO if subject.restart == "always" else None
    return Fault({"policy": subject.restart}, f"restart: {STANDARD_RESTART}", weight)


def _healthcheck(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.healthcheck:
        return None
    port = next((port.private for port in subject.ports), next(iter(subject.exposed), "8080"))
    return Fault(
        mend=(
            "healthcheck:\n"
            f'  test: ["CMD", "wget", "-q", "--spider", "http://127.0.0.1:{port}/"]\n'
            "  interval: 30s\n  timeout: 5s\n  retries: 3\n  start_period: 30s"
        )
    )


def _memory(subject: Subject, _scene: Scene) -> Fault | None:
    return None if subject.memory else Fault(mend="deploy:\n  resources:\n    limits:\n      memory: 512M")


def _pinned(subject: Subject, _scene: Scene) -> Fault | None:
    tag = subject.image_tag
    if subject.pinned or (tag and tag.lower() not in _MOVING):
        return None
    # The very one that runs now; where nobody knows its digest, there is no version to make up.
    pinned = subject.digest or f"{subject.image.removesuffix(f':{tag}')}:VERSION"
    return Fault({"image": subject.image, "tag": tag}, f"image: {pinned}")


def _age(subject: Subject, scene: Scene) -> Fault | None:
    if subject.made is None or scene.now - subject.made < OLD:
        return None
    return Fault({"image": subject.image, "days": str((scene.now - subject.made).days)})


def _name(subject: Subject, _scene: Scene) -> Fault | None:
    return None if subject.readable else Fault({"name": subject.name}, "container_name: what-it-does")


ROWS = (
    Row("restart_policy", Weight.ERROR, _restart),
    Row("healthcheck", Weight.WARNING, _healthcheck),
    Row("memory_limit", Weight.WARNING, _memory),
    Row("image_pinned", Weight.ERROR, _pinned),
    Row("image_age", Weight.INFO, _age),
    Row("container_name", Weight.INFO, _name),
)
