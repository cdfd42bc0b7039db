"""A line of JSON as a person reads it: time, level, message, and then whatever else it says. Pure.

    14:02:11 ERROR connect ECONNREFUSED 172.18.0.3:5432 · err.code=ECONNREFUSED · attempt=3
        at TCPConnectWrap.afterConnect (node:net:1555:16)

Every piece of the line is shown once or not at all, so what comes out is never much longer than what went in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain, islice

import msgspec

from services.logs.text.levels import LEVEL_KEYS, level_of, level_value
from services.logs.text.lines import last_lines

MOST_FIELDS = 10
# Of a stack, and of a message behind its first line.
MOST_LINES = 5
# Characters: what is longer ends in `…`.
LONGEST_KEY = 40
LONGEST_VALUE = 100
LONGEST_LINE = 1_000
_CUT = "…"
_BETWEEN = " · "
_INDENT = "    "
# Objects within objects are taken apart so far.
_DEEPEST = 3

_TIMES = (
    *("time", "timestamp", "ts", "@timestamp", "@t", "t", "date", "datetime", "Timestamp", "asctime"),
    "StartUTC",
)
_MESSAGES = (
    *("msg", "message", "@m", "RenderedMessage", "@message", "short_message", "@mt", "MessageTemplate"),
    *("event", "text"),
)
_ERRORS = (
    *("err", "error", "exception", "exc_info", "@x", "Exception", "errorVerbose"),
    *("stack", "stack_trace", "stacktrace", "error.stack", "error.stack_trace"),
)
_NOISE = frozenset(("pid", "hostname", "v", "@version", "ecs.version", "@i", "@r", "@mt", "MessageTemplate"))
# They only wrap what belongs beside the message: winston (and n8n), Rust's tracing, Serilog.
_WRAPPERS = ("metadata", "fields", "Properties")
# Where in its code n8n logs each line.
_PLACES = ("file", "function")
# Said of every request by pino-http and Caddy.
_STOCK_MESSAGES = frozenset(("request completed", "handled request"))
_EMPTY = frozenset(("", "null", "[]", "{}"))

_Record = dict[str, msgspec.Raw]
_OBJECT = msgspec.json.Decoder(_Record)
_TEXT = msgspec.json.Decoder(str)
_EPOCH = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
_HOLE = re.compile(r"\{[@$]?(\w{1,64})(?:[,:][^{}]{0,40})?\}")


@dataclass(frozen=True, slots=True)
class _Access:
    """The paths of a request's parts in the line of an access log.

    per_ms: units of `duration` in a millisecond. drops: what else belongs to the request. keeps: unless
    empty, the only other fields that are shown.
    """

    method: str
    host: str
    path: str
    status: str
    duration: str
    per_ms: float
    drops: tuple[str, ...] = ()
    keeps: frozenset[str] = frozenset()


_ACCESSES = (
    _Access(  # Traefik
        *("RequestMethod", "RequestHost", "RequestPath", "DownstreamStatus", "Duration"),
        per_ms=1e6,
        keeps=frozenset(("ClientHost", "ServiceName")),
    ),
    _Access(  # pino-http, so Directus
        *("req.method", "req.headers.host", "req.url", "res.statusCode", "responseTime"),
        per_ms=1,
        drops=("req", "res"),
    ),
    _Access(  # Caddy
        *("request.method", "request.host", "request.uri", "status", "duration"),
        per_ms=1e-3,
        drops=("request", "resp_headers"),
    ),
)


def readable(line: str, zone: tzinfo) -> str:
    """`line` in readable form if it is an object of JSON, else as it is. Never raises; linear in the line.

    The time is that of `zone`, as HH:MM:SS; one that names no zone is shown as it stands. A stack, and a
    message of several lines, go on in indented lines. What was redacted stays so; what escapes would bring
    in (colours, bidi overrides) is cleaned away as from any other line.
    """
    record = _members(line) if line.startswith("{") else None
    if not record:
        return line
    _unwrap(record)
    level = level_of(line)
    time = _take_time(record, zone)
    request = _take_request(record)
    message = _take_message(record)
    first, *more = _shown_lines(message) or [""]
    if request and first in _STOCK_MESSAGES:
        first = ""
    error, stack = _take_errors(record, message)
    fields = list(islice(chain(error, _fields(record)), MOST_FIELDS + 1))
    if len(fields) > MOST_FIELDS:
        fields[MOST_FIELDS:] = [_CUT]
    head = " ".join(filter(None, (time, level.name if level else "", request or first)))
    parts = filter(None, (head, request and first, *fields))
    text = "\n".join((_BETWEEN.join(parts), *more, *stack))
    if not text:
        return line
    # Only escapes can bring in what must be cleaned: the line itself is clean.
    return "\n".join(last_lines(text.encode(), text.count("\n") + 1)) if "\\" in line else text


def _members(json: str | msgspec.Raw) -> _Record | None:
    try:
        return _OBJECT.decode(json)
    except (ValueError, RecursionError):
        return None


def _text(value: msgspec.Raw | None) -> str:
    """A string's characters; anything else as the line has it; "" for what is not there."""
    if value is None:
        return ""
    raw = bytes(value)
    return _TEXT.decode(raw) if raw.startswith(b'"') else raw.decode()


def _inner(value: msgspec.Raw | None) -> _Record:
    """The members of an object; none for anything else."""
    return (_members(value) or {}) if value is not None and bytes(value).startswith(b"{") else {}


def _unwrap(record: _Record) -> None:
    for wrapper in _WRAPPERS:
        if inner := _inner(record.get(wrapper)):
            del record[wrapper]
            for key, value in inner.items():
                if wrapper != "metadata" or key not in _PLACES:
                    record.setdefault(key, value)


def _take_time(record: _Record, zone: tzinfo) -> str:
    for key in _TIMES:
        if key in record and (time := _time(_text(record[key]), zone)):
            del record[key]
            return time
    return ""


def _time(text: str, zone: tzinfo) -> str:
    """HH:MM:SS, or "" for what is no time. A number counts seconds, ms, µs or ns: whichever is near our days."""
    try:
        if _EPOCH.fullmatch(text):
            seconds = float(text)
            while seconds > 1e11:
                seconds /= 1_000
            moment = datetime.fromtimestamp(seconds, zone)
        elif ":" in text[:LONGEST_KEY]:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone(zone) if moment.tzinfo else moment
        else:
            return ""
    except (ValueError, OverflowError):
        return ""
    return f"{moment:%H:%M:%S}"


def _take_request(record: _Record) -> str:
    """`GET dir.tapbot.kz/items 502 12 ms` out of an access log's line, or ""."""
    for access in _ACCESSES:
        method, path = _at(record, access.method), _at(record, access.path)
        if method and path:
            words = (method, _at(record, access.host) + path, _at(record, access.status))
            shown = " ".join(_short(word) for word in (*words, _duration(record, access)) if word)
            drops = (*access.drops, access.status, access.duration)
            for key in record.keys() - access.keeps if access.keeps else drops:
                record.pop(key, None)
            return shown
    return ""


def _at(record: Mapping[str, msgspec.Raw], path: str) -> str:
    name, _, rest = path.partition(".")
    value = record.get(name)
    return _at(_inner(value), rest) if rest else _text(value)


def _duration(record: _Record, access: _Access) -> str:
    try:
        milliseconds = float(_at(record, access.duration)) / access.per_ms
    except ValueError:
        return ""
    if not 0 <= milliseconds < 1e8:
        return ""
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"


def _take_message(record: _Record) -> str:
    for key in _MESSAGES:
        if message := _text(record.pop(key, None)):
            return _filled(message, record) if key in {"@mt", "MessageTemplate"} else message
    for key in ("error", "err"):
        if said := _at(record, f"{key}.message"):
            return said
        if key in record and bytes(record[key]).startswith(b'"') and (said := _text(record.pop(key))):
            return said
    return ""


def _filled(template: str, record: _Record) -> str:
    """With each value where its first `{Name}` stands; it is no field any more."""
    return _HOLE.sub(lambda hole: _short(_text(record.pop(hole[1], None))) or hole[0], template)


def _take_errors(record: _Record, message: str) -> tuple[list[str], list[str]]:
    """What errors say besides the message, as fields, and the lines of the first stack."""
    said: list[str] = []
    stack: list[str] = []
    for key in _ERRORS:
        value = record.get(key)
        text = _text(value)
        if error := _inner(value):
            words = _text(error.pop("message", None)) or _text(error.pop("msg", None))
            text = _text(error.pop("stack", None)) or _text(error.pop("stack_trace", None))
            if _text(error.get("type")) == "Error":
                del error["type"]
            if words and words not in message:
                said.append(f"{key}={_short(words)}")
            said += islice(_fields(error, f"{key}."), MOST_FIELDS)
        elif "\n" not in text:
            continue
        else:
            words = ""
        del record[key]
        stack = stack or _stack(text, words or message)
    return said, stack


def _stack(text: str, said: str) -> list[str]:
    if text.startswith("Traceback"):  # Python tells what was raised, and where, last
        return _shown_lines("\n".join(text.rstrip().rsplit("\n", MOST_LINES)[1:]), indent_first=True)
    first, _, rest = text.partition("\n")
    known = first.removeprefix("Error: ") == said.partition("\n")[0]
    return _shown_lines(rest if known else text, indent_first=True)


def _shown_lines(text: str, *, indent_first: bool = False) -> list[str]:
    """The first lines, without blanks around them, all but perhaps the first one indented."""
    lines = [line for line in text.strip().splitlines() if line and not line.isspace()]
    shown = [
        _INDENT + _short(line.strip(), LONGEST_LINE) for line in lines[: MOST_LINES + (not indent_first)]
    ]
    if len(lines) > len(shown):
        shown.append(_INDENT + _CUT)
    if shown and not indent_first:
        shown[0] = shown[0].removeprefix(_INDENT)
    return shown


def _fields(record: _Record, path: str = "", depth: int = 1) -> Iterator[str]:
    for key, value in record.items():
        name, text = path + key, _text(value).strip()
        if name in _NOISE or text in _EMPTY or (name in LEVEL_KEYS and (level_value(text) or text.isdigit())):
            continue
        name = _short(name, LONGEST_KEY)
        if depth < _DEEPEST and (inner := _inner(value)):
            yield from _fields(inner, f"{name}.", depth + 1)
        else:
            yield f"{name}={_short(text)}"


def _short(text: str, most: int = LONGEST_VALUE) -> str:
    """On one line."""
    flat = " ".join(text[: most + 1].split())
    return flat if len(text) <= most else flat[:most] + _CUT
