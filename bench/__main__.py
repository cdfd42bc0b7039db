"""`python -m bench`: absolute figures, and ratios to what a user would do instead. It judges nothing."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench import charts, commands, logs, memory, routes, standards
from bench.alerts import alerts
from bench.crowd import crowds
from bench.floor import floor
from bench.stage import crowd, open_stage
from tests.lab.servers import Lab, LabUnavailable


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as directory, Lab.build(Path(directory)) as lab:
            began = perf_counter()
            crowd(lab)
            print(f"{os.cpu_count()} cores; the lab was up in {lab.took:.1f} s", end="")
            print(f", crowded in {perf_counter() - began:.1f} s more")
            asyncio.run(benches(lab))
        asyncio.run(alerts())  # needs no lab
        asyncio.run(crowds())  # nor does this
        return logs.main() or routes.main() or charts.main() or standards.main()
    except LabUnavailable as missing:
        print(f"No bench here: {missing}", file=sys.stderr)
        return 1
    return 0


async def benches(lab: Lab) -> None:
    await floor(lab)
    async with open_stage(lab) as stage:
        fresh = await memory.idle(stage)
        await commands.status(stage, lab)
        await commands.logs(stage, lab, 50, wanted=10)
        await commands.logs(stage, lab, 1000, wanted=10)
        stage.longest_hold()  # what the start and the first contact took
        await commands.much(stage)
        worked = await memory.idle(stage)
    memory.report(fresh, worked, await memory.bare())


if __name__ == "__main__":
    sys.exit(main())
