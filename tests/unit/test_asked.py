"""What buttons stand for is kept for a week."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from services.asked import KEPT, Asked
from services.errors import Forgotten
from services.store import open_store
from tests.clock import HandClock


@dataclass(frozen=True, slots=True)
class Question:
    names: tuple[str, ...]
    mark: bytes = b""


async def test_a_question_is_kept_for_a_week_and_then_forgotten(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        asked = Asked(Question, "logs", store, clock)
        question = Question(("server1/n8n", "*"), b"\x00\xff")
        token = await asked.keep(question)
        assert len(token) == 8
        assert await asked.of(token) == question
        with pytest.raises(Forgotten):
            await Asked(Question, "grep", store, clock).of(token)
        clock.pass_by(seconds=(KEPT + timedelta(seconds=1)).total_seconds())
        with pytest.raises(Forgotten):
            await asked.of(token)
