"""The two engines that are held to the same contract."""

from collections.abc import AsyncIterator

import pytest

from tests.contract import engine_real, engine_stages
from tests.contract.engine_stages import Stage


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.lab)])
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    if request.param == "simulated":
        async with engine_stages.simulated(tmp_path_factory.mktemp("e")) as simulated:
            yield simulated
    else:
        async with engine_real.real(request.getfixturevalue("lab").servers["server2"]) as real:
            yield real
