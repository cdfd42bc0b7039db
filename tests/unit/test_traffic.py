"""What goes through a service, in figures, and who of two sources tells it; without a Traefik."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.metrics import Source
from services.domain.traffic import (
    Flow,
    HostTraffic,
    Latency,
    ServiceTraffic,
    TrafficReport,
    word_key,
)
from services.errors import ApiTimeout
from services.metrics.traffic_sources import APART, OfTraefiks
from services.traefik_metrics import Counters, _read
from services.traefiks import Traefiks

NOW = datetime(2026, 1, 1, tzinfo=UTC)

PAGE = b"""# HELP go_goroutines Number of goroutines that currently exist.
# TYPE go_goroutines gauge
go_goroutines 58
traefik_config_reloads_total 2
# TYPE traefik_service_request_duration_seconds histogram
traefik_service_request_duration_seconds_bucket{code="200",method="GET",protocol="http",service="a@file",le="0.1"} 2
traefik_service_request_duration_seconds_bucket{code="200",method="GET",protocol="http",service="a@file",le="+Inf"} 3
traefik_service_request_duration_seconds_bucket{code="500",method="GET",protocol="http",service="a@file",le="0.1"} 0
traefik_service_request_duration_seconds_bucket{code="500",method="GET",protocol="http",service="a@file",le="+Inf"} 1
traefik_service_requests_bytes_total{code="200",method="GET",protocol="http",service="a@file"} 77
traefik_service_requests_total{code="200",method="GET",protocol="http",service="a@file"} 2
traefik_service_requests_total{code="200",method="POST",protocol="http",service="a@file"} 1
traefik_service_requests_total{code="500",method="GET",protocol="http",service="a@file"} 1
traefik_service_requests_total{code="200",method="GET",protocol="http",service="odd \\"{,\\n name@file"} 9
"""


def buckets(*counts: float) -> dict[float, float]:
    """Of Traefik's own bounds."""
    return dict(zip((0.1, 0.3, 1.2, 5.0, math.inf), counts, strict=True))


def test_a_page_is_added_up_by_service_and_code() -> None:
    found = _read(PAGE)
    assert found is not None
    assert found["a@file"] == Flow({200: 3, 500: 1}, {0.1: 2, math.inf: 4})
    assert found['odd "{,\n name@file'].statuses == {200: 9}
    assert len(found) == 2


def test_a_page_without_requests_is_traefiks_and_another_is_not() -> None:
    assert _read(b"traefik_config_reloads_total 1\n") == {}
    assert _read(b"go_goroutines 58\n") is None
    assert _read(b"") is None


@given(st.text(max_size=60))
def test_what_is_no_page_is_a_value_error_at_most(rest: str) -> None:
    page = f"traefik_service_requests_total{rest}\ntraefik_service_requests_total{{{rest}}} 1\n"
    with contextlib.suppress(ValueError, KeyError):  # what `Api.understanding` knows
        _read(page.encode(errors="surrogatepass"))


def test_a_line_without_end_is_not_taken_apart() -> None:
    """It would take time with the square of its labels: of 32 MiB more than an hour."""
    labels = ",".join(f'label{number}="value"' for number in range(2000))
    with pytest.raises(ValueError, match="too long"):
        _read(PAGE + b'traefik_service_requests_total{%b,service="a@file",code="200"} 1\n' % labels.encode())


def test_shares() -> None:
    flow = Flow({200: 90, 301: 1, 404: 4, 499: 1, 500: 3, 503: 1}, {})
    assert (flow.requests, flow.share(400), flow.share(500)) == (100, 0.05, 0.04)
    assert Flow({}, {}).share(500) == 0


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.5, Latency(0.1 * 50 / 60)),  # within the first
        (0.9, Latency(0.1 + 0.2 * 30 / 35)),  # within the second
        (0.95, Latency(0.3)),  # at its very end
        (0.99, Latency(5.0, beyond=True)),
    ],
)
def test_latency_lies_within_its_bucket(share: float, told: Latency) -> None:
    found = Flow({}, buckets(60, 95, 95, 98, 100)).latency(share)
    assert found
    assert found.beyond is told.beyond
    assert found.seconds == pytest.approx(told.seconds)


def test_no_latency_without_requests() -> None:
    assert Flow({}, buckets(0, 0, 0, 0, 0)).latency(0.5) is None
    assert Flow({}, {}).latency(0.5) is None


def of(name: str, statuses: Mapping[int, float], slow: float = 0) -> ServiceTraffic:
    """slow: how many of its requests take more than a second."""
    total = sum(statuses.values())
    return ServiceTraffic("server2", name, Flow(statuses, {1.0: total - slow, math.inf: total}))


def test_the_worst_comes_first_and_what_nobody_asks_for_apart() -> None:
    rows = (
        of("fine@docker", {200: 100}),
        of("silent@docker", {}),
        of("slow@docker", {200: 100}, slow=90),
        of("broken@docker", {200: 50, 500: 50}),
        of("hurt@docker", {200: 90, 500: 10}),
    )
    report = TrafficReport((HostTraffic("server2", rows),), NOW)
    assert [each.name for each in report.busy] == ["broken", "hurt", "slow", "fine"]
    assert [each.name for each in report.quiet] == ["silent"]


def test_a_service_answers_to_its_names() -> None:
    names = frozenset({"app", "app.example.org"})
    row = ServiceTraffic("server2", "app-web@docker", Flow({}, {}), "app", names)
    for name in ("app-web", "APP-WEB@docker", "server2/app-web", "App", "app.example.org"):
        assert row.answers_to(word_key(name)), name
    assert not row.answers_to(word_key("web"))


class Pages:
    """Traefiks that say what the test has them say; each look takes a second."""

    hosts = ("server2",)

    def __init__(self, *pages: Mapping[str, Flow] | Exception) -> None:
        self.pages = list(pages)
        self.now = 100.0
        self.slept: list[float] = []

    async def counters(self, host: str, *, deadline: float) -> Counters:
        assert (host, deadline > 0) == ("server2", True)
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        self.now += 1
        if isinstance(page, Exception):
            raise page
        return Counters(self.now, page)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def source(self) -> OfTraefiks:
        return OfTraefiks(cast(Traefiks, self), self.sleep)


def counted(*counts: int) -> Sequence[Mapping[str, Flow]]:
    return [{"a@file": Flow({200: count}, {math.inf: count})} for count in counts]


async def test_two_looks_a_while_apart_and_later_one_is_enough() -> None:
    pages = Pages(*counted(100, 110, 130))
    source = pages.source()
    told = await source.told("server2")
    assert told.flows["a@file"].statuses == {200: 10}
    assert (told.source, told.window) == (Source.TRAEFIK, timedelta(seconds=APART + 1))
    assert pages.slept == [APART]
    pages.now += 60
    told = await source.told("server2")
    assert pages.slept == [APART], "the look before was long enough ago"
    assert told.flows["a@file"].statuses == {200: 30}
    assert told.window == timedelta(seconds=APART + 62)


async def test_what_is_too_long_ago_is_no_beginning() -> None:
    pages = Pages(*counted(100, 110, 500, 501))
    source = pages.source()
    await source.told("server2")
    pages.now += 301
    told = await source.told("server2")
    assert told.flows["a@file"].statuses == {200: 1}
    assert pages.slept == [APART, APART]


async def test_a_traefik_that_began_anew_counts_from_there() -> None:
    pages = Pages(*counted(100, 110, 3, 5))
    source = pages.source()
    await source.told("server2")
    pages.now += 60
    told = await source.told("server2")
    assert told.flows["a@file"].statuses == {200: 2}
    pages = Pages(*counted(100, 3))
    told = await pages.source().told("server2")
    assert told.flows["a@file"].statuses == {200: 3}


async def test_a_service_that_is_new_counts_from_nought() -> None:
    pages = Pages({}, *counted(7))
    assert (await pages.source().told("server2")).flows["a@file"].statuses == {200: 7}


async def test_trouble_is_told_and_not_raised() -> None:
    trouble = ApiTimeout("traefik", 1.4, host="server2")
    told = await Pages(trouble).source().told("server2")
    assert told.trouble is trouble
