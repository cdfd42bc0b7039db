"""Faults on order: what a network, a proxy and Telegram itself do to a call now and then."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from playground.telegram.parameters import Call


class Kind(StrEnum):
    """The first seven come before the call takes effect, the last three after it."""

    FLOOD = "429"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    """502 with an HTML page, as nginx in front of Telegram gives it."""
    FORBIDDEN = "403"
    HANG = "hang"
    """No answer until the client goes away."""
    RESET = "reset"
    HTML = "html"
    """200 with an HTML page, as a captive portal gives it."""
    LOST = "lost"
    """Takes effect, then the connection is cut."""
    LOST_502 = "lost_502"
    """Takes effect, then 502 with an HTML page."""
    SLOW = "slow"
    """Takes effect, the answer comes `seconds` later."""


@dataclass(slots=True)
class Fault:
    """`retry_after` for 429, `seconds` for slow, `description` for 403; `when` narrows it to some calls."""

    method: str
    kind: Kind
    times: int = 1
    retry_after: int = 1
    seconds: float = 1.0
    description: str = "Forbidden: bot was blocked by the user"
    when: Callable[[Call], bool] | None = None

    def fits(self, call: Call) -> bool:
        named = self.method == "*" or self.method.lower() == call.method.lower()
        return named and self.times > 0 and (self.when is None or self.when(call))


class Faults:
    """Those still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, call: Call) -> Fault | None:
        for fault in self.waiting:
            if fault.fits(call):
                fault.times -= 1
                if not fault.times:
                    self.waiting.remove(fault)
                return fault
        return None
