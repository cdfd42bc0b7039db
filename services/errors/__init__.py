"""Every error a service raises. Each carries facts, never prose: words are put to it in `handlers/views`.

VakhtaError
├── Denied                 the person may not do this (role or protection; what is out of scope is NotFound)
├── NotFound
│   ├── NoSuchContainer    with the nearest names
│   ├── NoSuchHost         with the nearest names
│   ├── NoSuchRoute        with the nearest ones
│   ├── NoSuchDomain       with the nearest ones
│   ├── NoSuchProbe        with the nearest names
│   ├── NoSuchService      with the nearest names
│   ├── NoSuchProject      with the nearest ones
│   └── NoSuchMetric       with the nearest ids
├── NoSource               nothing of the settings knows the metric
├── MetricTooWide          it is about hosts, or about everything, and was asked of less
├── NoDomain               none leads to the container
├── TargetRefused          an address that is written oddly, or that may not be asked
├── Ambiguous              the name fits several containers
├── NotUnderstood          a word that is no name, nor anything else that may stand there
├── PlanGone               the confirmation was used, cancelled or has expired
├── NotYourPlan            somebody else asked
├── Forgotten              what a button stands for is not known any more: the message is too old
├── PatternRefused         what is looked for is no pattern, or one that would cost too much
├── SearchesFull           too many searches run already
├── NotYourSearch          somebody else's is not ended
├── FollowsFull            too many logs are followed already
├── NotYourFollow          somebody else's is not stopped
├── NotFollowed            it has ended already, or never was
├── TooManyLogs            more containers than can be followed at a time
├── OwnContainer           the bot would stop itself
├── AlreadySo              it runs, or is stopped, as asked
├── ProjectBarred          a part of the project is protected or out of scope
├── ProjectIdle            all of the project is stopped on purpose
├── ProjectBusy            the project is being restarted already
├── NotConfigured          the settings do not have what was asked about
├── HostError              something about one host
│   ├── HostSilent         no contact, with the reason and since when
│   ├── EngineRefused      the engine answered with an error
│   ├── ContainerGone      the id is not there any more
│   ├── LogsUnreadable     the container's log driver keeps nothing to read
│   ├── ForwardRefused     through its SSH connection an address cannot be reached
│   └── DeadlineExceeded   no answer in time; the act may still be under way
├── NoSuchIncident         it is over, or not in the person's sight
├── AlreadyTaken           somebody has acknowledged it
├── NoSuchSilence          it has ended, or never was
├── PictureError           something about one picture
│   ├── PictureFailed      it cannot be drawn, or the process that draws has ended twice over it
│   ├── PictureTooSlow     it was not there in time
│   └── PicturesFull       too many wait for theirs already
├── DeliveryError          something about one message to a chat
│   ├── ChatClosed         the chat is gone, or does not let us write
│   ├── MessageLost        the message cannot be edited or answered any more
│   ├── MessageRefused     Telegram does not take it as it is
│   └── NotDelivered       it may go later
├── ApiError               something about one of the HTTP APIs, which `api` names
│   ├── ApiUnreachable     no contact, or it was lost before the answer was whole
│   ├── ApiTimeout         no whole answer in time; what was asked may still be carried out
│   ├── MetricsOff         it serves no metrics of its own
│   ├── ApiRefusedLogin    401 or 403: the credentials are missing, wrong, or not enough
│   ├── ApiRefused         any other error answer, with the API's own words
│   │   └── QueryRefused   a query that is none, with the place
│   └── ApiNotUnderstood   an answer, but none of this API's, such as broken JSON
│       ├── ApiTooOld      of a version that is not spoken any more
│       ├── ApiRedirects   elsewhere: to a login, or to HTTPS
│       └── ApiBehindPage  a page for people, such as a login's
└── StoreError
    ├── StoreUnavailable   could not be read or written
    │   └── RecordUnreadable   one record, by its bytes: the others can be
    └── StoreTooNew        written by a newer Vakhta
"""

from services.errors.alerts import (
    AlreadyTaken,
    NoSuchIncident,
    NoSuchSilence,
)
from services.errors.apis import (
    ApiBehindPage,
    ApiError,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiTooOld,
    ApiUnreachable,
    MetricsOff,
    NotConfigured,
    QueryRefused,
)
from services.errors.asking import (
    AlreadySo,
    Ambiguous,
    Denied,
    Forgotten,
    MetricTooWide,
    NoDomain,
    NoSource,
    NoSuchContainer,
    NoSuchDomain,
    NoSuchHost,
    NoSuchMetric,
    NoSuchProbe,
    NoSuchRoute,
    NoSuchService,
    NotFound,
    NotUnderstood,
    NotYourPlan,
    OwnContainer,
    PlanGone,
    TargetRefused,
)
from services.errors.base import (
    VakhtaError,
)
from services.errors.delivery import (
    ChatClosed,
    DeliveryError,
    MessageLost,
    MessageRefused,
    NotDelivered,
)
from services.errors.hosts import (
    ContainerGone,
    DeadlineExceeded,
    EngineRefused,
    ForwardRefused,
    HostError,
    HostSilent,
    LogsUnreadable,
    Silence,
)
from services.errors.logs import (
    Fault,
    FollowsFull,
    NotFollowed,
    NotYourFollow,
    NotYourSearch,
    PatternRefused,
    SearchesFull,
    TooManyLogs,
)
from services.errors.pictures import (
    PictureError,
    PictureFailed,
    PicturesFull,
    PictureTooSlow,
)
from services.errors.projects import (
    NoSuchProject,
    ProjectBarred,
    ProjectBusy,
    ProjectIdle,
)
from services.errors.store import (
    RecordUnreadable,
    StoreError,
    StoreTooNew,
    StoreUnavailable,
)

__all__ = [
    "AlreadySo",
    "AlreadyTaken",
    "Ambiguous",
    "ApiBehindPage",
    "ApiError",
    "ApiNotUnderstood",
    "ApiRedirects",
    "ApiRefused",
    "ApiRefusedLogin",
    "ApiTimeout",
    "ApiTooOld",
    "ApiUnreachable",
    "ChatClosed",
    "ContainerGone",
    "DeadlineExceeded",
    "DeliveryError",
    "Denied",
    "EngineRefused",
    "Fault",
    "FollowsFull",
    "Forgotten",
    "ForwardRefused",
    "HostError",
    "HostSilent",
    "LogsUnreadable",
    "MessageLost",
    "MessageRefused",
    "MetricTooWide",
    "MetricsOff",
    "NoDomain",
    "NoSource",
    "NoSuchContainer",
    "NoSuchDomain",
    "NoSuchHost",
    "NoSuchIncident",
    "NoSuchMetric",
    "NoSuchProbe",
    "NoSuchProject",
    "NoSuchRoute",
    "NoSuchService",
    "NoSuchSilence",
    "NotConfigured",
    "NotDelivered",
    "NotFollowed",
    "NotFound",
    "NotUnderstood",
    "NotYourFollow",
    "NotYourPlan",
    "NotYourSearch",
    "OwnContainer",
    "PatternRefused",
    "PictureError",
    "PictureFailed",
    "PictureTooSlow",
    "PicturesFull",
    "PlanGone",
    "ProjectBarred",
    "ProjectBusy",
    "ProjectIdle",
    "QueryRefused",
    "RecordUnreadable",
    "SearchesFull",
    "Silence",
    "StoreError",
    "StoreTooNew",
    "StoreUnavailable",
    "TargetRefused",
    "TooManyLogs",
    "VakhtaError",
]
