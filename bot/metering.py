"""The settings of metrics: those beside the shipped ones, and Grafana."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot import values
from bot.blocks import Block
from services.domain.metrics import Group, Level, Metric, NetdataChart, Thresholds, Unit


class Limits(Block):
    """See `Thresholds`."""

    warning: float | None = None
    critical: float | None = None
    below: bool = False


class Chart(Block):
    """See `NetdataChart`."""

    chart: Annotated[str, Field(min_length=1, max_length=200)]
    dimensions: tuple[str, ...] = ()
    factor: float = 1
    share: bool = False


class MetricBlock(Block):
    """A row of the catalogue, by its id. promql: `$host`, `$container` and `$window` are put in."""

    title: Annotated[str, Field(min_length=1, max_length=80)]
    promql: Annotated[str, Field(min_length=1, max_length=4000)]
    unit: Unit = Unit.COUNT
    level: Level = Level.TEAM
    group: Group = Group.APPLICATION
    thresholds: Limits = Limits()
    netdata: Chart | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.netdata and self.level is not Level.HOST:
            raise ValueError("netdata knows figures of hosts: leave it out, or say level: host")
        return self

    def metric(self, name: str) -> Metric:
        limits, chart = self.thresholds, self.netdata
        return Metric(
            name, self.title, self.unit, self.level, self.promql, "", self.group,
            Thresholds(limits.warning, limits.critical, limits.below),
            NetdataChart(chart.chart, chart.dimensions, chart.factor, chart.share) if chart else None,
            own=False,
        )  # fmt: skip


class Grafana(Block):
    """url: as a person's browser finds it. token: a service account's, to write annotations; none are without."""

    url: Annotated[str, AfterValidator(values.web_address)]
    token: SecretStr | None = None
