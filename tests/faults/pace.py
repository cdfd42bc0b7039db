"""How much faster than in life everything goes, alike in the bot and in the stand-in for Telegram."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """scale: of all Telegram's limits and of what waits for them. request: seconds until a call counts as hung.

    pause: seconds between two tries while the store does not work.
    """

    scale: float = 0.01
    request: float = 0.5
    pause: float = 0.05
