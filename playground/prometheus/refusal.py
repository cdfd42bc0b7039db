"""Why a request is not answered, as Prometheus tells it."""


class Refused(Exception):
    """kind: the errorType of the answer."""

    def __init__(self, message: str, *, kind: str = "bad_data", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.kind, self.status = message, kind, status


class Failed(Refused):
    """A query that is right, and cannot be carried out."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="execution", status=422)


class GivenUp(Refused):
    """A query that took too long, or that nobody waits for."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, kind=kind, status=503)


def not_offered(what: str) -> Failed:
    """A real Prometheus knows it."""
    return Failed(f"this is the demo's simulated Prometheus, which knows only a part of PromQL: not {what}")


class Wrong(Refused):
    """A query that is none. at: the place, in characters from 0."""

    def __init__(self, at: int, what: str, text: str) -> None:
        line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__(f"{line}:{column}: parse error: {what}")


def of_parameter(name: str, refused: Refused) -> Refused:
    """The same, as it is told of a request's parameter."""
    return Refused(f'invalid parameter "{name}": {refused.message}', kind=refused.kind, status=refused.status)
