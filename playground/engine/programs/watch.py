"""Vakhta itself, as it is seen from a chat."""

from collections.abc import Iterator

from playground.engine.load import MIB, Load
from playground.engine.program import STDERR, Ending, Program, Run, Said
from playground.engine.programs.pen import Pen


def vakhta() -> Program:
    load = Load(cpu=0.006, swing=0.6, memory=168 * MIB, cache=6 * MIB)
    return Program(_says, stops=Ending(after=0.4, exit_code=0), load=load, starts_in=0.3)


def _says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        for name, text in (
            ("vakhta", "2 hosts, 4 users"),
            ("services.fleet.link", "server1: contact (API 1.41)"),
            ("services.fleet.link", "server2: contact (API 1.41)"),
        ):
            pen.wait(0.3)
            yield _entry(pen, "INFO", name, text)
    while True:
        pen.wait_about(10_000)
        yield _entry(
            pen, "WARNING", "services.fleet.link", "server2: no contact: timeout (no answer to a ping in 3 s)"
        )
        pen.wait(pen.random.uniform(2, 20))
        yield _entry(
            pen,
            "INFO",
            "services.fleet.link",
            f"server2: contact, lost since {pen.when:%Y-%m-%d %H:%M:%S} UTC (API 1.41)",
        )


def _entry(pen: Pen, level: str, name: str, text: str) -> Said:
    stamp = f"{pen.when:%Y-%m-%d %H:%M:%S},{pen.when.microsecond // 1000:03}"
    return pen.line(f"{stamp} {level} {name}: {text}", STDERR)
