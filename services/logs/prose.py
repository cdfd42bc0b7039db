"""Secrets that a sentence tells, in English and Russian: the pieces of the rule, and its judgement."""

import re

from services.logs.judgements import (
    LOGIN_WORD,
    Finding,
    Rule,
    is_blank,
    is_made_up,
    is_mixed,
    is_random,
    is_uuid,
)

MARK = "•••".encode()

_TOPIC = (
    rf"(?:{LOGIN_WORD}|(?:\b|_)pass|(?:secret|private)[ _-](?:access[ _-])?key|secret|token|credentials?|key"
    r"|(?:т|Т)окен(?:ом|а|у)?|ТОКЕН|(?:к|К)люч(?:ом|а|у)?|(?:с|С)екрет(?:ом|а|у)?)"
)
_CYRILLIC = r"[\xd0-\xd3][\x80-\xbf]"
_WORD = rf"(?:[A-Za-z]|{_CYRILLIC})(?:[A-Za-z'/-]|{_CYRILLIC})*[,:]?"
# Whose it is: a name, which may look like a secret.
_WHOSE = r"(?:for|of|by|user(?:name)?|account|login|role|database|client|пользовател(?:я|ю)|для|логина?)"
_NAME = r"(?:\"[^\s\"]+\"|'[^\s']+'|[^\s:\"'`,;=]+)"
_FILLING = rf"(?:[ \t]+(?:{_WHOSE}[ \t]+{_NAME}:?|{_WORD})){{1,6}}"
_QUOTE = r"(?:[\"'`(\[<]|«|“)?"
# Right behind the topic `:` and `=` are for `assignments`.
_BREAK = (
    rf"(?:{_FILLING}(?:[ \t]+(?:[=(-][ \t]*)?|:[ \t]+)|[ \t]+(?:-[ \t]+)?"
    rf"|(?:{_FILLING})?[ \t]*(?:[(|]|->|=>|→|—|–)[ \t]*){_QUOTE}"
)
# Neither blanks and quotes nor what begins dashes and guillemets in UTF-8.
_SIGN = r"[^\s\"'`<>=,;|\xc2\xe2]"
_LETTER, _ODD = r"[A-Za-z\xd0-\xd3]", r"[0-9!@#$%^*+~]"
_VALUE = (
    rf"(?:{_LETTER}{_SIGN}*?{_ODD}|{_ODD}{_SIGN}*?{_LETTER})(?:{_SIGN}*[^\s\"'`<>=,;|\xc2\xe2.:)\]}}?])?=*"
)

# A word that says what it is, at most six that say more, and a value that is no word
_TOLD = rf"(?i:{_TOPIC}{_BREAK}({_VALUE}))"

_TOPIC_BEFORE = re.compile(f"(?i){_TOPIC}".encode())
_STRONG = re.compile(rf"(?i){LOGIN_WORD}|(?:^|_)pass|(?:secret|private)[ _-](?:access[ _-])?key".encode())
_COLON = re.compile("(?:[:=|]|->|=>|→|—|–|[ \t]-)[ \t]*(?:[\"'`(\\[<]|«|“)?$".encode())
_VERB = re.compile(
    "(?i:\\b(?:is|was|be|to|as|now)|[ \t](?:на|это|равен|равна|стал))[ \t]+(?:[\"'`(\\[<]|«|“)?$".encode()
)
_KEY = re.compile("(?i:key)|(?:к|К)люч(?:ом|а|у)?".encode())
_QUOTED = re.compile("(?:[\"'`(\\[<]|«|“)$".encode())


def is_told(found: Finding) -> bool:
    """Behind a colon or "is" what looks made up; further away from what says so only what nobody makes up."""
    topic = _TOPIC_BEFORE.match(found.head)
    assert topic is not None  # the rule's own words
    gap, secret = found.head[topic.end() :], found.secret
    if MARK in gap or not is_made_up(secret) or re.match(rb"[ \t]*=", found.after):
        return False
    strong = _STRONG.match(found.head) is not None
    apart = re.findall(rb"[A-Za-z\xd0-\xd3][^\s]*", gap)
    if _COLON.search(gap) or _VERB.search(gap) or (not apart and _QUOTED.search(gap)):
        return strong or is_random(secret) or not _KEY.fullmatch(topic[0])
    if apart:
        quoted = len(apart) < 3 and _QUOTED.search(gap) and not gap.endswith(b"(") and not is_uuid(secret)
        return is_random(secret) and (is_mixed(secret) or bool(quoted))
    return strong or (is_random(secret) and (not is_uuid(secret) or found.before.endswith((b"_", b"."))))


# Codes that are sent to prove who one is, and those that stand in for them.
_PROOF = (
    r"(?i:(?:(?:verification|security|confirmation|login|sign-?in|auth(?:entication|orization)?|access|one[- ]time|otp"
    r"|2fa|mfa|sms|pin|activation|pairing|device|user|unlock|passcode)[ _-](?:pass)?code|\botp|\bpin|one-time password"
    r"|(?:к|К)од(?:ом|а)?[ \t]+(?:для входа|входа|подтверждения|доступа|авторизации|активации|безопасности"
    r"|из (?:SMS|СМС)))"
)
_IS = r"(?:[ \t]*(?:[:=]|—|–|-|is|was)[ \t]*|[ \t]+)[\"'`]?"
_CODES = (
    rf"{_PROOF}{_IS}(\d{{4,8}}|\d{{3}}[ -]\d{{3}}|[A-Z0-9]{{4}}-[A-Z0-9]{{4}})\b)",
    r"(?i:(?:(?:recovery|backup)[ _-]?codes?|(?:р|Р)езервные коды)[\"']?[ \t]*(?:[:=]|are)[ \t]*\[?"
    r"((?:[\"']?[A-Za-z0-9]{3,10}(?:-[A-Za-z0-9]{3,10}){0,3}[\"']?[, \t]*)+))",
    r"(?i:(?:mnemonic|(?:seed|recovery|secret|backup)[ _-]?phrase)[\"']?[ \t]*(?:is|[:=])?[ \t]*[\"']?"
    r"((?:[a-z]{3,8}[ ,]+){11,}[a-z]{3,8}))",
)

# Several words between quotes
_PHRASE = (
    rf"(?i:(?:{LOGIN_WORD})[ \t]+(?:\\*\"([^\s\"\\]+(?:[ ][^\s\"\\]{{1,64}}){{1,8}})\\*\""
    r"|«([^\s\xc2]+(?:[ ][^\s\xc2]{1,64}){1,8})»))"
)
# A variable that is spoken of: `SMTP_PASSWORD "…" rejected`
_VARIABLE = (
    r"_(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|SECRET|TOKEN|(?:API|ACCESS|PRIVATE)_KEY)[ \t]+"
    r"\\*[\"']([^\s\"'\\]+)\\*[\"']"
)
# Of more than one: who has which
_EACH = rf"(?:\w|{_CYRILLIC}){{1,32}}[ \t]*=[ \t]*[^\s,;\"']+"
_SEVERAL = (
    rf"(?i:(?:passwords|(?:п|П)ароли)(?:[ \t]+(?:\w|{_CYRILLIC}){{1,16}})?:[ \t]+"
    rf"({_EACH}(?:[,;][ \t]*{_EACH})*))"
)
# What an authenticator is set up with, in groups of four of base32
_SETUP_KEY = (
    r"(?i:(?:set-?up|manual|entry|two-factor|2fa|mfa|[th]?otp|authenticator)[ _-](?:key|code|secret)\\*[\"']?"
    r"[ \t]*(?:[:=]|is)[ \t]*\\*[\"']?((?:[a-z2-7]{4}[ -]){3,15}[a-z2-7]{2,4})\b)"
)


def is_phrase(found: Finding) -> bool:
    """Not what is asked of a password: `password "must be set"`."""
    asked = r"(?i)(?:must|should|may|can|cannot|is|has|does|needs?|at|required|not|enter|your)\b|(?:не|введите|должен) "
    return re.match(asked.encode(), found.secret) is None


def is_variable(found: Finding) -> bool:
    return re.fullmatch(rb"[a-z]*|[A-Z_]*", found.secret) is None and not is_blank(found.secret)


def are_made_up(found: Finding) -> bool:
    """One of several at least; what is counted or configured there does not look so."""
    return any(is_made_up(each.partition(b"=")[2].strip()) for each in re.split(rb"[,;]", found.secret))


def is_setup_key(found: Finding) -> bool:
    return re.search(rb"[2-7]", found.secret) is not None


TOLD: tuple[Rule, ...] = (
    Rule(_PHRASE, is_phrase),
    Rule(_VARIABLE, is_variable),
    Rule(_SEVERAL, are_made_up),
    Rule(_SETUP_KEY, is_setup_key),
    Rule(_TOLD, is_told),
    *map(Rule, _CODES),
)
