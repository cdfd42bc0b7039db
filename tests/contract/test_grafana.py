"""Grafana's client against its documentation: what is sent, and what is made of each answer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.errors import ApiNotUnderstood, ApiRefused, ApiRefusedLogin, ApiUnreachable
from services.grafana import Annotation, open_grafana
from tests.contract.grafana import TOKEN, DocumentedGrafana, documented_grafana
from tests.contract.recorded import answer, answering
from tests.lab.monitoring import free_port

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)
NOTE = Annotation(AT, "restart: server2/directus · Dias", ("vakhta", "restart", "server2", "directus"))


@pytest.fixture
async def grafana() -> AsyncIterator[DocumentedGrafana]:
    async with documented_grafana() as grafana:
        yield grafana


async def test_a_moment_becomes_a_region_when_its_end_is_known(grafana: DocumentedGrafana) -> None:
    async with open_grafana(grafana.url + "/", TOKEN) as client:
        first = await client.annotate(NOTE)
        assert grafana.annotations[first] == {
            "time": 1795683600000,
            "text": "restart: server2/directus · Dias",
            "tags": ["vakhta", "restart", "server2", "directus"],
        }
        await client.end(first, AT + timedelta(minutes=1))
        assert grafana.annotations[first]["timeEnd"] == 1795683660000


async def test_what_is_over_is_a_region_at_once(grafana: DocumentedGrafana) -> None:
    async with open_grafana(grafana.url, TOKEN) as client:
        only = await client.annotate(Annotation(AT, "over", ("vakhta",), AT + timedelta(minutes=1)))
        assert grafana.annotations[only]["timeEnd"] == 1795683660000


async def test_refusals(grafana: DocumentedGrafana) -> None:
    async with open_grafana(grafana.url, "another") as client:
        with pytest.raises(ApiRefusedLogin):
            await client.annotate(NOTE)
    async with open_grafana(grafana.url, TOKEN) as client:
        with pytest.raises(ApiRefused) as gone:
            await client.end(7, AT)
        assert gone.value.status == 404
        with pytest.raises(ApiRefused) as empty:
            await client.annotate(Annotation(AT, "", ()))
        assert empty.value.message == "text field should not be empty"
    async with open_grafana(f"http://127.0.0.1:{free_port()}", TOKEN) as client:
        with pytest.raises(ApiUnreachable):
            await client.annotate(NOTE)


async def test_an_answer_that_is_not_grafanas() -> None:
    async with answering(answer(b"{}")) as standin, open_grafana(standin.url, TOKEN) as client:
        with pytest.raises(ApiNotUnderstood):
            await client.annotate(NOTE)
