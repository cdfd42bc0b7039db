"""promtool and amtool, of Prometheus' and Alertmanager's own packages."""

import shutil
import subprocess
from pathlib import Path

from tests.lab.network import LabUnavailable
from tests.lab.obtainable import obtainable


def promtool(*args: str | Path) -> str:
    """Its output; a failure fails the test, with its words."""
    return _run("promtool", "prometheus", *args)


def amtool(*args: str | Path) -> str:
    return _run("amtool", "prometheus-alertmanager", *args)


def _run(command: str, package: str, *args: str | Path) -> str:
    with obtainable():
        if not shutil.which(command):
            raise LabUnavailable(f"{command} is missing (Debian package {package})")
    done = subprocess.run([command, *args], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
