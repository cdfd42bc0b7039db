"""What containers use now, by their engine's own word: two samples of each, side by side.

An engine gathers once a second for all, so the second sample is a second away. What has not come by the end is left
out: where only the first has, its memory is known.
"""

import asyncio
from collections.abc import Mapping, Sequence

from services.domain.containers import Container, Sample
from services.domain.figures import ContainerLoad, Pace, pace
from services.errors import HostError
from services.ports import Engine

# In seconds between two samples, where an engine answers at once: processors are counted in hundredths.
APART = 0.7
# For one question of an engine: longer than it takes to say that it does not answer.
_LONGEST = 5.0


class Sampling:
    """One container; `first` and `second` as far as they have come."""

    def __init__(self, engine: Engine, container: Container) -> None:
        self._engine, self.container = engine, container
        self.first: Sample | None = None
        self.second: Sample | None = None

    async def run(self) -> None:
        """One that fails has no figures; why is told where the host as a whole is asked."""
        self.first = await self._sample()
        if self.first is None or self.first.cpu_percent is not None:  # None: it does not run
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
        return pace(self.first, self.second)


async def sampled(engine: Engine, containers: Sequence[Container], *, until: float) -> Mapping[str, Sampling]:
    """By name; all of them, whatever has come. until: by the loop's time."""
    samplings = [Sampling(engine, container) for container in containers]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.run()) for each in samplings]
        if tasks:
            await asyncio.wait(tasks, timeout=max(until - asyncio.get_running_loop().time(), 0))
        for task in tasks:
            task.cancel()
    return {each.container.name: each for each in samplings}


def loads(samplings: Mapping[str, Sampling]) -> tuple[ContainerLoad, ...]:
    """Of those of which anything is known."""
    return tuple(
        ContainerLoad(each.container.host, name, each.pace.cpu, each.last.memory)
        for name, each in samplings.items()
        if each.last
    )
