"""Secrets that a sentence tells, in English and Russian: the rules, and their judgements."""

import re

from services.redaction.judgements import Finding, Rule, has_figures, looks_made_up
from services.redaction.looks import (
    LOGIN_WORD,
    is_blank,
    is_made_up,
    is_mixed,
    is_plain_word,
    is_random,
    is_uuid,
)

MARK = "•••".encode()

_TOPIC = (
    rf"(?:{LOGIN_WORD}|(?:\b|_)pass|(?:secret|private)[ _-](?:access[ _-])?key|secret|token|credentials?|key"
    r"|code|cookie|api_hash|(?:т|Т)окен(?:ом|а|у)?|ТОКЕН|(?:к|К)люч(?:ом|а|у)?|(?:с|С)екрет(?:ом|а|у)?)"
)
_CYRILLIC = r"[\xd0-\xd3][\x80-\xbf]"
_WORD = rf"\(?(?:[A-Za-z]|{_CYRILLIC})(?:[A-Za-z'/-]|{_CYRILLIC})*\)?[,:]?"
# Whose it is, or what it was: a name, which may look like a secret.
_KIND = r"(?:user(?:name)?|account|login|role|database|client|пользовател(?:я|ю)|логина?)"
_WHOSE = rf"(?:(?:for|of|by|from|для|от|с)(?:[ \t]+{_KIND})?|{_KIND})"
_NAME = r"(?:\"[^\s\"]+\"|'[^\s']+'|[^\s:\"'`,;=]+)"
_FILLING = rf"(?:(?:[ \t]+(?:{_WHOSE}[ \t]+{_NAME}:?|{_WORD}|\d{{1,2}}:?)){{1,6}})"
_QUOTE = r"(?:[\"'`(\[<]|«|“)"
# Right behind the topic `:` and `=` are for `assignments`.
_BREAK = (
    rf"(?:{_FILLING}(?:[ \t]+(?:[=(-][ \t]*)?|:[ \t]+)|[ \t]+(?:-[ \t]+)?"
    rf"|(?:{_FILLING})?[ \t]*(?:[(|]|->|=>|→|—|–)[ \t]*){_QUOTE}?"
)
# Neither blanks and quotes nor what begins dashes and guillemets in UTF-8.
_SIGN = r"(?:[^\s\"'`<>=,;|:\xc2\xe2]|:[^\s\d\"'`<>=,;|:\xc2\xe2])"  # `items:42` is a name
_LETTER, _ODD = r"[A-Za-z\xd0-\xd3]", r"[0-9!@#$%^*+~]"
_VALUE = (
    rf"(?:{_LETTER}{_SIGN}*?{_ODD}|{_ODD}{_SIGN}*?{_LETTER}|(?-i:\w*[a-z][A-Z]\w*[a-z][A-Z]\w{{6}}))"
    rf"(?:{_SIGN}*[^\s\"'`<>=,;|\xc2\xe2.:)\]}}?])?=*"
)
_OPENED, _CLOSED, _WITHIN = r"(?:[\"'`]|«|“)", r"(?:[\"'`]|»|”)", r"[^\s\"'`\xc2\xe2]"

_TOPIC_BEFORE = re.compile(f"(?i){_TOPIC}".encode())
_WHOSE_WITHIN = re.compile(rf"(?i)[ \t]{_WHOSE}[ \t]+{_NAME}:?".encode())
_WHOSE_BEFORE = re.compile(rf"(?i)[ \t](?:{_WHOSE}|{_KIND})[ \t]+{_QUOTE}?$".encode())
_SAYS_BEFORE = re.compile("(?:(?i:[ \t](?:is|was|now|to))|[:=]|—|–|->|→)[ \t]*[^\\w\\s]{1,3}$".encode())
_KIND_BEFORE = re.compile(rf"(?i){_KIND}[ \t]+$".encode())
_STRONG = re.compile(rf"(?i){LOGIN_WORD}|(?:^|_)pass|(?:secret|private)[ _-](?:access[ _-])?key".encode())
_COLON = re.compile(rf"(?:[:=|]|->|=>|→|—|–|[ \t]-)[ \t]*{_QUOTE}?$".encode())
_VERB = re.compile(
    r"(?:(?i:\b(?:is|was|be|to|as|now|value|equals|got))|[ \t](?:на|это|равен|равна|стал|значение(?:м)?))"
    rf"[ \t]+{_QUOTE}?$".encode()
)
_NAME_OF_ONE = re.compile(rb"[a-z]+(?:[-_./][a-z0-9]+)+")
_QUOTED = re.compile(f"{_QUOTE}$".encode())
_KEY = re.compile("(?i:key)|(?:к|К)люч(?:ом|а|у)?".encode())


def is_told(found: Finding) -> bool:
    """Behind a colon or "is" what looks made up; further away from what says so only what nobody makes up."""
    topic = _TOPIC_BEFORE.match(found.head)
    assert topic is not None  # the rule's own words
    gap, secret = found.head[topic.end() :], found.secret
    long = len(secret) >= 20 and re.search(rb"[a-z][A-Z].*[a-z][A-Z]", secret) is not None
    if (
        MARK in gap
        or not (is_made_up(secret) or is_random(secret) or long)
        or re.match(rb"[ \t]*=", found.after)
        or _KIND_BEFORE.search(gap)
    ):
        return False
    if topic[0].lower() == b"code" and not (is_random(secret) and is_mixed(secret)):
        return False
    strong = _STRONG.match(found.head) is not None
    words = re.findall(rb"[A-Za-z\xd0-\xd3][^\s]*", _WHOSE_WITHIN.sub(b" ", gap))
    if not words and _QUOTED.search(gap) and not _COLON.search(gap) and _NAME_OF_ONE.fullmatch(secret):
        return strong  # `secret "db-password-2"` is one of Kubernetes
    if _COLON.search(gap) or _VERB.search(gap) or (not words and _QUOTED.search(gap)):
        return strong or is_random(secret) or not _KEY.fullmatch(topic[0])
    if words:
        quoted = len(words) < 3 and _QUOTED.search(gap) and not gap.endswith(b"(") and not is_uuid(secret)
        return is_random(secret) and (is_mixed(secret) or bool(quoted))
    alone = _KEY.fullmatch(topic[0]) is not None and not found.before[-1:].isalnum()
    return strong or (is_random(secret) and not (is_uuid(secret) and alone))


def is_said(found: Finding) -> bool:
    """A word in quotes, or at the end of the line, that is none of a sentence."""
    if is_blank(found.secret) or _STRONG.search(found.secret) or _WHOSE_BEFORE.search(found.head):
        return False
    return not is_plain_word(found.secret) or _SAYS_BEFORE.search(found.head) is not None


# Codes that are sent to prove who one is, and those that stand in for them.
_PROOF = (
    r"(?:(?:verification|security|confirmation|login|sign-?in|auth(?:entication)?|access|one[- ]time|otp|2fa|mfa|sms"
    r"|pin|activation|pairing|device|user|unlock|telegram|whatsapp|e-?mail|phone)(?:[ _-]|:[ \t]+)(?:pass)?code"
    r"|passcode|\botp|\bpin|one-time password"
    r"|(?:к|К)од(?:ом|а)?[ \t]+(?:для входа|входа|подтверждения|доступа|авторизации|активации|безопасности"
    r"|из (?:SMS|СМС))|(?:(?:о|О)дноразовый|(?:в|В)аш|(?:п|П)роверочный)[ \t]+код|(?:п|П)ин-?код|ПИН(?:-код)?)"
)
_IS = r"(?:[ \t]+(?:for|to|для|на)[ \t]+[^\s:]+)?(?:[ \t]*(?:[:=]|—|–|-|is|was)[ \t]*|[ \t]+)[\"'`]?"

# Several words between quotes
_PHRASE = (
    rf"(?i:{LOGIN_WORD}[ \t]+(?:\\*\"([^\s\"\\]+(?:[ ][^\s\"\\]{{1,64}}){{1,8}})\\*\""
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


TOLD: tuple[Rule, ...] = (
    Rule(_PHRASE, is_phrase),
    Rule(_VARIABLE, is_variable),
    Rule(_SEVERAL, are_made_up),
    Rule(_SETUP_KEY, has_figures),
    Rule(rf"(?i:{LOGIN_WORD}{_FILLING}:[ \t]+{_OPENED}?({_WITHIN}{{4,}}?)[.,]?{_CLOSED}?$)", is_said),
    Rule(
        rf"(?i:{LOGIN_WORD}{_FILLING}?(?:[ \t]+(?:is|was|now|to)|[ \t]*(?:[:=]|—|–|->|→))[ \t]+"
        rf"{_OPENED}({_WITHIN}{{4,}}){_CLOSED})",
        is_said,
    ),
    Rule(
        rf"(?i:{LOGIN_WORD}{_FILLING}?[ \t]+{_OPENED}((?-i:{_WITHIN}+[^\s\"'`a-z\xc2\xe2]{_WITHIN}*)){_CLOSED})",
        is_said,
    ),
    # Who and with what: `admin / …`
    Rule(
        r"(?i:(?:credentials?|log ?in|sign in|user(?:name)?/pass\w*|auth|basic|(?:л|Л)огин/пароль|(?:д|Д)оступ(?:ы)?"
        rf"|(?:в|В)ход|(?:у|У)ч(?:ё|е)тк(?:а|и|у)|(?:у|У)ч(?:ё|е)тные данные)(?:[ \t]+{_WORD})?(?:[ \t]*[:=])?[ \t]+"
        rf"[\"'`]?[\w.@-]+[\"'`]?[ \t]*[/:|][ \t]*[\"'`]?({_VALUE}))",
        looks_made_up,
    ),
    # A word that says what it is, at most six that say more, and a value that is no word
    Rule(rf"(?i:{_TOPIC}{_BREAK}({_VALUE}))", is_told),
    Rule(rf"(?i:{_PROOF}{_IS}(\d{{4,8}}|\d{{3}}[ -]\d{{3}}|[A-Z0-9]{{4}}-[A-Z0-9]{{4}})\b)"),
    Rule(
        r"(?i:(?:(?:recovery|backup)[ _-]?codes?|(?:р|Р)езервные коды)[\"']?[ \t]*(?:[:=]|are)?[ \t]*\[?"
        r"((?:[\"']?[A-Za-z0-9]{3,10}(?:-[A-Za-z0-9]{3,10}){0,3}[\"']?(?:,[ \t]*|[ \t]|$|\]))+))",
        has_figures,
    ),
    Rule(r"(?i:(?:sms|смс)[^\"]{0,60}(?:code|код)[: \t]+(\d{4,8})\b)"),
    Rule(
        r"(?i:(?:mnemonic|(?:seed|recovery|secret|backup)[ _-]?phrase)[\"']?[ \t]*(?:is|[:=])?[ \t]*[\"']?"
        r"((?:[a-z]{3,8}[ ,]+){11,}[a-z]{3,8}))"
    ),
)
