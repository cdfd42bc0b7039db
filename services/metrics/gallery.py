"""All that a picture of a metric takes."""

from dataclasses import dataclass

from services.grafana import Dashboards
from services.metrics.available import Availability
from services.metrics.graphs import Graphs
from services.pictures.pictures import Pictures
from services.themes import Themes


@dataclass(frozen=True, slots=True)
class Gallery:
    """dashboards: None where there is no Grafana."""

    graphs: Graphs
    availability: Availability
    pictures: Pictures
    themes: Themes
    dashboards: Dashboards | None
