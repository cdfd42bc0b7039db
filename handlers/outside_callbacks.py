"""Typed data of the buttons below routes, certificates, checks and probes; what all buttons share is in `callbacks`."""

from typing import Annotated, Literal

from pydantic import Field

from handlers.callbacks import Press, Token


class RouteList(Press, prefix="rt"):
    """The routes of all hosts, or of one, at a page, in the same message."""

    host: str = ""
    page: Annotated[int, Field(ge=0, lt=1000)] = 0


class RouteCard(Press, prefix="rc"):
    """One route, in the same message. `key`: its `route_key`. page, alone: of the list that leads here, and whether
    that is of its host alone."""

    host: str
    key: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    page: Annotated[int, Field(ge=0, lt=1000)] = 0
    alone: bool = False

    @property
    def back(self) -> RouteList:
        return RouteList(asker=self.asker, host=self.host if self.alone else "", page=self.page)


class ProbeList(Press, prefix="ul"):
    """How the probes stand, at a page (from 0), in the same message."""

    page: Annotated[int, Field(ge=0, lt=10**4)] = 0


class ProbePicture(Press, prefix="u"):
    """One probe, with a picture of so much time; opens: in a message of its own."""

    name: Annotated[str, Field(max_length=40)]
    reach: Literal["24h", "7d", "30d"] = "24h"
    opens: bool = False


class Check(Press, prefix="chk"):
    """Check a domain, in a message of its own. `key`: `Domain.key`."""

    key: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]


class CheckAgain(Press, prefix="chka"):
    """The same once more, in the same message. `token`: of what was checked."""

    token: Token


class CheckList(Press, prefix="chkl"):
    """A page of the domains that can be checked, in the same message."""

    page: Annotated[int, Field(ge=0, lt=10**4)] = 0


class CertList(Press, prefix="crt"):
    """All certificates, in the same message."""


class TrafficTurn(Press, prefix="tf"):
    """What goes through Traefik, at a page (from 0), in the same message. host, key: as in `TrafficReport`."""

    host: str = ""
    key: Annotated[str, Field(pattern="^([0-9a-f]{12})?$")] = ""
    page: Annotated[int, Field(ge=0, lt=1000)] = 0
