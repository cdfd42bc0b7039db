"""Figures as they are printed: medians of what was measured in turn, and the ratio between two of them."""

from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass
class Series:
    """Seconds that the same thing took, time after time."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.seconds)

    def __str__(self) -> str:
        tenths = quantiles(self.seconds, n=10)
        spread = f"(9 of 10 within {tenths[-1] * 1000:.1f}, best {min(self.seconds) * 1000:.1f})"
        return f"  {self.name:<52} {self.median * 1000:8.1f} ms  {spread}"


def compare(title: str, ours: Series, theirs: Series, wanted: float) -> None:
    """Print both and how many times faster ours is."""
    print(f"\n{title}, medians of {len(ours.seconds)}")
    print(ours)
    print(theirs)
    print(f"  {'ratio':<52} {theirs.median / ours.median:8.1f} ×   wanted: {wanted:g} × or more")
