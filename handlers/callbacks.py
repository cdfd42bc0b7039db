"""Typed callback data. A button's data is 64 bytes at most, so containers go by `ContainerKey`.

Every button remembers its asker: whoever presses acts with the crossing of both scopes, so a press
never shows a group more than the message was made to show.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.words import LANGUAGES
from services.domain.access import Action, Actor
from services.domain.containers import ContainerKey
from services.domain.spans import TimeSpan

Act = Literal["card", "logs", "follow", "stats", "restart", "stop", "up"]

ACT_OF_ACTION: dict[Action, Act] = {Action.RESTART: "restart", Action.STOP: "stop", Action.START: "up"}
ACTION_OF_ACT: dict[str, Action] = {act: action for action, act in ACT_OF_ACTION.items()}


NOBODY = "0"  # as the asker: below an alert, which answers nobody, so whoever presses asks for himself


def asker_of(actor: Actor) -> str:
    """A person's id as buttons carry it."""
    return f"{actor.id:x}"


class Press(CallbackData, prefix="_"):
    """What all buttons carry: the person whom the message answers, by id in hex (52 bits at most)."""

    asker: Annotated[str, Field(pattern="^[0-9a-f]{1,13}$")]

    @property
    def asker_id(self) -> int:
        return int(self.asker, 16)


class Overview(Press, prefix="s"):
    """The fleet, or one host, at a page (from 0), in the same message."""

    host: str = ""
    page: Annotated[int, Field(ge=0, lt=10**6)] = 0


class Pick(Press, prefix="p"):
    """A page of the picker for an act, in the same message."""

    act: Act
    page: Annotated[int, Field(ge=0, lt=10**6)] = 0


class _OfContainer(Press, prefix="_c"):
    act: Act
    host: str
    key: str

    @property
    def container(self) -> ContainerKey:
        return ContainerKey(self.host, self.key)


class Open(_OfContainer, prefix="c"):
    """An act upon one container, answered by a message of its own."""


class Renew(_OfContainer, prefix="r"):
    """The card, the figures or the log lines once more, in the same message."""

    lines: Annotated[int, Field(ge=0, lt=10**6)] = 0


class LogTurn(Press, prefix="lg"):
    """From a page of logs to another one, in the same message; `file`: to all its lines, in a new one.

    token: of the page. lines: how many, where `act` leaves it open.
    """

    token: Annotated[str, Field(max_length=16)]
    act: Literal["older", "newer", "size", "renew", "file", "restart"]
    lines: Annotated[int, Field(ge=0, lt=10**6)] = 0


class Confirm(Press, prefix="y"):
    """The answer to a confirmation."""

    token: str
    yes: bool


class AuditPage(Press, prefix="a"):
    """Entries of the audit older than `before` (its sequence number); 0: the newest."""

    before: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Speak(Press, prefix="w"):
    """The presser's own choice of a language; own: as Telegram says; ask: nothing yet, in the same message."""

    language: Annotated[str, Field(pattern=f"^(ask|own|{'|'.join(LANGUAGES)})$")] = "ask"


class Go(Press, prefix="m"):
    """A screen of `/menu`, in the same message: the first one, the containers of `host`, or the one that `key` names.

    page: from 0, of the hosts or of the host's containers; that of a container is where it stands in its host.
    """

    host: str = ""
    key: str = ""
    page: Annotated[int, Field(ge=0, lt=10**4)] = 0


class AlertPage(Press, prefix="l"):
    """A page of what fires, in the same message."""

    page: Annotated[int, Field(ge=0, lt=10**6)] = 0


class SilenceList(Press, prefix="hl"):
    """What is silenced, in the same message."""


class Hush(Press, prefix="h"):
    """Make a silence longer, or end it. `id`: Alertmanager's (a UUID), or ours."""

    id: Annotated[str, Field(pattern="^[0-9a-fA-F-]{1,36}$")]
    act: Literal["extend", "expire"]


Token = Annotated[str, Field(pattern="^[0-9A-Za-z_-]{8}$")]
FollowNumber = Annotated[str, Field(pattern="^[0-9a-f]{1,8}$")]


class Follow(Press, prefix="f"):
    """Begin to follow the containers of a page of logs, in a message of its own. `token`: of the page."""

    token: Token


class GoOn(Press, prefix="fg"):
    """Follow the same again, in the message of the one that has ended. `token`: of its `FollowQuestion`."""

    token: Token


class StopFollow(Press, prefix="fs"):
    """`number`: the follow's, in hex."""

    number: FollowNumber


class StopAny(Press, prefix="fa"):
    """As `StopFollow`, below a choice of several; 0: all of the presser's in this chat."""

    number: FollowNumber


class AskPattern(Press, prefix="ga"):
    """Ask what is to be searched for in the logs of a page (its token), in one container's, or in all."""

    token: Annotated[str, Field(max_length=16)] = ""
    host: str = ""
    key: str = ""


SearchAct = Literal["on", "on_here", "again", "fold", "always", "everywhere", "quoted", "context", "file"]


class SearchTurn(Press, prefix="g"):
    """From what a search has found to more of it. `token`: of the search.

    on: further back, in a message of its own; on_here: in the same one, which shows no hit. again: anew, in the same
    message; fold: without regard to case; always: at any time; everywhere: in all logs; quoted: as it was typed, with
    quotes. context: the same hits with the lines around them. file: all hits, in a message of its own.
    """

    token: Annotated[str, Field(max_length=16)]
    act: SearchAct


class CancelSearch(Press, prefix="gc"):
    """`token`: of the run."""

    token: Annotated[str, Field(max_length=16)]


IncidentId = Annotated[str, Field(pattern="^[0-9a-f]{8}$")]


class Ack(CallbackData, prefix="k"):
    """Acknowledge an incident's alerts numbered up to `upto`: those that the message showed."""

    incident: IncidentId
    upto: Annotated[int, Field(ge=0, lt=10**15)]


class AckListed(CallbackData, prefix="kl"):
    """As `Ack`, below a list of what waits."""

    incident: IncidentId
    upto: Annotated[int, Field(ge=0, lt=10**15)]


class AckAll(CallbackData, prefix="ka"):
    """All of a digest. `post`: the id of its `Post`."""

    post: Annotated[str, Field(pattern="^[0-9a-z]{1,40}$")]


class Release(CallbackData, prefix="kr"):
    incident: IncidentId


class Mute(CallbackData, prefix="q"):
    """Silence, step by step: what is left open is asked next; `fold`: the question goes away."""

    incident: IncidentId
    span: Literal["", "container", "host", "name", "group"] = ""
    hold: Literal["", "1h", "4h", "24h", "morning"] = ""
    fold: bool = False


class Unmute(CallbackData, prefix="qu"):
    incident: IncidentId


HexSeconds = Annotated[str, Field(pattern="^[0-9a-f]{0,8}$")]


class News(Press, prefix="n"):
    """What engines report, in the same message. `host`: "" for all. `hours`: so many back from the press.

    since, until: where it is 0, the ends of the time, in seconds since 1970, in hex; "" for an open one.
    """

    host: str = ""
    hours: Annotated[int, Field(ge=0, le=99)] = 1
    since: HexSeconds = ""
    until: HexSeconds = ""
    page: Annotated[int, Field(ge=0, lt=1000)] = 0

    @classmethod
    def of(cls, asker: str, host: str, span: TimeSpan) -> "News":
        return cls(asker=asker, host=host, hours=0, since=_hex(span.since), until=_hex(span.until))

    def span(self, now: datetime) -> TimeSpan:
        if self.hours:
            return TimeSpan(now - timedelta(hours=self.hours))
        return TimeSpan(_moment(self.since), _moment(self.until))


def _hex(moment: datetime | None) -> str:
    return "" if moment is None else f"{min(max(int(moment.timestamp()), 0), 2**32 - 1):x}"


def _moment(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text, 16), UTC) if text else None


ACTION_OF_PRESS: dict[type, Action] = {
    Ack: Action.ACKNOWLEDGE,
    AckListed: Action.ACKNOWLEDGE,
    AckAll: Action.ACKNOWLEDGE,
    Release: Action.RELEASE,
    Mute: Action.SILENCE,
    Unmute: Action.UNSILENCE,
    Hush: Action.SILENCE,
    SilenceList: Action.SILENCE,
}
