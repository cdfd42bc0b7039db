"""What a piece of text looks like by itself: a placeholder, a word, a hash, something that nobody makes up. Pure."""

import re

# A password in the languages of the team, for RE2 and for `re`; the case of ASCII alone is folded.
LOGIN_WORD = (
    "(?:passw(?:or[dt]|d)|pass[_ -]?phrase|passcode"
    "|(?:п|П)арол(?:ь|ем|ю|я|е)|ПАРОЛЬ|(?:п|П)арольн(?:ая|ой|ую) фраз(?:а|ы|у|ой)|(?:қ|Қ)ұпия ?сөз(?:іңіз|ің|і)?)"
)

# Nothing to hide: words that stand for a value or say what became of it, types, what is yet to be filled in or hidden
# already, signs alone.
_BLANK = re.compile(
    rb"(?i:true|false|null|none|nil|undefined|yes|no|ok|set|unset|empty|missing|present|required|invalid|expired"
    rb"|mounted|loaded|injected|exported|rotated|revoked|rejected|unchanged"
    rb"|string|str|text|varchar|bool(?:ean)?|int(?:eger)?|number|object|array|bytes|any|incorrect|wrong|mismatch"
    rb"|\W*(?:redact(?:ed)?|filtered|hidden|masked|object object|sensitive(?: value)?)\W*)"
    rb"|[^\w\x80-\xff]*(?:\xe2\x80\xa2.*)?|[x*]*"
    rb"|\$[A-Z0-9_]+|\$\{[^}]*\}?|\$\([^)]*\)?|\{\{.*|<[\w -]*>?|%\(?\w*\)?[sdv]|:[a-z_]+"
    rb"|/(?:run|etc|var|home|opt|app|usr|tmp|secrets)/.*|\[[\w.-]+\]:\d+"
)
# Dates, addresses, paths, durations, places in a source file, calls, algorithms: no secret where prose may stand.
_PROSE = re.compile(
    rb"\d{4}-\d\d-\d\d.*|\w*://.*|/.*|\w+:[\d:]+|.*\(.*|[\d:.,%-]+|\d+[A-Za-z]{1,3}|v?\d+(?:\.\d+)+.*"
    rb"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rb"|(?i:(?:scram-)?(?:sha|md|ed|[rhep]s|aes|utf|http|base|oauth|argon|ipv)-?\d{1,5}(?:-[\w-]{1,16}|[a-z]{0,3})"
    rb"|x509\w*|pbkdf2)\W*"
)
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(rb"(?:0x)?[0-9a-fA-F]{16,}")
_BASE32 = re.compile(rb"(?=[A-Z]*[2-7])(?=[2-7]*[A-Z])[A-Z2-7]{16,}=*")
_PIECES = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_PLAIN_WORD = re.compile(rb"[A-Za-z]?[a-z]*|[\x80-\xff]*")


def is_blank(text: bytes) -> bool:
    return _BLANK.fullmatch(text) is not None


def is_plain_word(text: bytes) -> bool:
    """Of a sentence: small letters, the first one perhaps a capital; any of another alphabet."""
    return _PLAIN_WORD.fullmatch(text) is not None


def is_random(text: bytes) -> bool:
    """Sixteen characters or more that nobody makes up: letters and digits take turns."""
    if _BASE32.fullmatch(text):
        return True
    pieces = _PIECES.findall(text, 0, 128)
    digits = sum(piece.isdigit() for piece in pieces)
    length = sum(map(len, pieces))
    limit = 3.3 if digits > 1 else 2.8 if length >= 20 else 2.1
    return len(text) >= 16 and length <= limit * len(pieces)


def is_uuid(text: bytes) -> bool:
    return _UUID.fullmatch(text) is not None


def is_mixed(text: bytes) -> bool:
    """Of small letters, capitals and digits, as no hash and no UUID is."""
    return all(re.search(kind, text) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]"))


def is_made_up(text: bytes) -> bool:
    """Six characters or more, of which some are digits or odd signs, and no piece of prose or code."""
    return len(text) >= 6 and not _PROSE.fullmatch(text) and re.search(rb"[0-9!@#$%^*+~]", text) is not None


def is_hex(text: bytes) -> bool:
    return _HEX.fullmatch(text) is not None
