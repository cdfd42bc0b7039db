"""Whether what a rule of `secrets` found is one: prose, placeholders, counters, paths and code stay readable."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from services.redaction.looks import (
    LOGIN_WORD,
    is_blank,
    is_hex,
    is_made_up,
    is_mixed,
    is_plain_word,
    is_random,
    is_uuid,
)


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


_STRONG_KEY = re.compile(
    r"(?i)passw|pwd|psw|secret|psk|(?:^|[_-]|bind|root|ldap)p(?:ass|w)|^\W*a?s?sword|^\W*asswd"
    rf"|(?-i:[a-z]Pass)|(?:store|key)pass|{LOGIN_WORD}".encode()
)
_SIGN_AND_QUOTE = re.compile(
    rb"(?P<key_quote>(?:\\*[\"'`]|\\+(?:x2[27]|u002[27])|&quot;|&#3[49];|%22)(?:>>)?)?(?:\]|\[\]|%5D)?"
    rb"(?P<sign>::[ \t]+|\.*[ \t]*(?:=>|->|:=|={1,3}|:)[ \t]*|(?i:%3[DA])|\)=\()"
    rb"(?:\\+(?:u001b|x1b|033|e)\[[\d;]*m)*"
    rb"(?:\[\]string\{|\[[ \t]*|<<|\w{1,20}\()?[buNE]?"
    rb"(?P<quote>\\*[\"'`]|\\+(?:x2[27]|u002[27])|&quot;|&#3[49];|%22)?(?:[\w-]+[ \t]+)?$"
)
_PAIR = re.compile(rb"(?P<quote>[\"'`>]?)[ \t]*,[ \t]*(?:<<)?[bu]?\\*[\"']$")
_FIGURES = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(bytes(range(10)), bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_IN_ADDRESS = re.compile(rb"://[^\s/?#]*$")  # other rules know where its password ends
_JOINTS = (b".", b"-", b"/", b"_")
# In front of a key that begins its line: marks of lists, or what compose and loggers put before a line.
_FIRST_ON_LINE = re.compile(rb"(?:.*[|\]:>][ \t]+|.*(?:INFO|DEBUG|WARN|ERROR)[ \t]+)?[ \t#>+*-]*[\w.-]*")
# How a sentence goes on: `name = value injected`
_TOLD_ABOUT = re.compile(rb"[ \t]+(?:injected|exported|loaded|passed|mounted|rejected|written|used|set)\b")
# What has a key that is called no more than that.
_CIPHER = re.compile(rb"(?i)\b(?:aes|3?des|chacha20|cipher|crypto|xts|session)(?:-?\d{2,4})?(?:-\w{3})?[ ]$")
# How code goes on: `= config.password;`, `= await`
_CODE = re.compile(rb"await|new|function|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+|.*[(;{)].*")
# What keys are called that lead to something and open nothing.
_LEADING_KEY = re.compile(
    rb"(?i)(?:cache|sort|partition|idempotency|primary|foreign|public|host|routing|row|object|index|unique|group"
    rb"|lookup|shard|bucket|search|hot|mon|tur|don|issue|file|dedup|message|event|item|map|query|param|job|queue"
    rb"|redis|feature|lock|s3|storage|etag|known|authorized|config|hash|range|translation|i18n)[_. -]?$"
)


def looks_made_up(found: Finding) -> bool:
    return is_made_up(found.secret)


def has_figures(found: Finding) -> bool:
    return re.search(rb"\d", found.secret) is not None


def looks_random(found: Finding) -> bool:
    return is_random(found.secret)


def looks_mixed(found: Finding) -> bool:
    return is_random(found.secret) and is_mixed(found.secret)


def is_assigned(found: Finding) -> bool:
    """`key=secret` and `"key": "secret"` are, `key: word` only when the word looks like one."""
    secret = found.secret
    if is_blank(secret):
        return False
    if pair := _PAIR.search(found.head):
        return _is_paired(found, bool(pair["quote"]))
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
    if sign == b":" and _IN_ADDRESS.search(found.before):
        return False
    if parts["key_quote"] or sign in (b"=", b"%3D", b"%3A", b")=(") or is_basic(found):
        return True
    return (strong and _is_set(found, sign)) or _is_field(found, sign) or looks_made_up(found)


def _is_set(found: Finding, sign: bytes) -> bool:
    """`password: word` of a file of settings or a structure that was printed, not of a sentence or of code."""
    if b"=" in sign or b">" in sign:
        is_code = _CODE.fullmatch(found.secret) and not _TOLD_ABOUT.match(found.after)
        return not is_code and not found.after.startswith((b"(", b";"))
    last = not found.after.strip(b")]}>.,*=! \t\r") or found.after.lstrip().startswith(b"#")
    if sign == b":":
        return last or b"{" in found.before or b"[" in found.before
    named = re.search(rb"[\w.-]$", found.before) is not None
    in_braces = b"{" in found.before and found.after.startswith((b",", b"}"))
    if named and re.match(rb"[ \t]+[;|,]", found.after):
        return True
    first = named or _FIRST_ON_LINE.fullmatch(found.before) is not None
    return in_braces or (last and (first or not is_plain_word(found.secret)))


def _is_field(found: Finding, sign: bytes) -> bool:
    """`{Token:aGVsbG8=}` of a structure that was printed: no type, no word."""
    printed = b"{" in found.before or b"[" in found.before
    return sign == b":" and printed and re.search(rb"[a-z][A-Z]|=$", found.secret) is not None


def is_named_key(found: Finding) -> bool:
    """Of a name that ends in `key`: many such names lead to something and lock nothing, so the value tells."""
    secret = found.secret
    if not is_random(secret) or is_uuid(secret) or _LEADING_KEY.search(found.before):
        return False
    apart = rb"[\w.-][ \t]?$" if re.search(rb"[ \t][\"']?$", found.head) else rb"[\w.-]$"
    named = re.search(apart, found.before) or _CIPHER.search(found.before)
    return is_mixed(secret) or (named is not None and len(secret) >= 32 and is_hex(secret))


def is_opaque(found: Finding) -> bool:
    """Of a session's cookie, a signature: says nothing, and is no id that a log has for its lines."""
    return (is_random(found.secret) and not is_uuid(found.secret.rstrip(b".!"))) or is_basic(found)


def is_group(found: Finding) -> bool:
    """Several with their names: of passwords any texts, of tokens and keys those that are none of a sentence."""
    texts = re.findall(rb":[ \t]*\\*[\"']([^\"'\\]+)", found.secret)
    strong = _STRONG_KEY.search(found.head) is not None
    return any(is_random(text) or (strong and not is_blank(text)) for text in texts)


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
    encoded = len(found.secret) >= 8 and len(found.secret) % 4 == 0 and _decoded(found.secret).isascii()
    return looks_made_up(found) or (encoded and found.secret.endswith(b"=")) or is_basic(found, b"\0")


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
    if re.match(rb"-|\w+=|/", secret) or is_blank(secret):
        return False
    last = not found.after.strip(b"\"'`)],\r ") or re.match(rb"[\"',]*\s+-", found.after) is not None
    word = is_plain_word(secret)
    return looks_made_up(found) or (
        (last or not word) and len(secret) >= 4 and _STRONG_KEY.search(found.head) is not None
    )


def is_changed(found: Finding) -> bool:
    """What a secret becomes: `password = "old" -> "new"`."""
    return (
        re.search(rb"(?i)(?:passw\w*|secret\w*|token|key)[\"']?[ \t]*[:=][ \t]*\"[^\"]*$", found.before)
        is not None
    )


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
    digits = found.secret.translate(_FIGURES, b" -.\xc2\xa0")
    return (sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def is_no_address(found: Finding) -> bool:
    """No part of one of IPv6."""
    return re.fullmatch(rb"[0-9a-fA-F]{1,4}", found.secret) is None


def is_no_port(found: Finding) -> bool:
    return not re.match(rb"\d{1,5}(?:/|$)", found.secret)


def is_address_password(found: Finding) -> bool:
    """Not what GitHub takes for one where the user is the secret."""
    return found.secret != b"x-oauth-basic"


def _is_paired(found: Finding, quoted: bool) -> bool:
    """`('password', 'secret')`, `{password,"secret"}`, and no list of names."""
    if re.fullmatch(rb"[a-z_]*", found.secret):
        return False
    opened = re.search(rb"[(\[{][ \t]*b?[\"'\\<]*[\w.-]*$", found.before) is not None
    closed = re.match(rb"[\"'\\>]*[ \t]*[)\]}]", found.after) is not None
    return (opened and closed) or (quoted and is_made_up(found.secret))
