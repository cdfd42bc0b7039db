"""What a secret looks like in a log: the rules of `redaction`, as rows of a table.

A rule that cannot tell by itself asks a judgement, so that prose ("password: too short"), placeholders,
counters, paths and code stay readable. No pattern may run far ahead without matching: a text made for
that would be scanned again and again. So what must come before a secret is short, and what is hidden may
be long, for it is passed over.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """before: what precedes the match on its line, at most 160 bytes. head: the match up to the secret.

    after: the byte behind the secret, none at the end of the text.
    """

    before: bytes
    head: bytes
    secret: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern`: RE2 for one line; of its groups exactly one takes part in a match, and that is the secret."""

    pattern: str
    is_secret: Callable[[Finding], bool] | None = None  # None: always


# Nothing to hide: words that stand for a value, what is yet to be filled in, what is hidden already, signs alone.
_BLANK = re.compile(
    rb"(?i:true|false|null|none|nil|undefined|yes|no|ok|set|unset|empty|missing|present|required|invalid|expired"
    rb"|\W*(?:redact(?:ed)?|filtered|hidden|masked|object object)\W*)"
    rb"|[^\w\x80-\xff]*|[x*]*|(?:\xe2\x80\xa2)+"
    rb"|\$[A-Z0-9_]+|\$\{[^}]*\}?|\$\([^)]*\)?|\{\{.*|<[\w -]*>?|%\(?\w*\)?[sdv]|:[a-z_]+"
    rb"|/(?:run|etc|var|home|opt|app|usr|tmp|secrets)/.*"
)
# Dates, addresses, paths, places in a source file, calls and algorithms: no secret where prose may stand.
_PROSE = re.compile(
    rb"\d{4}-\d\d-\d\d.*|\w*://.*|/.*|\w+:[\d:]+|.*\(.*|[\d:.,%-]+"
    rb"|(?i:(?:scram-)?(?:sha|md|ed)-?\d+|argon2\w*|pbkdf2|base64|oauth2|x509)\W*"
)
# A password in the languages of the team; RE2 folds the case of ASCII alone here.
_LOGIN_WORD = "passw(?:or)?d|passphrase|(?:п|П)ароль|ПАРОЛЬ|(?:қ|Қ)ұпия ?сөз"
_STRONG_KEY = re.compile(rf"(?i)passw|pwd|secret|{_LOGIN_WORD}".encode())
_SIGN_AND_QUOTE = re.compile(
    rb"(?P<key_quote>[\"'])?\]?(?P<sign>[ \t]*(?:=>|:=|[:=])[ \t]*|(?i:%3D)|\)=\()"
    rb"(?P<quote>(?:\[\]string\{|\[)?\\*[\"'])?(?:\w+[ \t]+)?$"
)
_JOINTS = (b".", b"-", b"/", b"_")
_FIRST_ON_LINE = re.compile(rb"[ \t#>-]*[\w.-]*")


def _is_assigned(found: Finding) -> bool:
    """`key=secret` and `"key": "secret"` are, `key: word` only when the word looks like one."""
    secret, strong = found.secret, _STRONG_KEY.search(found.head) is not None
    if len(secret) > 64:
        return True
    if _BLANK.fullmatch(secret) or len(secret) < (1 if strong else 4):
        return False
    if secret.isdigit() and len(secret) < (4 if strong else 6):
        return False
    sign = _SIGN_AND_QUOTE.search(found.head)
    assert sign is not None  # the rule's own words
    if sign["quote"]:
        return strong or sign["key_quote"] is not None or not secret.isalpha()
    if sign["key_quote"] or sign["sign"] in (b"=", b"%3D", b")=(") or _is_basic(found):
        return True
    alone = found.after in (b"", b"\n") and _FIRST_ON_LINE.fullmatch(found.before)
    return (strong and bool(alone)) or _looks_made_up(found)


def _looks_made_up(found: Finding) -> bool:
    """Six characters or more, of which some are digits or odd signs, and no piece of prose or code."""
    secret = found.secret
    return (
        len(secret) >= 6
        and not _PROSE.fullmatch(secret)
        and re.search(rb"[0-9!@#$%^*+~]", secret) is not None
    )


def _is_basic(found: Finding, joint: bytes = b":") -> bool:
    """Base64 of `user:password`, which prose is not."""
    bare = found.secret.rstrip(b"=")
    try:
        decoded = base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return False
    return joint in decoded and decoded.isascii()


def _is_login(found: Finding) -> bool:
    """What follows AUTH: a password of Redis or SMTP's base64, and no name of a mechanism (`AUTH LOGIN CRAM-MD5`)."""
    if re.fullmatch(rb"[A-Z][A-Z0-9-]*", found.secret):
        return False
    return _looks_made_up(found) or (len(found.secret) >= 8 and _is_basic(found, b"\0"))


def _behind(programs: str) -> Callable[[Finding], bool]:
    """Of an option that means a secret to these programs only."""
    called = re.compile(rf"\b(?:{programs})\b[^|;&]*$".encode())
    return lambda found: called.search(found.before) is not None


def _is_access_token(found: Finding) -> bool:
    """Of the user of an address: letters and digits without a word among them."""
    return re.search(rb"\d", found.secret) is not None and re.search(rb"[A-Za-z]", found.secret) is not None


def _is_no_file(found: Finding) -> bool:
    return _looks_made_up(found) and not re.search(rb"\.[a-z]\w{1,4}$", found.secret)


def _is_card(found: Finding) -> bool:
    """Luhn's check, and no part of a longer number or name."""
    digits = [int(digit) for digit in re.sub(rb"[ -]", b"", found.secret).decode()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    joined = found.before.endswith(_JOINTS) or found.after.startswith(_JOINTS)
    return not joined and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_no_port(found: Finding) -> bool:
    return not re.match(rb"\d{1,5}(?:/|$)", found.secret)


# The end of a key's name; what comes before it in the name does not matter. In Russian and Kazakh a word or two
# may say whose it is; `KEY` alone is a variable of Directus.
_NAMED_KEY = (
    r"(?:api|access|secret|private|pre-?shared|encryption|signing|master|auth|account)[ _-]?key(?:[_-]?id)?"
    r"|(?-i:\b(?:APP_)?KEY|(?:\b|_)SALT)"
)
_KEY = (
    rf"(?:(?:(?:т|Т)окен|ТОКЕН|{_LOGIN_WORD})(?:[ \t]+[\x80-\xff]+){{0,2}}"
    rf"|(?-i:[Pp]wd|_PWD)|\bpw|(?:\b|_)pass|(?-i:[a-z]Pass)|secret|token|credentials?|jwt"
    rf"|cookie|authorization|{_NAMED_KEY})"
    r"(?:[_-]?(?:hash|digest|confirm(?:ation)?|base64|\d{1,2}))?"
)
_SIGN = r"(?:\\*[\"'])?(?:\]|\[\])?(?:[ \t]*(?:=>|:=|[:=])[ \t]*|%3D|\)=\()"
_SCHEME = r"(?:(?:bearer|basic|token|apikey)[ \t]+)?"
_LIST = r"(?:\[\]string\{|\[)?"  # the first of several, in JSON or as Go prints headers
# Without quotes: up to a blank or the next key; a comma or the like belongs to it unless a key follows, and
# brackets that close do not.
_BARE = (
    r"[^\s\"'&;,\\=](?:(?:[^\s\"'&;,\\]|\\[^\snrt\"'])*[^\s\"'&;,\\)\]}>.])?"
    r"(?:[&;,][^\s\"'&;,\\=:]*[^\s\"'&;,\\=:)\]}>.])*"
)
_VALUE = (
    rf"(?:{_LIST}\\+\"{_SCHEME}((?:[^\"\\]|\\\\(?:\\\")?)*)"  # quoted within a quoted text
    rf"|{_LIST}\"{_SCHEME}((?:[^\"\\]|\\.)*)"
    rf"|{_LIST}'{_SCHEME}((?:[^'\\]|\\.|'')*)"
    rf"|{_SCHEME}({_BARE})[)\]}}>.,]*(?:[\s\"'&;,\\]|$))"
)

RULES = (
    Rule(r"(?i:\b(?:set-)?cookie:[ \t]+([\w.%-]+=[^\"'\\]*))"),
    Rule(rf"(?i:{_KEY}{_SIGN}{_VALUE})", _is_assigned),
    Rule(r"(?i:\bbearer[ \t]+([\w.~+/=-]{8,}))", _looks_made_up),
    Rule(r"(?i:\bbasic[ \t]+([A-Za-z0-9+/=]{8,}))", _is_basic),
    Rule(r"\bresponse=\\?\"(\w{32,})"),  # of Authorization: Digest
    Rule(r"(?i:-(?:token|secret|api-key)[ \t]+[\"']?([^\s\"']+))", _looks_made_up),
    # Options of programs, as arguments of a shell or of a list
    Rule(r"[ \t\"']-a[ \t\"',]+([^\s\"',]+)", _behind("(?:redis|valkey)-(?:cli|benchmark)")),
    Rule(r"[ \t\"']-p[ \t\"',]+([^\s\"',]+)", _behind("sshpass")),
    Rule(r"[ \t\"']-p[\"']?([^\s\"',]+)", _behind("sshpass|mysql(?:dump|admin)?|mariadb(?:-dump|-admin)?")),
    Rule(r"[ \t\"'](?:-u|--user)[ \t\"',=]*[^\s\"',:]*:([^\s\"',]+)", _behind("curl")),
    # Within addresses
    Rule(r"(?i:[?&](?:key|sig|(?:x-amz-)?signature)=([^\s&\"'#]{16,}))"),
    Rule(r"[?&]code=([\w.~%/+-]{8,})", _looks_made_up),
    Rule(
        r"(?i:/(?:(?:reset|forgot|set|new)[_-]?password|password[_-]?reset|accept[_-]?invite|magic[_-]?link)"
        r"/([\w.~%=-]{8,}))",
        _is_no_file,
    ),
    # SQL and Redis
    Rule(r"(?i:\b(?:password|identified[ \t]+by)[ \t]+E?'((?:[^']|'')+))"),
    Rule(r"(?i:\b(?:requirepass|masterauth)\\?\"?[ \t]+\\?[\"']?([^\s\"'\\]+))"),
    Rule(r"(?i:\"auth\"(?:[ \t]+\"[^\"]*\")?[ \t]+\"([^\"]+))"),
    Rule(r"\bAUTH(?:\\*\")?[ \t,]+(?:\\*\"[^\"\\]*\\*\"[ \t,]+)?\\*\"([^\"\\]+)"),
    Rule(r"\bAUTH[ \t]+(?:(?:default|[A-Z][A-Z0-9-]+)[ \t]+)?([^\s\"',]+)", _is_login),
    Rule(r"(?i:\bname: 'auth',[ \t]+args: \[[ \t]*(?:'[^']*',[ \t]*)?'([^']+))"),
    # What programs print once, at their first start
    Rule(r"(?i:password (?:provided\. defaulting to|is generated for [^\s:]+:)[ \t]+\"?([^\s\"]+))"),
    # Prose, behind all that begins with the same word
    Rule(
        rf"(?i:(?:{_LOGIN_WORD}|secret[ _]key|secret[ _]access[ _]key)[ \t]+(?:(?:is|was|set to|changed to):?[ \t]+)?"
        r"[\"'`]?([^\s\"'`=:][^\s\"'`]*)(?:[\"'`]|\s*$|\s+[^\s=:]))",  # no key of its own
        _looks_made_up,
    ),
    Rule(
        r"(?i:(?:token|secret|credentials?)[ \t]+(?:is|was):?[ \t]+[\"'`]?([^\s\"'`=:][^\s\"'`]*))",
        _looks_made_up,
    ),
    # user:password@ of an address; that of a database may hold a slash
    Rule(
        r"(?i:\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|smtps?|mssql|clickhouse)"
        r"://[^\s:/?#@\"']*:((?:[^\s\"'<>:]|:[^\s\"'<>/])+)@)",
        _is_no_port,
    ),
    Rule(r"://[^\s:/?#@\"']*:([^\s/\"'<>]+)@"),
    Rule(r"://(\w{20,})@", _is_access_token),
    # Tokens that are known by their looks
    Rule(r"\b(eyJ[\w-]{16,}(?:\.[\w-]+)*)"),
    Rule(r"(?:\b|bot)\d{6,12}:(AA[\w-]{30,}|[\w-]{35}\b)"),
    Rule(r"\b((?:AKIA|ASIA)[A-Z0-9]{16})\b"),
    Rule(r"\b((?:gh[pousr]_|github_pat_|glpat-|dckr_pat_|glsa_|glc_|dop_v1_|npm_|pypi-|hf_)[\w-]{16,})"),
    Rule(r"\b((?:(?:sk|rk|pk)_(?:live|test)_|whsec_|xox[a-z]-|xapp-|GOCSPX-|AIza|ya29\.|hvs\.)[\w-]{10,})"),
    Rule(r"\b(sk-(?:proj-|ant-|or-)?[\w-]{20,})", _looks_made_up),
    Rule(r"\b(SG\.[\w-]{22}\.[\w-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{16,})"),
    Rule(r"\bhooks\.slack\.com/(?:services|workflows|triggers)/([\w/]{16,})"),
    Rule(r"\bdiscord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w-]{16,})"),
    # Hashes of passwords, as crypt and PostgreSQL write them
    Rule(r"(\$(?:apr1|1|2[abxy]|5|6|7|y|argon2id?|argon2d)\$[\w./$+=,-]{8,})"),
    Rule(r"\b(SCRAM-SHA-(?:1|256)\$[\w+/=:$]{8,})"),
    # Cards, by the first digits of their issuers
    Rule(r"\b((?:4\d|5[1-5]|2[2-7]|6[025]|35)\d\d(?:[ -]?\d{4}){3})\b", _is_card),
    Rule(r"\b(3[47]\d\d[ -]?\d{6}[ -]?\d{5})\b", _is_card),
)
