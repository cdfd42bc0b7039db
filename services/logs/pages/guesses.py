"""What somebody's words have meant the last time, so that its log can be read while it is found out again."""

from collections import OrderedDict

from services.domain.access import Actor
from services.domain.containers import Container, ContainerKey
from services.domain.reports import Selection

_MOST = 500

Names = tuple[str, ...] | ContainerKey


class Guesses:
    """Each person's own, but for names in full: they mean the same to all who may see what they mean.

    So what one has seen tells another nothing, not even by the time it takes.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Names, int | None, int | None], Container] = OrderedDict()

    def of(self, names: Names, by: Actor) -> Container | None:
        """Within the person's scope."""
        guess = self._known.get((names, None, None)) or self._known.get((names, by.id, by.chat))
        return guess if guess and by.scope.covers(guess.host, guess.name) else None

    def learn(self, names: Names, by: Actor, meant: Selection) -> None:
        """Only what is one container beyond doubt."""
        for whose in ((None, None), (by.id, by.chat)):
            self._known.pop((names, *whose), None)
        if len(meant.containers) == 1 and not meant.silent:
            (container,) = meant.containers
            whose = (None, None) if means_alone(names, container) else (by.id, by.chat)
            self._known[names, *whose] = container
            if len(self._known) > _MOST:
                self._known.popitem(last=False)


def is_meant(guess: Container, meant: Selection) -> bool:
    return not meant.silent and [each.id for each in meant.containers] == [guess.id]


def means_alone(names: Names, guess: Container) -> bool:
    """Whether the words can mean nothing else, as long as the container has its name: names are unique on a host."""
    if isinstance(names, ContainerKey):
        return names == ContainerKey(guess.host, guess.key)
    return names == (guess.full_name,)
