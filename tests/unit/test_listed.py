"""A list of containers is taken apart when it says something new, and then at once."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.fleet import answers
from services.fleet.listed import Listed
from services.fleet.streams import AnswerTooLarge


@pytest.fixture
def listed() -> Iterator[Listed]:
    with ThreadPoolExecutor(1, "reading") as executor:
        yield Listed("server1", executor)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In which lists have been taken apart."""
    seen: list[str] = []
    real = answers.containers

    def noting(*args: Any) -> Any:
        seen.append(threading.current_thread().name)
        return real(*args)

    monkeypatch.setattr(answers, "containers", noting)
    return seen


def body(state: str, count: int = 1, label: str = "") -> bytes:
    rows = [
        {"Id": f"{number:064x}", "Names": [f"/n{number}"], "State": state, "Labels": {"other": label}}
        for number in range(count)
    ]
    return json.dumps(rows).encode()


async def test_the_same_words_are_the_same_rows(listed: Listed, threads: list[str]) -> None:
    first = await listed.rows(body("running"))
    assert await listed.rows(body("running")) is first
    assert len(threads) == 1


async def test_news_is_seen_and_so_is_its_end(listed: Listed, threads: list[str]) -> None:
    states = [(await listed.rows(body(state)))[0].state for state in ("running", "exited", "running")]
    assert states == ["running", "exited", "running"]
    assert len(threads) == 3


async def test_what_was_not_understood_is_not_taken_for_what_came_before(listed: Listed) -> None:
    await listed.rows(body("running"))
    for odd in (b"[", b"[" * 100_000, b"{}"):
        for _ in range(2):
            with pytest.raises((ValueError, TypeError)):
                await listed.rows(odd)
    assert (await listed.rows(body("exited")))[0].state == "exited"


async def test_a_long_list_does_not_hold_the_loop(listed: Listed, threads: list[str]) -> None:
    assert len(await listed.rows(body("running", 100, "x" * 5000))) == 100
    assert len(await listed.rows(body("running", 100))) == 100
    assert [name.startswith("reading") for name in threads] == [True, False]


async def test_more_values_than_any_engine_has(listed: Listed) -> None:
    with pytest.raises(AnswerTooLarge):
        await listed.rows(b"[" + b"1," * 1_000_001 + b"1]")
