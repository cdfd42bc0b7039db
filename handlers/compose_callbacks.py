"""Typed data of the buttons below `/compose`."""

from typing import Annotated

from pydantic import Field

from handlers.callbacks import Press
from services.domain.projects import ProjectKey

_Page = Annotated[int, Field(ge=0, lt=1000)]


class ProjectPage(Press, prefix="co"):
    """The projects of all hosts, at a page (from 0), in the same message."""

    page: _Page = 0


class _OfProject(Press, prefix="_co"):
    host: str
    key: str

    @property
    def project(self) -> ProjectKey:
        return ProjectKey(self.host, self.key)


class ProjectCard(_OfProject, prefix="cp"):
    """One project, at a page of its containers, in the same message. opens: in a message of its own."""

    page: _Page = 0
    opens: bool = False


class ProjectLogs(_OfProject, prefix="cl"):
    """The newest lines of all its containers, in a message of its own."""


class ProjectRestart(_OfProject, prefix="cr"):
    """The question, in a message of its own."""


class ProjectConfirm(Press, prefix="cy"):
    """The answer to the question."""

    token: Annotated[str, Field(max_length=24)]
    yes: bool


class ProjectStop(Press, prefix="cs"):
    """No more containers after the one that is being restarted."""

    token: Annotated[str, Field(max_length=24)]
