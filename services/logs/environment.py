"""Which values of a container's own environment are hidden wherever they stand in its log. Pure."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, unquote, urlsplit

from services.logs.judgements import is_mixed, is_random, is_uuid

SHORTEST, LONGEST, MOST = 6, 4096, 200  # characters, and values of one container
_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|(?:^|_)(?:PASS|PWD|PW|PSW)(?:_|$)|CREDENTIAL|(?:^|_)(?:KEY|SALT|SEED|DSN|AUTH|JWT|PEPPER)"
    r"|[A-Z]KEY(?:_|$)",
    re.IGNORECASE,
)
# What official images put there, and names that speak of a secret without being one.
_PUBLIC_NAME = re.compile(
    r"^GPG_KEYS?$|_GPG_KEY|_SHA\d*$|_(?:FILE|PATH|DIR|URL|HOST|PORT|USER|NAME|ID|TTL|EXPIR\w*|LENGTH|SIZE|MODE|TYPE|ALG\w*)$"
    r"|^(?:PATH|LANG|PWD|OLDPWD|HOME|HOSTNAME|TERM|SHLVL|PUBLIC_URL)$|PUBLIC_KEY|^KEY_PREFIX",
    re.IGNORECASE,
)
# A value of such a name that says nothing: it would blank out the log.
_ORDINARY = re.compile(
    r"(?i)true|false|none|null|default|disabled?|enabled?|production|development|staging|localhost|postgres|directus"
    r"|redis|root|admin|public|secret|password|changeme|\d{1,6}|/(?-i:[a-z_.-]+)(?:/[\w.-]+)*/?|(?-i:[a-z0-9-]+(?:\.[a-z]{2,6})+)"
)
_HEX = re.compile(r"(?:sha\d+:)?[0-9a-f]{32,}", re.IGNORECASE)
_PLAIN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9-]+[.:/]")  # without a login
_VERSION = re.compile(r"v?\d+(?:\.\d+)+[\w.+-]*")


def hidden_values(environment: Iterable[str]) -> tuple[str, ...]:
    """`environment`: `NAME=value`, as an inspect tells them. Longest first, `MOST` at most.

    A value counts whose name says secret, token, key, password or the like, or which looks random itself, and of an
    address its password. Each also as JSON, an address and base64 would write it. Ordinary words are left alone.
    """
    found: dict[str, None] = {}
    for pair in environment:
        name, _, value = pair.partition("=")
        for secret in _secrets(name, value.strip()):
            if SHORTEST <= len(secret) <= LONGEST and not _ORDINARY.fullmatch(secret):
                found |= dict.fromkeys(_spellings(secret))
    longest_first = sorted(found, key=len, reverse=True)
    return tuple(longest_first[:MOST])


def _secrets(name: str, value: str) -> Iterator[str]:
    if passwords := _of_address(value):
        yield from passwords
        return
    if _PUBLIC_NAME.search(name) or _VERSION.fullmatch(value) or _PLAIN_ADDRESS.match(value):
        return
    if _SECRET_NAME.search(name) or _looks_random(value):
        yield value
        yield from (line for line in value.split("\n") if line != value and len(line) >= 16)


def _looks_random(value: str) -> bool:
    """Nobody writes such a thing by hand; hashes, which say what something is, and ids do not count."""
    data = value.encode(errors="replace")
    if len(value) < 16 or re.search(r"[\s/:,]", value) or _HEX.fullmatch(value) or is_uuid(data):
        return False
    return is_random(data) and is_mixed(data)


def _of_address(value: str) -> Sequence[str]:
    """Its password, as it stands and decoded. A value that is no address of a host has none."""
    try:
        password = urlsplit(value).password if "://" in value else None
    except ValueError:
        return ()
    return tuple(dict.fromkeys((password, unquote(password)))) if password else ()


def _spellings(secret: str) -> Sequence[str]:
    in_json = json.dumps(secret, ensure_ascii=False)[1:-1]
    in_ascii = json.dumps(secret)[1:-1]
    encoded = base64.b64encode(secret.encode(errors="replace")).decode().rstrip("=")
    spellings = [secret, in_json, in_ascii, quote(secret, safe="")]
    return [each for each in [*spellings, encoded] if len(each) >= SHORTEST]
