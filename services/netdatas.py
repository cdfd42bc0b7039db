"""The Netdatas of all hosts that have one, each reached as its settings say."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from services.errors import NotConfigured
from services.http import open_api
from services.netdata import API, Netdata
from services.outside.dial import Gateway, through


@dataclass(frozen=True, slots=True)
class NetdataAddress:
    """`url`: as `gateway` sees it, through which it is reached; as this machine does where that is None."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    gateway: Gateway | None = None


class Netdatas:
    """`hosts`: those that have one, in the order of the settings. Connections are kept alive, answers are not."""

    def __init__(self, opened: Mapping[str, Netdata]) -> None:
        self._opened = opened
        self.hosts = tuple(opened)

    def of(self, host: str) -> Netdata:
        """Raises NotConfigured."""
        found = self._opened.get(host)
        if found is None:
            raise NotConfigured(f"hosts.{host}.netdata")
        return found


@asynccontextmanager
async def open_netdatas(
    addresses: Mapping[str, NetdataAddress], context: ssl.SSLContext | None = None
) -> AsyncIterator[Netdatas]:
    """By host. `url` is the one below which `api/` is. Nothing is asked yet. context: see `services.http.open_api`."""
    async with AsyncExitStack() as stack:
        opened = {}
        for host, address in addresses.items():
            dial = through(address.gateway) if address.gateway else None
            api = await stack.enter_async_context(
                open_api(API, address.url, address.username, address.password, dial=dial, context=context)
            )
            opened[host] = Netdata(api, host, address.gateway)
        yield Netdatas(opened)
