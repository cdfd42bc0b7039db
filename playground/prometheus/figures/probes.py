"""As the blackbox exporter tells: how long domains take to answer, and how far the servers are from each other."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from playground.prometheus.chronicle import Story
from playground.prometheus.figures.labelled import Labelled, Value
from playground.prometheus.rhythm import Rhythm, rhythm
from playground.prometheus.series import Series

_RULE = ("Host(`", "`)")
_FOUND, _NOT_FOUND = 200.0, 404.0  # Traefik answers for what is not there, and sooner


def domains(host: str, stories: Sequence[Story], ends: Mapping[str, float]) -> Iterator[Series]:
    """ends: when each domain's certificate is over."""
    for story in stories:
        for domain in domains_of(story):
            make = Labelled(host, "domains", domain)
            about = {"container": story.name, "domain": domain}
            yield make.gauge("probe_success", story.up, about)
            yield make.gauge("probe_duration_seconds", _lasts(story, domain), about)
            yield make.gauge("probe_http_status_code", _status(story), about)
            if domain in ends:
                yield make.gauge("probe_ssl_earliest_cert_expiry", ends[domain], about, lives=story.lives)


def distances(hosts: Sequence[str]) -> Iterator[Series]:
    for host in hosts:
        for other in hosts:
            if other != host:
                make = Labelled(host, "distance", f"{other}:9100")
                yield make.gauge("probe_success", 1.0)
                yield make.gauge("probe_duration_seconds", _times(0.0024, host, other))


def domains_of(story: Story) -> list[str]:
    rules = (
        text
        for key, text in story.labels.items()
        if key.startswith("traefik.http.") and key.endswith(".rule")
    )
    return [rule.removeprefix(_RULE[0]).removesuffix(_RULE[1]) for rule in rules]


def _lasts(story: Story, domain: str) -> Value:
    usual = _times(0.11, "domain", domain)
    return lambda at: usual(at) if story.run_at(at) else usual(at) / 2


def _status(story: Story) -> Value:
    return lambda at: _FOUND if story.run_at(at) else _NOT_FOUND


def _times(mean: float, *seed: str) -> Value:
    return lambda at: round(mean * _rhythm(*seed).at(at), 6)


@lru_cache
def _rhythm(*seed: str) -> Rhythm:
    return rhythm(*seed, day=0.25, restless=0.45)
