"""What breaks in the demo: Directus on server2 runs out of memory, and stays down until somebody starts it."""

import json

from playground.engine.host import Host
from playground.engine.load import MIB, Load
from playground.engine.program import KILL
from playground.engine.programs.directus import LAST_WORDS
from playground.engine.story import Story

NAME = "directus"
# Of the time until then: from when on its memory grows, long enough to be seen in a graph, and signs show in the log.
SWELLS, WARNING = 0.1, 0.5
_SIGNS = (
    (40, 'Flow "Export all bookings" loads 412000 rows into memory'),
    (40, "Pressure limiter: heap used 902 MiB of 1024 MiB, event loop delayed by 1240 ms"),
    (50, "JavaScript heap is nearly exhausted, requests are rejected with 503"),
)


async def befall(host: Host, after: float) -> None:
    """`after`: seconds."""
    story = Story(host)
    await host.clock.sleep(after * SWELLS)
    if host.find(NAME).alive:
        story.work(NAME, Load(cpu=0.9, swing=0.1, memory=700 * MIB, growth=60_000 * MIB, most=1020 * MIB))
    await host.clock.sleep(after * (WARNING - SWELLS))
    for level, words in _SIGNS:
        story.say(NAME, _line(host, level, words))
        await host.clock.sleep(after * (1 - WARNING) / len(_SIGNS))
    story.kill(NAME, oom=True, exit_code=128 + KILL, says=LAST_WORDS, stays_down=True)


def _line(host: Host, level: int, words: str) -> str:
    at, who = host.clock.now() // 1_000_000, host.find(NAME).id[:12]
    fields = {"level": level, "time": at, "pid": 18, "hostname": who, "msg": words}
    return json.dumps(fields, separators=(",", ":"))
