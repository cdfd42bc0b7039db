"""The settings of the fast lane: what is left out comes from the host, and every mistake has its sentence."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.hosts import fast_lanes, lane_login
from bot.settings import Settings, SettingsError, load_settings
from services.fleet.login import SshLogin

Load = Callable[[Mapping[str, Any]], Settings]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    paths = {name: tmp_path / name for name in ("key", "lane_key", "known_hosts", "others", "pem")}
    for path in paths.values():
        path.write_text("x")
    return {name: str(path) for name, path in paths.items()}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(host: Mapping[str, Any]) -> Settings:
        return load_settings(
            {
                "VAKHTA_SECRETS_DIR": str(tmp_path / "none"),
                "VAKHTA_TELEGRAM__TOKEN": "1:a",
                "VAKHTA_USERS": json.dumps([{"id": 1, "name": "A", "role": "admin"}]),
                "VAKHTA_HOSTS": json.dumps({"server1": {"address": "unix:///s"}, "server2": host}),
            }
        )

    return load


@pytest.fixture
def host(files: Mapping[str, str]) -> dict[str, Any]:
    known = {"identity_file": files["key"], "known_hosts": files["known_hosts"]}
    return {
        "address": "ssh://vakhta@10.0.0.2:2222",
        **known,
        "fast_lane": {"identity_file": files["lane_key"]},
    }


def test_a_key_is_enough(load: Load, host: dict[str, Any], files: Mapping[str, str]) -> None:
    settings = load(host)
    lanes = fast_lanes(settings.hosts)
    assert {name: lane.host for name, lane in lanes.items()} == {"server2": "server2"}
    assert lane_login(settings.hosts["server1"]) is None
    assert lane_login(settings.hosts["server2"]) == SshLogin(
        "root", "10.0.0.2", 2222, files["lane_key"], files["known_hosts"]
    )


def test_it_may_go_elsewhere(load: Load, files: Mapping[str, str]) -> None:
    lane = {
        "identity_file": files["lane_key"],
        "address": "ssh://searcher@10.0.0.3",
        "known_hosts": files["others"],
    }
    settings = load({"address": "unix:///var/run/docker.sock", "fast_lane": lane})
    assert lane_login(settings.hosts["server2"]) == SshLogin(
        "searcher", "10.0.0.3", 22, files["lane_key"], files["others"]
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fast_lane": True}, "server2.fast_lane (set by VAKHTA_HOSTS): must be a block of keys with values"),
        ({"fast_lane": {}}, "server2.fast_lane.identity_file (set by VAKHTA_HOSTS): missing; fill it in"),
        ({"fast_lane": {"identity_file": "/no/such"}}, "there is no file /no/such: create it, or correct the path"),
        ({"fast_lane": {"identity": "/etc/hosts"}}, "there is no such key; did you mean"),
        ({"fast_lane": {"identity_file": "/etc/hosts", "user": "root"}}, "known here: identity_file, address"),
        ({"fast_lane": {"identity_file": "/etc/hosts", "address": "root@h"}}, "must look like"),
        ({"fast_lane": {"identity_file": "/etc/hosts", "address": "unix:///s"}}, "must look like ssh://root@HOST:PORT"),
        ({"fast_lane": {"identity_file": "/etc/hosts", "address": "ssh://h"}}, "must look like"),
        ({"identity_file": "/etc/hosts", "fast_lane": {"identity_file": "/etc/hosts"}}, "make a second key"),
    ],
)  # fmt: skip
def test_mistakes(load: Load, host: dict[str, Any], changes: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({**host, **changes})
    assert said in "\n".join(caught.value.problems)


def test_where_no_host_is_to_be_had_from(load: Load, files: Mapping[str, str]) -> None:
    with pytest.raises(
        SettingsError, match=r"fast_lane beside unix:// needs address, such as ssh://root@.* and"
    ):
        load({"address": "unix:///s", "fast_lane": {"identity_file": files["lane_key"]}})
