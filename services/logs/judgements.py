"""Whether what a rule of `secrets` found is one: prose, placeholders, counters, paths and code stay readable."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """before, after: what precedes the match and what follows the secret on its line, at most 160 bytes.

    head: the match up to the secret, at most 320 bytes.
    """

    before: bytes
    head: bytes
    secret: bytes
    after: bytes


Judgement = Callable[[Finding], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern`: RE2 for one line; of its groups exactly one takes part in a match, and that is the secret."""

    pattern: str
    is_secret: Judgement | None = None  # None: always


# A password in the languages of the team, for RE2 and for `re`; the case of ASCII alone is folded.
LOGIN_WORD = (
    "passw(?:or[dt]|d)|pass[_ -]?phrase|passcode"
    "|(?:п|П)арол(?:ь|ем|ю|я|е)|ПАРОЛЬ|(?:қ|Қ)ұпия ?сөз(?:іңіз|ің|і)?"
)

# Nothing to hide: words that stand for a value, types, what is yet to be filled in or hidden already, signs alone.
_BLANK = re.compile(
    rb"(?i:true|false|null|none|nil|undefined|yes|no|ok|set|unset|empty|missing|present|required|invalid|expired"
    rb"|string|str|text|varchar|bool(?:ean)?|int(?:eger)?|number|object|array|bytes|any|incorrect|wrong|mismatch"
    rb"|\W*(?:redact(?:ed)?|filtered|hidden|masked|object object|sensitive(?: value)?)\W*)"
    rb"|[^\w\x80-\xff]*|[x*]*|(?:\xe2\x80\xa2)+"
    rb"|\$[A-Z0-9_]+|\$\{[^}]*\}?|\$\([^)]*\)?|\{\{.*|<[\w -]*>?|%\(?\w*\)?[sdv]|:[a-z_]+"
    rb"|/(?:run|etc|var|home|opt|app|usr|tmp|secrets)/.*"
)
# Dates, addresses, paths, durations, places in a source file, calls, algorithms: no secret where prose may stand.
_PROSE = re.compile(
    rb"\d{4}-\d\d-\d\d.*|\w*://.*|/.*|\w+:[\d:]+|.*\(.*|[\d:.,%-]+|\d+[A-Za-z]{1,3}|v?\d+(?:\.\d+)+.*"
    rb"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rb"|(?i:(?:scram-)?(?:sha|md|ed|[rhep]s|aes|utf|http|base|oauth|argon|x|ipv)-?\d[\w-]*|pbkdf2)\W*"
)
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(rb"(?:0x)?[0-9a-fA-F]{16,}")
_PIECES = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_STRONG_KEY = re.compile(
    rf"(?i)passw|pwd|psw|secret|psk|(?:^|_|bind|root|ldap)p(?:ass|w)|^\W*a?s?sword|^\W*asswd|(?-i:[a-z]Pass)|{LOGIN_WORD}".encode()
)
_SIGN_AND_QUOTE = re.compile(
    rb"(?P<key_quote>(?:\\*[\"'`]|\\+(?:x2[27]|u002[27])|&quot;|&#3[49];|%22)(?:>>)?)?\]?"
    rb"(?:\\+(?:u001b|x1b|033|e)\[[\d;]*m)?"
    rb"(?P<sign>[ \t]*(?:=>|:=|[:=])[ \t]*|(?i:%3[DA])|\)=\()"
    rb"(?:\\+(?:u001b|x1b|033|e)\[[\d;]*m)?"
    rb"(?:\[\]string\{|\[|<<|\w{1,20}\()?[buNE]?"
    rb"(?P<quote>\\*[\"'`]|\\+(?:x2[27]|u002[27])|&quot;|&#3[49];|%22)?(?:[\w-]+[ \t]+)?$"
)
_PAIR = re.compile(rb"[ \t]*,[ \t]*(?:<<)?[bu]?\\*[\"']$")
_FIGURES = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(bytes(range(10)), bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_JOINTS = (b".", b"-", b"/", b"_")
# In front of a key that begins its line: marks of lists, or what compose and loggers put before a line.
_FIRST_ON_LINE = re.compile(rb"(?:.*[|\]:>][ \t]+|.*(?:INFO|DEBUG|WARN|ERROR)[ \t]+)?[ \t#>+*-]*[\w.-]*")
# How code goes on: `= config.password;`, `= await`
_CODE = re.compile(rb"await|new|function|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+|.*[(;{)].*")
# How a sentence goes on: `name = value injected`
_TOLD_ABOUT = re.compile(rb"[ \t]+(?:injected|exported|loaded|passed|mounted|rejected|written|used|set)\b")
# What has a key that is called no more than that.
_CIPHER = re.compile(rb"(?i)\b(?:aes|3?des|chacha20|cipher|crypto|xts|session)(?:-?\d{2,4})?(?:-\w{3})?[ ]$")
# What keys are called that lead to something and open nothing.
_LEADING_KEY = re.compile(
    rb"(?i)(?:cache|sort|partition|idempotency|primary|foreign|public|host|routing|row|object|index|unique|group"
    rb"|lookup|shard|bucket|search|hot|mon|tur|don|issue|file|dedup|message|event|item|map|query|param|job|queue"
    rb"|redis|feature|lock|s3|storage|etag|known|authorized|config|hash|range|translation|i18n)[_. -]?$"
)


def is_blank(text: bytes) -> bool:
    return _BLANK.fullmatch(text) is not None


def is_random(text: bytes) -> bool:
    """Sixteen characters or more that nobody makes up: letters and digits take turns."""
    pieces = _PIECES.findall(text, 0, 128)
    digits = sum(piece.isdigit() for piece in pieces)
    length = sum(map(len, pieces))
    return len(text) >= 16 and length <= (3.3 if digits > 1 else 2.1) * len(pieces)


def is_uuid(text: bytes) -> bool:
    return _UUID.fullmatch(text) is not None


def is_mixed(text: bytes) -> bool:
    """Of small letters, capitals and digits, as no hash and no UUID is."""
    return all(re.search(kind, text) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]"))


def is_made_up(secret: bytes) -> bool:
    return (
        len(secret) >= 6
        and not _PROSE.fullmatch(secret)
        and re.search(rb"[0-9!@#$%^*+~]", secret) is not None
    )


def looks_made_up(found: Finding) -> bool:
    """Six characters or more, of which some are digits or odd signs, and no piece of prose or code."""
    return is_made_up(found.secret)


def looks_random(found: Finding) -> bool:
    return is_random(found.secret)


def looks_mixed(found: Finding) -> bool:
    return is_random(found.secret) and is_mixed(found.secret)


def is_assigned(found: Finding) -> bool:
    """`key=secret` and `"key": "secret"` are, `key: word` only when the word looks like one."""
    secret = found.secret
    if is_blank(secret):
        return False
    if _PAIR.search(found.head):
        return _is_paired(found)
    strong = _STRONG_KEY.search(found.head) is not None
    if len(secret) > 64:
        return True
    if len(secret) < (1 if strong else 4):
        return False
    if secret.isdigit() and len(secret) < (4 if strong else 6):
        return False
    parts = _SIGN_AND_QUOTE.search(found.head)
    if parts is None or parts["quote"]:
        return strong or (parts is not None and parts["key_quote"] is not None) or not secret.isalpha()
    sign = parts["sign"].upper()
    if parts["key_quote"] or sign in (b"=", b"%3D", b"%3A", b")=(") or is_basic(found):
        return True
    return (strong and _is_set(found, sign)) or looks_made_up(found)


def _is_set(found: Finding, sign: bytes) -> bool:
    """`password: word` of a file of settings or a structure that was printed, not of a sentence or of code."""
    if b"=" in sign:
        is_code = _CODE.fullmatch(found.secret) and not _TOLD_ABOUT.match(found.after)
        return not is_code and not found.after.startswith((b"(", b";"))
    last = not found.after.strip(b")]}>., \t\r") or found.after.lstrip().startswith(b"#")
    if sign == b":":
        return last or b"{" in found.before or b"[" in found.before
    named = re.search(rb"[\w.-]$", found.before) is not None
    in_braces = b"{" in found.before and found.after.startswith((b",", b"}"))
    if named and re.match(rb"[ \t]+[;|,]", found.after):
        return True
    return in_braces or (last and (named or _FIRST_ON_LINE.fullmatch(found.before) is not None))


def is_named_key(found: Finding) -> bool:
    """Of a name that ends in `key`: many such names lead to something and lock nothing, so the value tells."""
    secret = found.secret
    if not is_random(secret) or is_uuid(secret) or _LEADING_KEY.search(found.before):
        return False
    named = re.search(rb"[\w.-]$", found.before) or _CIPHER.search(found.before)
    return is_mixed(secret) or (
        named is not None and len(secret) >= 32 and _HEX.fullmatch(secret) is not None
    )


def is_opaque(found: Finding) -> bool:
    """Of a session's cookie, a signature: says nothing, and is no id that a log has for its lines."""
    return (is_random(found.secret) and not is_uuid(found.secret.rstrip(b".!"))) or is_basic(found)


def is_credential(found: Finding) -> bool:
    """What stands in a header Authorization, behind its scheme if it has one."""
    if is_blank(found.secret):
        return False
    if re.search(rb"(?i)(?:bearer|basic)(?:[ \t]|%20|\+)+$", found.head):
        return len(found.secret) >= 4 and not re.fullmatch(rb"[a-z]*", found.secret)
    return looks_made_up(found) or is_basic(found)


def is_basic(found: Finding, joint: bytes = b":") -> bool:
    """Base64 of `user:password`, which prose is not."""
    decoded = _decoded(found.secret)
    return joint in decoded and decoded.isascii()


def _decoded(text: bytes) -> bytes:
    bare = text.rstrip(b"=")
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return b""


def is_login(found: Finding) -> bool:
    """What follows AUTH: a password of Redis or SMTP's base64, and no name of a mechanism (`AUTH LOGIN CRAM-MD5`)."""
    if re.fullmatch(rb"[A-Z][A-Z0-9-]*", found.secret):
        return False
    return looks_made_up(found) or (len(found.secret) >= 8 and is_basic(found, b"\0"))


def is_encoded_json(found: Finding) -> bool:
    """Base64 of an object: a JWT, the credentials of a registry."""
    head = found.secret[:24].partition(b".")[0].translate(bytes.maketrans(b"-_", b"+/"))
    return re.match(rb"\{\s*\"[\x20-\x7e]{3}", _decoded(head[: len(head) // 4 * 4])) is not None


def is_encoded_key(found: Finding) -> bool:
    """Base64 of a private key as PEM."""
    return re.match(rb"-----BEGIN [A-Z0-9 ]*(?:PRIVATE|OPENSSH)", _decoded(found.secret[:64])) is not None


def behind(programs: str) -> Judgement:
    """Of an option that means a secret to these programs only."""
    called = re.compile(rf"\b(?:{programs})\b[^|;&]*$".encode())
    return lambda found: called.search(found.before) is not None


def is_option(found: Finding) -> bool:
    """Of `--password`, `--token`: neither the next option, nor a path, nor a word of a sentence about it."""
    secret = found.secret
    if is_blank(secret) or re.match(rb"-|\w+=|/", secret):
        return False
    last = not found.after.strip(b"\"'`)],\r ") or re.match(rb"[\"',]*\s+-", found.after) is not None
    return looks_made_up(found) or (last and len(secret) >= 4 and _STRONG_KEY.search(found.head) is not None)


def is_changed(found: Finding) -> bool:
    """What a secret becomes: `password = "old" -> "new"`."""
    return re.search(rb"(?i)(?:passw\w*|secret\w*|token|key)[ \t]*=[ \t]*\"[^\"]*$", found.before) is not None


def is_replaced(found: Finding) -> bool:
    """The password that was there before: `ALTER USER … IDENTIFIED BY 'new' REPLACE 'old'`."""
    return re.search(rb"(?i)\b(?:identified|alter[ \t]+user|set[ \t]+password)\b", found.before) is not None


def is_property(found: Finding) -> bool:
    """As Spring tells at DEBUG which property it found."""
    return (
        re.search(rf"(?i)(?:{LOGIN_WORD}|secret|token|key)' in PropertySource".encode(), found.before)
        is not None
    )


def is_access_token(found: Finding) -> bool:
    """Of the user of an address: letters and digits without a word among them."""
    if b"-" in found.secret:
        return looks_mixed(found)
    return re.search(rb"\d", found.secret) is not None and re.search(rb"[A-Za-z]", found.secret) is not None


def is_no_file(found: Finding) -> bool:
    return looks_made_up(found) and not re.search(rb"\.[a-z]\w{1,4}$", found.secret)


def is_card(found: Finding) -> bool:
    """Luhn's check, and no part of a longer number or name."""
    if found.before.endswith(_JOINTS) or found.after.startswith(_JOINTS):
        return False
    digits = found.secret.translate(_FIGURES, b" -.")
    return (sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def is_no_address(found: Finding) -> bool:
    """No part of one of IPv6."""
    return re.fullmatch(rb"[0-9a-fA-F]{1,4}", found.secret) is None


def is_no_port(found: Finding) -> bool:
    return not re.match(rb"\d{1,5}(?:/|$)", found.secret)


def _is_paired(found: Finding) -> bool:
    """`('password', 'secret')`, and no list of names."""
    if re.fullmatch(rb"[a-z_]*", found.secret):
        return False
    opened = re.search(rb"[(\[{]b?[\"'\\<]*[\w.-]*$", found.before) is not None
    closed = re.match(rb"[\"'\\>]*[ \t]*[)\]}]", found.after) is not None
    return (opened and closed) or is_made_up(found.secret)
