"""As cAdvisor tells of containers, and the bot of its own view of them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from playground.prometheus.chronicle import Story
from playground.prometheus.figures.labelled import Labelled, Value
from playground.prometheus.series import ALWAYS, Life, Series

_FOREVER = float("inf")
# Of a second of CPU: as the simulated engine has it.
_RECEIVED, _SENT = 1e9 / 22_000, 1e9 / 17_000
_READ, _WRITTEN = 9_000.0, 26_000.0


def usage(host: str, stories: Sequence[Story]) -> Iterator[Series]:
    """Of those that run."""
    for story in stories:
        make = Labelled(host, "cadvisor", f"{host}:9180", story.lives)
        about = {"container": story.name, "image": story.image}
        yield make.counter("container_cpu_usage_seconds_total", story.worked, about | {"cpu": "total"})
        for name, rate in (
            ("container_network_receive_bytes_total", _RECEIVED),
            ("container_network_transmit_bytes_total", _SENT),
        ):
            yield make.counter(name, _times(rate, story), about | {"interface": "eth0"})
        for name, rate in (
            ("container_fs_reads_bytes_total", _READ),
            ("container_fs_writes_bytes_total", _WRITTEN),
        ):
            yield make.counter(name, _times(rate, story), about | {"device": "/dev/vda"})
        yield make.gauge("container_memory_usage_bytes", _memory(story), about)
        yield make.gauge("container_memory_working_set_bytes", _working_set(story), about)
        yield make.gauge("container_spec_memory_limit_bytes", float(story.limit), about)
        yield make.gauge("container_start_time_seconds", _started(story), about)
        yield make.gauge("container_processes", 1.0 + int(story.id[:2], 16) % 5, about)
        yield make.gauge("container_threads", 5.0 + int(story.id[:2], 16) % 20, about)
        yield make.gauge("container_last_seen", lambda at: at, about)
        yield make.counter("container_oom_events_total", 0.0, about)


def watched(host: str, stories: Sequence[Story]) -> Iterator[Series]:
    """What the bot's own /metrics tell."""
    make = Labelled(host, "vakhta", "vakhta:9464")
    yield make.gauge("vakhta_host_up", 1.0)
    yield make.gauge("vakhta_ssh_connected", 1.0)
    for story in stories:
        there, gaps = _there(story), _gaps(story.lives)
        about = {"container": story.name}
        yield make.gauge("vakhta_container_running", story.up, about, lives=there)
        yield make.gauge("vakhta_container_expected_down", _expected_down(story), about, lives=there)
        yield make.gauge("vakhta_container_state", 1.0, about | {"state": "running"}, lives=story.lives)
        if gaps:
            yield make.gauge("vakhta_container_state", 1.0, about | {"state": "exited"}, lives=gaps)
        yield make.counter("vakhta_container_restarts_total", _restarts(story), about, lives=there)
        if story.health:
            yield make.gauge("vakhta_container_health", 1.0, about | {"health": "healthy"}, lives=story.lives)


def _times(rate: float, story: Story) -> Value:
    return lambda at: rate * story.worked(at)


def _memory(story: Story) -> Value:
    return lambda at: story.memory_at(at)[0]


def _working_set(story: Story) -> Value:
    def at(moment: float) -> float:
        used, cache = story.memory_at(moment)
        return used - cache

    return at


def _started(story: Story) -> Value:
    def at(moment: float) -> float:
        ran = story.run_at(moment)
        return float(int(ran.life.start)) if ran else 0.0

    return at


def _restarts(story: Story) -> Value:
    return lambda at: float(sum(life.start <= at for life in story.lives[1:]))


def _expected_down(story: Story) -> Value:
    return lambda at: (1 - story.up(at)) * story.stopped


def _there(story: Story) -> Sequence[Life]:
    """Since it was first seen to run."""
    return [Life(story.lives[0].start)] if story.lives else ALWAYS


def _gaps(lives: Sequence[Life]) -> list[Life]:
    """In which it did not run."""
    found = [Life(before.end, after.start) for before, after in pairwise(lives)]
    return [*found, Life(lives[-1].end)] if lives and lives[-1].end < _FOREVER else found
