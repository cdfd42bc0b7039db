"""An inspected container and its service in a compose file say the same to the rules."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.standards import composed, inspected
from services.standards.auditing import audit
from services.standards.composed import NoCompose
from services.standards.facts import Mount, MountKind, PublishedPort, Subject

DIGEST = "sha256:" + "0a" * 32
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
COMPOSE = """
x-logging: &logging
  driver: json-file
  options: {max-size: "10m", max-file: 3, compress: true}
services:
  directus:
    image: directus/directus:${VERSION:-11.5}
    container_name: directus
    restart: unless-stopped
    logging: *logging
    environment:
      - DB_HOST=postgres
      - DB_PASSWORD=${DB_PASSWORD:?set it}
      - LOG_LEVEL=info
    volumes:
      - uploads:/directus/uploads
      - ./extensions:/directus/extensions:ro
      - {type: bind, source: /srv/x, target: /x}
      - /anonymous
    ports: ["127.0.0.1:8055:8055", "53:53/udp", {target: 80, published: 8080}]
    expose: [8055]
    networks: [traefik-network, database-network]
    labels: {traefik.enable: true}
    healthcheck: {test: [CMD, "true"]}
    deploy: {resources: {limits: {memory: 1.5G}}}
    cap_add: [NET_ADMIN]
    user: 1000:1000
  netdata:
    image: netdata/netdata:v2.5
    network_mode: host
    mem_limit: 256m
    healthcheck: {disable: true}
networks:
  traefik-network: {external: true}
  database-network: {internal: true}
volumes: {uploads: {}}
"""


def only(name: str, text: str = COMPOSE) -> Subject:
    (found,) = (each for each in composed.scene(text, NOW).subjects if each.name == name)
    return found


def test_both_syntaxes_of_a_compose_file() -> None:
    subject = only("directus")
    assert subject.image == "directus/directus:11.5"
    assert subject.log_options == {"max-size": "10m", "max-file": "3", "compress": "true"}
    assert subject.secrets == ("DB_PASSWORD",)
    assert subject.mounts == (
        Mount(MountKind.VOLUME, "uploads", "/directus/uploads"),
        Mount(MountKind.BIND, "./extensions", "/directus/extensions", writable=False),
        Mount(MountKind.BIND, "/srv/x", "/x"),
        Mount(MountKind.VOLUME, "", "/anonymous"),
    )
    assert subject.ports == (
        PublishedPort("8055", "8055", "127.0.0.1"),
        PublishedPort("53/udp", "53"),
        PublishedPort("80", "8080"),
    )
    assert (subject.memory, subject.healthcheck, subject.user) == (3 << 29, True, "1000:1000")
    assert (subject.labels, subject.exposed) == ({"traefik.enable": "true"}, ("8055",))


def test_the_rest_of_it() -> None:
    scene = composed.scene(COMPOSE, NOW)
    assert scene.networks["database-network"].internal
    assert scene.networks["traefik-network"].external
    assert set(scene.networks) == {"traefik-network", "database-network"}
    netdata = only("netdata")
    assert (netdata.networks, netdata.network_mode) == ((), "host")
    assert (netdata.healthcheck, netdata.memory, netdata.restart) == (False, 256 << 20, "no")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "a: b", "services: []", "services: {a: 1}", "a: [", "a: &a [*a]"),
        *("services: {a: {volumes: [{}]}}", "services: {a: {ports: [[]], logging: x}}"),
        *(
            "services: {a: {image: [x]}}",
            "services: {a: {environment: [[x]]}}",
            "services: {a: {mem_limit: [1]}}",
        ),
        *("services: {a: {}}\nnetworks: [a]", "services: {a: {}}\nx-day: 2024-13-45", "a: !!bool x"),
        *("services: {a: {mem_limit: " + 400 * "9" + "}}", 3000 * "[" + 3000 * "]"),
    ],
)
def test_what_is_no_compose_file_is_told(text: str) -> None:
    with pytest.raises(NoCompose):
        composed.scene(text, NOW)


@pytest.mark.parametrize("line", ['"hunter2-Zq8": x', "*hunter2-Zq8", "!hunter2-Zq8", "'hunter2-Zq8"])
def test_what_is_no_yaml_is_told_without_quoting_it(line: str) -> None:
    with pytest.raises(NoCompose, match=r"^at line [56], column") as told:
        composed.scene(f"services:\n  db:\n    image: x\n    environment:\n      DB_PASSWORD: {line}\n", NOW)
    assert "hunter2" not in str(told.value)


def test_a_value_in_the_place_of_a_name_is_not_told() -> None:
    environment = ["DATABASE_URL postgres://u:hunter2-Zq8@db/?password=abc123xyz", "API_TOKEN=Zq8-hunter2"]
    text = json.dumps({"services": {"a": {"image": "x:1", "environment": environment}}})
    audited = audit(composed.scene(text, NOW))
    (breach,) = (each for each in audited.subjects[0].breaches if each.rule == "plain_secrets")
    assert breach.facts["names"] == "?, API_TOKEN"
    assert "API_TOKEN_FILE" in breach.mend
    assert "hunter2" not in repr(audited)


def test_what_would_keep_a_reader_busy_for_ever() -> None:
    nested = "\n".join([f"x-{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)])
    with pytest.raises(NoCompose):
        composed.scene(f"x-0: &a0 [x]\n{nested}\nservices: {{a: {{image: *a19}}}}", NOW)
    long = "${a-" + "?" * 200_000
    assert only("a", f'services: {{a: {{image: "{long}", networks: [1]}}}}').image == long
    huge = "services: {a: {image: x, logging: {options: {max-file: '" + 5000 * "9" + "'}}}}"
    assert "log_files" in {each.rule for each in audit(composed.scene(huge, NOW)).subjects[0].breaches}


def test_which_services_a_project_has(tmp_path: Path) -> None:
    path = tmp_path / "My Shop" / "compose.yaml"
    path.parent.mkdir()
    path.write_text(COMPOSE)
    assert composed.declared(path) == ("myshop", frozenset(("directus", "netdata")))
    path.write_text("name: ${PROJECT:-platform}" + COMPOSE)
    assert composed.declared(path)[0] == "platform"
    path.write_text("[]")
    with pytest.raises(NoCompose):
        composed.declared(path)


def container(**changed: Any) -> dict[str, Any]:
    """As `docker inspect` tells of the container that COMPOSE makes."""
    made: dict[str, Any] = {
        "Id": "a" * 64,
        "Name": "/directus",
        "Image": "sha256:" + "b" * 64,
        "Config": {
            "Image": "directus/directus:11.5",
            "Env": ["PATH=/bin", "DB_HOST=postgres", "DB_PASSWORD=Zx81-qwerty!", "LOG_LEVEL=info"],
            "Labels": {"traefik.enable": "true"},
            "ExposedPorts": {"8055/tcp": {}},
            "Healthcheck": {"Test": ["CMD", "true"]},
            "User": "1000:1000",
        },
        "HostConfig": {
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
            "LogConfig": {
                "Type": "json-file",
                "Config": {"max-size": "10m", "max-file": "3", "compress": "true"},
            },
            "Memory": 3 << 29,
            "NetworkMode": "traefik-network",
            "CapAdd": ["NET_ADMIN"],
            "PortBindings": {
                "8055/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8055"}],
                "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "53"}],
                "80/tcp": [{"HostIp": "", "HostPort": "8080"}],
            },
        },
        "Mounts": [
            {
                "Type": "volume",
                "Name": "uploads",
                "Source": "/var/lib/docker/volumes/uploads/_data",
                "RW": True,
            }
            | {"Destination": "/directus/uploads"},
            {"Type": "bind", "Source": "./extensions", "Destination": "/directus/extensions", "RW": False},
            {"Type": "bind", "Source": "/srv/x", "Destination": "/x", "RW": True},
            {"Type": "volume", "Name": "", "Destination": "/anonymous", "RW": True},
        ],
        "NetworkSettings": {"Networks": {"traefik-network": {}, "database-network": {}}},
    }
    return made | changed


def test_an_inspected_one_says_the_same() -> None:
    assert inspected.subject(container(), "", {}) == only("directus")


def scene_of(*containers: dict[str, Any]) -> Any:
    return inspected.scene(
        "server2",
        NOW,
        info={"ServerVersion": "29.0.1", "LiveRestoreEnabled": True, "LoggingDriver": "json-file"},
        containers=containers,
        networks=[{"Name": "database-network", "Driver": "bridge", "Internal": True}],
        volumes=[{"Name": "uploads"}, {"Name": "c" * 64}],
        images=[
            {
                "Id": "sha256:" + "b" * 64,
                "Created": 1_700_000_000,
                "RepoTags": ["directus/directus:11.5"],
                "RepoDigests": [f"mirror/directus@{DIGEST}", f"directus/directus@{DIGEST}", "x@sha256:1"],
            },
            {"Id": "sha256:" + "d" * 64, "Created": 1, "RepoTags": ["<none>:<none>"], "Size": 5},
            {"Id": "sha256:" + "e" * 64, "RepoTags": None, "Size": 6},
            {"Id": "sha256:" + "f" * 64, "RepoTags": ["directus/directus:10.8"], "Size": 7},
        ],
        projects={},
    )


def test_what_is_around_it() -> None:
    scene = scene_of(container())
    assert scene.subjects[0].digest == f"directus/directus@{DIGEST}"
    assert scene.subjects[0].made == datetime.fromtimestamp(1_700_000_000, UTC)
    assert [(each.name, each.used) for each in scene.volumes] == [("uploads", 1), ("c" * 64, 0)]
    assert (scene.engine.dangling, scene.engine.dangling_bytes) == (2, 11)
    assert (scene.engine.unused, scene.engine.unused_bytes) == (1, 7)


def test_no_value_of_an_environment_is_kept_or_told() -> None:
    hidden = "Zx81-qwerty!"
    scene = scene_of(container())
    audited = audit(scene)
    assert any(
        breach.facts.get("names") == "DB_PASSWORD" for one in audited.subjects for breach in one.breaches
    )
    assert hidden not in repr(scene) + repr(audited) + str(audited)


@pytest.mark.parametrize(
    ("name", "labels", "readable"),
    [
        ("/directus", {}, True),
        ("/pgadmin4", {}, True),
        ("/quirky_hopper", {}, False),
        ("/elastic_noether3", {}, False),
        ("/" + "0f" * 8, {}, False),
        ("/redis_commander", {"com.docker.compose.project": "x"}, True),
        ("/my_directus", {}, True),
    ],
)
def test_names_that_nobody_gave(name: str, labels: dict[str, str], *, readable: bool) -> None:
    made = container(Name=name)
    made["Config"]["Labels"] = labels
    assert inspected.subject(made, "", {}).readable is readable


@pytest.mark.parametrize("key", ["Name", "Config", "HostConfig", "Mounts", "NetworkSettings"])
@pytest.mark.parametrize("odd", [1, "x", ["y"], {"z": 5}, [None]])
def test_odd_answers_raise_what_is_foreseen(key: str, odd: Any) -> None:
    made = json.loads(json.dumps(container(**{key: odd})))
    with suppress(TypeError, ValueError, KeyError, AttributeError):
        inspected.subject(made, "", {})
