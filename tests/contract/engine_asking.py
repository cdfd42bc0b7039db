"""What the tests of both engines ask them, over the bot's own channels."""

import json
import time
from urllib.parse import quote

from services.domain.containers import Container, State
from services.fleet.engine import DockerEngine
from services.fleet.streams import get


async def row_of(engine: DockerEngine, name: str) -> Container:
    (row,) = (row for row in await engine.containers(deadline=5) if row.name == name)
    return row


async def is_in(engine: DockerEngine, name: str, state: State) -> bool:
    return (await row_of(engine, name)).state is state


async def status_of(engine: DockerEngine, name: str) -> str:
    """The engine's own words: "Up 2 seconds"."""
    _, _, body = await raw(engine, "GET /containers/json?all=1")
    (words,) = (row["Status"] for row in json.loads(body) if row["Names"] == [f"/{name}"])
    return str(words)


async def raw(engine: DockerEngine, request: str) -> tuple[int, dict[str, str], bytes]:
    """Any request, as its head's first line has it: status, headers, body."""
    method, path = request.split(" ", 1)
    await engine._link.ready()
    channel = await engine._link.open()
    try:
        if method != "GET":
            channel.write(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
            answer = b""
            while data := await channel.read():
                answer += data
            head, _, body = answer.partition(b"\r\n\r\n")
            return int(head.split()[1]), {}, body
        response = await get(channel, path)
        return response.status, response.headers, b"".join([data async for data in response.body()])
    finally:
        channel.close()


class Telling:
    """What an engine has told since this was made, without what healthchecks run."""

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine
        self._since = time.time()

    async def __call__(self, name: str, **filters: list[str]) -> list[str]:
        wanted = quote(json.dumps(filters))
        path = f"/events?since={self._since:.6f}&until={time.time():.6f}&filters={wanted}"
        _, _, body = await raw(self._engine, f"GET {path}")
        found = [json.loads(line) for line in body.splitlines()]
        ids = {each["Actor"]["ID"] for each in found if each["Actor"]["Attributes"].get("name") == name}
        return [
            _spelled(each)
            for each in found
            if ids & {each["Actor"]["ID"], each["Actor"]["Attributes"].get("container")}
            if not each["Action"].startswith("exec_")
        ]


def _spelled(event: dict[str, object]) -> str:
    actor = event["Actor"]
    assert isinstance(actor, dict)
    facts = actor["Attributes"]
    more = [f"{key}={facts[key]}" for key in ("exitCode", "signal", "destination") if key in facts]
    return " ".join([str(event["Type"]), str(event["Action"]), *more])
