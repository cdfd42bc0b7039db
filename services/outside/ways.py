"""How the bot itself meets the outside, where that is not this machine's own way: the outside is a simulated one."""

from dataclasses import dataclass

from services.outside.dial import Dial
from services.outside.resolving import Lookup


@dataclass(frozen=True, slots=True)
class Ways:
    """dial: to an address that `lookup` has found."""

    lookup: Lookup
    dial: Dial
