"""What the team's servers run: valid by the Compose specification, pinned, limited, watched, and closed."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.lab.shipped import MONITORING, rules

ROOT = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((ROOT / "tests/data/compose-spec.schema.json").read_text()))
FILES = (
    ROOT / "compose.yaml",
    MONITORING / "vakhta.yaml",
    MONITORING / "central/compose.yaml",
    MONITORING / "agent/compose.yaml",
    *(MONITORING.parent / name / "compose.yaml" for name in ("common", "server1", "server2")),
)
STACK = FILES[2:4]
SERVER1 = MONITORING.parent / "server1/compose.yaml"
TEXTS = {path: path.read_text() for path in FILES}

Service = Mapping[str, Any]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def services() -> Iterator[tuple[str, Service]]:
    for path in STACK:
        yield from yaml.safe_load(TEXTS[path])["services"].items()


SERVICES = dict(services())
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))


def test_no_compose_file_is_forgotten() -> None:
    found = [*ROOT.glob("*compose*.y*ml"), *(ROOT / "deploy").rglob("*.y*ml")]
    assert {path for path in found if "services" in (yaml.safe_load(path.read_text()) or {})} >= set(FILES)
    assert [path for path in found if path.name.startswith("compose") and path not in FILES] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_it_is_valid_by_the_specification(path: Path) -> None:
    assert [
        f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(yaml.safe_load(TEXTS[path]))
    ] == []


def test_the_schema_finds_what_is_wrong() -> None:
    wrong = {"services": {"x": {"image": "x", "mem_limits": "1g"}}}
    assert [error.message for error in SCHEMA.iter_errors(wrong)]


def test_everything_that_the_team_named_is_there() -> None:
    central, agent = (set(yaml.safe_load(TEXTS[path])["services"]) for path in STACK)
    assert central == {"prometheus", "alertmanager", "grafana"}
    assert agent == {
        "netdata",
        "node-exporter",
        "cadvisor",
        "postgres-exporter",
        "redis-exporter",
        "blackbox-exporter",
    }
    assert "--storage.tsdb.retention.time=30d" in SERVICES["prometheus"]["command"]


@each_service
def test_each_is_pinned_limited_watched_and_kept_alive(service: Service) -> None:
    assert re.fullmatch(r"[a-z0-9./_-]+:v?\d+\.\d+\.\d+(-alpine)?", service["image"])
    assert service["container_name"] in SERVICES
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"] and service["cpus"] and service["pids_limit"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "start_period"} < set(service["healthcheck"])
    assert service["logging"] == {
        "driver": "json-file",
        "options": {"max-size": "10m", "max-file": "3", "compress": "true"},
    }


@each_service
def test_none_has_more_rights_than_it_must(service: Service) -> None:
    """Netdata and cAdvisor look into what is others'; all else may nothing."""
    if service["container_name"] in ("netdata", "cadvisor"):
        assert not any("docker.sock" in volume for volume in service["volumes"])
        return
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_only_grafana_is_published_and_that_by_traefik() -> None:
    published = {
        name
        for name, service in SERVICES.items()
        if "traefik-network" in service.get("networks", []) or service.get("labels", {}).get("traefik.enable")
    }
    assert published == {"grafana"}
    labels = SERVICES["grafana"]["labels"]
    rule = labels["traefik.http.routers.grafana.rule"]
    assert rule.startswith("Host(`grafana.tapbot.kz`)") and "!Path(`/metrics`)" in rule
    assert labels["traefik.http.routers.grafana.tls.certresolver"] == "letsencrypt"
    assert "ports" not in SERVICES["grafana"]


@each_service
def test_it_listens_at_the_private_address_or_in_its_own_network(service: Service) -> None:
    assert all(port.startswith("${AGENT_ADDRESS:?") for port in service.get("ports", []))
    if service.get("network_mode") == "host":
        listens = " ".join(service["command"])
        assert "${AGENT_ADDRESS:?" in listens
        assert "ports" not in service
    assert "0.0.0.0" not in json.dumps(service)


def test_networks_are_those_of_the_team() -> None:
    central, agent = (yaml.safe_load(TEXTS[path])["networks"] for path in STACK)
    assert central["traefik-network"] == central["figures-network"] == {"external": True}
    assert agent["database-network"] == agent["redis-network"] == {"external": True}
    assert SERVICES["postgres-exporter"]["networks"] == ["agent", "database-network"]
    assert SERVICES["redis-exporter"]["networks"] == ["agent", "redis-network"]
    bot = yaml.safe_load(TEXTS[MONITORING / "vakhta.yaml"])
    (shared,) = bot["services"]["vakhta"]["networks"]
    assert central[shared]["name"] == shared
    assert shared in SERVICES["alertmanager"]["networks"] and shared in SERVICES["prometheus"]["networks"]


def test_the_bot_on_server1_is_where_monitoring_looks_for_it() -> None:
    joined = yaml.safe_load(TEXTS[MONITORING / "vakhta.yaml"])["services"]["vakhta"]
    bot = yaml.safe_load(TEXTS[SERVER1])["services"]["vakhta"]
    assert joined["environment"].items() <= bot["environment"].items()
    assert set(joined["networks"]) <= set(bot["networks"])
    assert set(joined["secrets"]) <= set(bot["secrets"])


def test_the_bot_on_server1_may_enter_where_the_filter_listens() -> None:
    """By the group that the recipe gives the directory."""
    assert "/run/vakhta 0750 99 vakhta" in (ROOT / "deploy/README.md").read_text()
    (group,) = yaml.safe_load(TEXTS[SERVER1])["services"]["vakhta"]["group_add"]
    assert group.startswith("${VAKHTA_GROUP:?")


@pytest.mark.parametrize("path", FILES[4:], ids=name)
def test_every_variable_of_a_server_has_its_line(path: Path) -> None:
    example = (path.parent / ".env.example").read_text()
    wanted = set(re.findall(r"\$\{(\w+)", TEXTS[path]))
    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) == wanted


@pytest.mark.parametrize("path", (*STACK, *FILES[5:]), ids=name)
def test_secrets_are_files_that_the_example_names(path: Path) -> None:
    example = (path.parent / ".env.example").read_text()
    assert {each["file"] for each in yaml.safe_load(TEXTS[path])["secrets"].values()} == {
        f"./{name}" for name in re.findall(r"secrets/[\w.]+(?= )", example)
    }


@pytest.mark.parametrize("path", STACK, ids=name)
def test_the_examples_hold_no_secret_and_every_variable_has_its_line(path: Path) -> None:
    content = yaml.safe_load(TEXTS[path])
    example = (path.parent / ".env.example").read_text()
    wanted = set(re.findall(r"\$\{(\w+)", TEXTS[path]))
    if any("profiles" in service for service in content["services"].values()):
        wanted.add("COMPOSE_PROFILES")
    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) == wanted
    assert not re.search(
        r"(?i)(password|token|secret)\w*[:=] *[^ /{\n]*[^ /{\n:]$", re.sub(r"#.*", "", example)
    )
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/deploy/**/.env", "/deploy/**/secrets/"} <= set(ignored)


@pytest.mark.parametrize("path", STACK, ids=name)
def test_what_is_mounted_is_there_and_volumes_have_names(path: Path) -> None:
    content = yaml.safe_load(TEXTS[path])
    named = set()
    for service in content["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (path.parent / source).exists(), source
            elif not source.startswith("/"):
                named.add(source)
    assert named == set(content["volumes"])


def test_every_volume_is_kept_or_can_be_had_again() -> None:
    script = (MONITORING.parent / "backup.sh").read_text()
    lost = set()
    for path in FILES[2:]:
        content = yaml.safe_load(TEXTS[path])
        volumes = {f"{content['name']}_{volume}" for volume in content.get("volumes", ())}
        lost |= {volume for volume in volumes if not re.search(rf"keep {volume}\b", script)}
    assert {volume.partition("_")[2] for volume in lost} == {
        "acme",
        "prometheus_data",
        "netdata_lib",
        "netdata_cache",
        "postgres_data",  # its files are of no use to another version: it is dumped
    }
    assert "pg_dump " in script


def test_what_prometheus_scrapes_is_what_the_compose_files_open() -> None:
    """The port of each exporter, and the names in the shared network."""
    jobs = {
        job["job_name"]: {target for group in job["static_configs"] for target in group["targets"]}
        for job in yaml.safe_load((MONITORING / "central/prometheus/prometheus.yml").read_text())[
            "scrape_configs"
        ]
    }
    ports = {
        target.partition(":")[2] for targets in jobs.values() for target in targets if "server" in target
    }
    opened = {port.split(":")[-2] for service in SERVICES.values() for port in service.get("ports", [])}
    assert opened | {"9100", "19999"} == (ports | {"9115"}) - {"8082"}  # Traefik's is the team's own
    inside = {
        target.partition(":")[0] for targets in jobs.values() for target in targets if "." not in target
    }
    own = yaml.safe_load(TEXTS[SERVER1])["services"]
    inside -= {"localhost", "server1", "server2"}
    assert inside == {"alertmanager", "grafana", "vakhta", "n8n"}
    for each in inside:
        assert set((SERVICES | own)[each]["networks"]) & set(SERVICES["prometheus"]["networks"]), each


def test_the_readme_names_every_rule_secret_and_port_and_links_to_what_is_there() -> None:
    text = (MONITORING / "README.md").read_text()
    table = text.partition("## Rules")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {rule["alert"] for rule in rules()}
    secrets = {
        f"{path.parent.name}/{each['file'].removeprefix('./')}"
        for path in STACK
        for each in yaml.safe_load(TEXTS[path])["secrets"].values()
    }
    assert set(re.findall(r"^\| `(\w+/secrets/\w+)`", text, re.MULTILINE)) == secrets
    opened = {port.split(":")[-2] for service in SERVICES.values() for port in service.get("ports", [])}
    assert all(re.search(rf"\b{port}\b", text) for port in opened | {"9100", "19999", "9464", "8082"})
    assert [link for link in re.findall(r"\]\(([^)#]+)", text) if not (MONITORING / link).exists()] == []
