"""Redis 7, and Redis Commander beside it."""

from collections.abc import Iterator

from playground.engine.load import MIB, Load
from playground.engine.program import Ending, Program, Run, Said, lines
from playground.engine.programs.pen import REDIS_PASSWORD, Pen

_START = (
    ("C", "*", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
    ("C", "*", "Redis version=7.4.1, bits=64, commit=00000000, modified=0, pid=1, just started"),
    (
        "C",
        "#",
        "WARNING Memory overcommit must be enabled! "
        "Without it, a background save or replication may fail under low memory condition.",
    ),
    ("M", "*", "monotonic clock: POSIX clock_gettime"),
    ("M", "*", "Running mode=standalone, port=6379."),
    ("M", "*", "Server initialized"),
    ("M", "*", "Reading RDB base file on AOF loading..."),
    ("M", "*", "DB loaded from append only file: 0.004 seconds"),
    ("M", "*", "Ready to accept connections tcp"),
)
_COMMANDER_START = (
    "Creating custom redis-commander config '/redis-commander/config/local-production.json'.",
    "Parsing 1 REDIS_HOSTS into custom redis-commander config '/redis-commander/config/local-production.json'.",
    "node ./bin/redis-commander",
    "Using scan instead of keys",
    "No Save: true",
    "listening on 0.0.0.0:8081",
    "access with browser at http://127.0.0.1:8081",
    "Redis Connection redis:6379 using Redis DB #0",
)


def redis() -> Program:
    load = Load(cpu=0.008, swing=0.4, period=100, memory=13 * MIB, cache=5 * MIB)
    return Program(_says, stops=Ending(after=0.15, exit_code=0), load=load, starts_in=0.25)


def redis_commander() -> Program:
    load = Load(cpu=0.003, memory=58 * MIB, cache=9 * MIB)
    return Program(_commander_says, stops=Ending(after=0.2, exit_code=143), load=load, starts_in=0.3)


def _says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        for role, mark, text in _START:
            pen.wait(0.003)
            yield _entry(pen, 1, role, mark, text)
    child = 20
    while True:
        pen.wait_about(400)
        child += 1
        if pen.chance(0.04):
            yield _entry(
                pen,
                1,
                "M",
                "#",
                "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis.",
            )
            continue
        changes, seconds = pen.random.choice(((1, 3600), (100, 300), (10_000, 60)))
        yield _entry(pen, 1, "M", "*", f"{changes} changes in {seconds} seconds. Saving...")
        yield _entry(pen, 1, "M", "*", f"Background saving started by pid {child}")
        pen.wait(0.04)
        yield _entry(pen, child, "C", "*", "DB saved on disk")
        yield _entry(pen, child, "C", "*", "Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB")
        pen.wait(0.06)
        yield _entry(pen, 1, "M", "*", "Background saving terminated with success")


def _entry(pen: Pen, process: int, role: str, mark: str, text: str) -> Said:
    when = pen.when
    return pen.line(f"{process}:{role} {when:%d %b %Y %H:%M:%S}.{when.microsecond // 1000:03} {mark} {text}")


def _commander_says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        yield from lines(run, _COMMANDER_START, every=0.2)
        pen.wait(3)
    while True:
        pen.wait_about(30_000)
        yield pen.line("setUpConnection (R:redis:6379:0) Redis error Error: read ECONNRESET")
        pen.wait(1)
        yield pen.line(f"Reconnecting to redis://:{REDIS_PASSWORD}@redis:6379/0")
        yield pen.line("Redis Connection redis:6379 using Redis DB #0")
