"""A sentence with the mend: what SQLite says alike is told apart."""

import os
from pathlib import Path

import pytest

from bot.container import SystemClock
from bot.mends import sentence, telegram_unreachable
from services.errors import StoreUnavailable
from services.store import open_store


async def told(path: Path) -> str:
    """What is said about a store that really cannot be opened."""
    with pytest.raises(StoreUnavailable) as caught:
        async with open_store(f"sqlite://{path}", SystemClock()):
            pass
    said = sentence(caught.value)
    assert said.startswith(f"the store cannot be used ({path}: ")
    return said


async def test_the_directory_of_the_store_is_missing(tmp_path: Path) -> None:
    directory = tmp_path / "no such"
    said = await told(directory / "vakhta.db")
    assert f"create it: sudo install -d -m 700 -o \"$USER\" '{directory}', or set store" in said


async def test_the_store_is_a_directory(tmp_path: Path) -> None:
    assert f"this is a directory: set store to a file, such as {tmp_path}/vakhta.db" in await told(tmp_path)


async def test_the_store_lies_under_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert f"{tmp_path}/file is no directory" in await told(tmp_path / "file" / "vakhta.db")


async def test_the_store_is_another_programs_file(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear friend, " * 100)
    assert "another program's file" in await told(tmp_path / "letter")


def test_any_other_trouble_of_the_store() -> None:
    said = sentence(StoreUnavailable("database or disk is full"))
    assert f"let the user with uid {os.geteuid()} write" in said
    assert "the disk has room" in said


def test_a_certificate_that_is_refused_is_no_wrong_address() -> None:
    assert "SSL_CERT_FILE" in telegram_unreachable(
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    )
    assert "SSL_CERT_FILE" not in telegram_unreachable("Connection refused")
