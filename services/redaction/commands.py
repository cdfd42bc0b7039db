"""The rules for secrets among the arguments of commands, as shells trace them, logs of CI, lists of arguments."""

import re

from services.redaction.judgements import Finding, Rule, behind, is_changed, is_option

# The next argument, of a shell or of a list; quotes hold it together.
_QUOTED_NEXT = r"[ \t]+\"([^\"]+)|[ \t]+'([^']+)|\"[ \t]*,[ \t]*\"([^\"]+)|'[ \t]*,[ \t]*'([^']+)"
_END = r"\s\"',\]"
_NEXT = rf"(?:{_QUOTED_NEXT}|,?[ \t]+((?:[^{_END}i]|i[^{_END}d]|id[^{_END}=])[^{_END}]*))"  # `--secret id=…` names one
_OPTION = (
    r"(?:password|passwd|passphrase|pass|pwd|storepass|keypass|secret|token"
    r"|(?:api|access|auth|secret|private|license|account)-?key|authkey|psk)"
)

# Options of one letter that mean a secret to these programs only.
_PROGRAMS = {
    b"-a": r"(?:redis|valkey)-(?:cli|benchmark)",
    b"-p": (
        r"sshpass|login|twine|mongo(?:sh|dump|restore|export|import)?|cqlsh|influx|rabbitmqadmin|ipmitool|rdesktop"
        r"|useradd|usermod|clickhouse-client"
    ),
    b"-P": r"mosquitto_\w+|sqlcmd|bcp|ipmitool|zip|unzip|snmpget",
    b"-w": r"ldap\w+",
    b"-pw": r"plink|pscp|psftp|putty",
    b"-k": r"openssl|nuget",
    b"-N": r"ssh-keygen",
}
_IS_FOR = {option: behind(programs) for option, programs in _PROGRAMS.items()}


def is_argument(found: Finding) -> bool:
    option = re.search(rb"-[A-Za-z]+", found.head)
    assert option is not None  # the rule's own words
    return not re.match(rb"-|\d+:\d", found.secret) and _IS_FOR[option[0]](found)  # a port is `-p 8080:80`


# Where they want it without an option: after so many arguments.
_POSITIONAL = (
    r"rabbitmqctl[ \t]+(?:add_user|change_password|authenticate_user)[ \t]+\S+"
    r"|\bmc[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)[ \t]+\S+[ \t]+\S+[ \t]+\S+"
    r"|\bwpa_passphrase[ \t]+\S+|\bhtpasswd[ \t]+-\w*(?:b\w*[ \t]+\S+|nb\w*)[ \t]+\S+"
    r"|\b(?:mysqladmin|nmcli)\b[^|;]{0,60}[ \t]password"
    r"|\b(?:vault|cargo)[ \t]+login|\bvault[ \t]+operator[ \t]+unseal|\bngrok[ \t]+(?:config[ \t]+add-)?authtoken"
    r"|\bpoetry[ \t]+config[ \t]+pypi-token\.\S+|\bconfig[ \t]+set[ \t]+\S+:_(?:authToken|password|auth)"
)
# What takes a secret from what is echoed into it, and files that are made of it.
_TAKES = (
    r"(?:\|[ \t]*(?:sudo[ \t]+-S|(?:sudo[ \t]+)?(?:docker|podman|nerdctl|helm|crane|oras|gh|glab|passwd|chpasswd"
    r"|openssl|gpg|kinit|cryptsetup|smbpasswd|pass|vault|su)\b)"
    r"|>+[ \t]*\S{0,80}(?:passw|secret|token|credential|\.key\b|_key\b|\.pgpass|\.netrc))"
)

COMMANDS = (
    Rule(rf"(?i:(?:^|[ \t\"'=(\[,])--?(?:[\w-]{{0,24}}[._-])?{_OPTION}{_NEXT})", is_option),
    Rule(r"(?i:-password-command[ \t\"',=]+echo[ \t]+([^\s\"']+))"),
    Rule(
        rf"(?:^|[ \t\"'])-(?:a|p|P|w|pw|k|N)(?:{_QUOTED_NEXT}"
        r"|(?:[ \t]+|=)(\d*[^\s\"',\d:-][^\s\"',]*|\d+))(?:[\s\"',\]]|$)",  # `-p 80:80` is a port
        is_argument,
    ),
    Rule(
        r"[ \t\"']-p(?:\"([^\"]+)|'([^']+)|([^\s\"',]+))",
        behind("sshpass|mysql(?:dump|admin|import|check)?|mariadb(?:-dump|-admin)?|7z[ar]?|unrar|rar"),
    ),
    Rule(
        r"[ \t\"'](?:-u|-U|--user|--proxy-user|--auth|--(?:src-|dest-)?creds)[ \t,=]*"
        r"(?:\"[^\":]*:([^\"]+)|'[^':]*:([^']+)|[^\s\"',:]*:([^\s\"',]+))",
        behind("curl|skopeo|crictl|ctr|etcdctl|oras|podman"),
    ),
    Rule(
        r"[ \t\"']-[Uu](?:[ \t]+|=)[\"']?[^\s%,\"']*[%,]([^\s\"']+)",
        behind(r"smbclient|winexe|rpcclient|net|lftp|ncftp\w*"),
    ),
    Rule(r"\bsp_(?:addlogin|password)\b[^,]{0,60},[ \t]*N?'([^']+)"),
    Rule(r"(?i:\bs[/|#@]\S{0,40}(?:password|passwd|secret|token|api_?key)\S{0,10}[/|#@]([^/|#@\s]+)[/|#@])"),
    Rule(r"[ \t]/p(?:ass(?:word)?)?:(\S+)", behind("[wx]freerdp|mstsc|psexec|cmdkey")),
    Rule(r"-pass(?:in|out)?[ \t\"',]+pass:([^\s\"',]+)"),
    Rule(rf"(?:{_POSITIONAL})[ \t]+[\"']?([^\s\"'-][^\s\"']*)"),
    Rule(
        r"\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?(?:[\"']?%s(?:\\n)?[\"']?[ \t]+)?"
        rf"(?:\"([^\"|]+)\"|'([^'|]+)'|([^\s\"'|>]+))[ \t]*{_TAKES}"
    ),
    Rule(
        r"<<<[ \t]*[\"']?([^\s\"']+)",
        behind("docker|podman|passwd|chpasswd|sudo|gh|vault|cryptsetup|openssl"),
    ),
    Rule(r"(?i:(?:passw|secret|token|key)[\w-]*[ \t=]<\([ \t]*(?:echo|printf)[ \t]+[\"']?([^\s\"')]+))"),
    # CI
    Rule(r"::add-mask::(\S.*)"),
    Rule(r"(?i:\[task\.setvariable [^\]]{0,80}(?:passw|secret|token|key)[^\]]{0,80}\](\S+))"),
    Rule(r"\"[ \t]*[-=]>[ \t]*\"([^\"]+)", is_changed),  # Terraform
)
