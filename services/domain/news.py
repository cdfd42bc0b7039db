"""What engines themselves report: events as facts, and the stories that are told of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.containers import Health
from services.domain.spans import TimeSpan
from services.errors import HostError


class Deed(StrEnum):
    """Kind and action in the engine's own words: those that are worth telling. What a healthcheck does is not."""

    CREATE = "container create"
    START = "container start"
    RESTART = "container restart"
    KILL = "container kill"
    OOM = "container oom"
    DIE = "container die"
    STOP = "container stop"
    HEALTH = "container health_status"
    PAUSE = "container pause"
    UNPAUSE = "container unpause"
    RENAME = "container rename"
    DESTROY = "container destroy"
    CONNECT = "network connect"
    DISCONNECT = "network disconnect"
    NETWORK_CREATE = "network create"
    NETWORK_DESTROY = "network destroy"
    MOUNT = "volume mount"
    UNMOUNT = "volume unmount"
    VOLUME_CREATE = "volume create"
    VOLUME_DESTROY = "volume destroy"
    PULL = "image pull"
    LOAD = "image load"
    TAG = "image tag"
    UNTAG = "image untag"
    DELETE = "image delete"
    RELOAD = "daemon reload"

    @property
    def of_container(self) -> bool:
        return self.startswith("container ")


@dataclass(frozen=True, slots=True)
class Fact:
    """One event.

    at: the host's own time. name: of the container, network, volume or image as of then; old_name: what a RENAME
    took from it. id: its own, the volume's being its name. container: the id of the container that the fact is
    about, "" for none. exit_code: of a DIE. signal: of a KILL, by number, 0 where it is not known. health: of a
    HEALTH, None for a word that is not known.
    """

    deed: Deed
    at: datetime
    name: str
    id: str = ""
    container: str = ""
    old_name: str = ""
    exit_code: int | None = None
    signal: int = 0
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class History:
    """facts: oldest first. oldest: when the oldest event was, told or not, of all that came; None: none came."""

    facts: tuple[Fact, ...] = ()
    oldest: datetime | None = None


class What(StrEnum):
    """What a story tells. STOPPED was asked for, KILLED by a signal, FELL and FINISHED (exit 0) by nobody.

    RAN: started and finished soon after. MADE_ANEW: removed, and another one put in its place.
    """

    CREATED = "created"
    STARTED = "started"
    RESTARTED = "restarted"
    STOPPED = "stopped"
    KILLED = "killed"
    FELL = "fell"
    FINISHED = "finished"
    RAN = "ran"
    MADE_ANEW = "made_anew"
    REMOVED = "removed"
    RENAMED = "renamed"
    SIGNALLED = "signalled"
    OUT_OF_MEMORY = "out_of_memory"
    UNHEALTHY = "unhealthy"
    HEALTHY = "healthy"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    MOUNTED = "mounted"
    UNMOUNTED = "unmounted"
    NETWORK_CREATED = "network_created"
    NETWORK_REMOVED = "network_removed"
    VOLUME_CREATED = "volume_created"
    VOLUME_REMOVED = "volume_removed"
    PULLED = "pulled"
    LOADED = "loaded"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    DELETED = "deleted"
    RELOADED = "reloaded"


class Gravity(StrEnum):
    """How a story has left what it is about, the worst first; NOTED: it makes nothing better or worse."""

    DOWN = "down"
    UNWELL = "unwell"
    WELL = "well"
    AT_REST = "at_rest"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Story:
    """What belongs together, told at once: a restart is one story, not five.

    name: of the container or thing as of then, "" for the engine itself. container: its id, "" for a thing.
    at: when it happened, of several alike (`count`) the last; first: the first of them. back: when it was over:
    it runs again, is healthy again, goes on. healthy: when its healthcheck passed after that. ended: when
    something else put an end to it. removed: the container is gone.
    last: the newest moment of which it tells. signal: the last one sent to it. oom: it was out of memory.
    other: the network or volume of a container, or its name before.
    """

    what: What
    name: str
    at: datetime
    first: datetime
    last: datetime
    container: str = ""
    count: int = 1
    back: datetime | None = None
    healthy: datetime | None = None
    ended: datetime | None = None
    removed: bool = False
    exit_code: int | None = None
    signal: int = 0
    oom: bool = False
    other: str = ""

    @property
    def gravity(self) -> Gravity:
        if self.what not in _GRAVITY:
            return Gravity.NOTED
        lasting, over, removed = _GRAVITY[self.what]
        if self.removed:
            return removed
        return over if self.back or self.ended else lasting

    @property
    def in_trouble(self) -> bool:
        return self.gravity in (Gravity.DOWN, Gravity.UNWELL)


# As it is, once it is over, and with the container gone.
_GRAVITY = {
    What.CREATED: (Gravity.AT_REST, Gravity.WELL, Gravity.AT_REST),
    What.STARTED: (Gravity.WELL, Gravity.WELL, Gravity.AT_REST),
    What.RESTARTED: (Gravity.WELL, Gravity.WELL, Gravity.AT_REST),
    What.MADE_ANEW: (Gravity.WELL, Gravity.WELL, Gravity.AT_REST),
    What.STOPPED: (Gravity.AT_REST, Gravity.WELL, Gravity.AT_REST),
    What.KILLED: (Gravity.DOWN, Gravity.WELL, Gravity.AT_REST),
    What.FELL: (Gravity.DOWN, Gravity.UNWELL, Gravity.UNWELL),
    What.FINISHED: (Gravity.AT_REST, Gravity.UNWELL, Gravity.AT_REST),
    What.RAN: (Gravity.AT_REST, Gravity.AT_REST, Gravity.AT_REST),
    What.REMOVED: (Gravity.AT_REST, Gravity.AT_REST, Gravity.AT_REST),
    What.OUT_OF_MEMORY: (Gravity.UNWELL, Gravity.UNWELL, Gravity.UNWELL),
    What.UNHEALTHY: (Gravity.UNWELL, Gravity.WELL, Gravity.AT_REST),
    What.HEALTHY: (Gravity.WELL, Gravity.WELL, Gravity.AT_REST),
    What.PAUSED: (Gravity.UNWELL, Gravity.WELL, Gravity.AT_REST),
    What.UNPAUSED: (Gravity.WELL, Gravity.WELL, Gravity.AT_REST),
}


@dataclass(frozen=True, slots=True)
class HostNews:
    """One host. error: why nothing can be told of it.

    stories: of the time asked for, newest first; before: the newest older one. oldest: from when the engine
    remembers anything; None: it remembers nothing. in_part: the asker does not see the whole host. Then `oldest` is
    None: how far back an engine remembers tells how busy everything on it is.
    """

    host: str
    stories: tuple[Story, ...] = ()
    before: Story | None = None
    oldest: datetime | None = None
    in_part: bool = False
    error: HostError | None = None

    @property
    def troubled(self) -> tuple[Story, ...]:
        return tuple(story for story in self.stories if story.in_trouble)


@dataclass(frozen=True, slots=True)
class NewsReport:
    """Of the hosts that the asker may see, trouble first. host: the one that was asked for, "" for all."""

    hosts: tuple[HostNews, ...]
    span: TimeSpan
    at: datetime
    host: str = ""
