"""What the Bot API says when it does not do what it was asked."""

from collections.abc import Mapping


class Refused(Exception):
    """A call that ends in an error answer: HTTP `status`, Telegram's `description`, its `parameters`."""

    def __init__(self, status: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.parameters = parameters or {}


def bad(reason: str) -> Refused:
    """400; `reason` in Telegram's own words where they are known."""
    return Refused(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> Refused:
    return Refused(403, f"Forbidden: {reason}")


def unmodelled(what: str) -> Refused:
    """400 for something that Telegram knows and the stand-in does not: better refused than believed."""
    return bad(f"{what} is not modelled by the stand-in")
