"""Alertmanager in a process of its own, so that what else the bench does delays nothing:
`python -m bench.alert_sender URL RATE SECONDS` posts `alert_bodies.traffic`; the hook's token comes on stdin.

Prints one line of JSON: how long each 200 took, and the names of the alerts that fire at the end.
"""

import asyncio
import json
import sys
from itertools import islice
from time import perf_counter

import httpx

from bench.alert_bodies import traffic

_WARM_UP = 5


async def _steady(client: httpx.AsyncClient, url: str, bodies: list[bytes], rate: float) -> list[float]:
    """Each body is sent at its time, whether the one before was answered or not, and timed from then on."""
    took: list[float] = []

    async def post(body: bytes, due: float) -> None:
        (await client.post(url, content=body)).raise_for_status()
        took.append(perf_counter() - due)

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, body in enumerate(bodies):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            group.create_task(post(body, due))
    return took


async def _main(url: str, rate: float, seconds: float) -> None:
    token = sys.stdin.readline().strip()
    told = list(islice(traffic(), int(rate * seconds)))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as client:
        for _ in range(_WARM_UP):
            await client.get(url)
        took = await _steady(client, url, [body for body, _ in told], rate)
    names = {name for group in {id(group): group for _, group in told}.values() for name in group.names}
    size = sum(len(body) for body, _ in told) / len(told)
    print(json.dumps({"took": took, "names": sorted(names), "size": size}))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
