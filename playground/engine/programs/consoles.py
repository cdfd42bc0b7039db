"""pgAdmin, Dozzle and Portainer: little is said there."""

from collections.abc import Iterator

from playground.engine.load import MIB, Load
from playground.engine.program import STDERR, Ending, Program, Run, Said
from playground.engine.programs.pen import PEOPLE, Pen

_AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"


def pgadmin() -> Program:
    load = Load(cpu=0.012, swing=0.5, memory=168 * MIB, cache=24 * MIB)
    return Program(_pgadmin_says, stops=Ending(after=0.6, exit_code=0), load=load, starts_in=0.4)


def dozzle() -> Program:
    load = Load(cpu=0.015, swing=0.7, period=45, memory=21 * MIB, cache=4 * MIB)
    return Program(_dozzle_says, stops=Ending(after=0.1, exit_code=0), load=load, starts_in=0.2)


def portainer() -> Program:
    load = Load(cpu=0.004, memory=34 * MIB, cache=8 * MIB)
    return Program(_portainer_says, stops=Ending(after=0.1, exit_code=2), load=load, starts_in=0.2)


def _pgadmin_says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        yield pen.line("postfix/postlog: starting the Postfix mail system", STDERR)
        pen.wait(3)
        for text in ("Starting gunicorn 22.0.0", "Listening at: http://[::]:80 (1)", "Using worker: gthread"):
            yield pen.line(f"[{pen.when:%Y-%m-%d %H:%M:%S} +0000] [1] [INFO] {text}", STDERR)
        yield pen.line(
            f"[{pen.when:%Y-%m-%d %H:%M:%S} +0000] [116] [INFO] Booting worker with pid: 116", STDERR
        )
    while True:
        pen.wait_for_people(70)
        method, path, status = pen.random.choices(
            (
                ("GET", "/misc/ping", 200),
                ("POST", "/sqleditor/query_tool/start/4711", 200),
                ("POST", "/authenticate/login", 302),
            ),
            (90, 7, 3),
        )[0]
        yield pen.line(
            f'{pen.random.choice(PEOPLE)} - - [{pen.when:%d/%b/%Y:%H:%M:%S} +0000] "{method} {path} HTTP/1.1" {status} '
            f'{pen.random.randrange(4, 900)} "https://pg.tapbot.kz/browser/" "{_AGENT}"'
        )
        if pen.chance(0.01):
            stamp = f"{pen.when:%Y-%m-%d %H:%M:%S},{pen.when.microsecond // 1000:03}"
            words = "Failed to connect to the database server(#1): timeout expired"
            yield pen.line(f"{stamp}: ERROR\tpgadmin:\t{words}", STDERR)


def _dozzle_says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        for text in (
            "INF Dozzle version v8.12.0",
            "INF Connected to Docker clients=1",
            "INF Accepting connections on :8080",
        ):
            pen.wait(0.05)
            yield pen.line(f"{pen.when:%Y-%m-%dT%H:%M:%SZ} {text}", STDERR)
    while True:
        pen.wait_about(40_000)
        words = pen.random.choice(
            (
                'WRN unable to find container id="" error="container not found"',
                'ERR error while streaming error="context canceled"',
            )
        )
        yield pen.line(f"{pen.when:%Y-%m-%dT%H:%M:%SZ} {words}", STDERR)


def _portainer_says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    source = "github.com/portainer/portainer/api"
    if run.hears_start:
        for place, text in (
            ("cmd/portainer/main.go:369", "encryption key file not present | filename=portainer"),
            (
                "cmd/portainer/main.go:649",
                "starting Portainer | build_number=44 go_version=1.21.12 version=2.21.4",
            ),
            ("http/server.go:363", "starting HTTPS server | bind_address=:9443"),
            ("http/server.go:347", "starting HTTP server | bind_address=:9000"),
        ):
            pen.wait(0.1)
            yield pen.line(f"{pen.when:%Y/%m/%d %I:%M%p} INF {source}/{place} > {text}", STDERR)
    while True:
        pen.wait_about(86_400)
        text = 'unable to retrieve the latest version from GitHub | error="context deadline exceeded"'
        yield pen.line(
            f"{pen.when:%Y/%m/%d %I:%M%p} WRN {source}/http/handler/system/version.go:84 > {text}", STDERR
        )
