"""The state machine that draws schedules: what may happen when, and nothing of how it is done.

Its rules only write steps down; at the end all are played at once, so that a schedule is one thing to read, to
shrink and to play again.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.faults.world import NIGHT, OPS

GROUPS = 5
COUNTS = (1, 1, 2, 3, 12)  # alerts that begin to fire together; of more than ten the rest is in a file
AFTER = (0, 0, 3, 10, 30, 80, 160)  # milliseconds until the next step

_after = st.sampled_from(AFTER)
_group = st.integers(1, GROUPS)
_which = st.integers(0, 5)
_kinds = st.sampled_from(("429", "500", "502", "hang", "reset", "html", "lost", "lost_502", "slow"))
_methods = st.sampled_from(("sendMessage", "editMessageText", "sendDocument", "*"))


class Step(NamedTuple):
    """A method of `World` with its arguments, and the milliseconds after it."""

    act: str
    given: tuple[Any, ...]
    after: int

    def __str__(self) -> str:
        return f"{self.act}({', '.join(map(repr, self.given))}), {self.after} ms"


class Schedules(RuleBasedStateMachine):
    """`redis`: the store can be stopped."""

    redis = False
    play: Callable[[list[Step]], None]

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.firing: dict[int, set[int]] = {}
        self.known: dict[int, int] = {}  # group → alerts that it ever had
        self.critical: dict[tuple[int, int], bool] = {}  # by group and number
        self.up = self.store_up = True
        self.moved = False

    def teardown(self) -> None:
        if self.steps:
            type(self).play(self.steps)

    def _do(self, act: str, *given: Any, after: int) -> None:
        self.steps.append(Step(act, given, after))

    # Alertmanager

    @initialize(group=_group, count=st.integers(1, 3), critical=st.booleans(), after=_after)
    def first(self, group: int, count: int, critical: bool, after: int) -> None:
        self.post(group=group, count=count, critical=critical, after=after)

    @rule(group=_group, count=st.sampled_from(COUNTS), critical=st.booleans(), after=_after)
    def post(self, group: int, count: int, critical: bool, after: int) -> None:
        first = self.known.get(group, 0) + 1
        if first > 30:
            return
        self.known[group] = first + count - 1
        self.firing.setdefault(group, set()).update(range(first, first + count))
        self.critical |= dict.fromkeys(((group, number) for number in range(first, first + count)), critical)
        self._do("fire", group, first, count, critical, after=after)

    @precondition(lambda self: self.known)
    @rule(which=_which, after=_after)
    def repeat(self, which: int, after: int) -> None:
        self._do("repeat", self._one(sorted(self.known), which), after=after)

    @precondition(lambda self: any(self.firing.values()))
    @rule(which=_which, whole=st.booleans(), after=_after)
    def resolve(self, which: int, whole: bool, after: int) -> None:
        group = self._one([group for group, numbers in sorted(self.firing.items()) if numbers], which)
        numbers = sorted(self.firing[group]) if whole else [min(self.firing[group])]
        self.firing[group] -= set(numbers)
        self._do("resolve", group, tuple(numbers), after=after)

    @precondition(lambda self: any(self._quiet(group) for group in self.known))
    @rule(which=_which, after=_after)
    def fire_again(self, which: int, after: int) -> None:
        group = self._one([group for group in sorted(self.known) if self._quiet(group)], which)
        number = min(self._quiet(group))
        self.firing[group].add(number)
        self._do("fire", group, number, 1, self.critical[group, number], after=after)

    def _quiet(self, group: int) -> set[int]:
        return set(range(1, self.known[group] + 1)) - self.firing[group]

    @staticmethod
    def _one(groups: list[int], which: int) -> int:
        return groups[which % len(groups)]

    # The bot and its store

    @precondition(lambda self: self.up)
    @rule(after=_after)
    def kill(self, after: int) -> None:
        self.up = False
        self._do("kill", after=after)

    @precondition(lambda self: self.up)
    @rule(after=_after)
    def restart(self, after: int) -> None:
        self._do("stop", after=0)
        self._do("start", after=after)

    @precondition(lambda self: not self.up)
    @rule(after=_after)
    def start(self, after: int) -> None:
        self.up = True
        self._do("start", after=after)

    @precondition(lambda self: self.redis)
    @rule(after=_after)
    def switch_store(self, after: int) -> None:
        self._do("stop_store" if self.store_up else "start_store", after=after)
        self.store_up = not self.store_up

    # Telegram

    @rule(
        method=_methods, kind=_kinds, chat=st.sampled_from((0, OPS, NIGHT)), times=st.sampled_from((1, 1, 2, 4)),
        after=_after,
    )  # fmt: skip
    def fail(self, method: str, kind: str, chat: int, times: int, after: int) -> None:
        self._do("fail", method, kind, chat, 1 if kind in ("429", "hang") else times, after=after)

    @rule(method=_methods, chat=st.sampled_from((OPS, NIGHT)), after=_after)
    def forbid(self, method: str, chat: int, after: int) -> None:
        self._do("fail", method, "403", chat, 1, after=after)

    @precondition(lambda self: not self.moved)
    @rule(after=_after)
    def migrate(self, after: int) -> None:
        self.moved = True
        self._do("migrate", after=after)

    # People

    @rule(label=st.sampled_from(("Acknowledge", "Acknowledge", "Release")), which=_which, after=_after)
    def press(self, label: str, which: int, after: int) -> None:
        self._do("press", label, which, after=after)

    @rule(which=_which, after=_after)
    def silence(self, which: int, after: int) -> None:
        self._do("silence", which, after=after)
