"""What an evaluation works with: labels, and a figure for each step."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]
Values = list[float | None]  # None: nothing there

NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Row:
    labels: Labels
    values: Values

    def each(self, work: Callable[[float], float | None], *, drop_name: bool = False) -> "Row":
        """With what becomes of each of its figures."""
        labels = without_name(self.labels) if drop_name else self.labels
        return Row(labels, [None if value is None else work(value) for value in self.values])


def without_name(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if name != NAME}


def of(labels: Labels, names: Iterable[str]) -> Labels:
    """Only those; the empty ones are as if they were not there."""
    return {name: labels[name] for name in names if labels.get(name)}


def but(labels: Labels, names: Iterable[str]) -> Labels:
    """All but those, and the name."""
    left_out = {*names, NAME}
    return {name: value for name, value in labels.items() if name not in left_out}


def key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def sorted_rows(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: key(row.labels))


def told(labels: Labels) -> str:
    """As Prometheus shows labels in its errors."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in key(labels)) + "}"
