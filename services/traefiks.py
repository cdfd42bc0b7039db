"""The Traefiks of all hosts that have one, each reached as its settings say."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from services.domain.routing import Routing
from services.errors import ApiError, ApiTimeout, ApiUnreachable, NotConfigured
from services.outside.dial import Gateway, through
from services.traefik import Traefik, open_traefik

# In seconds: two hosts, one of them dead, are to be told of within two.
PATIENCE = 1.4


@dataclass(frozen=True, slots=True)
class TraefikAddress:
    """`url`: as `gateway` sees it, through which it is reached; as this machine does where that is None."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    gateway: Gateway | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    traefik: Traefik
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
        opened = self._opened.get(host)
        if opened is None:
            raise NotConfigured(f"hosts.{host}.traefik")
        now = asyncio.get_running_loop().time
        ends = now() + deadline
        try:
            return await opened.traefik.routing(deadline=deadline)
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
            traefik = await stack.enter_async_context(
                open_traefik(address.url, address.username, address.password, dial=dial, context=context)
            )
            opened[host] = _Opened(traefik, address.gateway)
        yield Traefiks(opened)
