"""How a finding of ours reads as an alert: its labels, its few words, and what the desk is told of it."""

from collections.abc import Iterable
from datetime import datetime

from services.alertmanager import fingerprint
from services.domain.alerts import Notification, Origin, Report, Status
from services.domain.findings import SUBJECTS, Finding

_NAMED = 3


def labels_of(finding: Finding, channels: str) -> dict[str, str]:
    """As the team's own rule would carry them, so that it is one alert whoever sees it first."""
    labels = {
        "alertname": finding.name,
        "severity": finding.severity.name.lower(),
        "host": finding.host,
        "container": finding.container,
        "channels": finding.channels or channels,
        SUBJECTS.get(finding.name, "subject"): finding.subject,
    }
    return {name: value for name, value in labels.items() if value}


def annotations_of(finding: Finding) -> dict[str, str]:
    """Short, and nothing of the evidence: that stays here."""
    annotations = {**finding.notes, "summary": summary(finding)}
    if finding.containers:
        annotations["containers"] = ", ".join(finding.containers)
    if finding.hits:
        annotations["log_pattern"] = finding.hits.pattern
        annotations["log_hits"] = str(finding.hits.count)
        annotations["log_within"] = str(int(finding.hits.within.total_seconds()))
    return annotations


def summary(finding: Finding) -> str:
    who, host = finding.container or _several(finding.containers), finding.host
    match finding.name:
        case "host_unreachable":
            return f"{host} does not answer"
        case "service_down":
            return f"{who} {'are' if len(finding.containers) > 1 else 'is'} down on {host}"
        case "oom_killed":
            return f"{who} ran out of memory on {host}"
        case "unhealthy":
            return f"{who} is unhealthy on {host}"
        case "crash_loop":
            return f"{who} keeps crashing on {host}"
        case "route_drift":
            return f"{finding.subject} is not routed as it should be on {host}"
        case "certificate_problem":
            return f"the certificate of {finding.subject} needs attention"
        case "probe_failed":
            return f"{finding.subject} does not answer as it should"
    if hits := finding.hits:
        seconds = int(hits.within.total_seconds())
        return f'{who} on {host}: {hits.count} × "{hits.pattern}" in {seconds} s'
    return f"{finding.name.replace('_', ' ')}: {who} on {host}"


def _several(names: Iterable[str]) -> str:
    found = list(names)
    if len(found) <= _NAMED:
        return ", ".join(found) or "several containers"
    return f"{', '.join(found[:_NAMED])} and {len(found) - _NAMED} more"


def notification(finding: Finding, channels: str, now: datetime, *, over: bool) -> Notification:
    """As the desk is told of it directly. All about a host as a whole is one incident."""
    labels = labels_of(finding, channels)
    group = {"host": finding.host}
    key = f"watch/host/{finding.host}"
    if finding.subject:  # without the severity: a warning that became critical is the same incident
        group = {name: value for name, value in labels.items() if name not in ("severity", "channels")}
        key = f"watch/{finding.name}/{finding.host}/{finding.container}/{finding.subject}"
    elif finding.container:
        group = {"alertname": finding.name, "host": finding.host, "container": finding.container}
        key = f"watch/{finding.key}"
    report = Report(
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations=annotations_of(finding),
        status=Status.RESOLVED if over else Status.FIRING,
        starts=finding.started,
        ends=finding.ended if over else None,
    )
    return Notification(Origin.WATCH, key, now, (report,), group)
