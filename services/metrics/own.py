"""What the bot tells of itself at `/metrics`: each family of samples by its name, labels and meaning.

The names are a contract: rules, dashboards and the catalogue's queries stand on them. Label values are bounded by
what is configured or declared, and are never ids of people or chats, nor anything that somebody typed.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """As Prometheus knows them. A counter's name ends with `_total`, a histogram's is that before `_bucket`."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """name: as it is queried. text: one line of English, which is also its HELP."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    text: str


_HOST = ("host",)
_CONTAINER = ("host", "container")

HOST_UP = Family(
    "vakhta_host_up", Kind.GAUGE, _HOST, "1 while the watch has contact with the host's Docker, else 0"
)
RUNNING = Family(
    "vakhta_container_running",
    Kind.GAUGE,
    _CONTAINER,
    "1 while its state is running, else 0; absent while its host is not in contact",
)
EXPECTED_DOWN = Family(
    "vakhta_container_expected_down",
    Kind.GAUGE,
    _CONTAINER,
    "1 while it does not run and need not: stopped through the bot, finished, paused, or not judged yet, which lasts "
    "a minute at most; else 0",
)
STATE = Family(
    "vakhta_container_state",
    Kind.GAUGE,
    (*_CONTAINER, "state"),
    "1 for the state it is in: created, running, paused, restarting, removing, exited or dead; "
    "the others are absent",
)
HEALTH = Family(
    "vakhta_container_health",
    Kind.GAUGE,
    (*_CONTAINER, "health"),
    "1 for what its healthcheck says: starting, healthy or unhealthy; absent without a healthcheck",
)
RESTARTS = Family(
    "vakhta_container_restarts_total",
    Kind.COUNTER,
    _CONTAINER,
    "Starts of a container that was there before, by whomever, since the bot runs",
)

BUILD = Family("vakhta_build_info", Kind.GAUGE, ("version", "python"), "Always 1; the bot's version")
UPDATES = Family(
    "vakhta_updates_total", Kind.COUNTER, ("kind",), "Updates that were handled, by Telegram's kind of update"
)
COMMANDS = Family(
    "vakhta_commands_total",
    Kind.COUNTER,
    ("command", "outcome"),
    "Commands and presses. command: a name, `button:` and the button's kind, or other; "
    "outcome: done, failed (foreseen, and told), denied or broken",
)
COMMAND_SECONDS = Family(
    "vakhta_command_duration_seconds",
    Kind.HISTOGRAM,
    ("command",),
    "From an update's turn to the end of its handler, the answer sent",
)
CALL_SECONDS = Family(
    "vakhta_telegram_call_duration_seconds",
    Kind.HISTOGRAM,
    ("method",),
    "One try of a call to Telegram, without the wait for its turn; getUpdates waits for updates",
)
CALL_ERRORS = Family(
    "vakhta_telegram_errors_total",
    Kind.COUNTER,
    ("method", "kind"),
    "Tries that failed. kind: network, server, flood, refused, forbidden, conflict, token, moved or unreadable",
)
WAITING = Family(
    "vakhta_delivery_waiting", Kind.GAUGE, (), "Incidents that a chat has yet to be shown, summed over chats"
)
OLDEST = Family(
    "vakhta_delivery_oldest_seconds",
    Kind.GAUGE,
    (),
    "How long the oldest alert waits that no chat has been shown yet; 0 without one",
)
DELIVERIES = Family(
    "vakhta_deliveries_total",
    Kind.COUNTER,
    ("outcome",),
    "Messages of alerts. outcome: made, retried (goes again), closed (the chat takes none), "
    "lost (deleted there), refused or broken (given up, and the admins told)",
)
INBOX = Family("vakhta_inbox_entries", Kind.GAUGE, (), "Notifications that are stored and not yet taken in")
INBOX_BYTES = Family("vakhta_inbox_bytes", Kind.GAUGE, (), "Their size, as far as it is known")
NOTIFICATIONS = Family(
    "vakhta_notifications_received_total",
    Kind.COUNTER,
    ("origin",),
    "Notifications stored. origin: alertmanager (its webhook), watch (our own) or catch_up",
)
ALERTS = Family(
    "vakhta_alerts_received_total",
    Kind.COUNTER,
    ("origin", "status"),
    "Alerts in them, each time they are told. status: firing or resolved",
)
SSH = Family(
    "vakhta_ssh_connected", Kind.GAUGE, _HOST, "1 while there is an SSH connection to the host, else 0"
)
SSH_CONNECTIONS = Family(
    "vakhta_ssh_connections_total", Kind.COUNTER, _HOST, "SSH connections that were made to the host"
)
SSH_RECONNECTS = Family(
    "vakhta_ssh_reconnects_total", Kind.COUNTER, _HOST, "Those of them that came after a lost one"
)
LAG = Family(
    "vakhta_event_loop_lag_seconds",
    Kind.HISTOGRAM,
    (),
    "By how much the event loop was late for a timer, looked at twice a second",
)

OF_CONTAINERS = (HOST_UP, RUNNING, EXPECTED_DOWN, STATE, HEALTH, RESTARTS)
OF_THE_BOT = (
    BUILD, UPDATES, COMMANDS, COMMAND_SECONDS, CALL_SECONDS, CALL_ERRORS, WAITING, OLDEST, DELIVERIES, INBOX,
    INBOX_BYTES, NOTIFICATIONS, ALERTS, SSH, SSH_CONNECTIONS, SSH_RECONNECTS, LAG,
)  # fmt: skip
FAMILIES = (*OF_CONTAINERS, *OF_THE_BOT)
