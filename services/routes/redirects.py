"""Where plain HTTP is sent to HTTPS: by an entry point as a whole, or by routers. Pure."""

from collections.abc import Sequence

from services.domain.routing import Condition, EntryPoint, Middleware, Protocol, Router, Routing
from services.routes import rules
from services.routes.behind import Middlewares

_SCHEME, _REGEX = "redirectscheme", "redirectregex"


class Redirects:
    """Of one Traefik."""

    def __init__(self, routing: Routing) -> None:
        self._middlewares = Middlewares(routing)
        self._plain = {point.name: point for point in plain_points(routing.entry_points)}
        self._open = {name for name, point in self._plain.items() if not _all_sent(point)}
        self._by_domain: dict[str, set[str]] = {}  # the entry points that are plain no more
        self._wide: list[Router] = []
        for router in routing.routers:
            if self._open and self.is_one(router):
                self._note(router)

    def _note(self, router: Router) -> None:
        for domain in rules.domains(router):
            if domain and not domain.startswith("*"):
                self._by_domain.setdefault(domain, set()).update(router.entry_points)
            else:
                self._wide.append(router)

    def is_one(self, router: Router) -> bool:
        """Whether all that it does is to send plain HTTP to HTTPS."""
        return (
            router.protocol is Protocol.HTTP
            and router.tls is None
            and router.condition is not Condition.DISABLED
            and any(map(_sends, self._middlewares.of(router)))
        )

    def on_plain(self, router: Router) -> bool:
        """Whether it is there for plain HTTP alone."""
        return router.tls is None and any(name in self._plain for name in router.entry_points)

    def cover(self, domain: str) -> bool:
        """Whether plain HTTP of this domain is sent to HTTPS wherever it is taken; so it is, too, where it is not."""
        left = self._open - self._by_domain.get(domain, set())
        return all(
            any(name in router.entry_points and _asks_for(router, domain) for router in self._wide)
            for name in left
        )


def plain_points(points: Sequence[EntryPoint]) -> list[EntryPoint]:
    """Those that browsers reach with http://: on port 80 or, where another one is given out as that, named `web`."""
    usual = [each for each in points if each.protocol is Protocol.TCP and each.port == 80]
    return usual or [each for each in points if each.protocol is Protocol.TCP and each.name == "web"]


def _all_sent(point: EntryPoint) -> bool:
    return bool(point.redirects_to) and point.scheme == "https"


def _sends(middleware: Middleware) -> bool:
    """Where one that goes by a pattern leads to is not told: on plain HTTP it is believed to be HTTPS."""
    return middleware.condition is not Condition.DISABLED and (
        middleware.kind == _REGEX or (middleware.kind == _SCHEME and middleware.scheme == "https")
    )


def _asks_for(router: Router, domain: str) -> bool:
    return (
        rules.takes_all(router.rule)
        or rules.fits(router.rule, domain)
        or any(rules.names(known, domain) for known in router.domains)
    )
