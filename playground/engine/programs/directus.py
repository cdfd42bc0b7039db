"""Directus 11 with LOG_STYLE=raw: pino, and pino-http for requests."""

from collections.abc import Iterator

from playground.engine.clock import SECOND
from playground.engine.load import MIB, Load
from playground.engine.program import Ending, Probe, Program, Run, Said
from playground.engine.programs.pen import ACCESS_TOKEN, BOT_TOKEN, COLLECTIONS, PEOPLE, Pen

_INFO, _WARN, _ERROR = 30, 40, 50
_START = (
    (_INFO, 0.6, "Initializing bootstrap..."),
    (_INFO, 0.7, "Database already initialized, skipping install"),
    (_INFO, 0.4, "Running migrations..."),
    (_INFO, 0.3, "Done"),
    (_WARN, 0.5, "PostGIS isn't installed. Geometry type support will be limited."),
    (_INFO, 0.4, "Extensions loaded"),
    (_INFO, 0.1, "Server started at http://0.0.0.0:80"),
)
# What it says when its heap is full, before the kernel or Node itself puts an end to it.
LAST_WORDS = (
    b'{"level":40,"msg":"Pressure limiter: heap used 971 MiB of 1024 MiB, requests are rejected"}\n',
    b"\n<--- Last few GCs --->\n\n",
    b"[18:0x7f3b5c0]  5123411 ms: Mark-Compact 1001.9 (1028.4) -> 1001.2 (1028.6) MB, 812.33 / 0.00 ms "
    b"(average mu = 0.081, current mu = 0.012) allocation failure; scavenge might not succeed\n",
)


def directus() -> Program:
    load = Load(
        cpu=0.11, swing=0.8, period=75, memory=388 * MIB, cache=38 * MIB, growth=2 * MIB, most=540 * MIB
    )
    return Program(_says, stops=Ending(after=0.9, exit_code=0), probe=_probe, load=load, starts_in=0.4)


def _probe(run: Run, at: int) -> Probe:
    ready = at - run.started > 3 * SECOND
    refused = "wget: can't connect to remote host (127.0.0.1): Connection refused\n"
    return Probe(0, '{"status":"ok"}\n', takes=0.06) if ready else Probe(1, refused, takes=0.03)


def _says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        for level, seconds, text in _START:
            pen.wait(seconds)
            yield _note(pen, level, text)
    number = 0
    while True:
        pen.wait_for_people(3.0)
        number += 1
        if pen.chance(0.012):
            yield _trouble(pen)
        elif pen.chance(0.02):
            yield _note(pen, _INFO, f'Flow "Booking reminder" finished in {pen.random.randrange(40, 900)} ms')
        yield _request(pen, number)


def _note(pen: Pen, level: int, text: str, **more: object) -> Said:
    heading = {"level": level, "time": pen.at // 1_000_000, "pid": 18, "hostname": pen.run.container_id[:12]}
    return pen.json(**heading, **more, msg=text)


def _request(pen: Pen, number: int) -> Said:
    random = pen.random
    collection = random.choice(COLLECTIONS)
    method, status = random.choices(
        (
            ("GET", 200),
            ("GET", 304),
            ("POST", 200),
            ("PATCH", 200),
            ("GET", 403),
            ("POST", 400),
            ("GET", 500),
        ),
        (700, 60, 120, 80, 18, 12, 3),
    )[0]
    url = f"/items/{collection}"
    if method == "PATCH":
        url += f"/{random.randrange(1, 4000)}"
    elif method == "GET":
        url += f"?limit=25&page={random.randrange(1, 9)}&sort=-date_created"
    if pen.chance(0.01):
        url = f"/assets/{random.getrandbits(128):032x}?access_token={ACCESS_TOKEN}"
    level = _ERROR if status >= 500 else _WARN if status >= 400 else _INFO
    request = {
        "id": number,
        "method": method,
        "url": url,
        "headers": {
            "host": "dir.tapbot.kz",
            "authorization": "--redacted--",
            "x-real-ip": random.choice(PEOPLE),
        },
        "remoteAddress": "::ffff:172.18.0.2",
    }
    took = int(random.lognormvariate(3.3, 0.8))
    return _note(pen, level, "request completed", req=request, res={"statusCode": status}, responseTime=took)


def _trouble(pen: Pen) -> Said:
    kind = pen.random.randrange(4)
    if kind == 0:
        words = (
            f"request to https://api.telegram.org/bot{BOT_TOKEN}/sendMessage failed, reason: read ECONNRESET"
        )
        place = "ClientRequest.<anonymous> (/directus/node_modules/node-fetch/lib/index.js:1505:11)"
        stack = f"FetchError: {words}\n    at {place}"
        return _note(pen, _ERROR, words, err={"type": "FetchError", "message": words, "stack": stack})
    if kind == 1:
        return _note(pen, _WARN, "Couldn't send mail: Greeting never received (smtp.example.com:465)")
    if kind == 2:
        query = 'select "bookings"."id" from "bookings" where "status" = $1 limit $2'
        words = f"{query} - canceling statement due to timeout"
        return _note(pen, _ERROR, words, err={"type": "DatabaseError", "message": words, "code": "57014"})
    return _note(pen, _WARN, f"Rate limiter: {pen.random.choice(PEOPLE)} exceeded 50 points in 1 s")
