"""What containers use now, by their engine's own word: two samples of each, side by side.

dockerd 20.10 gathers once a second for whatever is asked for, and lets each question wait for that, `one-shot` or
not: two samples take it one to two seconds. What has not come by the end is left out; the next question needs one
sample more, since the last one is remembered.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.domain.containers import Container, Sample
from services.domain.figures import ContainerLoad, Pace, pace
from services.errors import HostError
from services.ports import Engine

# In seconds between two samples, where an engine answers at once: processors are counted in hundredths.
APART = 0.7
# An earlier question's sample does instead of a second one while it is so young, and if need be for so long.
FRESH, REMEMBERED = timedelta(seconds=15), timedelta(minutes=2)
# For one question of an engine: longer than it takes to say that it does not answer.
_LONGEST = 5.0


class Sampling:
    """One container; `first` and `second` as far as they have come. earlier: one of before, if there is any."""

    def __init__(self, engine: Engine, container: Container, earlier: Sample | None = None) -> None:
        self._engine, self.container = engine, container
        self._earlier = earlier
        self.first: Sample | None = None
        self.second: Sample | None = None

    async def run(self) -> None:
        """One that fails has no figures; why is told where the host as a whole is asked."""
        self.first = await self._sample()
        if self.first is None or self.first.cpu_percent is not None:
            return  # it does not run, or it has told of two moments
        if self._earlier and timedelta(seconds=APART) <= self.first.at - self._earlier.at <= FRESH:
            return
        await asyncio.sleep(APART)
        self.second = await self._sample()

    async def _sample(self) -> Sample | None:
        try:
            return await self._engine.sample(self.container.id, deadline=_LONGEST)
        except HostError:
            return None

    @property
    def last(self) -> Sample | None:
        return self.second or self.first

    @property
    def pace(self) -> Pace:
        found = pace(self.first, self.second)
        if found.cpu is not None or self.first is None or self._earlier is None:
            return found
        return pace(self._earlier, self.first) if self.first.at - self._earlier.at <= REMEMBERED else found


class Sampler:
    """Remembers the last sample of each container that it was asked for, for two minutes."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Sample]] = {}

    async def sampled(
        self, engine: Engine, containers: Sequence[Container], *, until: float
    ) -> Mapping[str, Sampling]:
        """By name; all of them, whatever has come. until: by the loop's time."""
        last = self._last.get(engine.host, {})
        samplings = [Sampling(engine, container, last.get(container.id)) for container in containers]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.run()) for each in samplings]
            if tasks:
                await asyncio.wait(tasks, timeout=max(until - asyncio.get_running_loop().time(), 0))
            for task in tasks:
                task.cancel()
        fresh = {each.container.id: each.last for each in samplings if each.last}
        newest = max((sample.at for sample in fresh.values()), default=None)
        kept = {key: sample for key, sample in last.items() if newest and newest - sample.at <= REMEMBERED}
        self._last[engine.host] = kept | fresh
        return {each.container.name: each for each in samplings}


def loads(samplings: Mapping[str, Sampling]) -> tuple[ContainerLoad, ...]:
    """Of those of which anything is known."""
    return tuple(
        ContainerLoad(each.container.host, name, each.pace.cpu, each.last.memory)
        for name, each in samplings.items()
        if each.last
    )
