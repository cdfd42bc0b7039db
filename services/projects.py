"""Compose projects as a person sees them: made of the containers in that person's scope, on all hosts."""

import asyncio
from collections.abc import Sequence

from services.domain.access import Actor
from services.domain.projects import Project, ProjectKey, ProjectList, projects_of
from services.domain.reports import FleetReport
from services.errors import NoSuchHost, NoSuchProject
from services.fleet.fleet import Fleet
from services.fleet.names import nearest


class Projects:
    """Reads; what restarts them is `services.project_control.ProjectControl`."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def all(self, *, by: Actor) -> ProjectList:
        report = await self._fleet.overview(by=by)
        return await asyncio.to_thread(_listed, report)

    async def find(self, what: str | ProjectKey, *, by: Actor) -> Project:
        """`NAME` or `HOST/NAME`, in any case. Raises NoSuchProject, with those that the name fits, or near ones;
        HostSilent where no host answers, or the button's does not."""
        if isinstance(what, ProjectKey):
            return await self._find_by_key(what, by)
        found = await self.all(by=by)
        host, slash, name = what.strip("/").lower().rpartition("/")
        fitting = [
            each
            for each in found.projects
            if each.name.lower() == name and (not slash or each.host.lower() == host)
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise NoSuchProject(what, _pairs(fitting), fits=True)
        if found.silent and not found.projects:
            raise found.silent[0]
        near = nearest(name, {each.name for each in found.projects})
        pairs = [pair for each in near for pair in _pairs(found.projects) if pair[1] == each]
        raise NoSuchProject(what, tuple(pairs), silent=found.silent)

    async def _find_by_key(self, wanted: ProjectKey, by: Actor) -> Project:
        try:
            (report,) = (await self._fleet.overview(by=by, host=wanted.host)).hosts
        except NoSuchHost as error:
            raise NoSuchProject("") from error
        if report.silence:
            raise report.silence
        for project in await asyncio.to_thread(projects_of, report.host, report.containers):
            if project.key == wanted.key:
                return project
        raise NoSuchProject("")


def _listed(report: FleetReport) -> ProjectList:
    found = [project for host in report.hosts for project in projects_of(host.host, host.containers)]
    found.sort(key=lambda each: (each.rank, each.name, each.host))
    return ProjectList(tuple(found), tuple(host.silence for host in report.hosts if host.silence), report.at)


def _pairs(projects: Sequence[Project]) -> tuple[tuple[str, str], ...]:
    return tuple((each.host, each.name) for each in projects)
