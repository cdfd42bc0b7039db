"""Lines of JSON as a person reads them, of each program that writes so."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from time import thread_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.logs.text.lines import last_lines
from services.logs.text.readable import readable

ALMATY = ZoneInfo("Asia/Almaty")  # 5 h ahead
MOMENT = "2026-11-23T09:02:11.123Z"
EPOCH = datetime.fromisoformat(MOMENT).timestamp()


def shown(**members: Any) -> str:
    return readable(json.dumps(members, ensure_ascii=False), ALMATY)


DIRECTUS = r"""
{"level":50,"time":1795424531123,"pid":17,"hostname":"directus","err":{"type":"DatabaseError","message":
"connect ECONNREFUSED 172.18.0.3:5432","stack":"DatabaseError: connect ECONNREFUSED 172.18.0.3:5432\n    at
 TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)\n    at a\n    at b\n    at c\n    at d","errno"
:-111,"address":"172.18.0.3","port":5432},"msg":"connect ECONNREFUSED 172.18.0.3:5432"}"""
DIRECTUS_HTTP = r"""
{"level":30,"time":1795424531123,"pid":17,"hostname":"directus","req":{"id":1,"method":"GET","url":"/items/a",
"query":{},"headers":{"host":"dir.tapbot.kz","authorization":"•••"},"remoteAddress":"172.18.0.2"},
"res":{"statusCode":500,"headers":{"etag":"x"}},"responseTime":1234,"msg":"request completed"}"""
N8N = r"""
{"level":"error","message":"Workflow execution failed","metadata":{"file":"workflow-runner.js","function":
"run","timestamp":"2026-11-23T09:02:11.123Z","executionId":"812","scopes":["executions"]}}"""
TRAEFIK_ACCESS = r"""
{"ClientAddr":"10.0.0.1:51234","ClientHost":"10.0.0.1","ClientPort":"51234","ClientUsername":"-",
"DownstreamContentSize":11,"DownstreamStatus":502,"Duration":12345678,"OriginDuration":12000000,
"OriginStatus":502,"Overhead":345678,"RequestAddr":"dir.tapbot.kz","RequestCount":7,"RequestHost":
"dir.tapbot.kz","RequestMethod":"GET","RequestPath":"/items/a?limit=1","RequestProtocol":"HTTP/2.0",
"RouterName":"directus@docker","ServiceName":"directus@docker","StartUTC":"2026-11-23T09:02:11.123456789Z",
"TLSVersion":"1.3","entryPointName":"websecure","level":"info","msg":"","time":"2026-11-23T09:02:11Z"}"""
TRAEFIK = r"""
{"level":"error","entryPointName":"web","routerName":"x@docker","error":"service \"x\" does not exist","time":
"2026-11-23T14:02:11+05:00","caller":"github.com/traefik/traefik/v3/pkg/server/router.go:12"}"""
SERILOG = r"""
{"@t":"2026-11-23T09:02:11.1234567Z","@mt":"HTTP {Method} {Path} responded {Status} in {Elapsed:0.0000} ms",
"@l":"Error","@x":"System.Exception: boom\n   at A.B() in /src/A.cs:line 3","@i":"1a2b","Method":"GET",
"Path":"/x","Status":500,"Elapsed":12.3,"SourceContext":"Serilog.AspNetCore"}"""
STRUCTLOG = r"""
{"chat":-100123,"event":"cannot send","level":"warning","timestamp":"2026-11-23T09:02:11.123456Z","exception":
"Traceback (most recent call last):\n  File \"/app/main.py\", line 1, in <module>\n    send()\nValueError: x"}"""
CADDY = r"""
{"level":"info","ts":1795424531.123,"logger":"http.log.access","msg":"handled request","request":{"method":
"GET","host":"x.kz","uri":"/a","headers":{"Accept":["*/*"]}},"duration":0.0123,"size":5,"status":200,
"resp_headers":{"Server":["Caddy"]}}"""
RUST = r"""
{"timestamp":"2026-11-23T09:02:11.123456Z","level":"WARN","fields":{"message":"slow","elapsed_ms":1200},
"target":"app::db","spans":[{"name":"request"}]}"""
ZAP = r"""
{"level":"error","ts":"2026-11-23T14:02:11.123+0500","caller":"app/main.go:12","msg":"failed","error":"EOF",
"stacktrace":"main.run\n\t/app/main.go:12\nmain.main\n\t/app/main.go:5"}"""
ELASTIC = r"""
{"@timestamp":"2026-11-23T09:02:11Z","log":{"level":"error","logger":"db"},"message":"down","ecs.version":"1.6",
"error":{"type":"java.sql.SQLException","message":"no route","stack_trace":"java.sql.SQLException: no route"}}"""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            DIRECTUS,
            """\
14:02:11 ERROR connect ECONNREFUSED 172.18.0.3:5432 · err.type=DatabaseError · err.errno=-111 \
· err.address=172.18.0.3 · err.port=5432
    DatabaseError: connect ECONNREFUSED 172.18.0.3:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)
    at a
    at b
    at c
    …""",
        ),
        (DIRECTUS_HTTP, "14:02:11 INFO GET dir.tapbot.kz/items/a 500 1.2 s"),
        (N8N, '14:02:11 ERROR Workflow execution failed · executionId=812 · scopes=["executions"]'),
        (
            TRAEFIK_ACCESS,
            "14:02:11 INFO GET dir.tapbot.kz/items/a?limit=1 502 12 ms"
            " · ClientHost=10.0.0.1 · ServiceName=directus@docker",
        ),
        (
            TRAEFIK,
            '14:02:11 ERROR service "x" does not exist · entryPointName=web · routerName=x@docker'
            " · caller=github.com/traefik/traefik/v3/pkg/server/router.go:12",
        ),
        (
            SERILOG,
            """\
14:02:11 ERROR HTTP GET /x responded 500 in 12.3 ms · SourceContext=Serilog.AspNetCore
    System.Exception: boom
    at A.B() in /src/A.cs:line 3""",
        ),
        (
            STRUCTLOG,
            """\
14:02:11 WARN cannot send · chat=-100123
    File "/app/main.py", line 1, in <module>
    send()
    ValueError: x""",
        ),
        (CADDY, "14:02:11 INFO GET x.kz/a 200 12 ms · logger=http.log.access · size=5"),
        (RUST, '14:02:11 WARN slow · target=app::db · spans=[{"name":"request"}] · elapsed_ms=1200'),
        (
            ZAP,
            """\
14:02:11 ERROR failed · caller=app/main.go:12 · error=EOF
    main.run
    /app/main.go:12
    main.main
    /app/main.go:5""",
        ),
        (
            ELASTIC,
            """\
14:02:11 ERROR down · error=no route · error.type=java.sql.SQLException · log.logger=db
    java.sql.SQLException: no route""",
        ),
    ],
    ids=[
        *("Directus", "Directus HTTP", "n8n", "Traefik access", "Traefik", "Serilog", "structlog", "Caddy"),
        *("Rust", "zap", "Elastic"),
    ],
)
def test_each_program_reads_like_prose(line: str, text: str) -> None:
    assert readable(line.replace("\n", ""), ALMATY) == text


@pytest.mark.parametrize(
    "line",
    [
        *("", "ERROR plain", "[1, 2]", '"x"', "{", "{}", "{broken", '{"a":1} and more', ' {"a":1}', "null"),
        *('{"a":null}', '{"a":"\\ud83d"}', '{"a":NaN}', '{"password":•••,"msg":"x"}', '{"a":"\ud800"}'),
        '{"a":' * 3_000 + "1" + "}" * 3_000,
    ],
)
def test_what_is_no_object_of_json_or_says_nothing_stays_as_it_is(line: str) -> None:
    assert readable(line, ALMATY) == line


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (MOMENT, "14:02:11 x"),
        ("2026-11-23T14:02:11+05:00", "14:02:11 x"),
        ("2026-11-23T09:02:11.123456789Z", "14:02:11 x"),
        ("2026-11-23 09:02:11,123", "09:02:11 x"),  # of no zone
        (int(EPOCH), "14:02:11 x"),
        (EPOCH, "14:02:11 x"),
        (str(int(EPOCH)), "14:02:11 x"),
        (int(EPOCH * 1e3), "14:02:11 x"),
        (int(EPOCH * 1e6), "14:02:11 x"),
        (int(EPOCH) * 10**9, "14:02:11 x"),
        ("2026-11-23", "x · time=2026-11-23"),
        ("23/Nov/2026:14:02:11 +0500", "x · time=23/Nov/2026:14:02:11 +0500"),
        ("0001-01-01T00:00:00Z", "05:07:48 x"),
        ("9999-12-31T23:59:59Z", "x · time=9999-12-31T23:59:59Z"),
        (17, "x · time=17"),
        (True, "x · time=true"),
    ],
)
def test_the_time_is_that_of_the_zone_and_what_is_no_time_stays_a_field(time: object, text: str) -> None:
    assert shown(msg="x", time=time) == text


def test_another_zone_another_hour() -> None:
    assert readable(json.dumps({"msg": "x", "time": MOMENT}), UTC) == "09:02:11 x"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"level": "audit"}, "x · level=audit"),
        ({"level": 35}, "INFO x"),
        ({"level": "info", "severity": "high"}, "INFO x · severity=high"),
        ({"level": 30, "levelname": "INFO", "level_value": 1}, "INFO x · level_value=1"),
        ({"pid": 1, "hostname": "h", "v": 0, "name": "app"}, "x · name=app"),
        ({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False}, "x · e=0 · f=false"),
        ({"a": [1, "two"], "b": 1.5}, 'x · a=[1, "two"] · b=1.5'),
        ({"a": {"b": {"c": 1, "d": {"e": 2}}}}, 'x · a.b.c=1 · a.b.d={"e": 2}'),
        ({"a": "two\n  lines\tand a tab"}, "x · a=two lines and a tab"),
        ({"key": "•••", "url": "postgres://x:•••@db"}, "x · key=••• · url=postgres://x:•••@db"),
        ({"v" * 50: "w" * 150}, f"x · {'v' * 40}…={'w' * 100}…"),
        ({f"k{n}": n for n in range(10)}, "x · " + " · ".join(f"k{n}={n}" for n in range(10))),
        ({f"k{n}": n for n in range(11)}, "x · " + " · ".join(f"k{n}={n}" for n in range(10)) + " · …"),
        ({"err": {"message": "y", "code": "E"}}, "x · err=y · err.code=E"),
        ({"err": {"type": "Error", "message": "x", "stack": "Error: x\n  at a"}}, "x\n    at a"),
        ({"err": {"stack": "Error: x\n  at a"}, "stack": "Error: x\n  at b"}, "x\n    at a"),
        ({"err": "y"}, "x · err=y"),
        ({"stack": "Error: x\n    at a\n\n    at b\n"}, "x\n    at a\n    at b"),
        ({"event": "push"}, "x · event=push"),
        ({"req": {"method": "GET", "url": "/a"}, "responseTime": 1e300}, "GET /a · x"),
        ({"req": "GET /a"}, "x · req=GET /a"),
    ],
)
def test_what_else_a_line_says_follows_as_fields(members: Mapping[str, Any], text: str) -> None:
    assert shown(msg="x", **members) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("one\n\n  two\r\nthree", "INFO one\n    two\n    three"),
        ("\n".join("abcdefgh"), "INFO a\n    b\n    c\n    d\n    e\n    f\n    …"),
        ("\x1b[31mred\x1b[0m \u202eevil \u200b", "INFO red evil "),
        ({"a": 1}, 'INFO {"a": 1}'),
        (5, "INFO 5"),
        ("", "INFO"),
        ("w" * 1_001, f"INFO {'w' * 1_000}…"),
    ],
)
def test_a_message_is_clean_and_short_enough(message: object, text: str) -> None:
    assert readable(json.dumps({"level": "info", "msg": message}), ALMATY) == text


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"error": "EOF", "a": 1}, "EOF · a=1"),
        ({"err": {"message": "EOF", "code": 5}}, "EOF · err.code=5"),
        ({"msg": "", "error": "", "err": "EOF"}, "EOF"),
        ({"error": 5}, "error=5"),
        ({"level": 30, "a": 1}, "INFO · a=1"),
    ],
)
def test_where_there_is_no_message_the_error_is_one(members: Mapping[str, Any], text: str) -> None:
    assert shown(**members) == text


def test_of_a_long_traceback_the_end_is_shown() -> None:
    calls = [f'  File "/app/{n}.py", line {n}, in f' for n in range(20)]
    text = "\n".join(("Traceback (most recent call last):", *calls, "ValueError: y\n"))
    assert shown(msg="x", exc_info=text).split("\n")[1:] == [
        *(f'    File "/app/{n}.py", line {n}, in f' for n in range(16, 20)),
        "    ValueError: y",
    ]


def test_a_template_is_filled_once() -> None:
    assert shown(**{"@mt": "{A}{A} {B} {C:x} {@D}", "A": "a" * 200, "C": 1, "D": {"e": 2}}) == (
        f'{"a" * 100}…{{A}} {{B}} 1 {{"e": 2}}'
    )


NAMES = (
    *(
        "msg",
        "time",
        "ts",
        "level",
        "err",
        "error",
        "stack",
        "metadata",
        "fields",
        "req",
        "res",
        "method",
        "url",
    ),
    *(
        "request",
        "RequestMethod",
        "RequestPath",
        "Duration",
        "message",
        "@mt",
        "@t",
        "event",
        "type",
        "a",
        "b",
    ),
)
TEXTS = st.text() | st.sampled_from(
    ["{a}{b}{msg}", "\n\t" * 9, "Error: x\n  at y", "Traceback\n" * 9, MOMENT, "•••"]
)


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES) | st.text(), values, max_size=14)


VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda deeper: st.lists(deeper, max_size=4) | objects(deeper),
    max_leaves=25,
)


@given(objects(VALUES), st.booleans())
@example({"k" * 300: {f"{n}": n for n in range(20)}}, False)
@example({"@mt": "{a}" * 300, "a": "w" * 300}, False)
@example({"msg": ("a\t" * 400 + "\n") * 5}, False)
def test_never_much_longer_than_the_line_and_always_clean(members: dict[str, Any], ascii_only: bool) -> None:
    line = last_lines(json.dumps(members, ensure_ascii=ascii_only).encode(errors="replace"), 1)[0]
    text = readable(line, ALMATY)
    assert len(text) <= len(line) + 500
    if text != line:
        assert "\n".join(last_lines(text.encode(), 99)) == text


@given(st.text() | st.text('{}[]":,\\u12d8 etf'))
def test_never_raises(line: str) -> None:
    assert readable(line, ALMATY) or not line


@pytest.mark.parametrize(
    "line",
    [
        '{"a":' * 40_000,
        '{"msg":"' + r"\n" * 100_000 + '"}',
        '{"@mt":"' + "{a" * 100_000 + '"}',
        '{"a":"' + r"\u001b]" * 30_000 + '"}',
        '{"a":{"b":{"c":{"d":"' + "x" * 200_000 + '"}}}}',
        "{" + ",".join(f'"k{n}":null' for n in range(20_000)) + "}",
        '{"a":{' + ",".join(f'"k{n}":""' for n in range(20_000)) + "}}",
        '{"err":{"message":"' + "ab" * 50_000 + 'c"},"msg":"' + "ab" * 50_000 + '"}',
        '{"time":"' + ":" * 200_000 + '"}',
        '{"ts":' + "9" * 200_000 + "}",
        '{"stack":"Traceback' + r"\n " * 60_000 + '"}',
    ],
    ids=lambda line: line[:20],
)
def test_long_and_hostile_lines_cost_what_their_length_does(line: str) -> None:
    readable(line, ALMATY)
    start = thread_time()
    readable(line, ALMATY)
    assert thread_time() - start < 0.1  # 200 kB; at most 15 ms here
