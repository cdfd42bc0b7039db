"""When each rule fires and when it does not: a table that promtool plays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.domain.certificates import SOON, VERY_SOON

Labels = Mapping[str, str]
HOST, OTHER = {"host": "server1"}, {"host": "server2"}
DIRECTUS = {"host": "server2", "container": "directus"}
N8N = {"host": "server1", "container": "n8n"}


@dataclass(frozen=True)
class Case:
    """series: selector → values in promtool's notation. expected: moment → the alerts that fire then, by the labels
    that they have beside the rule's own; of two rules of one name, beside the first one's."""

    about: str
    rule: str
    series: Mapping[str, str]
    expected: Mapping[str, Sequence[Labels]]


def selector(name: str, labels: Labels, **more: str) -> str:
    pairs = ",".join(f'{key}="{value}"' for key, value in {**labels, **more}.items())
    return f"{name}{{{pairs}}}"


def idle(host: Labels, values: str) -> Mapping[str, str]:
    """Two cores that do the same: seconds of idleness, which grow by 15 a step where nothing is done."""
    modes = {"idle": values, "user": "0+9x80", "iowait": "0x80"}
    return {
        selector("node_cpu_seconds_total", host, mode=mode, cpu=cpu): seconds
        for cpu in ("0", "1")
        for mode, seconds in modes.items()
    }


def container(labels: Labels, runs: str, expected: str = "0x80", **more: str) -> Mapping[str, str]:
    """As the bot tells of it; more: the figure's values by state."""
    return {
        selector("vakhta_container_running", labels, instance="vakhta:9464", job="vakhta"): runs,
        selector("vakhta_container_expected_down", labels, instance="vakhta:9464", job="vakhta"): expected,
        **{
            selector(
                "vakhta_container_state", labels, instance="vakhta:9464", job="vakhta", state=state
            ): values
            for state, values in more.items()
        },
    }


def disk(mountpoint: str, values: str, fstype: str = "ext4") -> Mapping[str, str]:
    return {
        selector(
            "node_filesystem_avail_bytes", HOST, mountpoint=mountpoint, device="x", fstype=fstype
        ): values,
        selector(
            "node_filesystem_size_bytes", HOST, mountpoint=mountpoint, device="x", fstype=fstype
        ): "1000x4000",
    }


def requests(host: Labels, well: str, failed: str) -> Mapping[str, str]:
    return {
        selector("traefik_service_requests_total", host, service="directus@docker", code=code): values
        for code, values in (("200", well), ("404", "0x80"), ("502", failed), ("503", "0x80"))
    }


def certificate(days: float, **gone: int) -> Mapping[str, str]:
    """promtool's clock starts at 0. gone: the step from which on the domain does not answer."""
    moment = round(days * 86400)
    steps = gone.get("after", 60)
    values = f"{moment}x{steps}" + (" _x60" if gone else "")
    return {
        selector("probe_ssl_earliest_cert_expiry", DIRECTUS, domain="dir.tapbot.kz", instance="x"): values
    }


DOMAIN = {**DIRECTUS, "domain": "dir.tapbot.kz"}
GRAVE = {**DOMAIN, "severity": "critical"}
NODE = {"job": "node", "host": "server2", "instance": "server2:9100"}
LOOPING = container(DIRECTUS, "1 0 1 0 1 0 1 0 0x60", restarting="_ 1 _ 1 _ 1 _ 1 1x60")
RESTARTS = selector("vakhta_container_restarts_total", DIRECTUS)
DISK = {**HOST, "mountpoint": "/"}
API = {**OTHER, "service": "directus"}

# Of a figure that is there from the first moment, `for` begins at 0; of a rate with its second figure, at 15 s.
CASES = (
    Case("over 80 %", "high_cpu", idle(HOST, "0+2.95x80"), {"5m": [], "5m15s": [HOST]}),
    Case("80 % exactly", "high_cpu", idle(HOST, "0+3x80"), {"5m15s": [], "15m": []}),
    Case("a breath in between", "high_cpu", idle(HOST, "0+2x18 36+15x4 98+2x50"), {"5m15s": [], "6m": []}),
    Case("and again for five minutes", "high_cpu", idle(HOST, "0+2x18 51+15x4 113+2x50"),
         {"10m30s": [], "12m": [HOST]}),
    Case("one core of two", "high_cpu", {
        selector("node_cpu_seconds_total", HOST, mode="idle", cpu="0"): "0x80",
        selector("node_cpu_seconds_total", HOST, mode="idle", cpu="1"): "0+15x80",
    }, {"10m": []}),
    Case("each host by itself", "high_cpu", {**idle(HOST, "0+1x80"), **idle(OTHER, "0+14x80")}, {"10m": [HOST]}),

    Case("it does not run", "service_down", container(DIRECTUS, "1 1 0x10"), {"15s": [], "30s": [DIRECTUS]}),
    Case("it runs again", "service_down", container(DIRECTUS, "1 0 0 1x10"), {"30s": [DIRECTUS], "45s": []}),
    Case("stopped on purpose", "service_down", container(DIRECTUS, "1 0x20", "0 1x20"), {"15s": [], "5m": []}),
    Case("only now known not to be on purpose", "service_down",
         container(DIRECTUS, "1 0x20", "0 1 1 0x20"), {"30s": [], "45s": [DIRECTUS]}),
    Case("its host is out of contact", "service_down", container(DIRECTUS, "0 0 stale"),
         {"15s": [DIRECTUS], "30s": []}),
    Case("each by itself", "service_down", {**container(DIRECTUS, "0x20"), **container(N8N, "1x20")},
         {"0s": [DIRECTUS], "1m": [DIRECTUS]}),
    Case("two bots that see the same", "service_down", {
        **container(DIRECTUS, "0x20"),
        selector("vakhta_container_running", DIRECTUS, instance="other:9464"): "0x20",
    }, {"1m": [DIRECTUS]}),
    Case("Docker starts it again and again, which crash_loop says", "service_down",
         {**LOOPING, RESTARTS: "0 0 1 1 2 2 3 3x60"}, {"15s": [DIRECTUS], "1m45s": [], "3m": []}),
    Case("Docker has given up", "service_down", {
        **container(DIRECTUS, "1 0 1 0 1 0 1 0x60", restarting="_ 1 _ 1 _ 1 _ 1 stale"),
        RESTARTS: "0 0 1 1 2 2 3 3x60",
    }, {"1m45s": [], "2m15s": [DIRECTUS]}),

    Case("81 of two databases", "database_connections", {
        selector("pg_stat_activity_count", OTHER, datname="n8n", state="idle"): "40 41x20",
        selector("pg_stat_activity_count", OTHER, datname="directus", state="active"): "40x20",
    }, {"0s": [], "15s": [OTHER]}),
    Case("80", "database_connections", {selector("pg_stat_activity_count", OTHER): "80x20"}, {"0s": [], "5m": []}),
    Case("many, but on two hosts", "database_connections", {
        selector("pg_stat_activity_count", HOST): "80x20", selector("pg_stat_activity_count", OTHER): "80x20",
    }, {"5m": []}),

    Case("over 5 %", "api_errors", requests(OTHER, "0+94x40", "0+6x40"), {"1m": [], "1m15s": [API]}),
    Case("5 % exactly", "api_errors", requests(OTHER, "0+95x40", "0+5x40"), {"1m15s": [], "10m": []}),
    Case("a shorter time", "api_errors", requests(OTHER, "0+94x40", "0 60x40"), {"1m": [], "1m15s": [], "5m": []}),
    Case("what is not found is no error", "api_errors",
         {selector("traefik_service_requests_total", OTHER, service="x@docker", code="404"): "0+9x40"}, {"5m": []}),
    Case("nobody asks", "api_errors", requests(OTHER, "50x40", "50x40"), {"5m": []}),

    Case("over 85 %", "high_memory", {
        selector("node_memory_MemAvailable_bytes", HOST): "149x60",
        selector("node_memory_MemTotal_bytes", HOST): "1000x60",
    }, {"4m45s": [], "5m": [HOST]}),
    Case("85 % exactly", "high_memory", {
        selector("node_memory_MemAvailable_bytes", HOST): "150x60",
        selector("node_memory_MemTotal_bytes", HOST): "1000x60",
    }, {"5m": [], "15m": []}),

    Case("over 90 %", "disk_full", disk("/", "99x60"), {"45s": [], "1m": [DISK]}),
    Case("90 % exactly", "disk_full", disk("/", "100x60"), {"1m": [], "10m": []}),
    Case("no disk at all", "disk_full", {**disk("/run", "0x60"), **disk("/snap", "0x60", "squashfs"),
         **disk("/var/lib/docker/overlay2/x/merged", "0x60", "overlay"), **disk("/mnt", "0x60", "tmpfs")}, {"10m": []}),

    Case("always", "Watchdog", {"anything": "0x20"}, {"0s": [{}], "5m": [{}]}),

    Case("does not answer", "bot_down", {'up{job="vakhta",host="server1"}': "1 0x40"}, {"3m": [], "3m15s": [{}]}),
    Case("nobody knows of it", "bot_down", {'up{job="node"}': "1x40"}, {"2m45s": [], "3m": [{}]}),
    Case("a restart", "bot_down", {'up{job="vakhta"}': "1 0x8 1x40"}, {"3m15s": [], "9m": []}),

    Case("does not answer", "target_down", {selector("up", NODE): "1 0x40"}, {"3m": [], "3m15s": [NODE]}),
    Case("a restart", "target_down", {selector("up", NODE): "1 0x8 1x40"}, {"3m15s": [], "9m": []}),
    Case("the bot has a rule of its own", "target_down", {'up{job="vakhta",host="server1"}': "0x40"}, {"5m": []}),

    Case("three starts in ten minutes", "crash_loop", {**LOOPING, RESTARTS: "0 0 1 1 2 2 3 3x60"},
         {"1m15s": [], "1m30s": [DIRECTUS]}),
    Case("two starts", "crash_loop", {**LOOPING, RESTARTS: "0 0 1 1 2x60"}, {"1m30s": [], "5m": []}),
    Case("by people", "crash_loop",
         {**container(DIRECTUS, "1x60", running="1x60"), RESTARTS: "0 1 2 3 4 5x60"}, {"1m30s": [], "5m": []}),
    Case("the first of them is long ago", "crash_loop",
         {**container(DIRECTUS, "1x90", restarting="1x90"), RESTARTS: "0 0 1 1 2 2 3 3x90"},
         {"10m": [DIRECTUS], "10m45s": []}),
    Case("those were Docker's, and these are people's", "crash_loop",
         {**container(DIRECTUS, "1x90", restarting="_ 1 stale"), RESTARTS: "0x30 1 2 3 4x90"},
         {"10m": [DIRECTUS], "10m45s": []}),

    Case("the kernel killed one", "oom_killed",
         {selector("container_oom_events_total", DIRECTUS, image="x"): "0 0 1x90"}, {"15s": [], "30s": [DIRECTUS]}),
    Case("long ago", "oom_killed",
         {selector("container_oom_events_total", DIRECTUS): "0 0 1x90"}, {"10m": [DIRECTUS], "10m45s": []}),
    Case("none", "oom_killed", {selector("container_oom_events_total", DIRECTUS): "3x90"}, {"5m": []}),

    Case("the kernel killed one", "host_oom", {selector("node_vmstat_oom_kill", HOST): "0 0 1x90"},
         {"15s": [], "30s": [HOST]}),
    Case("long ago", "host_oom", {selector("node_vmstat_oom_kill", HOST): "0 0 1x90"}, {"10m": [HOST], "10m45s": []}),
    Case("none", "host_oom", {selector("node_vmstat_oom_kill", HOST): "3x90"}, {"5m": []}),

    # A day has 5,760 steps: at 0.07 each that is 403, and 390 are left.
    Case("full within a day", "disk_filling", disk("/", "390-0.07x400"), {"1h": [], "1h15s": [DISK]}),
    Case("full in a day and a half", "disk_filling", disk("/", "390-0.06x400"), {"1h15s": []}),
    Case("much is free yet", "disk_filling", disk("/", "900-0.2x400"), {"1h15s": []}),
    Case("it is emptied meanwhile", "disk_filling", disk("/", "390-0.07x200 390x2000"), {"1h15s": [], "3h": []}),

    Case("within 21 days", "certificate_problem", certificate(SOON.days), {"0s": [DOMAIN], "5m": [DOMAIN]}),
    Case("some more", "certificate_problem", certificate(SOON.days + 0.002), {"0s": []}),
    Case("some more than 7", "certificate_problem", certificate(VERY_SOON.days + 0.002), {"0s": [DOMAIN]}),
    Case("within 7 days", "certificate_problem", certificate(VERY_SOON.days), {"0s": [GRAVE]}),
    Case("its domain does not answer now", "certificate_problem", certificate(5, after=4), {"10m": [GRAVE]}),
    Case("nor does this one's", "certificate_problem", certificate(15, after=4), {"10m": [DOMAIN]}),
    Case("it has expired", "certificate_problem", certificate(0.001), {"10m": [GRAVE]}),
)  # fmt: skip
