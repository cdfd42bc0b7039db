"""How grave a log line says it is. Pure; nothing is guessed from what a message is about.

A line says its level where its program puts it: in a field of JSON, in a pair of logfmt, or as a word of its
own behind the times, numbers and names in brackets that begin the line. The patterns look at its first
`REACH` characters and never take a token back, so that no line costs more than a few times the usual.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from itertools import groupby

import msgspec

# Characters of a line within which its level stands.
REACH = 200
# Characters. A longer line of JSON is judged by its beginning.
LONGEST_JSON = 16 * 2**10


class Level(IntEnum):
    """In order: `level >= Level.WARN` is what somebody on watch asks for."""

    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6


_WORDS = {
    word: level
    for level, words in {
        Level.TRACE: "trace trc trce silly finest finer",
        Level.DEBUG: "debug dbg dbug verbose vrb fine",
        Level.INFO: "info inf information notice",
        Level.WARN: "warn warning wrn",
        Level.ERROR: "error err eror fail severe",
        Level.FATAL: "fatal ftl crit critical panic pnc dpanic alert emerg emergency",
    }.items()
    for word in words.split()
}
# What means a level only where nothing else can stand.
_TERMS = _WORDS | {"log": Level.INFO, "note": Level.INFO, "fatal error": Level.FATAL}
_MARKS = {
    # klog, Ruby, Jupyter
    **dict(zip("TVDIWEFC", map(Level, (1, 2, 2, 3, 4, 5, 6, 6)), strict=True)),
    # Redis: debug, verbose, notice, warning
    **dict(zip(".-*#", map(Level, (2, 2, 3, 4)), strict=True)),
}
_SEVERITIES = tuple(map(Level, (6, 6, 6, 5, 4, 3, 3, 2)))
_PINO = {str(level * 10): level for level in Level}
_SPOKEN = _WORDS | {
    "трейс": Level.TRACE,
    "отладка": Level.DEBUG,
    "дебаг": Level.DEBUG,
    "инфо": Level.INFO,
    "варн": Level.WARN,
    "предупреждение": Level.WARN,
    "предупреждения": Level.WARN,
    "ошибка": Level.ERROR,
    "ошибки": Level.ERROR,
    "критично": Level.FATAL,
    "фатал": Level.FATAL,
}


def _either(words: Iterable[str]) -> str:
    """A pattern of all of them, longest first, which leaves all other words at their first letter."""
    return "|".join(
        f"{first}(?:{'|'.join(sorted((word[1:] for word in group), key=len, reverse=True))})"
        for first, group in groupby(sorted(words), key=lambda word: word[0])
    )


_UPPER = _either(word.upper() for word in _WORDS)
_ANY_CASE = _either(
    form for word in (*_WORDS, r"fatal\ error") for form in (word, word.upper(), word.capitalize())
)

# What may stand before the level. Whichever fits first is taken for good: there is one way to read a line.
_TOKEN = rf"""
    \d[\dT:.,/Z+\#-]*+                                      # times, dates, numbers, addresses
  | \[[^\[\]]{{0,80}}\]:?                                   # [main] [17] [2026-11-23 14:02:11 +0000]
  | \([^()]{{0,40}}\)
  | -\s+(?!(?:{_UPPER})\s)[\w.:]{{1,60}}\s+-(?=\s)          # Python's "- name -"
  | ›\s?\S                                                  # signale's mark
  | [-|:;,+]+
  | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun
      |UTC|GMT|MSK|CES?T|EES?T|AM|PM|PHP)(?![\w.])
  | [DIWEF],(?=\s\[)                                        # Ruby's "E, [2026-…] ERROR"
  | [\w./-]{{1,63}}+(?:
        @[\w.-]{{1,63}}+                                    # PostgreSQL's user@db
      | =\S{{1,100}}+(?=\s[A-Z]{{3,7}}:\s\s)                # … and user=…,db=…
      | \s[\w./-]{{1,40}}+\[\d{{1,7}}\]:                    # syslog's "host program[17]:"
      | :(?=\s(?:\[[a-z]|(?:{_ANY_CASE}):\s))               # "nginx: [emerg]", "initdb: warning:"
      | \s(?=(?:{_UPPER})\s{{0,3}}:)                        # "netdata ERROR :"
    )
  | [a-z_]{{1,20}}\.(?=[A-Z]{{4,9}}:)                       # Monolog's "production.ERROR:"
"""
_PREFIX = re.compile(
    rf"""
    \s?(?>(?>{_TOKEN})\s*+){{0,12}}?
    (?:
        ({_UPPER}|LOG(?=:|\s\[))(?=[\s:|/\],!]|\[\d|$)
      | ({_ANY_CASE})(?=:(?:\s|$)|\s{{0,8}}\||\t|\s\s)
      | \[\s?(?:[\w -]{{1,30}}+[:/])?({_ANY_CASE}|Note)\s{{0,4}}\]        # [error] [core:error] [INFO ]
      | \[(?:[\d:.,/+ -]|T(?=\d)|Z(?=\s)){{5,40}}+({_UPPER})(?=[\s/\]])   # [14:02:11 INF]
    )
    """,
    re.VERBOSE,
)
_MARKED = re.compile(
    r"""
    ([IWEF])\d{4}\s\d\d:\d\d:\d\d\.\d                                   # klog
  | \d{1,7}:[XCSM]\s\d\d\s\w{3}\s\d{4}\s[\d:.]{8,15}\s([.*#-])\s        # Redis
  | \[([TVDIWEFC])(?:\]|\s\d)                                           # [E] [E 14:02:11 program]
    """,
    re.VERBOSE,
)
_SYSLOG = re.compile(r"<(\d{1,3})>")
_NPM = re.compile(r"p?npm\s([A-Za-z]{3,6})!?\s")
_KEY = r"(?:@l|@level|(?i:(?:log[._]?)?(?:level|lvl|severity)(?:_?(?:name|text))?))"
_LOGFMT = re.compile(
    rf"""
    (?:[\d\[][\dT:.,/Z+\]-]*+\s+){{0,3}}                               # a time before the pairs
    (?>[\w.@/-]{{1,40}}=(?:"(?:[^"\\]|\\.)*+"|[^\s",]*+)[\s,]++){{0,20}}?
    {_KEY}="?([A-Za-z]{{3,11}}|[1-6]0)(?=["\s,+-]|$)
    """,
    re.VERBOSE,
)
# For JSON that is too long, cut or not quite JSON any more.
_JSON_PAIR = re.compile(rf'[{{,]\s{{0,2}}"{_KEY}"\s?:\s?"?([A-Za-z]{{3,11}}|[1-6]0)\b')

# In order of preference.
LEVEL_KEYS = (
    *("level", "severity", "lvl", "loglevel", "logLevel", "log_level", "LogLevel", "Level", "@l", "@level"),
    *("levelname", "level_name", "log.level", "severityText", "severity_text", "error_severity"),
)
_HEADING = msgspec.json.Decoder(
    msgspec.defstruct(
        "_Heading",
        [(f"key{number}", object, None) for number in range(len(LEVEL_KEYS) + 1)],
        rename={f"key{number}": key for number, key in enumerate((*LEVEL_KEYS, "log"))},
    )
)


def level_of(line: str) -> Level | None:
    """The level that this line says, None when it says none. `line` is clean: no colours.

    None is also the level of what continues a line before it (`inherited` sees to that), of prose, and of
    an access log's line, whatever its status: a 500 is the answer of somebody else, not this log's level.
    """
    if line.startswith("{"):
        return _level_of_json(line)
    if match := _PREFIX.match(line, 0, REACH):
        return _TERMS[match[match.lastindex or 0].lower()]
    if match := _MARKED.match(line, 0, REACH):
        return _MARKS[match[match.lastindex or 0]]
    if match := _SYSLOG.match(line):
        return _SEVERITIES[int(match[1]) % 8]
    if match := _NPM.match(line):
        return _WORDS.get(match[1].lower())
    if match := _LOGFMT.match(line, 0, REACH):
        return level_value(match[1])
    return None


def level_value(value: object) -> Level | None:
    """What a field of JSON or logfmt that holds a level says: a word, or a number as pino and bunyan count."""
    match value:
        case bool():
            return None
        case str():
            word = value.strip().lower()
            # slog's "INFO+2", OpenTelemetry's "WARN2"
            return _TERMS.get(word) or _TERMS.get(word.rstrip("+-0123456789")) or _PINO.get(word)
        case int() | float():
            return Level(int(value // 10)) if 10 <= value < 70 else None
        case {"level": str(word)}:  # Elastic's {"log": {"level": …}}
            return _TERMS.get(word.lower())
        case _:
            return None


def _level_of_json(line: str) -> Level | None:
    if len(line) <= LONGEST_JSON:
        try:
            heading = msgspec.structs.astuple(_HEADING.decode(line))
        except (ValueError, RecursionError):
            pass
        else:
            for value in heading:
                if value is not None and (level := level_value(value)):
                    return level
            # Serilog leaves the usual level out.
            return Level.INFO if line.startswith('{"@t":') else None
    match = _JSON_PAIR.search(line, 0, REACH)
    return level_value(match[1]) if match else None


def parse_level(word: str) -> Level | None:
    """What a person types: a level by any of its usual names, in English or Russian."""
    return _SPOKEN.get(word.strip().lower())


# What only continues the line before it: indented or empty, of a stack trace, PostgreSQL's second lines.
_CONTINUES = re.compile(
    r"\s|$|at\s|Caused by: |Suppressed: |\.\.\. \d|[}\])]+[;,]?$"
    r"|During handling of the above|The above exception was|\[signal |goroutine \d"
)
_POSTGRES_CONTINUES = re.compile(r"(?<!\S)(?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION):  ")
_RAISES = re.compile(
    r"Traceback \(most recent|Exception in thread "
    r"|(?:[\w$]{1,60}+[./])*+[\w$]{0,60}(?:(?<=Error)|(?<=Exception))(?::|$|\s\[)"
)


class Inheritance:
    """Levels along one container's log, its lines given in order, in pages or as they come.

    A line without a level that continues the one before it has that one's level, so that a stack trace goes
    with its error. A trace that nobody announced, such as that of a crash, counts as an error.
    """

    __slots__ = ("_above", "_trace")

    def __init__(self) -> None:
        self._above: Level | None = None
        self._trace = ""

    def level(self, line: str) -> Level | None:
        """Of the next line."""
        if own := level_of(line):
            self._above, self._trace = own, ""
        elif _RAISES.match(line):
            if self._above is None or self._above < Level.WARN:
                self._above = Level.ERROR
            self._trace = "python" if line.startswith("Traceback") else ""
        elif not self._continues(line):
            self._above = None
        return self._above

    def _continues(self, line: str) -> bool:
        if _CONTINUES.match(line):
            if line.startswith("goroutine "):
                self._trace = "go"
            return True
        if self._trace == "python":  # its last line, what was raised, is not indented
            self._trace = ""
            return True
        return self._trace == "go" or (":  " in line and bool(_POSTGRES_CONTINUES.search(line, 0, REACH)))


def inherited(lines: Iterable[str]) -> list[Level | None]:
    """The level of each line, its own or that of the line which it continues; `lines`: one container's."""
    levels = Inheritance()
    return [levels.level(line) for line in lines]
