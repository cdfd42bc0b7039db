"""Each rule of the standard: broken by one thing, and by that alone; kept by what keeps all."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.standards import About, Exemption, HostAudit, Weight, score
from services.standards.auditing import audit
from services.standards.facts import (
    EngineFacts,
    Mount,
    MountKind,
    NetworkFacts,
    PublishedPort,
    Scene,
    Subject,
    VolumeFacts,
)
from services.standards.rules import ROWS
from services.standards.rules.engine import ENDS, end_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LOGS = {"max-size": "10m", "max-file": "3", "compress": "true"}
GOOD = Subject(
    name="directus",
    host="server2",
    image="directus/directus:11.5",
    restart="unless-stopped",
    log_options=LOGS,
    mounts=(
        Mount(MountKind.VOLUME, "directus-data", "/data"),
        Mount(MountKind.BIND, "/etc/localtime", "/etc/localtime"),
        Mount(MountKind.BIND, "/run/vakhta", "/run/vakhta"),
        Mount(MountKind.BIND, "/srv/directus.yml", "/etc/directus.yml", writable=False),
    ),
    networks=("traefik-network", "database-network"),
    exposed=("80",),
    labels={
        "traefik.enable": "true",
        "traefik.http.routers.directus.rule": "Host(`dir.tapbot.kz`)",
        "traefik.http.routers.directus.tls.certresolver": "letsencrypt",
        "traefik.http.services.directus.loadbalancer.server.port": "80",
        "traefik.docker.network": "traefik-network",
    },
    healthcheck=True,
    memory=512 << 20,
    user="1000",
    made=NOW - timedelta(days=30),
)
STORE = replace(GOOD, name="postgres", image="postgres:16.4", labels={}, networks=("database-network",))
TRAEFIK = replace(
    GOOD, name="traefik", image="traefik:v3.4", labels={}, networks=("traefik-network",), mounts=()
)
FILES = "com.docker.compose.project.config_files"
COMPOSED = {
    "com.docker.compose.project": "platform",
    FILES: "/srv/compose.yaml",
    "com.docker.compose.service": "x",
}
STORE, TRAEFIK = (
    replace(each, labels=COMPOSED | {"com.docker.compose.service": each.name}) for each in (STORE, TRAEFIK)
)
NETWORKS = {
    name: NetworkFacts(name, internal=internal)
    for name, internal in (("bridge", False), ("traefik-network", False), ("database-network", True))
}
ENGINE = EngineFacts("29.0.1", live_restore=True, log_driver="json-file")


def labels(**changed: str | None) -> dict[str, str]:
    """Of GOOD; each name stands for the one label that ends with it, None takes it away."""
    found = dict(GOOD.labels)
    for end, value in changed.items():
        (name,) = (label for label in found if label.endswith("." + end))
        found.pop(name)
        if value is not None:
            found[name] = value
    return found


def scene(*subjects: Subject, **more: Any) -> Scene:
    others = [each for each in (GOOD, STORE, TRAEFIK) if each.name not in {one.name for one in subjects}]
    more.setdefault("projects", {"shop": frozenset(("counter",))})
    return Scene(NOW, (*subjects, *others), NETWORKS, host="server2", engine=ENGINE, **more)


def broken(audited: HostAudit) -> list[tuple[str, str, Weight]]:
    return [
        (breach.rule, breach.subject, breach.weight) for one in audited.subjects for breach in one.breaches
    ]


CASES: list[tuple[str, Weight, Subject]] = [
    ("restart_policy", Weight.ERROR, replace(GOOD, restart="no")),
    ("restart_policy", Weight.ERROR, replace(GOOD, restart="on-failure")),
    ("restart_policy", Weight.INFO, replace(GOOD, restart="always")),
    ("healthcheck", Weight.WARNING, replace(GOOD, healthcheck=False)),
    ("memory_limit", Weight.WARNING, replace(GOOD, memory=None)),
    ("image_pinned", Weight.ERROR, replace(GOOD, image="directus/directus")),
    ("image_pinned", Weight.ERROR, replace(GOOD, image="directus/directus:latest")),
    ("image_pinned", Weight.ERROR, replace(GOOD, image="registry.example.org:5000/directus")),
    ("image_age", Weight.INFO, replace(GOOD, made=NOW - timedelta(days=400))),
    ("container_name", Weight.INFO, replace(GOOD, readable=False)),
    ("log_driver", Weight.ERROR, replace(GOOD, log_driver="none", log_options={})),
    ("log_driver", Weight.ERROR, replace(GOOD, log_driver="syslog")),
    ("log_driver", Weight.INFO, replace(GOOD, log_driver="local")),
    ("log_size", Weight.ERROR, replace(GOOD, log_options=LOGS | {"max-size": "-1"})),
    ("log_size", Weight.ERROR, replace(GOOD, log_options=LOGS | {"max-size": "1g"})),
    ("log_files", Weight.WARNING, replace(GOOD, log_options=LOGS | {"max-file": "20"})),
    ("log_compressed", Weight.INFO, replace(GOOD, log_options={"max-size": "10240k", "max-file": "2"})),
    ("named_volumes", Weight.WARNING, replace(GOOD, mounts=(Mount(MountKind.BIND, "/srv/data", "/data"),))),
    (
        "anonymous_volume",
        Weight.WARNING,
        replace(GOOD, mounts=(Mount(MountKind.VOLUME, "a1" * 32, "/data"),)),
    ),
    ("anonymous_volume", Weight.WARNING, replace(GOOD, mounts=(Mount(MountKind.VOLUME, "", "/data"),))),
    ("own_network", Weight.WARNING, replace(STORE, image="n8nio/n8n:1.70.1", networks=("bridge",))),
    ("store_internal", Weight.ERROR, replace(STORE, networks=("database-network", "traefik-network"))),
    (
        "store_internal",
        Weight.ERROR,
        replace(STORE, image="docker.io/library/redis:7.4", networks=("traefik-network",)),
    ),
    ("store_published", Weight.ERROR, replace(STORE, ports=(PublishedPort("5432", "5432", "127.0.0.1"),))),
    ("host_network", Weight.WARNING, replace(GOOD, networks=(), network_mode="host", labels={})),
    ("plain_secrets", Weight.WARNING, replace(GOOD, secrets=("DB_PASSWORD",))),
    ("privileged", Weight.ERROR, replace(GOOD, privileged=True)),
    ("engine_socket", Weight.ERROR, replace(GOOD, mounts=(Mount(MountKind.BIND, "/run/docker.sock", "/s"),))),
    (
        "engine_socket",
        Weight.ERROR,
        replace(GOOD, mounts=(Mount(MountKind.BIND, "/var/run/docker.sock", "/s", writable=False),)),
    ),
    (
        "engine_socket",
        Weight.ERROR,
        replace(GOOD, mounts=(Mount(MountKind.BIND, "/", "/host", writable=False),)),
    ),
    (
        "engine_socket",
        Weight.ERROR,
        replace(GOOD, mounts=(Mount(MountKind.BIND, "/run/", "/r", writable=False),)),
    ),
    ("capabilities", Weight.WARNING, replace(GOOD, capabilities=("NET_ADMIN",))),
    ("root_user", Weight.INFO, replace(GOOD, user="")),
    ("root_user", Weight.INFO, replace(GOOD, user="root:root")),
    ("traefik_enable", Weight.WARNING, replace(GOOD, labels=labels(enable=None))),
    ("traefik_rule", Weight.ERROR, replace(GOOD, labels=labels(rule=None))),
    ("traefik_rule", Weight.ERROR, replace(GOOD, labels=labels(rule=None, certresolver=None))),
    ("traefik_tls", Weight.ERROR, replace(GOOD, labels=labels(certresolver=None))),
    ("traefik_port", Weight.WARNING, replace(GOOD, labels=labels(port=None))),
    ("traefik_port", Weight.WARNING, replace(GOOD, labels=labels(port="8055"))),
    ("traefik_network", Weight.ERROR, replace(GOOD, networks=("database-network",))),
    ("traefik_network", Weight.ERROR, replace(GOOD, labels=labels(network="database-network"))),
    (
        "compose_left_over",
        Weight.INFO,
        replace(GOOD, labels=dict(GOOD.labels) | {"com.docker.compose.oneoff": "True"}),
    ),
    (
        "compose_orphan",
        Weight.WARNING,
        replace(
            GOOD,
            labels=dict(GOOD.labels)
            | {"com.docker.compose.project": "shop", "com.docker.compose.service": "till"},
        ),
    ),
    (
        "compose_drift",
        Weight.WARNING,
        replace(GOOD, labels=dict(GOOD.labels) | COMPOSED | {FILES: "/old/compose.yaml"}),
    ),
]


@pytest.mark.parametrize(("rule", "weight", "subject"), CASES)
def test_one_thing_breaks_one_rule(rule: str, weight: Weight, subject: Subject) -> None:
    assert broken(audit(scene(subject))) == [(rule, subject.name, weight)]


def test_what_keeps_all_rules_has_100() -> None:
    audited = audit(scene())
    assert broken(audited) == []
    assert {one.score for one in audited.subjects} == {100} == {audited.score}


def test_every_rule_about_containers_is_under_test_here() -> None:
    assert {rule for rule, _, _ in CASES} == {row.id for row in ROWS if row.about is About.CONTAINER}
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("live_restore", {"live_restore": False}),
        ("engine_logs", {"log_driver": "journald"}),
        ("engine_supported", {"version": "20.10.24"}),
        ("engine_supported", {"version": "17.06.0-ce"}),
        ("dangling_images", {"dangling": 9, "dangling_bytes": 3 << 30}),
        ("unused_images", {"unused": 40, "unused_bytes": 11 << 30}),
    ],
)
def test_engines(rule: str, changed: dict[str, Any]) -> None:
    one = replace(scene(), engine=replace(ENGINE, **changed))
    assert [(found, subject) for found, subject, _ in broken(audit(one))] == [(rule, "")]


def test_networks_and_volumes() -> None:
    one = scene(volumes=(VolumeFacts("b2" * 32), VolumeFacts("b3" * 32, used=1), VolumeFacts("kept")))
    one = replace(one, networks=NETWORKS | {"old": NetworkFacts("old")})
    assert {(rule, subject[:3]) for rule, subject, _ in broken(audit(one))} == {
        ("dangling_volume", "b2b"),
        ("unused_network", "old"),
    }


def test_the_mend_of_an_image_is_the_one_that_runs_and_no_made_up_version() -> None:
    loose = replace(GOOD, image="directus/directus:latest")
    for digest, mend in (("directus/directus@sha256:0a", "@sha256:0a"), ("", ":VERSION")):
        (breach,) = next(
            one.breaches for one in audit(scene(replace(loose, digest=digest))).subjects if one.breaches
        )
        assert breach.mend == f"image: directus/directus{mend}"


def test_a_label_puts_no_lines_into_a_mend() -> None:
    odd = 'x"\n    privileged: true\n#' + 9999 * "y"
    labels = {"traefik.enable": "true", f"traefik.http.routers.{odd}.entrypoints": "websecure"}
    found = audit(scene(replace(GOOD, labels=labels)))
    breaches = {each.rule: each for one in found.subjects for each in one.breaches}
    assert "routers.NAME.rule" in breaches["traefik_rule"].mend
    assert "privileged" not in breaches["traefik_rule"].mend
    assert len(breaches["traefik_rule"].facts["router"]) <= 2000


def test_of_two_twins_that_differ_nobody_knows_which_is_right() -> None:
    twins = [
        replace(
            GOOD, name=name, labels=dict(GOOD.labels) | COMPOSED | {"com.docker.compose.config-hash": name}
        )
        for name in ("a", "b")
    ]
    assert {(rule, subject) for rule, subject, _ in broken(audit(scene(*twins)))} == {
        ("compose_drift", "a"),
        ("compose_drift", "b"),
    }
    same = [replace(each, labels=dict(GOOD.labels) | COMPOSED) for each in twins]
    assert broken(audit(scene(*same))) == []


@pytest.mark.parametrize(
    ("version", "day"),
    [
        ("20.10.24", ENDS[20, 10]),
        ("20.10.24+dfsg1", ENDS[20, 10]),
        ("27.1.0", ENDS[27, 5]),
        ("99.0.0", None),
        ("dev", None),
    ],
)
def test_ends_of_life(version: str, day: date | None) -> None:
    assert end_of(version) == day


def test_what_was_agreed_to_is_told_apart_until_it_expires() -> None:
    subject = replace(GOOD, privileged=True)
    agreed = Exemption("privileged", "server2/dir*", "needs the device", until=NOW.date())
    (one,) = (each for each in audit(scene(subject), [agreed]).subjects if each.name == "directus")
    assert (one.breaches, one.score, one.excused[0].exemption) == ((), 100, agreed)
    late = replace(agreed, until=NOW.date() - timedelta(days=1))
    for other in (late, replace(agreed, subject="server1/*"), replace(agreed, rule="root_user")):
        assert broken(audit(scene(subject), [other])) == [("privileged", "directus", Weight.ERROR)]


def test_the_worst_comes_first_and_never_below_nothing() -> None:
    bad = replace(
        GOOD, name="bad", privileged=True, restart="no", memory=None, healthcheck=False, secrets=("A",)
    )
    audited = audit(scene(bad, replace(GOOD, user="")))
    assert [one.name for one in audited.subjects[:2]] == ["bad", "directus"]
    assert audited.subjects[0].score == 100 - 25 - 25 - 10 - 10 - 10
    assert score(audited.subjects[0].breaches * 3) == 0
