"""The rules for secrets that stand behind their name: `password=…`, `"token": "…"`, and the like."""

import re

from services.logs.judgements import (
    LOGIN_WORD,
    Finding,
    Rule,
    is_assigned,
    is_blank,
    is_credential,
    is_named_key,
    is_opaque,
    is_property,
)

# A quote as it stands in a text, in JSON within JSON, in nginx's log, in HTML, in an address.
_QUOTE = r"(?:\\*[\"'`]|\\+(?:x2[27]|u002[27])|&quot;|&#3[49];|%2[27])"
_KEY_END = rf"(?:{_QUOTE}(?:>>)?)?(?:\]|\[\])?"
_EQUALS = r"(?:[ \t]*(?:=>|:=|[:=])[ \t]*|%3[DA]|\)=\()"
_SIGN = _KEY_END + _EQUALS
# As a text within JSON or a list has it: what a terminal acts upon was taken away where it stood for itself.
_COLOUR = r"(?:\\+(?:u001b|x1b|033|e)\[[\d;]*m)?"
_SCHEME = r"(?:(?:bearer|basic|token|apikey)(?:[ \t]+|%20))?"
# Before the quote of a value: the first of several, in JSON or as Go prints headers, a call, a kind of text
_OPEN = r"(?:\[\]string\{|\[|<<|\w{1,20}\()?[bune]?"
# Without quotes: up to a blank or the next key; a comma or the like belongs to it unless a key follows, and brackets
# that close do not. What stands most often for a value is not even looked at: null, true, false, `?`, `$1`.
_END = r"\s\"'&;,\\"
_FIRST = (
    rf"(?:[^{_END}=$?ntf]|[$?]\d*[^{_END}\d]|n(?:[^u]|u[^l]|ul[^l]|ull[^{_END})}}\]])"
    rf"|t(?:[^r]|r[^u]|ru[^e]|rue[^{_END})}}\]])|f(?:[^a]|a[^l]|al[^s]|als[^e]|alse[^{_END})}}\]]))"
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
    rf"|{_SCHEME}({_BARE})[)\]}}>.,]*(?:[\s\"'&;,\\]|$))"
)
# The end of a key's name; what comes before it in the name does not matter. In Russian and Kazakh a word or two
# may say whose it is; `KEY` alone is a variable of Directus.
_NAMED_KEY = (
    r"(?:api|access|secret|private|pre-?shared|encryption|signing|master|auth|account|license|licence|fernet"
    r"|subscription|functions|client|consumer|webhook|unseal|recovery|hmac|app|application)[ _-]?key"
    r"(?:[_-]?id|[ ]\d{1,2})?"
    r"|(?-i:\b(?:APP_)?KEY|(?:\b|_)SALT)"
)
_SUFFIX = (
    r"(?:[_-]?(?:hash|digest|confirm(?:ation)?|repeat|again|plain|base64|b64|base|data|pem|value|"
    r"prod|live|test|staging|dev|old|new|\d{1,2}))?"
)
_KEY = (
    rf"(?:(?:(?:(?:т|Т)окен|ТОКЕН|{LOGIN_WORD})(?:[ \t]+[\xd0-\xd3][\x80-\xff]+){{0,2}}"
    rf"|(?:^|…|\.{{3}})(?:a?s?sword|asswd|ecret|oken)|(?-i:[Pp]wd|_PWD)|(?:\b|_)(?:(?:bind|root|ldap)?pw|psw|psk|pepper|creds?)|(?:\b|_)pass|(?-i:[a-z]Pass)|secret|token"
    rf"|credentials?|jwt|cookie|code_?verifier|{_NAMED_KEY}){_SUFFIX})"
)
_SESSION = (
    r"(?:(?:\b|_|\.)(?:sid|sess(?:ion)?)(?:[_-]?(?:id|key|data|cookie))?|PHPSESSID|JSESSIONID|ASP\.NET_SessionId"
    r"|sessid|csrf|xsrf|remember_web_\w+|(?:\b|_)auth|identitytoken|assertion|SAMLResponse|ticket"
    r"|(?:\b|[_-])(?:signature|sign|sig|hmac)(?:[_-]?(?:sha)?\d{1,3})?|(?:\b|device_?|auth(?:orization)?_?)code)"
)
_WORD = r"[\w+/%=~.|!-]"
_OTP = (
    r"(?:\b|_)(?:otp|totp|pin|cvc2?|cvv2?|csc|(?:otp|sms|pin|tfa|2fa|mfa|verification|confirmation|auth|login|security|"
    r"one[_-]?time|card)[_-]?code)(?:_?code)?"
)
# Before a value that stands apart from its name: `"name": "PASSWORD", "value": "…"`, `name="password" value="…"`
_APART = rf"{_QUOTE}?[ \t]*[,;]?[ \t]*{_QUOTE}?\bvalue{_SIGN}"

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
        rf"(?i:authorization{_SIGN}{_OPEN}{_QUOTE}?(?:[A-Za-z][\w-]{{1,20}}(?:[ \t]+|=|%20|\+))?"
        r"([^\s\"'\\,;=][^\s\"'\\,;]*))",
        is_credential,
    ),
    Rule(
        rf"(?i:{_KEY}(?:(?:{_KEY_END}{_COLOUR}{_EQUALS}{_COLOUR}|{_APART}){_VALUE}"
        rf"|{_QUOTE}(?:>>)?[ \t]*,[ \t]*(?:<<)?[bu]?\\*[\"']([a-z_]*[^a-z_\"'](?:[^\"'\\]|\\.)*)"  # a pair
        r"|(?:[ \t]+[\w:]+=\"[^\"<>]*\")?>([^<>]+)</))",  # XML
        is_assigned,
    ),
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
        r"(?i:(?:\b|_)auth\\*[\"']?[ \t]*[:=][ \t]*[\[(][ \t]*\\*[\"'][^\"'\\]{0,80}\\*[\"'][ \t]*,[ \t]*\\*[\"']"
        r"([^\"'\\]+)\\*[\"'][ \t]*[\])])",
        is_login_of_pair,
    ),
    Rule(rf"(?i:key{_SUFFIX}{_SIGN}{_OPEN}{_QUOTE}?(?:base64:)?({_WORD}{{16,}}))", is_named_key),
    Rule(
        rf"(?i:{_SESSION}(?:{_SIGN}|{_QUOTE}[ \t]*,[ \t]*){_OPEN}{_QUOTE}?(?:s%3A|s:|sha\d+=|v\d=)?({_WORD}{{16,}}))",
        is_opaque,
    ),
    Rule(rf"(?i:{_OTP}{_SIGN}{_QUOTE}?(\d{{3,8}})\b)"),
    Rule(r" with value of type String = (\S+)", is_property),
)
