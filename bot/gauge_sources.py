"""What is read at each scrape: from the watch's board, the way of alerts and the connections to hosts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from bot.alert_stack import AlertStack
from services.domain.containers import State
from services.metrics import own
from services.metrics.board import Board, Standing
from services.metrics.own import Family


class Ssh(Protocol):
    """`services.fleet.tunnel.SshLink`. connections: that were made, the one there is included."""

    @property
    def connected(self) -> bool: ...

    @property
    def connections(self) -> int: ...


def of_containers(board: Board) -> Iterator[Metric]:
    """A crowd: very many samples, read from what nobody changes in place."""
    hosts = [(host, each.up, each.standings) for host, each in board.hosts.items()]
    up = _gauge(own.HOST_UP)
    for host, contact, _standings in hosts:
        up.add_metric((host,), contact)
    yield up

    def each(family: Family, value: Callable[[Standing], float]) -> Metric:
        made = _counter(family) if family.kind is own.Kind.COUNTER else _gauge(family)
        for host, _contact, standings in hosts:
            for standing in standings:
                made.add_metric((host, standing.name), value(standing))
        return made

    def words(family: Family, word: Callable[[Standing], str | None]) -> Metric:
        made = _gauge(family)
        for host, _contact, standings in hosts:
            for standing in standings:
                if said := word(standing):
                    made.add_metric((host, standing.name, said), 1)
        return made

    yield each(own.RUNNING, lambda standing: standing.state is State.RUNNING)
    yield each(own.EXPECTED_DOWN, lambda standing: standing.expected_down)
    yield words(own.STATE, lambda standing: standing.state.value)
    yield words(own.HEALTH, lambda standing: standing.health.value if standing.health else None)
    yield each(own.RESTARTS, lambda standing: standing.restarts)


def of_alerts(alerts: AlertStack) -> Iterator[Metric]:
    outbox, inbox = alerts.outbox, alerts.inbox
    now = alerts.services.clock.now()
    oldest = min(filter(None, (outbox.oldest_waiting, inbox.oldest)), default=now)
    figures = (
        (own.WAITING, outbox.waiting),
        (own.OLDEST, max((now - oldest).total_seconds(), 0)),
        (own.INBOX, inbox.entries),
        (own.INBOX_BYTES, inbox.size),
    )
    for family, figure in figures:
        yield GaugeMetricFamily(family.name, family.text, figure)
    deliveries = _counter(own.DELIVERIES)
    for outcome, times in outbox.outcomes.items():
        deliveries.add_metric((outcome,), times)
    yield deliveries
    notifications = _counter(own.NOTIFICATIONS)
    for origin, times in inbox.accepted.items():
        notifications.add_metric((origin.value,), times)
    yield notifications
    received = _counter(own.ALERTS)
    for (origin, status), times in alerts.desk.heard.items():
        received.add_metric((origin.value, status.value), times)
    yield received


def of_ssh(links: Mapping[str, Ssh]) -> Iterator[Metric]:
    connected, made, again = _gauge(own.SSH), _counter(own.SSH_CONNECTIONS), _counter(own.SSH_RECONNECTS)
    for host, link in links.items():
        connected.add_metric((host,), link.connected)
        made.add_metric((host,), link.connections)
        again.add_metric((host,), max(link.connections - 1, 0))
    yield from (connected, made, again)


def _gauge(family: Family) -> GaugeMetricFamily:
    return GaugeMetricFamily(family.name, family.text, labels=family.labels)


def _counter(family: Family) -> CounterMetricFamily:
    return CounterMetricFamily(family.name, family.text, labels=family.labels)
