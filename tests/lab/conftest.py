"""What most tests on real servers ask for."""

import pytest

from services.fleet.lane import FastLane
from tests.lab.lane import lane_of, speak
from tests.lab.servers import Lab, Server


@pytest.fixture
def server(lab: Lab) -> Server:
    return lab.servers["server2"]


@pytest.fixture
def lane(server: Server) -> FastLane:
    return lane_of(server)


@pytest.fixture
def spoken(server: Server) -> str:
    """The id of a container with a few lines: see `speak`."""
    return speak(server)
