"""`python -m bot standards`: a compose file in CI, and the hosts in a terminal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.bots import Setup
from tests.lab.servers import Lab

ROOT = Path(__file__).parents[2]
GOOD = """
services:
  app:
    image: lab/app:1.2
    container_name: app
    restart: unless-stopped
    user: "1000"
    networks: [inner]
    logging: {driver: json-file, options: {max-size: 10m, max-file: "3", compress: "true"}}
    healthcheck: {test: [CMD, "true"]}
    mem_limit: 64m
networks: {inner: {internal: true}}
"""
EXCEPTIONS = "exceptions: [{rule: privileged, subject: '*/app', reason: needs the device}]"


def typed(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "standards", *map(str, arguments)],
        check=False, cwd=ROOT, capture_output=True, text=True, env={"PATH": os.environ["PATH"], **(env or {})},
    )  # fmt: skip


class Terminal:
    """The same in this process, which has imported all of it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def standards(self, *arguments: str | Path) -> tuple[int, str, str]:
        """The exit code, standard output and standard error."""
        before = os.umask(0)
        try:
            code = main(["standards", *map(str, arguments)])
        finally:
            os.umask(before)
        return (code, *self._capsys.readouterr())


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def test_as_the_readme_has_it() -> None:
    done = typed("--exceptions", "deploy/standards.yaml", "compose.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "compose.yaml: 100 of 100\n", "")


def test_compose_files(tmp_path: Path, terminal: Terminal) -> None:
    good, bad, agreed = (tmp_path / name for name in ("good.yaml", "bad.yaml", "exceptions.yaml"))
    good.write_text(GOOD)
    bad.write_text(GOOD.replace("mem_limit: 64m", "mem_limit: 64m\n    privileged: true"))
    agreed.write_text(EXCEPTIONS)
    assert terminal.standards(good) == (0, f"{good}: 100 of 100\n", "")
    code, out, _ = terminal.standards(good, bad)
    assert code == 1
    assert "!!  app: privileged [privileged]. It is root on the server in all but name." in out
    code, out, _ = terminal.standards(bad, "--exceptions", agreed)
    assert code == 0
    assert "ok  app: privileged: agreed to, needs the device" in out
    (host,) = json.loads(terminal.standards(bad, "--json")[1])["hosts"]
    assert host["subjects"][0]["breaches"][0]["rule"] == "privileged"


@pytest.mark.parametrize(
    ("compose", "exceptions", "said"),
    [
        (None, None, "compose.yaml: No such file or directory"),
        ("services: [", None, "is no compose file: "),
        ("a: b", None, "is no compose file: no services: in it"),
        (GOOD, "exceptions: [{rule: priviledged, subject: '*/app', reason: x y}]", "privileged"),
        (GOOD, "exceptions: [{rule: privileged, subject: '*/app'}]", "reason"),
        (GOOD, "[", "is no YAML"),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path, terminal: Terminal, compose: str | None, exceptions: str | None, said: str
) -> None:
    more: list[str | Path] = []
    if compose is not None:
        (tmp_path / "compose.yaml").write_text(compose)
    if exceptions is not None:
        (tmp_path / "exceptions.yaml").write_text(exceptions)
        more = ["--exceptions", tmp_path / "exceptions.yaml"]
    code, out, err = terminal.standards(tmp_path / "compose.yaml", *more)
    assert (code, out) == (2, "")
    assert err.startswith("!!  ") and said in err


@pytest.mark.lab
def test_hosts(lab: Lab, setup: Callable[..., Setup]) -> None:
    lab.servers["server1"].stop_sshd()
    done = typed(env=setup(*lab.servers.values()).environment())
    assert (done.returncode, done.stderr) == (1, "")
    assert "server1: no contact" in done.stdout
    assert "!!  directus: no limit on the size of log files [log_size]. Logs fill the disk" in done.stdout


def test_half_a_character_in_a_name_breaks_no_output(tmp_path: Path, terminal: Terminal) -> None:
    odd = tmp_path / "odd.yaml"
    odd.write_text('services: {"a\\ud800": {image: "x\\ud800", restart: "q\\ud800\\e[31m"}}')
    for arguments in ((odd,), (odd, "--json")):
        code, out, _ = terminal.standards(*arguments)
        assert (code, "\ud800" in out, "\x1b" in out) == (1, False, False)
    assert json.loads(out)["hosts"][0]["subjects"]
