"""What the engine's JSON means: rows, inspections and samples become the objects of the domain.

Every field may be missing or null: engines from API 1.24 on are spoken to. But what is there is believed
only when it is of its kind: a host that says odd things raises ValueError, TypeError, KeyError or the like
here, and nothing odd reaches the rest of the bot.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import quote

from services.domain.containers import Container, Details, Health, Port, Probe, State
from services.domain.events import Event, EventAction
from services.domain.logs import LogQuery, unix_time
from services.errors import EngineRefused
from services.fleet.believing import flag, line, mapping, matching, text, whole, words
from services.redaction.environment import hidden_values

MOST_CONTAINERS = 5000
MOST_PROBES = 5
MOST_NETWORKS = 64  # of one container, that are looked at
# Within it, moments and streaks can be reckoned with and never leave the calendar.
FIRST_YEAR, LAST_YEAR = 1970, 9000
LONGEST_STREAK = timedelta(days=3650)

# Labels that mean something to the bot; all others may be as many and as large as they like.
_LABELS = ("vakhta.", "com.docker.compose.", "traefik.")
_SHOWN_LABELS = ("com.docker.compose.project", "com.docker.compose.service")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")  # Docker's own rule
_HEALTH_TEXT = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")
_EXIT_TEXT = re.compile(r"(?:Exited|Restarting) \((-?[0-9]{1,10})\)")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_PROTOCOL = re.compile(r"[a-z]{1,8}")
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{0,45}")

Answer = Mapping[str, Any]

logger = logging.getLogger(__name__)


def version(answer: Answer) -> str:
    """Of the engine, from `GET /version`."""
    return line(text(answer["Version"]))


def containers(host: str, rows: Sequence[Answer]) -> tuple[Container, ...]:
    """The rows of `GET /containers/json`. Raises EngineRefused when they are too many."""
    if not isinstance(rows, list):
        raise TypeError("no list")
    if len(rows) > MOST_CONTAINERS:
        raise EngineRefused(host, 0, f"too many containers ({len(rows)})")
    return tuple(_container(host, row) for row in rows)


def _container(host: str, row: Answer) -> Container:
    status = text(row.get("Status"))  # "Up 2 hours (healthy)", "Exited (137) 3 minutes ago"
    health = _HEALTH_TEXT.search(status)
    exit_code = _EXIT_TEXT.match(status)
    return Container(
        host=host,
        id=matching(_ID, row["Id"]),
        name=_name(row),
        image=line(text(row.get("Image"))),
        state=_state(text(row.get("State"))),
        # The field of newer engines first
        health=_health(mapping(row.get("Health"))) or (Health(health[1]) if health else None),
        created=_sane(_EPOCH + timedelta(seconds=whole(row.get("Created")))),
        exit_code=int(exit_code[1]) if exit_code else None,
        ports=_shared(tuple(_port(port) for port in row.get("Ports") or ())),
        labels=_labels(mapping(row.get("Labels"))),
        addresses=_addresses(mapping(mapping(row.get("NetworkSettings")).get("Networks"))),
    )


def _name(row: Answer) -> str:
    """A container linked to others carries `/other/alias` too; one being removed may carry none.

    What no engine would give as a name is not shown: the digits that people know the id by stand for it.
    """
    names = (text(name).removeprefix("/") for name in row.get("Names") or ())
    name = next((name for name in names if "/" not in name), "")
    return name if _NAME.fullmatch(name) else str(row["Id"][:12])


def _labels(labels: Mapping[str, Any]) -> dict[str, str]:
    kept = {name: text(value) for name, value in labels.items() if name.startswith(_LABELS)}
    return kept | {name: line(kept[name]) for name in _SHOWN_LABELS if name in kept}


def _addresses(networks: Mapping[str, Any]) -> tuple[str, ...]:
    """Of all networks that it is in. One that is none is none."""
    found = (
        text(mapping(network).get(kind))
        for network in islice(networks.values(), MOST_NETWORKS)
        for kind in ("IPAddress", "GlobalIPv6Address")
    )
    return tuple(address for address in found if address and _ADDRESS.fullmatch(address))


@lru_cache(1024)
def _shared(ports: tuple[Port, ...]) -> tuple[Port, ...]:
    """Most containers expose what many others do."""
    return ports


def _port(row: Answer) -> Port:
    public = row.get("PublicPort")
    return Port(
        private=whole(row["PrivatePort"]),
        protocol=matching(_PROTOCOL, row.get("Type", "tcp")),
        public=None if public is None else whole(public),
        address=matching(_ADDRESS, text(row.get("IP"))) or None,
    )


def _state(word: str) -> State:
    try:
        return State(word)
    except ValueError:
        return State.DEAD  # a word newer than this code: better looked at than overlooked


def _health(health: Mapping[str, Any]) -> Health | None:
    word = health.get("Status")
    return Health(word) if word in set(Health) else None


def details(answer: Answer) -> Details:
    """`GET /containers/{id}/json`."""
    state, config, host = answer["State"], answer["Config"], answer["HostConfig"]
    health = mapping(state.get("Health"))
    stop_timeout = config.get("StopTimeout")
    interval = _interval(mapping(config.get("Healthcheck")))
    return Details(
        id=matching(_ID, answer["Id"]),
        state=_state(text(state["Status"])),
        health=_health(health),
        started=moment(state.get("StartedAt")),
        finished=moment(state.get("FinishedAt")),
        exit_code=whole(state.get("ExitCode")),
        oom_killed=flag(state.get("OOMKilled")),
        error=words(state.get("Error")),
        restart_count=whole(answer.get("RestartCount")),
        restart_policy=line(text(mapping(host.get("RestartPolicy")).get("Name"))) or "no",
        stop_timeout=10 if stop_timeout is None else whole(stop_timeout),
        tty=flag(config.get("Tty")),
        log_driver=line(text(mapping(host.get("LogConfig")).get("Type"))),
        memory_limit=whole(host.get("Memory")) or None,
        probes=_probes(health),
        failing_streak=min(whole(health.get("FailingStreak")), LONGEST_STREAK // interval),
        health_interval=interval,
        hidden=_hidden(config.get("Env")),
        name=_event_name(answer.get("Name")),
    )


def assumed(row: Container) -> Details:
    """Of a container that may not be inspected. It is taken to be meant to run: rather one alert too many than none."""
    return Details(
        id=row.id,
        state=row.state,
        health=row.health,
        started=None,
        finished=None,
        exit_code=row.exit_code or 0,
        oom_killed=False,
        error="",
        restart_count=0,
        restart_policy="unless-stopped",
        stop_timeout=10,
        tty=False,
        log_driver="",
        memory_limit=None,
        name=row.name,
        assumed=True,
    )


def _hidden(environment: object) -> tuple[str, ...]:
    if environment is not None and not isinstance(environment, list):
        raise TypeError("no list")
    return hidden_values(text(pair) for pair in environment or ())


def _interval(healthcheck: Mapping[str, Any]) -> timedelta:
    """In nanoseconds there; the engine takes none under a millisecond, and 0 for its own 30 s."""
    nanoseconds = whole(healthcheck.get("Interval"))
    if nanoseconds <= 0:
        return timedelta(seconds=30)
    return min(timedelta(microseconds=max(nanoseconds // 1000, 1000)), LONGEST_STREAK)


def _probes(health: Mapping[str, Any]) -> tuple[Probe, ...]:
    return tuple(
        Probe(at, whole(run.get("ExitCode")), words(run.get("Output")))
        for run in (health.get("Log") or [])[-MOST_PROBES:]
        if (at := moment(run.get("Start")))
    )


def moment(stamp: str | None) -> datetime | None:
    """RFC 3339 with up to nine digits of a second, cut to six; the engine's zero date means never."""
    if not stamp or stamp.startswith("0001-"):
        return None
    return _sane(datetime.fromisoformat(stamp[:40]).astimezone(UTC))


def _sane(found: datetime) -> datetime:
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError("a moment out of all time")
    return found


def logs_query(query: LogQuery) -> str:
    """What to ask an engine for: records with their moments."""
    asked = "logs?stdout=1&stderr=1&timestamps=1"
    asked += f"&tail={query.tail}" if query.tail is not None else ""
    asked += f"&since={unix_time(query.since)}" if query.since else ""
    return asked + ("&follow=1" if query.follow else "")


def events_query(since: datetime | None) -> str:
    """What to ask an engine for: the events that `event` understands."""
    filters = {"type": ["container"], "event": [str(action) for action in EventAction]}
    return f"events?filters={quote(json.dumps(filters))}" + (
        f"&since={since.timestamp():.6f}" if since else ""
    )


def event(host: str, told: bytes) -> Event | None:
    """A line of `GET /events`; None, and a line of our log, for what is none that was asked for."""
    try:
        answer = mapping(json.loads(told))
        return _event(host, answer) if answer.get("Type") == "container" else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as exc:
        logger.warning("%s: an event was not understood: %.200r (%s)", host, told, exc)
        return None


def _event(host: str, answer: Answer) -> Event:
    actor = mapping(answer["Actor"])
    facts = mapping(actor.get("Attributes"))
    word, _, more = text(answer["Action"]).partition(": ")  # "health_status: unhealthy"
    container_id = matching(_ID, actor["ID"])
    nanoseconds = whole(answer.get("timeNano")) or whole(answer.get("time")) * 10**9
    exit_code = facts.get("exitCode")
    signal = text(facts.get("signal"))
    return Event(
        host=host,
        action=EventAction(word),
        container_id=container_id,
        name=_event_name(facts.get("name")) or container_id[:12],
        at=_sane(_EPOCH + timedelta(microseconds=nanoseconds // 1000)),
        exit_code=None if exit_code is None else int(matching(_NUMBER, exit_code)),
        signal=int(signal) if _NUMBER.fullmatch(signal) else 0,
        health=Health(more) if more in set(Health) else None,
        labels=_labels(facts),
        old_name=_event_name(facts.get("oldName")),
    )


def _event_name(value: object) -> str:
    name = text(value).removeprefix("/")
    return name if _NAME.fullmatch(name) else ""
