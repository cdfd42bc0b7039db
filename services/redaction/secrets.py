"""What a secret looks like in a log: the rules of `text`, as rows of a table.

A rule that cannot tell by itself asks a judgement (`judgements`), so that prose, placeholders, counters, paths and
code stay readable. Of a table's rules that match at one place the first one does, and the others are not asked. No
pattern may run far ahead without matching: a text made for that would be scanned again and again. So what must come
before a secret is short, and what is hidden may be long, for it is passed over.
"""

from services.redaction import vendors
from services.redaction.assignments import ASSIGNED
from services.redaction.commands import COMMANDS
from services.redaction.judgements import (
    Rule,
    is_access_token,
    is_address_password,
    is_basic,
    is_card,
    is_encoded_json,
    is_encoded_key,
    is_login,
    is_no_address,
    is_no_file,
    is_no_port,
    is_replaced,
    looks_made_up,
    looks_mixed,
    looks_random,
)
from services.redaction.prose import TOLD

_HEADERS = (
    Rule(r"(?i:\bbearer(?:[ \t]|%20|\+|\\ |[,.])+([\w.~+/=|:-]{8,}))", looks_made_up),
    Rule(r"(?i:\bbasic(?:[ \t]|%20|\+)+([A-Za-z0-9+/=]{8,}))", is_basic),
    Rule(r"\bresponse=\\?\"(\w{32,})"),  # of Authorization: Digest
)

# A slash, as it may stand in JSON; the two before a host.
_SLASHES = r":(?:\\*/){2}"
_DATABASE = (
    r"\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|valkey|amqp|pyamqp|smtp|mssql|clickhouse|cockroachdb|nats|"
    rf"ldap|kafka|db2|oracle)s?(?:\+\w+)?{_SLASHES}"
)
_ENCODED = r"(?:[\w.~!$*'()+-]|%25[0-9A-F]{2}|%(?:2[0-9A-E]|3[0-9B-F]|4[1-9A-F]|[5-9A-F][0-9A-F]))"
_ADDRESSES = (
    Rule(r"(?i:[?&](?:key|sig|(?:x-amz-)?signature)=([^\s&\"'#]{16,}))"),
    Rule(r"[?&]code=([\w.~%/+-]{8,})", looks_made_up),
    Rule(r"(?i:\b(?:appid|api_?id)(?:\"?[ \t]*[:=][ \t]*\"?|[ \t]+)([\w-]{32,}))"),
    Rule(r"(?i:/(?:key|token|secret|api_?key|auth)/([\w.~%=-]{16,}))", looks_random),
    Rule(
        r"(?i:/(?:(?:reset|forgot|set|new)[_-]?password|password[_-]?reset|accept[_-]?invite|magic[_-]?link)"
        r"/([\w.~%=-]{8,}))",
        is_no_file,
    ),
    # user:password@; that of a database may hold a slash, or lack its end where the line was cut off
    Rule(rf"(?i:{_DATABASE}[^\s:/?#@\"']*:((?:[^\s\"'<>:]|:[^\s\"'<>/])+)@)", is_no_port),
    Rule(rf"(?i:{_DATABASE}[^\s:/?#@\"']*:([^\s:/?#@\"',]+?)(?:…|\.\.\.)?(?:[\s\"']|$))", is_no_port),
    Rule(rf"{_SLASHES}([\w-]{{20,}}):x-oauth-basic@"),
    Rule(rf"{_SLASHES}[^\s:/?#@\"']*:([^\s/\"'<>]+)@", is_address_password),
    Rule(rf"{_SLASHES}([\w-]{{20,}})@", is_access_token),
    Rule(rf"(?i:%3A%2F%2F[\w.~+-]{{0,64}}%3A({_ENCODED}+)%40)"),
    # As Go's driver of MySQL, Oracle's clients and PostgreSQL's password file have it
    Rule(r":([^\s@/:\"'(),=]+)@(?:tcp|udp|unix)?\("),
    Rule(r"(?i:(?::thin:|:oci:|\bsqlplus[ \t]+(?:-\w+[ \t]+)*)[\w.$-]+/\"?([^\s@\"/]+)\"?@)"),
    Rule(r":6379:\d{1,2}:([^\s:,\"']+)"),  # of redis-commander
    Rule(r":(?:543\d|6432|\*):[\w*-]+:[\w*.-]+:([^\s:\"']+)", is_no_address),
)

_TEXT = r"(?:[^'\\]|''|\\.)"  # of SQL, between single quotes
_ARGUMENT = r"\\*[\"'][^\"'\\]{0,160}\\*[\"']"
_PROTOCOLS = (
    # SQL
    Rule(
        r"(?i:\b(?:password|identified[ \t]+(?:by|with[ \t]+\S+[ \t]+(?:by|as)))[ \t]+(?:password[ \t]+)?"
        rf"[EN]?'({_TEXT}+))"
    ),
    Rule(r"(?i:\bidentified[ \t]+by[ \t]+\\*\"([^\"\\]+))"),
    Rule(rf"(?i:\bset[ \t]+password[ \t]+for[ \t]+\S+[ \t]*=[ \t]*(?:password\()?'({_TEXT}+))"),
    Rule(rf"(?i:\b(?:pgp_sym_(?:en|de)crypt|aes_(?:en|de)crypt|hmac)\([^,]{{1,80}},[ \t]*[EN]?'({_TEXT}+))"),
    Rule(rf"(?i:\b(?:(?:old_)?password|crypt|md5|sha[12]?)\([EN]?'({_TEXT}+))"),
    # Redis
    Rule(
        r"(?i:\b(?:requirepass|masterauth|auth-pass[ \t]+[\w.-]+)\\?\"?(?:[ \t]*[=:,][ \t]*|[ \t]+)"
        r"(?:\\?\"([^\"\\]+)|'([^']+)|([^\s\"'\\]+)))"
    ),
    Rule(r"(?i:\"auth\"(?:[ \t]+\"[^\"]*\")?[ \t]+\"([^\"]+))"),
    Rule(r"\bAUTH(?:\\*\")?[ \t,]+(?:\\*\"[^\"\\]*\\*\"[ \t,]+)?\\*\"([^\"\\]+)"),
    Rule(r"\bAUTH[ \t]+[A-Za-z._-]+[ \t]+([^\s\"'\\,]*[0-9!@#$%^*+~][^\s\"'\\,]*)", is_login),
    Rule(r"\bAUTH[ \t]+(?:(?:default|[A-Z][A-Z0-9-]+)[ \t]+)?([^\s\"'\\,]+)", is_login),
    Rule(r"(?i:\bname: 'auth',[ \t]+args: \[[ \t]*(?:'[^']*',[ \t]*)?'([^']+))"),
    Rule(r"(?i:\b(?:acl[ \t]+setuser|user)[ \t]+\S+[ \t]+(?:(?:on|reset|resetkeys|#\S+)[ \t]+)+>(\S+))"),
    Rule(rf"(?i:\breplace[ \t]+'({_TEXT}+))", is_replaced),
    # What connects, as code calls it and traces print it: address, user, password
    Rule(
        rf"(?i:\b(?:PDO|mysqli?|odbc|getConnection|imap_open)(?:->__construct|_(?:real_)?connect)?"
        rf"\({_ARGUMENT},[ \t]*{_ARGUMENT},[ \t]*\\*[\"']([^\"'\\]+))"
    ),
    # Mail and files
    Rule(r"\bstatic:[\w.@+-]+:(\S+)"),
    Rule(r"(?i:\]:(?:25|465|587|2525)[ \t]+[^\s:]+:(\S+))"),  # of Postfix: where to, as whom
    Rule(r"(?i:\bsasl[ _]passw(?:or)?d(?:[ _]maps?)?:?[ \t]+\[?[\w.-]+\]?(?::\d+)?[ \t]+[^\s:]+:(\S+))"),
    Rule(r"(?i:\bsecret[ \t]+\"([^\"\s]{6,})\";)"),  # of named, dhcpd
    Rule(r"(?:[CS<>:'\"]|send:?)[ \t'\"b]*\bPASS[ \t]+([^\s'\"\\]+)"),
    Rule(r"\b[A-Za-z]{0,2}\d+ LOGIN[ \t]+\S+[ \t]+\"?([^\s\"]+)"),
    # VPN
    Rule(r"\b(?:PSK|XAUTH|EAP)[ \t]+\"([^\"]+)"),
    # What programs print once, at their first start
    Rule(
        r"(?i:password (?:provided\. defaulting to[ \t]+\\?\"([^\"\\]+)|is generated for [^\s:]+:[ \t]+(\S+)))"
    ),
)

_KNOWN = (
    *(
        Rule(pattern)
        for pattern in (vendors.PREFIXED, vendors.SHAPED, vendors.AZURE, vendors.TELEGRAM, *vendors.HOOKS)
    ),
    Rule(vendors.AMBIGUOUS, looks_mixed),
    Rule(r"\bAC[0-9a-f]{32}:([0-9a-f]{32})\b"),  # Twilio
    Rule(
        rf"{vendors.START}((?:eyJ|ey[AB][\w]|ewo|ew0)[\w-]{{6,}}(?:[+/][\w-]{{8,}})*(?:\.{{1,2}}[\w-]+)*={{0,2}})",
        is_encoded_json,
    ),
    Rule(rf"{vendors.START}(LS0tLS1CRUdJTi[\w+/=-]{{20,}})", is_encoded_key),
    # What TLS keeps for Wireshark
    Rule(r"\b(?:CLIENT_RANDOM|[A-Z_]+_SECRET(?:_0)?)[ \t]+[0-9a-fA-F]{16,64}[ \t]+([0-9a-fA-F]{32,})"),
    # A key of JWK
    Rule(r"\\*\"(?:d|p|q|dp|dq|qi|k)\\*\"[ \t]*:[ \t]*\\*\"([\w-]{20,})", looks_mixed),
)

# Hashes of passwords: as crypt has them, also doubled as compose wants it; of PostgreSQL, MySQL, Django, LDAP, GRUB
_HASHES = tuple(
    map(
        Rule,
        (
            r"(\${1,2}(?:apr1|1|2[abxy]?|5|6|7|g?y|argon2(?:id|i|d)|pbkdf2(?:-sha\d+)?|scrypt|sha1|md5|[PHS])\${1,2}"
            r"[\w./$+=,\\-]{8,}[\w./$+=])",
            r"(%242[abxy]%24\d\d%24[\w.%/]{16,})",
            r"\b(SCRAM-SHA-(?:1|256)\$[\w+/=:$]{8,})",
            r"\b((?:pbkdf2_sha\d+|pbkdf2:sha\d+:\d+|scrypt:\d+:\d+:\d+|sha1|md5|argon2)\$[\w+/=.$]{16,})",
            r"['\"]md5([0-9a-f]{32})['\"]",
            r"\*([0-9A-F]{40})\b",
            r"\{(?:S?SHA(?:\d{3})?|S?MD5|CRYPT|BCRYPT|PBKDF2[\w-]*)\}([\w+/=.$-]{16,})",
            r"\b(grub\.pbkdf2\.sha512\.\d+\.[0-9A-F.]{32,})",
            r":[0-9a-f]{32}:([0-9a-f]{32}):::",
        ),
    )
)

# By the first digits of their issuers
_CARDS = (
    Rule(r"(?:;|%B)(\d{12,19}[=^][^\s?]{4,})\?"),  # as a reader sends them
    Rule(
        r"\b((?:4\d{3}|5[0-8]\d\d|2[2-7]\d\d|6(?:011|4[4-9]\d|[257]\d\d)|35\d\d|8600|9860)"
        r"(?:(?:[ .-]|\xc2\xa0)?\d{4}){3}(?:[ -]?\d{3})?)\b",
        is_card,
    ),
    Rule(r"\b(3[47]\d\d[ .-]?\d{6}[ .-]?\d{5})\b", is_card),
    Rule(r"\b(3[068]\d\d[ .-]?\d{6}[ .-]?\d{4})\b", is_card),
)

# One after another over the text, each as one alternation: together they would need too much memory to be fast.
TABLES: tuple[tuple[Rule, ...], ...] = (
    (*_KNOWN, *_HASHES),
    ASSIGNED,
    (*_HEADERS, *_ADDRESSES, *_PROTOCOLS, *COMMANDS),
    (*TOLD, *_CARDS),
)
