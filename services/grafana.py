"""Grafana: links to the team's dashboards."""

from datetime import datetime
from urllib.parse import urlencode

from services.domain.metrics import Graph, Group

# The uids of the dashboards that are shipped in deploy/monitoring.
DASHBOARDS: dict[Group, str] = {
    Group.SYSTEM: "vakhta-infrastructure",
    Group.APPLICATION: "vakhta-applications",
    Group.BUSINESS: "vakhta-business",
    Group.SECURITY: "vakhta-security",
}


class Dashboards:
    """url: where people's browsers find Grafana, perhaps below a path."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def of(self, graph: Graph) -> str:
        """Where the same is, over the same time."""
        host, _slash, container = graph.subject.partition("/")
        return self.link(graph.metric.group, graph.start, graph.end, host, container)

    def link(
        self, group: Group, start: datetime, end: datetime, host: str = "", container: str = ""
    ) -> str:
        """host, container: the variables of that name, left as the dashboard has them where they are ""."""
        asked = {"from": str(_milliseconds(start)), "to": str(_milliseconds(end))}
        asked |= {"var-host": host} if host else {}
        asked |= {"var-container": container} if container else {}
        return f"{self._url}/d/{DASHBOARDS[group]}?{urlencode(asked)}"


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
