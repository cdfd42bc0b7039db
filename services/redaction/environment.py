"""Which values of a container's environment are secrets, in every spelling that its log may have of them. Pure.

A value is one when the name of its variable says so (`DB_PASSWORD`, `API_KEY`), when it looks random, or when a rule of
`secrets` finds one within it, such as the password of an address. None is shorter than six characters, and none is what
logs are full of: a number, a path, `production`, or a word that a variable of no secret has for its value, too
(`postgres`, where user and password are alike): hiding such a word would blank out the log, and tell what it is.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote

from services.redaction.looks import is_made_up, is_mixed, is_random, is_uuid
from services.redaction.text import SHORTEST_EXTRA, secrets_in

# Characters, for an engine may answer anything: of one variable, of all that are looked at, and of all that is to be
# hidden in all its spellings.
LONGEST, MOST_READ, MOST_HIDDEN = 4_096, 64 * 2**10, 32 * 2**10

NAMELESS = "?"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SECRET = _words("PASS PASSWD PASSWORD PASSPHRASE PASSCODE PWD PW PSW SECRET TOKEN CREDENTIAL CRED PSK")
# With a value that is no word.
_PERHAPS = _words("KEY AUTH JWT COOKIE SALT PEPPER PIN OTP HMAC SIGNATURE BEARER")
# Kinds of a KEY that is secret whatever its value.
_KEYS = _words("API ACCESS SECRET PRIVATE ENCRYPTION SIGNING MASTER AUTH LICENSE SHARED SERVICE ACCOUNT APP")
_WRITTEN_TOGETHER = re.compile(
    r".*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|(?:API|ACCESS|SECRET)KEY)|(?!BY|COM).*PASS"
)
# What may stand behind such a word; behind any other it says how, where or what, and is no secret itself.
_QUALIFIERS = _words(
    "PROD PRODUCTION LIVE STAGING DEV TEST OLD NEW PREVIOUS CURRENT PRIMARY SECONDARY DEFAULT BASE PLAIN VALUE HASH V"
)
# Fingerprints and what is public.
_OPEN = _words("PUBLIC PUB GPG PGP FINGERPRINT")
# Named after what they are: hashes of what was downloaded or built, ids.
_HASHES = _words(
    "SHA MD SUM CHECKSUM DIGEST HASH COMMIT REVISION REV REF GIT BUILD VERSION ETAG KEYS ID UID UUID GUID CACHE"
)
_ORDINARY = _words(
    "production development staging testing default enabled disabled required optional internal external public private"
    " postgres postgresql mariadb mongodb rabbitmq administrator username password passwd secret string bearer openid"
    " header cookie session localhost example system server client service database directus traefik grafana prometheus"
    " portainer pgadmin keycloak nobody always prefer disable strict memory warning"
)
_NUMBER = re.compile(r"\d{1,7}|[\d.:,]+[a-zA-Z]{0,2}")
_PLACE = re.compile(r"(?:~?/|\.\.?/|[A-Za-z]:\\|\$|\w+://).*|[\w.-]+:\d{1,5}|[\w-]+(?:\.[a-z][\w-]*)+", re.S)
_TOKEN = re.compile(r"[\w+/=.~-]{16,}")
_RUN = re.compile(r"[A-Za-z0-9]{12,}")
_FILLED_IN, _MADE_UP = re.compile(r"\$\{[^{}]*\}|\$[A-Za-z_]\w*"), "x9Kq2vT7bZ4m"
# Base64 of less could be base64 of many a word.
_SHORTEST_ENCODED = 9


def hidden_values(environment: Iterable[str]) -> tuple[str, ...]:
    """`environment`: `NAME=value`, as an inspect has it. The longest come first."""
    pairs = list(_variables(environment))
    plain = {value.lower() for name, value in pairs if value.isalpha() and not _is_secret(name, value)}
    found = [value for name, value in pairs if _is_secret(name, value) or _looks_secret(name, value)]
    found += secrets_in("\n".join(value for _, value in pairs))
    lines = (
        line.strip() for value in found for line in re.split(r"\n|\\n", value) if not line.startswith("-----")
    )
    values = {
        part
        for line in lines
        for part in (line, *_parts(line))
        if len(part) >= SHORTEST_EXTRA and part.lower() not in plain | _ORDINARY
    }
    return _longest_first(sorted(values), sorted({s for value in values for s in _spellings(value)} - values))


def secret_names(environment: Iterable[str]) -> tuple[str, ...]:
    """The variables that hold a secret in plain sight, each once; those that a compose file fills in are some, too.

    NAMELESS for what no variable is called: somebody wrote the value, or some of it, where the name should be.
    """
    found = []
    for name, written in _variables(environment):
        value = _FILLED_IN.sub(_MADE_UP, written)
        if value and (_is_secret(name, value) or _looks_secret(name, value) or secrets_in(value)):
            found.append(name if _NAME.fullmatch(name) else NAMELESS)
    return tuple(dict.fromkeys(found))


def _variables(environment: Iterable[str]) -> Iterator[tuple[str, str]]:
    room = MOST_READ
    for line in environment:
        name, _, value = line[:LONGEST].partition("=")
        room -= len(name) + len(value) + 1
        if room < 0:
            return
        yield name, value


def _parts(secret: str) -> Iterator[str]:
    """Of several keys, and of a user with a password, those that look made up."""
    pieces = re.split(r"[,;:\s]+", secret)
    return (piece for piece in pieces if len(pieces) > 1 and len(piece) >= 8 and is_made_up(piece.encode()))


def _longest_first(values: list[str], spellings: list[str]) -> tuple[str, ...]:
    """As many as may be; the values themselves before their other spellings."""
    kept, room = [], MOST_HIDDEN
    for text in (*values, *spellings):
        room -= len(text)
        if room >= 0 and len(text) >= SHORTEST_EXTRA:
            kept.append(text)
    return tuple(sorted(kept, key=len, reverse=True))


def _is_secret(name: str, value: str) -> bool:
    """By its name, unless what it has for a value cannot be one."""
    words = [word.upper() for word in _WORDS.findall(name)]
    while words and (words[-1] in _QUALIFIERS or words[-1].isdigit() or words[-2:] == ["KEY", "ID"]):
        words.pop()
    if not words or name in ("PWD", "OLDPWD") or not _OPEN.isdisjoint(words) or _NUMBER.fullmatch(value):
        return False
    last = words[-1] if words[-1] in _SECRET else words[-1].removesuffix("S")
    if _PLACE.fullmatch(value) and not is_random(value.encode()):
        return False
    if (
        last in _SECRET
        or _WRITTEN_TOGETHER.fullmatch(last)
        or (last == "KEY" and not _KEYS.isdisjoint(words))
    ):
        return True
    return last in _PERHAPS and is_made_up(value.encode())


def _looks_secret(name: str, value: str) -> bool:
    """Whatever its name: a private key, or letters and digits that nobody makes up and that are no hash and no id."""
    if "PRIVATE KEY-----" in value:
        return True
    text = value.encode(errors="replace")
    words = {word.upper().rstrip("0123456789") for word in _WORDS.findall(name)}
    if not _TOKEN.fullmatch(value) or not is_random(text) or is_uuid(text) or words & (_HASHES | _OPEN):
        return False
    if re.fullmatch(r"[0-9a-fA-F]+", value):
        return len(value) >= 32
    return is_mixed(text) and _RUN.search(value) is not None and not _PLACE.fullmatch(value)


def _spellings(value: str) -> Iterator[str]:
    """As it stands in JSON, in an address, in a page, in what a shell, Python or SQL quotes, in base64."""
    in_json = json.dumps(value)[1:-1]
    yield from (in_json, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(in_json)[1:-1])
    encoded = quote(value, safe="")
    yield from (
        encoded,
        re.sub("%..", lambda found: found[0].lower(), encoded),
        quote(value),
        quote_plus(value),
    )
    yield from (unquote(value), html.escape(value), repr(value)[1:-1])
    yield from (value.replace("'", "'\\''"), value.replace("'", "''"), value.removeprefix("base64:"))
    yield from _within_base64(value.encode(errors="replace"))
    yield from _decoded(value)


def _within_base64(value: bytes) -> Iterator[str]:
    """Of any text that holds it: the characters that it alone makes out, wherever it begins."""
    if len(value) < _SHORTEST_ENCODED:
        return
    for before in range(3):
        whole = base64.b64encode(bytes(before) + value).decode()
        own = whole[-(-before * 8 // 6) : (before + len(value)) * 8 // 6]
        yield from (own, own.translate(str.maketrans("+/", "-_")))


def _decoded(value: str) -> Iterator[str]:
    """A secret of Kubernetes, say, which the program writes as it is."""
    if len(value) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", value):
        text = base64.b64decode(value).decode("ascii", "replace")
        if text.isprintable() and "\ufffd" not in text:
            yield text
