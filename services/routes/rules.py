"""What a rule of Traefik's asks for, beyond the domains that it names. Pure."""

import re
from functools import lru_cache

import re2

from services.domain.routing import Router

_PATTERN_CALL = re.compile(r"Host(?:SNI)?Regexp\(\s*[`\"]([^`\"]{1,256})[`\"]\s*\)")
# One that all requests fit, but for those that a rule which says more takes.
_EVERYTHING = re.compile(r"(?:PathPrefix\(\s*[`\"]/[`\"]\s*\)|HostSNI\(\s*[`\"]\*[`\"]\s*\))\s*")
_LONGEST_RULE = 4096
# Bytes that a pattern's automaton may take. Traefik's own are RE2's, too.
_MEMORY = 512 * 2**10


def domains(router: Router) -> tuple[str, ...]:
    """The names that its rule asks for, in lower case; ("",) where it names none."""
    named = dict.fromkeys(name.lower().rstrip(".") for name in router.domains if name != "*")
    return tuple(named) or ("",)


def names(known: str, domain: str) -> bool:
    """Whether `known`, a rule's domain, is this one; `*.example.org` is every name of one label more."""
    return known == domain or (known.startswith("*.") and known[2:] == domain.partition(".")[2])


def fits(rule: str, domain: str) -> bool:
    """Whether one of the rule's patterns, as in HostRegexp, fits the domain."""
    if len(rule) > _LONGEST_RULE or "Regexp(" not in rule:
        return False
    return any(_fits(pattern, domain) for pattern in _PATTERN_CALL.findall(rule))


def takes_all(rule: str) -> bool:
    """Whether requests of any domain fit it."""
    return _EVERYTHING.fullmatch(rule.strip()) is not None


@lru_cache(4096)
def _fits(pattern: str, domain: str) -> bool:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = False
    try:
        return re2.compile(pattern, options).search(domain) is not None
    except (re2.error, UnicodeEncodeError):
        return False
