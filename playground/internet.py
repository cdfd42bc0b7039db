"""What people outside would meet, simulated: the team's domains, their certificates, and what Traefik answers them.

No name is looked up and nothing leaves this machine: `lookup` knows the team's domains alone, and `dial` leads to Unix
sockets of this process. The certificates are those of an authority that whoever asks must be told to believe.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from aiohttp import web
from anyio.abc import ByteStream

from playground.engine.container import Container
from playground.engine.host import Host
from playground.loopback import Listener, Place
from playground.traefik.authority import Authority, Pair
from playground.traefik.certificates import row
from playground.traefik.state import State

ADDRESSES = {"server1": "203.0.113.1", "server2": "203.0.113.2"}  # of documentation: nobody has them
WEB, SECURE = 80, 443
TEAMS = ".tapbot.kz"
DAYS = 74.0  # until a certificate expires that nothing is wrong with
# Of others: the days that are left; None: there is none, so that Traefik shows its stopgap.
_FLAWED: Mapping[str, float | None] = {"pg.tapbot.kz": 5.3, "traefik1.tapbot.kz": None}
_DEFAULT = "TRAEFIK DEFAULT CERT"


@dataclass(frozen=True, slots=True)
class _Edge:
    """Of one host: where its Traefik meets the world. pairs: the certificates that it holds, by domain."""

    host: Host
    listeners: Mapping[int, Listener]
    pairs: Mapping[str, Pair]


class Internet:
    """An asynchronous context. directory: for certificates, keys and sockets; its path must be short.

    authority_file: PEM of whom to believe. lasting: of certificates that are not as they should be, by domain, how many
    days are left, or None for one that could not be had.
    """

    def __init__(self, directory: Path, lasting: Mapping[str, float | None] = _FLAWED) -> None:
        self.authority_file = directory / "authority.pem"
        self._directory = directory
        self._lasting = lasting
        self._authority = Authority()
        self._edges: dict[str, _Edge] = {}  # by address
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.authority_file.write_bytes, self._authority.root.pem)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def certificates(self, host: str) -> list[dict[str, Any]]:
        """As that host's Traefik tells of those that it holds."""
        edge = self._edges.get(ADDRESSES[host])
        return [row(pair.certificate) for pair in edge.pairs.values()] if edge else []

    async def open(self, host: Host) -> None:
        """From now on its domains can be reached."""
        lasting = {name: self._lasting.get(name, DAYS) for name in _domains(host)}
        pairs = {name: self._authority.leaf(name, days=days) for name, days in lasting.items() if days}
        stopgap = self._authority.stopgap(_DEFAULT)
        files = [self._directory / f"{host.name}-{name}.pem" for name in ("default", *pairs)]
        context = await asyncio.to_thread(_context, files, (stopgap, *pairs.values()))
        alive = host.find("traefik")
        listeners = {
            port: Listener(self._directory / f"{host.name}-{port}.out", lambda: alive.alive)
            for port in (WEB, SECURE)
        }
        for port, app in ((WEB, _redirecting()), (SECURE, _routing(host))):
            runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
            await runner.setup()
            self._stack.push_async_callback(runner.cleanup)
            secure = context if port == SECURE else None
            await web.UnixSite(runner, listeners[port].socket, ssl_context=secure).start()
        self._edges[ADDRESSES[host.name]] = _Edge(host, listeners, pairs)

    def listeners(self) -> dict[Place, Listener]:
        """All that can be reached by now."""
        return {
            (address, port): listener
            for address, edge in self._edges.items()
            for port, listener in edge.listeners.items()
        }

    async def lookup(self, name: str) -> Sequence[str]:
        """Addresses of one of the team's domains. Raises socket.gaierror: there is no such one, or nobody can tell."""
        found = [address for address, edge in self._edges.items() if name in _domains(edge.host)]
        if not found:
            code = socket.EAI_NONAME if name.endswith(TEAMS) else socket.EAI_AGAIN
            raise socket.gaierror(code, "the simulated internet knows the team's domains alone")
        return found

    async def dial(self, host: str, port: int) -> ByteStream:
        """To a name or an address. Raises OSError."""
        address = host if host in self._edges else (await self.lookup(host))[0]
        listener = self.listeners().get((address, port))
        if listener is None or not listener.alive():
            raise ConnectionRefusedError(f"nothing listens on {address}:{port}")
        return await anyio.connect_unix(listener.socket)


def _domains(host: Host) -> list[str]:
    """That its containers are to be asked for, whether they run or not."""
    return [name for container in host for name in _domains_of(container)]


def _domains_of(container: Container) -> Iterable[str]:
    rules = (text for key, text in container.spec.labels.items() if key.endswith(".rule"))
    return (rule.removeprefix("Host(`").removesuffix("`)") for rule in rules)


def _context(files: Sequence[Path], pairs: Sequence[Pair]) -> ssl.SSLContext:
    """The first pair is for names that none of the others is for. Blocks."""
    contexts: dict[str, ssl.SSLContext] = {}
    for file, pair in zip(files, pairs, strict=True):
        file.touch(mode=0o600)
        file.write_bytes(pair.pem_key + pair.pem)
        contexts[pair.name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[pair.name].load_cert_chain(file)

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name in contexts:
            connection.context = contexts[name]

    first = contexts[pairs[0].name]
    first.sni_callback = choose
    return first


def _redirecting() -> web.Application:
    async def redirect(request: web.Request) -> web.Response:
        where = f"https://{request.host}{request.path_qs}"
        return web.Response(status=308, text="Permanent Redirect", headers={"Location": where})

    return _application(redirect)


def _routing(host: Host) -> web.Application:
    state = State(host)

    async def answer(request: web.Request) -> web.Response:
        rule = f"Host(`{request.host.partition(':')[0]}`)"
        routers = [each for each in state.find("api/http/routers") if each["rule"] == rule]
        if not routers:
            return web.Response(status=404, text="404 page not found\n")
        if routers[0].get("middlewares"):
            challenge = {"WWW-Authenticate": 'Basic realm="traefik"'}
            return web.Response(status=401, text="401 Unauthorized\n", headers=challenge)
        return web.Response(text="A simulated service.\n")

    return _application(answer)


def _application(answer: Any) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app
