"""The Traefiks of all hosts that have one, each reached as its settings say."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services.domain.routing import Routing
from services.errors import ApiError, ApiTimeout, ApiUnreachable, NotConfigured
from services.http import Api, open_api
from services.outside.dial import Gateway, through
from services.traefik import API, Traefik
from services.traefik_metrics import Counters, counters

# In seconds: two hosts, one of them dead, are to be told of within two.
PATIENCE = 1.4


@dataclass(frozen=True, slots=True)
class TraefikAddress:
    """`url`: as `gateway` sees it, through which it is reached; as this machine does where that is None.

    metrics_url: of the page with its metrics, seen alike; "" for `metrics` below `url`.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    gateway: Gateway | None = None
    metrics_url: str = ""

    @property
    def metrics_login(self) -> tuple[str, str]:
        """Nobody is told it but the one it is for."""
        ours, theirs = urlsplit(self.url), urlsplit(self.metrics_url)
        return (self.username, self.password) if ours[:2] == theirs[:2] else ("", "")


@dataclass(frozen=True, slots=True)
class _Opened:
    """page: where its metrics are, below what `metrics` asks."""

    traefik: Traefik
    metrics: Api
    page: str
    gateway: Gateway | None


class Traefiks:
    """`hosts`: those that have one, in the order of the settings. Connections are kept alive, answers are not."""

    def __init__(self, opened: Mapping[str, _Opened]) -> None:
        self._opened = opened
        self.hosts = tuple(opened)

    async def routing(self, host: str, *, deadline: float = PATIENCE) -> Routing:
        """All that it says now. `deadline`: in seconds, for the whole.

        Raises ApiError, whose `host` is this one; through SSH HostSilent and ForwardRefused, too; NotConfigured.
        """
        opened = self._of(host)
        async with self._asking(host, opened, deadline):
            return await opened.traefik.routing(deadline=deadline)

    async def counters(self, host: str, *, deadline: float = PATIENCE) -> Counters:
        """What has gone through its services. Raises as `routing`, and MetricsOff."""
        opened = self._of(host)
        async with self._asking(host, opened, deadline):
            return await counters(opened.metrics, opened.page, deadline=deadline)

    def _of(self, host: str) -> _Opened:
        if (opened := self._opened.get(host)) is None:
            raise NotConfigured(f"hosts.{host}.traefik")
        return opened

    @asynccontextmanager
    async def _asking(self, host: str, opened: _Opened, deadline: float) -> AsyncIterator[None]:
        now = asyncio.get_running_loop().time
        ends = now() + deadline
        try:
            yield
        except ApiError as error:
            error.host = host
            if opened.gateway and isinstance(error, ApiTimeout | ApiUnreachable):
                await opened.gateway.doubt(deadline=ends - now())
            raise


@asynccontextmanager
async def open_traefiks(
    addresses: Mapping[str, TraefikAddress], context: ssl.SSLContext | None = None
) -> AsyncIterator[Traefiks]:
    """By host. Nothing is asked yet. context: see `services.http.open_api`."""
    async with AsyncExitStack() as stack:
        opened = {}
        for host, address in addresses.items():
            dial = through(address.gateway) if address.gateway else None
            login = address.username, address.password
            api = await stack.enter_async_context(
                open_api(API, address.url, *login, dial=dial, context=context)
            )
            metrics, page = api, "metrics"
            if address.metrics_url:
                root, page = _parted(address.metrics_url)
                metrics = await stack.enter_async_context(
                    open_api(API, root, *address.metrics_login, dial=dial, context=context)
                )
            opened[host] = _Opened(Traefik(api), metrics, page, address.gateway)
        yield Traefiks(opened)


def _parted(url: str) -> tuple[str, str]:
    """Where it is, and the path there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/") or "metrics"
