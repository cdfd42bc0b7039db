"""Tokens that are known by their looks wherever they stand, as their makers document them.

Pieces of RE2 for one line, matched byte by byte: each with one group, which is the token.
"""

# What begins a word, also behind an escape that a JSON text or an address left before it.
START = r"(?:\b|\\[nrt]|%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2})"

# The least that may follow is little: a line may have been cut off within a token.
_UNMISTAKABLE = (
    # code and packages
    r"gh[pousr]_|github_pat_|gl(?:pat|ptt|rtr?|cbt|dt|ft|soat|imt|agent|ffct|oas|wt)-|GR1348941|AT[AC]TT3",
    r"dckr_(?:pat|oat)_|rubygems_|sq[apu]_[0-9a-f]{4}|sntry[su]_|PMAK-|pul-[0-9a-f]{4}|CCIPAT_|pypi-Ag",
    # clouds, and what runs there
    r"do[opr]_v1_|glsa_|hv[sbr]\.|tskey-|HRKU-|SWMTKN-|pscale_(?:tkn|pw|oauth)_|sb_secret_|sbp_[0-9a-f]{4}",
    # money and shops
    r"(?:sk|rk|pk)_(?:live|test|prod|org)_|whsec_|shp(?:at|ca|pa|ss|ua)_|sq0[a-z]{3}-|FLWSECK",
    # mail and chats
    r"xkeysib-|xsmtpsib-|mlsn\.|xox[a-z](?:\.xox[a-z])?-|xapp-|vk1\.a\.",
    # models and tools
    r"sk-(?:proj|ant|or|svcacct|admin)-|gsk_|pplx-|xai-|nvapi-|pcsk_|lsv2_|tgp_v1_|lin_(?:api|oauth)_|figd_|CFPAT-",
    # Google, Firebase, age
    r"AIza|ya29\.|GOCSPX-|APA91b|AGE-SECRET-KEY-1",
)
PREFIXED = rf"{START}((?:{'|'.join(_UNMISTAKABLE)})[\w-]{{6,}}(?:[.=](?:\d\d\.)?[\w-]{{4,}})*)"

# Words that other things begin with as well: what follows must look random.
_AMBIGUOUS = (
    r"npm_|hf_|r8_|fm[12]_|fo1_|rnd_|dapi|AQVN|LTAI|AKID|NR[A-Z]{2}-|secret_|live_|test_|ntn_|tfp_|rdme_|pnu_",
    r"shippo_|duffel_|napi_|hcaik_|ops_|ATBB|oy2|AKCp|bkua_|nfp_|EAA|IGQV|y[0-3]_|GOOG1E|nsec1|xprv|jina_|fw_",
    r"fc-|tvly-|re_|sk-|dp\.[a-z]{2,5}\.|t1\.9eu|[a-z]{2,8}(?:[_-][a-z]{2,8})?[_-][a-z0-9]{0,15}[A-Z][A-Za-z0-9]{15}",
)
AMBIGUOUS = rf"{START}((?:{'|'.join(_AMBIGUOUS)})[\w-]{{16,}}(?:\.[\w-]{{4,}})*)"

# Shapes that ids and hashes do not have.
_SHAPES = (
    r"(?:npm|hf|r8|ntn|nfp|napi|rnd|secret)_[A-Za-z0-9]{30,}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{8,20}\b(?::[\w/+=]{30,})?",
    r"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[\w/+=%-]{16,}",  # AWS, a session's
    r"AAAA[\w-]{7}:APA91b[\w-]+",  # Firebase
    r"sk-[0-9a-f]{32}\b",
    r"glc_[\w+/=-]{16,}",  # Grafana Cloud
    r"SG\.[\w-]{16,}(?:\.[\w-]+)?",
    r"[0-9a-f]{32}-us\d{1,2}\b",  # Mailchimp
    r"key-[0-9a-f]{32}\b",  # Mailgun
    r"\w{14}\.atlasv1\.[\w-]{16,}",  # Terraform
    r"[MNO][\w-]{22,28}\.[\w-]{6}\.[\w-]{20,}",  # Discord
    r"(?:1//0|4/0)[\w-]{24,}",  # Google: a refresh, a code
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{16,}",  # Airtable
    r"(?:t\.[\w-]{86}|s\.[A-Za-z0-9]{24})\b",  # T-Bank, old Vault
    r"K10[0-9a-f]{48,}::\w+:\w+",  # k3s
)
SHAPED = rf"{START}({'|'.join(_SHAPES)})"
# Azure's secret of an application: the sign may stand first.
AZURE = r"([\w.~-]{3}\dQ~[\w.~-]{31,34})"
TELEGRAM = r"(?:\b|bot)\d{6,12}(?::|%3[Aa])(AA[\w-]{24,}|[\w-]{35}\b)"

# The last part of an address that lets anybody in who knows it, a slash perhaps escaped.
_SLASH = r"(?:\\*/|%2F)"
HOOKS = (
    rf"{START}hooks\.slack\.com{_SLASH}(?:services|workflows|triggers){_SLASH}((?:[\w-]|\\*/|%2F){{16,}})",
    rf"{START}discord(?:app)?\.com{_SLASH}api{_SLASH}(?:v\d+{_SLASH})?webhooks{_SLASH}\d+{_SLASH}([\w-]{{16,}})",
    rf"{START}webhook\.office\.com{_SLASH}webhookb2{_SLASH}([\w@/-]{{16,}})",
    rf"{START}hooks\.zapier\.com{_SLASH}hooks{_SLASH}catch{_SLASH}([\w/]{{8,}})",
    rf"{_SLASH}rest{_SLASH}\d+{_SLASH}([a-z0-9]{{16}})\b",  # Bitrix24
    r"\b(?:trojan|vless|vmess|ssr?|hysteria2?|hy2|tuic)://([^\s@/?#\"'<>]{8,})",
)
