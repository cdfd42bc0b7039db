"""Redis as people set it up: the address in the settings, its password, the container beside the bot."""

from pathlib import Path

import pytest
import yaml

from bot.check import check
from bot.logbook import mask
from bot.settings import Settings, SettingsError, load_settings

TOKEN = "123456:AAbbCC"


def load(tmp_path: Path, store: str) -> Settings:
    config = {
        "users": [{"id": 1001, "name": "Aigerim", "role": "admin"}],
        "store": store,
        "telegram": {"api_url": "http://127.0.0.1:1"},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    env = {
        "VAKHTA_CONFIG": str(tmp_path / "config.yaml"),
        "VAKHTA_SECRETS_DIR": str(tmp_path / "none"),
        "VAKHTA_TELEGRAM__TOKEN": TOKEN,
    }
    return load_settings(env)


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis:6379/0",
        "redis://localhost",
        "redis://:hush@10.0.0.5:6379/15",
        "rediss://vakhta:hush%2F%40@redis.example.org:6380/0",
        "rediss://:hush@[::1]/0?ssl_ca_certs=/etc/vakhta/ca.pem",
    ],
)
def test_an_address_of_redis_is_taken_as_it_is(tmp_path: Path, url: str) -> None:
    settings = load(tmp_path, url)
    assert settings.store == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis:///0",
        "redis://:hush@/0",
        "redis://:hush@h/zero",
        "redis://:hush/@h:1/0",
        "redis://:hush@h:port/0",
        "redis://:hush@h/0?db=7",
        "redis://:hush@h/0?ssl_ca_certs=/x",
        "rediss://:hush@h/0?ssl_ca_certs=/x&ssl_cert_reqs=none",
        "redis://:hush@h/0#x",
        "redis+socket://:hush@h/0",
    ],
)
def test_a_broken_address_is_told_without_the_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError) as told:
        load(tmp_path, url)
    (problem,) = told.value.problems
    assert problem.startswith("store: ")
    assert "hush" not in problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [("hush", "hush"), ("hush%2F%40", "hush/@"), ("hush%2f!", "hush/!"), ("hush!~", "hush!~")],
)
def test_the_password_is_masked_as_it_stands_and_as_it_is_meant(
    tmp_path: Path, written: str, meant: str
) -> None:
    settings = load(tmp_path, f"redis://:{written}@h/0")
    assert "hush" not in mask(f"{settings.store} {meant}", settings.secrets())
    assert "hush" not in repr(settings)


async def test_the_trial_of_a_store_that_is_away_names_it_without_the_password(tmp_path: Path) -> None:
    settings = load(tmp_path, "redis://:hush@127.0.0.1:1/0")
    told: list[str] = []
    assert await check(settings, tell=told.append) == 1
    (line,) = [line for line in told if "store" in line.split(":")[0]]
    assert "redis at 127.0.0.1:1/0" in line
    assert "hush" not in line


def test_the_container_is_durable_hardened_and_reached_by_the_bot_alone() -> None:
    compose = yaml.safe_load((Path(__file__).parents[2] / "compose.yaml").read_text())
    redis, bot = compose["services"]["redis"], compose["services"]["vakhta"]
    command = " ".join(redis["command"])
    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in command
    assert redis["profiles"] == ["redis"]
    assert "ports" not in redis
    assert (redis["read_only"], redis["cap_drop"]) == (True, ["ALL"])
    assert (redis["security_opt"], redis["logging"]) == (bot["security_opt"], bot["logging"])
    (network,) = redis["networks"]
    assert compose["networks"][network]["internal"] is True
    assert network in bot["networks"]
    assert all(volume.partition(":")[0] in compose["volumes"] for volume in redis["volumes"])
