"""Series of one target."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from playground.prometheus.series import ALWAYS, Life, Series

Value = Callable[[float], float]
NONE: Mapping[str, str] = MappingProxyType({})


def always(value: float) -> Value:
    return lambda _: value


def since(lives: Sequence[Life], moment: float) -> list[Life]:
    """What of them is after that."""
    return [Life(max(each.start, moment), each.end) for each in lives if each.end > moment]


def summed(values: Sequence[Value]) -> Value:
    return lambda at: sum(each(at) for each in values)


@dataclass(frozen=True, slots=True)
class Labelled:
    """lives: while it is there to be scraped."""

    host: str
    job: str
    instance: str
    lives: Sequence[Life] = ALWAYS

    def gauge(
        self,
        name: str,
        value: Value | float,
        labels: Mapping[str, str] = NONE,
        *,
        lives: Sequence[Life] | None = None,
    ) -> Series:
        """lives: of this one alone."""
        told = value if callable(value) else always(value)
        return Series(self._labels(name, labels), told, self.lives if lives is None else lives)

    def counter(
        self,
        name: str,
        value: Value | float,
        labels: Mapping[str, str] = NONE,
        *,
        lives: Sequence[Life] | None = None,
        whole: bool = False,
    ) -> Series:
        """value: how much there has been since some moment. whole: of what there are no halves."""
        told, lives = value if callable(value) else always(value), self.lives if lives is None else lives
        return Series(self._labels(name, labels), told, lives, counter=True, whole=whole)

    def _labels(self, name: str, labels: Mapping[str, str]) -> dict[str, str]:
        own = {"host": self.host, "instance": self.instance, "job": self.job}
        return {"__name__": name, **own, **labels}
