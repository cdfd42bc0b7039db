"""The level a line says, in the shapes of the programs that the team runs, and what only looks like one."""

import string
from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.logs.text.levels import LONGEST_JSON, Level, inherited, level_of, parse_level

TRACE, DEBUG, INFO, WARN, ERROR, FATAL = Level

# Each heading is who writes so.
LINES: dict[str, list[tuple[Level | None, str]]] = {
    "pino, Directus raw": [
        (INFO, '{"level":30,"time":1795442531123,"pid":17,"hostname":"directus","msg":"Server started"}'),
        (ERROR, '{"level":50,"time":1795442531123,"pid":17,"hostname":"d","err":{"message":"x"},"msg":"x"}'),
        (WARN, '{"severity":"warning","level":40,"time":1795442531123,"msg":"slow query"}'),
        (TRACE, '{"level":10,"msg":"x"}'),
        (FATAL, '{"level":60,"msg":"x"}'),
        (ERROR, '{"time":1,"msg":"{\\"level\\":30}","level":"50"}'),
        (None, '{"level":0,"msg":"x"}'),
        (None, '{"level":true,"msg":"x"}'),
        (None, '{"level":null,"msg":"x"}'),
    ],
    "pino-pretty, Directus": [
        (INFO, "[14:02:11.123] INFO: Server started at http://0.0.0.0:8055"),
        (ERROR, "[14:02:11.123] ERROR (17): connect ECONNREFUSED 172.18.0.3:5432"),
        (WARN, "[2026-11-23 14:02:11.123 +0500] WARN (directus/17 on host): PUBLIC_URL is not set"),
        (None, "[14:02:11] GET /items/error 500 5ms"),
        (None, '    err: {"type": "Error"}'),
    ],
    "n8n": [
        (ERROR, '2026-11-23T14:02:11.123Z | error | Workflow execution failed {"file":"x.js"}'),
        (WARN, "2026-11-23T14:02:11.123Z | warn  | Pruning took long"),
        (DEBUG, "14:02:11.123   debug   Queued {}"),
        (INFO, '{"level":"info","message":"n8n ready","metadata":{"timestamp":"2026-11-23T14:02:11.123Z"}}'),
        (ERROR, "Error: There was an error initializing DB"),
        (None, "Editor is now accessible via:"),
        (None, "Last session crashed"),
    ],
    "Traefik": [
        (ERROR, "2024-07-02T10:00:00Z ERR Router uses a nonexistent resolver routerName=dashboard@docker"),
        (INFO, "2024-07-02T10:00:00+05:00 INF Traefik version 3.0.4 built on 2024-07-02"),
        (WARN, 'time="2026-11-23T14:02:11Z" level=warning msg="No domain found" providerName=docker'),
        (DEBUG, '{"level":"debug","providerName":"docker","time":"2026-11-23T14:02:11Z","message":"x"}'),
        (INFO, '{"ClientHost":"10.0.0.1","DownstreamStatus":502,"level":"info","msg":"","time":"2026"}'),
        (None, '{"ClientHost":"10.0.0.1","DownstreamStatus":502,"RequestPath":"/level"}'),
        (
            None,
            '10.0.0.1 - - [23/Nov/2026:14:02:11 +0000] "GET /error HTTP/2.0" 502 11 "-" "-" 7 "d@docker" 3ms',
        ),
    ],
    "PostgreSQL": [
        (INFO, "2026-11-23 14:02:11.123 UTC [1] LOG:  database system is ready to accept connections"),
        (ERROR, '2026-11-23 14:02:11.123 UTC [42] ERROR:  relation "x" does not exist at character 15'),
        (ERROR, "2026-11-23 14:02:11.123 UTC [42] directus@directus ERROR:  duplicate key value"),
        (
            FATAL,
            "2026-11-23 14:02:11 +05 [42-1] user=pg,db=pg,app=[unknown],client=10.0.0.7 FATAL:  no entry",
        ),
        (FATAL, "2026-11-23 14:02:11.123 UTC [1] PANIC:  could not locate a valid checkpoint record"),
        (WARN, "WARNING:  no usable system locales were found"),
        (INFO, 'NOTICE:  table "x" does not exist, skipping'),
        (INFO, "LOG:  duration: 1200.123 ms  statement: SELECT 'ERROR:  x'"),
        (WARN, 'initdb: warning: enabling "trust" authentication for local connections'),
        (None, "2026-11-23 14:02:11.123 UTC [42] STATEMENT:  SELECT 'ERROR: x' FROM x"),
        (None, "2026-11-23 14:02:11.123 UTC [42] DETAIL:  Key (id)=(1) already exists."),
        (None, "HINT:  No function matches the given name and argument types."),
        (None, "CONTEXT:  PL/pgSQL function x() line 3 at RAISE"),
        (None, "server started"),
    ],
    "Redis": [
        (INFO, "1:M 02 Nov 2026 09:14:07.115 * Ready to accept connections tcp"),
        (WARN, "1:C 02 Nov 2026 09:14:07.115 # WARNING Memory overcommit must be enabled!"),
        (DEBUG, "1:S 02 Nov 2026 09:14:07.115 - Accepted 172.18.0.4:45678"),
        (DEBUG, "21:X 02 Nov 2026 09:14:07.115 . Total: 0 clients connected"),
        (None, "      `-._    `-._`-.__.-'_.-'    _.-'"),
    ],
    "pgAdmin, gunicorn": [
        (INFO, "[2026-11-23 14:02:11 +0000] [17] [INFO] Booting worker with pid: 17"),
        (FATAL, "[2026-11-23 14:02:11 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:17)"),
        (ERROR, "2026-11-23 14:02:11,123: ERROR\tpgadmin:\tconnection failed"),
        (
            None,
            '::ffff:10.0.0.1 - - [23/Nov/2026:14:02:11 +0000] "GET /misc/ping HTTP/1.1" 200 4 "-" "error"',
        ),
    ],
    "Portainer, Dozzle, zerolog": [
        (
            INFO,
            "2026/11/23 02:02PM INF github.com/portainer/portainer/api/http/server.go:330 > starting HTTP",
        ),
        (ERROR, '2026/11/23 02:02PM ERR api/cmd/main.go:12 > failed | error="x"'),
        (INFO, "23 Nov 26 14:02 UTC INF Dozzle version v8.14.4"),
        (FATAL, "3:04PM FTL cannot listen"),
        (WARN, '{"level":"warn","time":"2026-11-23T14:02:11Z","message":"x"}'),
    ],
    "Prometheus, Alertmanager, Grafana, Netdata": [
        (INFO, 'ts=2026-11-23T14:02:11.123Z caller=main.go:585 level=info msg="Starting Prometheus"'),
        (WARN, 'time=2026-11-23T14:02:11.123Z level=WARN source=head.go:601 msg="Unknown series"'),
        (ERROR, 'logger=context userId=0 orgId=0 t=2026-11-23T14:02:11+05:00 level=error msg="Request"'),
        (ERROR, 't=2026-11-23T14:02:11+0500 lvl=eror msg="Failed" logger=alerting'),
        (
            INFO,
            'time=2026-11-23T14:02:11+05:00 comm=netdata source=daemon level=info tid=9 msg="level=error"',
        ),
        (ERROR, "2026-11-23 14:02:11: netdata ERROR : MAIN : cannot open file"),
        (DEBUG, 'msg="a \\"quoted\\" word" severity="debug"'),
        (WARN, "2026-11-23T14:02:11Z component=x level=warn msg=x"),
    ],
    "Python": [
        (WARN, "WARNING:root:disk is nearly full"),
        (ERROR, "ERROR:asyncio:Task exception was never retrieved"),
        (WARN, "2026-11-23 14:02:11,123 - aiogram.dispatcher - WARNING - Failed to fetch updates"),
        (ERROR, "2026-11-23 14:02:11,123 - ERROR - no name here"),
        (INFO, "2026-11-23 14:02:11.123 | INFO     | app.main:run:12 - started"),
        (ERROR, "[2026-11-23 14:02:11,123: ERROR/MainProcess] Task app.send raised"),
        (INFO, 'INFO:     10.0.0.1:51234 - "GET /error HTTP/1.1" 500 Internal Server Error'),
        (INFO, '{"event":"started","level":"info","timestamp":"2026-11-23T14:02:11Z"}'),
        (FATAL, '{"asctime":"2026-11-23 14:02:11,123","levelname":"CRITICAL","message":"x"}'),
        (WARN, "[W 2026-11-23 14:02:11.123 ServerApp] 404 GET /x"),
        (WARN, "2026-11-23 14:02:11.123 WARNING (MainThread) [homeassistant.core] slow"),
        (None, "Traceback (most recent call last):"),
        (None, '  File "/app/main.py", line 1, in <module>'),
        (None, "ValueError: invalid literal"),
    ],
    "Go": [
        (ERROR, "E1123 14:02:11.123456      17 reflector.go:138] Failed to watch"),
        (INFO, "I1123 14:02:11.123456      17 server.go:10] ERROR is only a word here"),
        (INFO, "2026-11-23T14:02:11.123Z\tinfo\tservice@v0.96.0/telemetry.go:55\tSetting up"),
        (ERROR, "2026-11-23T14:02:11.123+0500    ERROR   http/server.go:12       failed"),
        (INFO, '{"level":"info","ts":1795442531.123,"logger":"tls","msg":"cleaning storage unit"}'),
        (DEBUG, '{"time":"2026-11-23T14:02:11Z","level":"DEBUG-4","msg":"x"}'),
        (INFO, '{"time":"2026-11-23T14:02:11Z","level":"INFO+2","msg":"x"}'),
        (WARN, "WARN[0012] Container is slow                 id=abc"),
        (FATAL, "panic: runtime error: invalid memory address or nil pointer dereference"),
        (FATAL, "fatal error: all goroutines are asleep - deadlock!"),
        (None, "2026/11/23 14:02:11 http: TLS handshake error from 10.0.0.1:1: EOF"),
    ],
    "Java": [
        (ERROR, "ERROR o.s.boot.SpringApplication - Application run failed"),
        (WARN, "WARN  [main] org.hibernate.orm.deprecation - HHH90000025"),
        (WARN, "2026-11-23 14:02:11,123 WARN  [main] o.h.Dialect - deprecated"),
        (ERROR, "14:02:11.123 [http-nio-8080-exec-1] ERROR o.s.web.servlet - Servlet.service()"),
        (INFO, "2026-11-23T14:02:11.123+05:00  INFO 1 --- [main] c.e.App : Started"),
        (WARN, "[2026-11-23T14:02:11,123][WARN ][o.e.c.r.a.AllocationService] [node] falling behind"),
        (ERROR, "23-Nov-2026 14:02:11.123 SEVERE [main] org.apache.catalina.core.StandardContext x"),
        (INFO, " INFO [io.quarkus] (main) started"),
        (WARN, "[14:02:11] [Server thread/WARN]: Can't keep up!"),
        (ERROR, '{"@timestamp":"2026-11-23T14:02:11Z","log.level":"ERROR","message":"x"}'),
        (ERROR, '{"@timestamp":"2026-11-23T14:02:11Z","log":{"level":"error"},"message":"x"}'),
        (None, "java.lang.IllegalStateException: ERROR is part of the message"),
        (None, "\tat org.example.Error.main(Error.java:10)"),
        (None, "Caused by: java.sql.SQLException: FATAL: too many connections"),
    ],
    ".NET": [
        (INFO, '{"@t":"2026-11-23T14:02:11.123Z","@mt":"Started {App}","App":"x"}'),
        (WARN, '{"@t":"2026-11-23T14:02:11.123Z","@mt":"x","@l":"Warning"}'),
        (ERROR, '{"Timestamp":"2026-11-23T14:02:11","Level":"Error","MessageTemplate":"x"}'),
        (INFO, "[14:02:11 INF] Now listening on: http://[::]:8080"),
        (ERROR, "2026-11-23 14:02:11.123 +05:00 [ERR] HTTP GET /x responded 500"),
        (ERROR, "fail: Microsoft.AspNetCore.Server.Kestrel[13]"),
        (TRACE, "trce: Microsoft.AspNetCore[1]"),
    ],
    "others": [
        (ERROR, "2026/11/23 14:02:11 [error] 17#17: *1 connect() failed (111: Connection refused)"),
        (FATAL, 'nginx: [emerg] host not found in upstream "directus"'),
        (ERROR, "[Mon Nov 23 14:02:11.123456 2026] [core:error] [pid 17:tid 1] AH00037"),
        (WARN, "2026-11-23T14:02:11.123456Z 0 [Warning] [MY-010068] [Server] CA certificate is self signed"),
        (INFO, "2026-11-23 14:02:11 0 [Note] mariadbd: ready for connections"),
        (ERROR, "E, [2026-11-23T14:02:11.123456 #17] ERROR -- : failed"),
        (ERROR, "[2026-11-23 14:02:11] production.ERROR: Undefined variable"),
        (FATAL, "PHP Fatal error:  Uncaught Error: Call to undefined function"),
        (INFO, "[23-Nov-2026 14:02:11] NOTICE: fpm is running, pid 1"),
        (ERROR, "[2026-11-23T14:02:11Z ERROR app::db] pool timed out"),
        (ERROR, "[Nest] 17  - 11/23/2026, 2:02:11 PM   ERROR [ExceptionsHandler] x"),
        (INFO, "[Nest] 17  - 11/23/2026, 2:02:11 PM     LOG [NestFactory] Starting"),
        (WARN, "[8/22/2026] [12:58:28 AM] [Nginx    ] › ⚠  warning   Reloading Nginx"),
        (INFO, "2026-08-22 21:29:25,119::INFO::[newswrapper:229] Connecting finished"),
        (ERROR, "Nov 23 14:02:11 web-1 dockerd[17]: error: cannot start"),
        (ERROR, "npm ERR! code ELIFECYCLE"),
        (WARN, "npm warn deprecated inflight@1.0.6"),
        (ERROR, "<3>device eth0 failed"),
        (WARN, "<4>slow"),
        (DEBUG, "<7>tick"),
        (INFO, "<165>1 2026-11-23T14:02:11Z host app - - - x"),
        (INFO, "INFO: connection established, retrying after error: timeout"),
        (ERROR, "[ERROR] INFO is no longer available"),
        (WARN, "Warning: Nothing to do"),
        (FATAL, "crit: out of space"),
        (ERROR, "ERROR"),
        (WARN, "WARN | disk"),
        (WARN, "14:02:11 (main) WARN disk"),
    ],
    "broken or long JSON": [
        (ERROR, '{"level":"error","password":•••,"msg":"x"}'),
        (WARN, '{"level":40,"msg":"cut he'),
        (ERROR, '{"@t":"2026-11-23T09:02:11Z","@l":"Error","@mt":"cut he'),
        (ERROR, '{"level":"error","msg":"' + "x" * LONGEST_JSON + '"}'),
        (None, '{"msg":"' + "x" * LONGEST_JSON + '","level":"error"}'),
        (None, '{"msg":"error"}'),
        (None, "{}"),
        (None, "{error: true}"),
        (None, '["error"]'),
    ],
    "no level": [
        (None, ""),
        (None, "GET /error 200"),
        (None, "GET /x?level=error HTTP/1.1"),
        (None, "0 errors, 2 warnings"),
        (None, "Found 0 errors. Watching for file changes."),
        (None, "No error was found"),
        (None, "2026-11-23 14:02:11 12 errors found"),
        (None, "2026-11-23 14:02:11 Error handling is on"),
        (None, "2026-11-23 14:02:11 error handling is on"),
        (None, "Information about the error is in the log"),
        (None, "Debugger listening on ws://127.0.0.1:9229"),
        (None, "ERROR_CODE=5 INFO_PATH=/x"),
        (None, "errors: 0"),
        (None, "error.log was rotated"),
        (None, "https://example.org/error: not found"),
        (None, "[errors] none"),
        (None, "[main] nothing wrong here, only [error] in the middle"),
        (None, "- error handling"),
        (None, "Set level=debug to see more"),
        (None, "user=dias level_of_detail=error"),
        (None, "Description: what an error is"),
        (None, "<html><body>error</body></html>"),
        (None, "npm start"),
        (None, "INFORMATION_SCHEMA was read"),
        (None, "W1123 is a part number"),
        (None, "E0806 is not a klog line"),
    ],
}
ROWS = [(level, line) for rows in LINES.values() for level, line in rows]


@pytest.mark.parametrize(("level", "line"), ROWS, ids=[line[:60] for _, line in ROWS])
def test_a_line_says_its_level_or_none(level: Level | None, line: str) -> None:
    assert level_of(line) is level


def test_levels_are_in_order() -> None:
    assert list(Level) == sorted(Level)
    assert [level.name for level in Level] == ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


PIECES = (
    *(
        "ERROR",
        "error",
        "level=",
        '{"',
        "{",
        "[",
        "]",
        "(",
        ")",
        "2026-11-23",
        "14:02:11",
        " ",
        "  ",
        "-",
        "|",
    ),
    *(":", '"', "a", "=", "@", "host", "p[1]:", "<3>", "•••", "\ud800", "\t", "\\"),
)
SOUP = st.lists(st.sampled_from(PIECES), max_size=40)


@given(st.text() | SOUP.map("".join) | st.text('{}[]":,level'))
@example('{"level":' * 5_000)
@example('{"level":"' + "\ud800" + '"}')
@example('{"level":1e999}')
@example('{"level":' + "9" * 5_000 + "}")
@example("<999>")
def test_whatever_a_line_holds_it_has_a_level_or_none(line: str) -> None:
    assert level_of(line) in {*Level, None}


@given(st.sampled_from(ROWS), st.text(string.ascii_lowercase + " ", max_size=300))
def test_what_follows_in_a_message_changes_nothing(row: tuple[Level | None, str], more: str) -> None:
    level, line = row
    if level is not None and not line.startswith(("{", "<")):
        assert level_of(f"{line} {more}") is level


HOSTILE = [
    *("[", "[ ", "[[", '[ "', "[a", "[a]", "[1", "[a/", "[a:", "[17] ", "[1:M ", "[T1", "[INFO", "[Z "),
    *("(", "()", "( ", "-", "--", "- a -", "- a ", "-   ", "›", "› ", "|", ":", " ", "\t", "1 ", "1:M "),
    *("a@", "a:", "a: ", "a.", "a/", "a=b ", 'a="b" ', "a=1,b=2,", 'a="\\', "h p[1]: ", "h p[1]", "E, ["),
    *("level=", "x level", "level ", "2026-11-23 ", "14:02:11,", "Jan ", "PHP ", "ERRO", "INFOR ", "ERROR"),
    *("{", '{"', '{"level":', '{"level" ', ',"level', "<3", "npm", "E1123", "1:M 02 Nov 2026 "),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_line_is_slow_however_long_and_hostile(piece: str) -> None:
    line = piece * (100_000 // len(piece))
    level_of(line)
    start = thread_time()
    for _ in range(100):
        level_of(line)
    assert (thread_time() - start) / 100 < 500e-6  # an ordinary line takes 1 µs, these at most 6


@pytest.mark.parametrize(
    ("word", "level"),
    [
        *(("warn", WARN), ("warning", WARN), ("Warning", WARN), (" WARN ", WARN), ("варн", WARN)),
        *(("Предупреждение", WARN), ("error", ERROR), ("err", ERROR), ("ошибка", ERROR), ("info", INFO)),
        *(("notice", INFO), ("инфо", INFO), ("debug", DEBUG), ("отладка", DEBUG), ("trace", TRACE)),
        *(("fatal", FATAL), ("crit", FATAL), ("critical", FATAL), ("критично", FATAL)),
        *(("", None), ("e", None), ("errors", None), ("5", None), ("log", None), ("fatal error", None)),
    ],
)
def test_what_people_type_is_a_level_or_none(word: str, level: Level | None) -> None:
    assert parse_level(word) is level


JAVA = """\
2026-11-23 14:02:11,123 ERROR [main] o.s.boot - Application run failed
java.lang.IllegalStateException: boom
\tat org.example.Main.main(Main.java:10)
\t... 12 common frames omitted
Caused by: java.sql.SQLException: down
\tat org.example.Db.open(Db.java:7)

2026-11-23 14:02:12,000 INFO [main] o.s.boot - Retrying"""
PYTHON = """\
ERROR:app:cannot send
Traceback (most recent call last):
  File "/app/main.py", line 1, in send
    raise Gone(name)
app.errors.Gone: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/main.py", line 3, in send
ValueError: y
Listening again"""
POSTGRES = """\
2026-11-23 14:02:11.123 UTC [42] ERROR:  relation "x" does not exist at character 15
2026-11-23 14:02:11.123 UTC [42] HINT:  Perhaps you meant "y".
2026-11-23 14:02:11.123 UTC [42] STATEMENT:  SELECT *
\tFROM x
2026-11-23 14:02:12.000 UTC [1] LOG:  checkpoint starting: time"""
NODE = """\
[14:02:11.123] WARN: retrying
TypeError: x is not a function
    at run (/app/x.js:1:2) {
  code: 'X'
}
Listening on 8055"""
GO = """\
INFO starting
panic: boom

goroutine 1 [running]:
main.main()
\t/app/main.go:12 +0x1d
exit status 2
INFO starting"""
CRASH = """\
Listening on 8055
Traceback (most recent call last):
  File "/app/main.py", line 1, in <module>
KeyError: 'x'
INFO listening on 8055
AxiosError: Request failed
    at settle (/app/x.js:1:2)
INFO listening on 8055
Exception in thread "main" java.lang.Error
\tat org.example.Main.main(Main.java:10)"""
INDENTED = """\
    at the beginning of a page nothing is known
INFO a list:
  one
no list any more
  two"""


@pytest.mark.parametrize(
    ("log", "levels"),
    [
        (JAVA, [ERROR] * 7 + [INFO]),
        (PYTHON, [ERROR] * 11 + [None]),
        (POSTGRES, [ERROR] * 4 + [INFO]),
        (NODE, [WARN] * 5 + [None]),
        (GO, [INFO] + [FATAL] * 6 + [INFO]),
        (CRASH, [None, ERROR, ERROR, ERROR, INFO, ERROR, ERROR, INFO, ERROR, ERROR]),
        (INDENTED, [None, INFO, INFO, None, None]),
    ],
    ids=["Java", "Python", "PostgreSQL", "Node", "Go", "a crash", "indented"],
)
def test_a_stack_trace_goes_with_its_error(log: str, levels: list[Level | None]) -> None:
    assert inherited(log.split("\n")) == levels


@given(st.lists(st.sampled_from([*ROWS, *((None, line) for line in (JAVA + PYTHON + GO).split("\n"))])))
def test_a_line_that_says_its_level_keeps_it(rows: list[tuple[Level | None, str]]) -> None:
    lines = [line for _, line in rows]
    for line, level in zip(lines, inherited(lines), strict=True):
        assert level_of(line) in {None, level}
