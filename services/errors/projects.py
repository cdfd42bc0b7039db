"""Compose projects: not there, or not to be restarted as a whole."""

from dataclasses import dataclass

from services.errors.asking import NotFound
from services.errors.base import VakhtaError
from services.errors.hosts import HostSilent


@dataclass(eq=False)
class NoSuchProject(NotFound):
    """`near`: (host, name) of those that may have been meant, nearest first, all in the asker's scope.

    `name` is "" when a button stood for it. fits: the name fits each of them, so that nobody knows which is meant.
    silent: hosts that do not answer, where it may be after all.
    """

    name: str
    near: tuple[tuple[str, str], ...] = ()
    fits: bool = False
    silent: tuple[HostSilent, ...] = ()


@dataclass(eq=False)
class ProjectBarred(VakhtaError):
    """It is restarted as a whole or not at all. protected: containers that are, for whom only `who` may; without any, a
    part of it is out of the asker's scope."""

    name: str
    protected: tuple[str, ...] = ()
    who: tuple[str, ...] = ()


@dataclass(eq=False)
class ProjectIdle(VakhtaError):
    """All of it is stopped on purpose."""

    name: str


@dataclass(eq=False)
class ProjectBusy(VakhtaError):
    """It is being restarted. by: the name of whoever asked for that."""

    name: str
    by: str
