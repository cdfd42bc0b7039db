"""What real servers need may be missing on a machine: the tests that need it are skipped, unless LAB=required."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.network import LabUnavailable


@contextmanager
def obtainable() -> Iterator[None]:
    """Around whatever raises LabUnavailable."""
    try:
        yield
    except LabUnavailable as missing:
        if os.environ.get("LAB") == "required":
            raise
        pytest.skip(str(missing))
