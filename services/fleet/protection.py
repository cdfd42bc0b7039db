"""Which containers change only under an admin's hand, and which one is the bot itself."""

from collections.abc import Mapping, Sequence

from services.domain.access import Scope
from services.domain.containers import Container

_YES = ("true", "1", "yes")


class Protection:
    """`globs`: the settings' `protected`. `own_id`: the first digits of the bot's own container id, if it is in one."""

    def __init__(self, globs: Sequence[str], own_id: str | None = None) -> None:
        self._scope = Scope.of(*globs)
        self._own_id = own_id

    def covers(self, container: Container) -> bool:
        """By label, by name, or by Compose service: by whatever people call it, since they stop it by that."""
        names = (container.name, container.service or container.name)
        return _says(container, "vakhta.protected") or any(
            self._scope.covers(container.host, name) for name in names
        )

    def keeps(self, host: str, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a volume, or a container that does not run, is never removed."""
        service = labels.get("com.docker.compose.service", name)
        return labels.get("vakhta.protected", "").lower() in _YES or any(
            self._scope.covers(host, each) for each in (name, service)
        )

    def is_self(self, container: Container) -> bool:
        if _says(container, "vakhta.self"):
            return True
        return self._own_id is not None and container.id.startswith(self._own_id)


def _says(container: Container, label: str) -> bool:
    return container.labels.get(label, "").lower() in _YES
