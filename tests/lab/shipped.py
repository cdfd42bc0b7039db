"""What the team's servers run, as it lies in deploy/monitoring, and fitted to the addresses of a test."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

MONITORING = Path(__file__).parents[2] / "deploy/monitoring"
ALERTMANAGER = MONITORING / "central/alertmanager/alertmanager.yml"
PROMETHEUS = MONITORING / "central/prometheus/prometheus.yml"
RULES = tuple(sorted((MONITORING / "central/prometheus/rules").glob("*.yml")))
BLACKBOX = MONITORING / "agent/blackbox.yml"

NOBODY = "127.0.0.1:1"


def alertmanager_config(
    url: str, token: Path, *quicker: tuple[str, str], mail: str = NOBODY, password: Path = Path("/dev/null")
) -> str:
    """url: of the bot. token: its file. quicker: what is to stand for what. mail: HOST:PORT that takes letters."""
    return _fitted(
        ALERTMANAGER.read_text(),
        (
            ("http://vakhta:8080", url),
            ("/run/secrets/webhook_token", str(token)),
            ("smtp.tapbot.kz:587", f"{mail}\n  smtp_require_tls: false"),
            ("/run/secrets/smtp_password", str(password)),
            *quicker,
        ),
    )


def prometheus_config(
    addresses: Mapping[str, str], *quicker: tuple[str, str], rules: Path = RULES[0].parent
) -> str:
    """addresses: what stands for the shipped ones. What is not named there leads nowhere. rules: a directory."""
    text = PROMETHEUS.read_text()
    for job in yaml.safe_load(text)["scrape_configs"]:
        for group in job["static_configs"]:
            for target in group["targets"]:
                text = text.replace(f"[{target}]", f"[{addresses.get(target, NOBODY)!r}]")
    names = ((name, address) for name, address in addresses.items() if name in text)
    return _fitted(text, (*names, ("rules/*.yml", str(rules / "*.yml")), *quicker))


def rules() -> tuple[Mapping[str, Any], ...]:
    """Of all files and groups."""
    return tuple(
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    )


def _fitted(text: str, changes: Iterable[tuple[str, str]]) -> str:
    for there, here in changes:
        assert there in text, there
        text = text.replace(there, here)
    return text
