"""What was recorded for the simulated Traefik is still what the real one answers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from playground.traefik.certificates import row
from playground.traefik.recorded import PATHS, recorded
from tests.contract.recording_traefik import TEAMS, record, serving
from tests.lab.obtainable import obtainable
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

# What differs each time: moments, addresses in a network, digests, serial numbers.
_VOLATILE = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z|172\.\d+\.\d+\.\d+|\b[0-9a-f]{64}\b|\b\d{40,50}\b")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Without the published ports, which Traefik itself needs here."""
    with obtainable(), Lab.build(tmp_path_factory.mktemp("l"), TEAMS) as lab:
        yield lab


@pytest.mark.parametrize("name", TEAMS)
def test_they_are_what_the_real_one_answers(
    lab: Lab, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving(tmp_path_factory.mktemp("t"), lab.servers[name]) as traefik:
        fresh = record(traefik)
    for path in PATHS:
        assert _steady(recorded(name)[path]) == _steady(fresh[path]), (
            f"{path} is another now: python -m tests.contract.recording_traefik"
        )
    told = {each["name"]: each for each in fresh["api/certificates"]}
    assert told == {each["name"]: each for each in map(row, (pair.certificate for pair in traefik.kept))}


def _steady(answer: Any) -> Any:
    return json.loads(_VOLATILE.sub("…", json.dumps(answer)))
