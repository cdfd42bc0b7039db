"""Who may do what to which container: roles, scopes and the one rule that joins them.

Deny is the default. People are known by numeric id only; a scope narrows what a role allows
and also what is shown: what a person may not touch, that person does not see.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from fnmatch import fnmatchcase


class Role(IntEnum):
    """Ordered: each role may all that the one below it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class Action(StrEnum):
    """What a person asks for, named as in the audit."""

    READ = "read"
    START = "start"
    RESTART = "restart"
    STOP = "stop"
    READ_AUDIT = "read_audit"
    ACKNOWLEDGE = "acknowledge"
    RELEASE = "release"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    PRUNE = "prune"
    QUERY = "query"


CHANGES = frozenset({Action.RESTART, Action.STOP, Action.START})

REQUIRED_ROLE = {
    Action.READ: Role.VIEWER,
    Action.START: Role.OPERATOR,
    Action.RESTART: Role.OPERATOR,
    Action.STOP: Role.OPERATOR,
    Action.READ_AUDIT: Role.ADMIN,
    Action.ACKNOWLEDGE: Role.OPERATOR,
    Action.RELEASE: Role.OPERATOR,
    Action.SILENCE: Role.OPERATOR,
    Action.UNSILENCE: Role.OPERATOR,
    Action.PRUNE: Role.ADMIN,
    Action.QUERY: Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Globs of `host/container` in layers: a container is inside when every layer has a glob for it.

    A person's scope is one layer; crossing it with a chat's scope adds the chat's layer, so a
    crossing can only narrow. `*` never reaches across the slash. A scope without layers covers nothing.
    """

    layers: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, *globs: str) -> "Scope":
        return cls((globs,))

    def __and__(self, other: "Scope") -> "Scope":
        if not self.layers or not other.layers:
            return Scope(())
        return Scope(tuple(dict.fromkeys(self.layers + other.layers)))

    def covers(self, host: str, container: str) -> bool:
        """Whether this container may be seen at all."""
        return bool(self.layers) and all(
            any(_matches(glob, host, container) for glob in layer) for layer in self.layers
        )

    def covers_host(self, host: str) -> bool:
        """Whether the host as a whole is inside: every layer holds `host/*` or wider."""
        return bool(self.layers) and all(
            any(glob.endswith("/*") and fnmatchcase(host, glob[:-2]) for glob in layer)
            for layer in self.layers
        )

    def reaches(self, host: str) -> bool:
        """Whether anything there may be inside."""
        return bool(self.layers) and all(
            any(fnmatchcase(host, glob.partition("/")[0]) for glob in layer) for layer in self.layers
        )

    def covers_subject(self, host: str, container: str) -> bool:
        """What is about a host needs the whole host, what is about none everything."""
        if not host:
            return self.covers_everything()
        return self.covers(host, container) if container else self.covers_host(host)

    def includes(self, other: "Scope") -> bool:
        """Whether all that `other` covers is surely covered here too: each layer is one of its layers, or `*/*`."""
        return bool(self.layers) and all(layer in other.layers or "*/*" in layer for layer in self.layers)

    def covers_everything(self) -> bool:
        """Whether nothing at all is hidden: what a message without a host needs."""
        return bool(self.layers) and all("*/*" in layer for layer in self.layers)


def _matches(glob: str, host: str, container: str) -> bool:
    host_glob, _, container_glob = glob.partition("/")
    return fnmatchcase(host, host_glob) and fnmatchcase(container, container_glob)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting now, in one chat: `scope` is already the person's crossed with the chat's."""

    id: int
    name: str
    role: Role
    scope: Scope
    chat: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What an action is aimed at. `protected` containers change only under an admin's hand."""

    host: str
    container: str
    protected: bool = False


class Denial(Enum):
    """Why not. OUT_OF_SCOPE is never told apart from "there is no such container"."""

    OUT_OF_SCOPE = "out_of_scope"
    ROLE = "role"
    PROTECTED = "protected"


def may(actor: Actor, action: Action, target: Target | None = None) -> Denial | None:
    """The one rule of access; None means yes."""
    if target is not None and not actor.scope.covers(target.host, target.container):
        return Denial.OUT_OF_SCOPE
    if actor.role < REQUIRED_ROLE[action]:
        return Denial.ROLE
    if target is not None and target.protected and action in CHANGES and actor.role < Role.ADMIN:
        return Denial.PROTECTED
    return None
