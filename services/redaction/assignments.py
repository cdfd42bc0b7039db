"""The rules for secrets that stand behind their name: `password=…`, `"token": "…"`, and the like."""

import re

from services.redaction.judgements import (
    Finding,
    Rule,
    is_assigned,
    is_credential,
    is_group,
    is_named_key,
    is_opaque,
    is_property,
)
from services.redaction.looks import LOGIN_WORD, is_blank

# A quote as it stands in a text, in JSON within JSON, in nginx's log, in HTML, in an address.
QUOTE = r"(?:\\*[\"'`]|\\+(?:x2[27]|u002[27])|&quot;|&#3[49];|%2[27])"
_PAINT = r"(?:\\+(?:u001b|x1b|033|e)\[[\d;]*m)*"  # colours that JSON has kept
SIGN = (
    rf"{_PAINT}(?:{QUOTE}(?:>>)?)?(?:\]|\[\]|%5D)?"
    rf"(?:::[ \t]+|\.*[ \t]*(?:=>|->|:=|={{1,3}}|:)[ \t]*|%3[DA]|\)=\(){_PAINT}"
)
_SCHEME = r"(?:(?:bearer|basic|token|apikey)(?:[ \t]+|%20))?"
# Before the quote of a value: the first of several, in JSON or as Go prints headers, a call, a kind of text
_OPEN = r"(?:\[\]string\{|\[[ \t]*|<<|\w{1,20}\()?[bune]?"
# Without quotes: up to a blank or the next key; a comma or the like belongs to it unless a key follows, and brackets
# that close do not. What stands most often for a value is not even looked at: null, true, false, `?`, `$1`.
_END = r"\s\"'&;,\\"
_SHUT = r"\s\"'&;,\\)}\]"
_FIRST = (
    rf"(?:[^{_END}=$?ntf]|[$?]\d*[^{_END}\d]|n(?:[^{_END}u]|u[^{_END}l]|ul[^{_END}l]|ull[^{_SHUT}])"
    rf"|t(?:[^{_END}r]|r[^{_END}u]|ru[^{_END}e]|rue[^{_SHUT}])"
    rf"|f(?:[^{_END}a]|a[^{_END}l]|al[^{_END}s]|als[^{_END}e]|alse[^{_SHUT}]))"
)
_BARE = (
    rf"{_FIRST}(?:(?:[^{_END}]|\\[^nrtxu\"'])*[^{_END})\]}}>.])?"
    rf"(?:[&;,](?:\w*[!#$()*+@^~|?][^{_END}]*|[^{_END}=:]*)[^{_END}=:)\]}}>.])*"
)
_VALUE = (
    rf"(?:{_OPEN}\\\"{_SCHEME}((?:[^\"\\]|\\/|\\\\(?:\\\")?)*)"  # quoted within a quoted text
    rf"|{_OPEN}\\\\+\"{_SCHEME}([^\"\\]*)"  # deeper
    rf"|{_OPEN}\\+'{_SCHEME}([^'\\]*)"
    rf"|{_OPEN}\"{_SCHEME}((?:[^\"\\]|\\.)*)"
    rf"|{_OPEN}'{_SCHEME}((?:[^'\\]|\\.|'')*)"
    rf"|`([^`]*)"
    rf"|(?:\\+(?:x22|u0022)|&quot;|&#34;|%22){_SCHEME}((?:[^\\&%\"]|&amp;|%(?:[013-9A-F][0-9A-F]|2[013-9A-F]))*)"
    r"|\[(\d{1,3}(?:[ ,]+\d{1,3}){5,})\]|<Buffer ([0-9a-f ]+)"  # bytes, as Go and Node print them
    r"|([a-z]{4}(?: [a-z]{4}){3})(?:[\s\"']|$)"  # Google, of an application
    rf"|(?:[&!][\w!]+[ \t]+)*{_SCHEME}({_BARE})[)\]}}>.,]*(?:[\s\"'&;,\\]|$))"  # perhaps behind a tag of YAML
)
# The end of a key's name; what comes before it in the name does not matter. In Russian and Kazakh a word or two
# may say whose it is; `KEY` alone is a variable of Directus.
_NAMED_KEY = (
    r"(?:api|access|secret|private|pre-?shared|encryption|signing|master|auth|account|license|licence|fernet"
    r"|encrypt|crypt|cipher|subscription|functions|client|consumer|webhook|unseal|recovery|hmac|app|application)"
    r"[ _.-]?key(?:[_-]?id)?"
    r"|secret[_-]?id|api[_-]?hash|(?-i:\b(?:APP_)?KEY|_AUTH)|(?:\b|_)salt|sonar\.login"
)
_SUFFIX = (
    r"(?:[_-]?(?:hash|digest|salt|confirm(?:ation)?|repeat|again|plain|base64|b64|base|data|pem|value|"
    r"prod|live|test|staging|dev|old|new)|[ _-]?\d{1,2})?"
)
_KEY = (
    rf"(?:(?:(?:(?:т|Т)окен|ТОКЕН|{LOGIN_WORD})(?:[ \t]+[\xd0-\xd3][\x80-\xff]+){{0,2}}"
    r"|(?-i:[Pp]wd|_PWD)|(?:^|…|\.{3})(?:a?s?sword|asswd|ecret|oken)"  # a line may have been cut off within it
    r"|(?:\b|_)(?:(?:bind|root|ldap)?pw|psw|psk|pepper|creds?)|(?:\b|_)pass|(?-i:[a-z]Pass)|secret|token"
    rf"|credentials?|jwt|bearer|cookie|code_?verifier|{_NAMED_KEY}){_SUFFIX})"
)
# Before a value that stands apart from its name: `"name": "PASSWORD", "value": "…"`, `name="password" value="…"`
_APART = rf"{QUOTE}?[ \t]*[,;:=]?[ \t]*\{{?[ \t]*{QUOTE}?\bval(?:ue)?{SIGN}"
# Behind its name in a pair, or in a tuple of Erlang
_PAIRED = rf"(?:{QUOTE}(?:>>)?)?[ \t]*,[ \t]*(?:<<)?[bu]?\\*[\"']([a-z_]*[^a-z_\"'](?:[^\"'\\]|\\.)*)"
_IN_XML = r"(?:[ \t]+[\w:]+=\"[^\"<>]*\")?>([^<>]+)</"

_SIGNS = r"\w+/%=~.|!"
# Sixteen or more of them; no UUID alone, but what pgAdmin makes of one
_WORD = rf"(?:[{_SIGNS}-]{{8}}(?:[{_SIGNS}]|-[{_SIGNS}-]{{4}}[{_SIGNS}])[{_SIGNS}-]{{7,}}|[0-9a-f-]{{36}}![{_SIGNS}-]+)"
_COOKIE = (
    r"(?:PHPSESSID|JSESSIONID|ASP\.NET_SessionId|sess(?:ion)?id|connect\.sid|csrftoken|wordpress_\w+|remember_web_\w+"
    r"|_oauth2_proxy\w*)"
)
_OPAQUE = (
    r"(?:(?:\b|_|\.)(?:sid|sess(?:ion)?)(?:[ _.-]?(?:id|key|data|cookie))?"
    r"|sessid|csrf|xsrf|(?:\b|_)auth|(?:\b|\.)login|identitytoken"
    r"|assertion|SAMLResponse|ticket|verifier|(?:\b|_)code|(?:tokens|secrets|keys|passwords)"
    r"|(?:\b|[_-])(?:signature|sign|sig|hmac)(?:[_-]?(?:sha)?\d{1,3})?)"
)
_OTP = (
    r"(?:\b|_)(?:otp|totp|pin|cvc2?|cvv2?|csc|(?:otp|sms|pin|tfa|2fa|mfa|verification|confirmation|auth|login|security|"
    r"one[_-]?time|card)[_-]?code)(?:_?code)?"
)

_NAMED = rf"(?:{LOGIN_WORD}|pwd|secret|token|credentials?|(?:api|access|private|encryption)[_-]?key)"
_CHANGED_FIELD = re.compile(
    r"(?i)(?:field|name|key|attribute|property|column|path)\\*\"[ \t]*:[ \t]*\\*\""
    rf"[\w./-]*{_NAMED}\\*\"[^{{}}]*$".encode()
)
_NAME_BEHIND = re.compile(
    rf"(?i)\\*[\"'][ \t]*,[ \t]*\\*[\"']?(?:(?:name|key)\\*[\"']?[ \t]*[:=][ \t]*\\*[\"'][\w.-]*{_NAMED}"
    rf"|(?:kind|type)\\*[\"']?[ \t]*[:=][ \t]*\\*[\"'](?:{LOGIN_WORD}|secret))\\*[\"']".encode()
)


def is_changed_field(found: Finding) -> bool:
    """`"from"`, `"to"` of a field that the same object calls a password."""
    return not is_blank(found.secret) and _CHANGED_FIELD.search(found.before) is not None


def is_named_behind(found: Finding) -> bool:
    """`value="…", name="DB_PASSWORD"`."""
    return not is_blank(found.secret) and _NAME_BEHIND.match(found.after) is not None


def is_filled(found: Finding) -> bool:
    return not is_blank(found.secret)


def is_login_of_pair(found: Finding) -> bool:
    """`auth=("user", "secret")`, and no list of names."""
    return re.fullmatch(rb"[a-z_-]*", found.secret) is None and not is_blank(found.secret)


ASSIGNED: tuple[Rule, ...] = (
    Rule(r"(?i:\b(?:set-)?cookie:[ \t]+([\w.%-]+=[^\"'\\]*))"),
    Rule(
        rf"(?i:authorization{SIGN}(?:{_OPEN}{QUOTE}|\[)?(?:[A-Za-z][\w-]{{1,20}}(?:[ \t]+|=|%20|\+|\\ ))?"
        r"([^\s\"'\\,;=](?:[^\s\"'\\,;]*[^\s\"'\\,;\])}])?))",
        is_credential,
    ),
    # All of it, blanks too: `"Env": ["DB_PASSWORD=…"]`
    Rule(
        r"\\*\"(?:[A-Z][A-Z0-9_]*_)?(?:PASS(?:WORD|WD|PHRASE)?|SECRET|TOKEN|KEY)=((?:[^\"\\]|\\[^\"])+)\\*\""
    ),
    # Several: `"passwords": {"anna": "…"}`
    Rule(rf"(?i:(?:{LOGIN_WORD}s?|secrets|tokens|api_?keys){QUOTE}{SIGN}\{{([^{{}}]*)\}})", is_group),
    Rule(rf"(?i:{_KEY}(?:(?:{_APART}|{SIGN}){_VALUE}|{_PAIRED}|{_IN_XML}))", is_assigned),
    Rule(
        r"(?i:\\*\"(?:from|to|before|after|(?:old|new|previous|current)(?:_?value)?)\\*\"[ \t]*:[ \t]*\\*\""
        r"((?:[^\"\\]|\\[^\"])+))",
        is_changed_field,
    ),
    Rule(r"(?i:\bvalue\\*[\"']?[ \t]*[:=][ \t]*[bu]?\\*[\"']([^\"'\\]+))", is_named_behind),
    Rule(
        r"(?i:<(?:property|prop|entry|param(?:eter)?|string|setting|option|env|variable)[ \t]+(?:name|key)=\\*[\"']"
        rf"[\w.-]{{0,60}}{_NAMED}\\*[\"'][ \t]*>([^<>]+)</)",
        is_filled,
    ),
    Rule(
        r"(?i:auth\w{0,10}\\*[\"']?[ \t]*[:=]?[ \t]*[\[(][ \t]*b?\\*[\"'][^\"'\\]{0,80}\\*[\"'][ \t]*,[ \t]*b?\\*[\"']"
        r"([^\"'\\]+)\\*[\"'][ \t]*[\])])",
        is_login_of_pair,
    ),
    Rule(
        rf"(?i:(?:key{_SUFFIX}|(?:к|К)люч(?:[ \t]+[\xd0-\xd3][\x80-\xff]+){{0,2}}|(?:с|С)екрет)"
        rf"{SIGN}(?:{_OPEN}{QUOTE})?(?:base64:)?({_WORD}))",
        is_named_key,
    ),
    Rule(
        rf"(?i:(?:{_OPAQUE}(?:{SIGN}|{QUOTE}[ \t]*,[ \t]*|[ \t]+[\"'])|{_COOKIE}(?:{SIGN}|[ \t]+))(?:{_OPEN}{QUOTE})?"
        rf"(?:s%3A|s:|sha\d+=|(?:t=\d+,)?v\d=)?({_WORD}))",
        is_opaque,
    ),
    Rule(rf"(?i:{_OTP}{SIGN}{QUOTE}?(\d{{3,8}})\b)"),
    Rule(r" with value of type String = (\S+)", is_property),  # Spring, at DEBUG
)
