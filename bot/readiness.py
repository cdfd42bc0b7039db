"""Whether the bot is fit to serve, as `/readyz` tells it."""


class Readiness:
    """Named reasons not to be ready; ready when there is none.

    A part says `lost` when it cannot serve and `regained` when it can again; each part owns its name.
    """

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @property
    def ready(self) -> bool:
        return not self._reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line each, such as `telegram: the token is refused`; empty when ready."""
        return tuple(f"{part}: {why}" for part, why in self._reasons.items())

    def lost(self, part: str, why: str) -> None:
        self._reasons[part] = why

    def regained(self, part: str) -> None:
        self._reasons.pop(part, None)
