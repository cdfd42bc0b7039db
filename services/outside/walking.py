"""The way of a request from one place, step by step: name, connection, TLS, answer, and on where it redirects to."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TypeVar

import anyio
import h11
from anyio.abc import ByteStream

from services.domain.certificates import CertificateFault, Handshake
from services.domain.checks import MOST_HOPS, CheckFault, Hop, Sight, Step, Wrong
from services.errors import ForwardRefused, HostError, TargetRefused
from services.outside.addresses import AddressKind, kind_of
from services.outside.dial import Dial, direct
from services.outside.resolving import Resolving
from services.outside.targets import WEB, Oddity, Target, following
from services.outside.tls import HandshakeFailed, Handshakes, Secured
from services.ports import Clock

# In seconds. Of several addresses each has its share of the connection's time.
CONNECTING, SHAKING, ANSWERING = 5.0, 5.0, 10.0
_MOST_TRIED = 3
_MOST_HEADERS = 64 << 10
_MOST_FORERUNNERS = 20  # answers of 1xx before the real one
_REDIRECTS = (301, 302, 303, 307, 308)
_STREAM_ENDS = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """From where. host: through whose SSH connection; "" from the bot itself."""

    host: str = ""
    dial: Dial = direct


HERE = Place()


class _Failed(Exception):
    def __init__(self, fault: CheckFault | CertificateFault, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault, self.detail = fault, detail


@dataclass(slots=True)
class _Going:
    """A hop as far as it has got."""

    target: Target
    seconds: list[tuple[Step, float]] = field(default_factory=list)
    addresses: tuple[str, ...] = ()
    address: str = ""
    handshake: Handshake | None = None
    status: int = 0
    reason: str = ""
    following: Target | None = None
    wrong: Wrong | None = None

    async def step(self, step: Step, work: Awaitable[T], seconds: float | None) -> T | None:
        """What it comes to, within that time; None with `wrong` set."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(seconds):
                result = await work
        except TimeoutError:
            late = CheckFault.NO_CONNECTION if step is Step.TCP else CheckFault.NO_ANSWER
            self.wrong = self.wrong or Wrong(step, late)
            return None
        except _Failed as failed:
            self.wrong = self.wrong or Wrong(step, failed.fault, failed.detail)
            self.seconds.append((step, loop.time() - began))
            return None
        self.seconds.append((step, loop.time() - began))
        return result

    def done(self) -> Hop:
        return Hop(
            self.target.shown, self.target.host, self.target.port, tuple(self.seconds),
            addresses=self.addresses, address=self.address, handshake=self.handshake,
            status=self.status, reason=self.reason,
            to=self.following.shown if self.following else "", wrong=self.wrong,
        )  # fmt: skip


def _nowhere(_host: str, _port: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Walk:
    """configured: whether a domain's addresses may be near ones at a port; see `services.outside.addresses`."""

    place: Place
    resolving: Resolving
    handshakes: Handshakes
    clock: Clock
    configured: Callable[[str, int], bool] = _nowhere

    async def go(self, target: Target) -> Sight:
        """To the end of all redirects, or where it fails."""
        hops: list[Hop] = []
        asked: set[str] = set()
        following: Target | None = target
        while following:
            asked.add(following.url)
            hop, onward = await self.hop(following)
            if onward and onward.url in asked:
                hop, onward = _stopped(hop, CheckFault.LOOP), None
            elif onward and len(hops) + 1 == MOST_HOPS:
                hop, onward = _stopped(hop, CheckFault.TOO_MANY_HOPS), None
            hops.append(hop)
            following = onward
        return Sight(self.place.host, tuple(hops))

    async def hop(self, target: Target, *, until: Step = Step.HTTP) -> tuple[Hop, Target | None]:
        """One request, and where it redirects to. Raises nothing that it foresees."""
        going = _Going(target)
        async with AsyncExitStack() as stack:
            await self._walk(going, until, stack)
        return going.done(), going.following

    async def _walk(self, going: _Going, until: Step, stack: AsyncExitStack) -> None:
        await going.step(Step.DNS, self._resolve(going), None)
        if going.wrong or until is Step.DNS:
            return
        stream = await going.step(Step.TCP, self._connect(going), None)
        if stream is None:
            return
        stack.push_async_callback(anyio.aclose_forcefully, stream)
        speaking: ByteStream | Secured = stream
        if going.target.secure:
            secured = await going.step(Step.TLS, self._secure(going, stream), SHAKING)
            if secured is None:
                return
            going.handshake = secured.handshake
            if fault := secured.handshake.fault:  # told; and what is behind it, too
                going.wrong = Wrong(Step.TLS, fault)
            speaking = secured
        if until is Step.HTTP:
            await going.step(Step.HTTP, self._ask(going, speaking), ANSWERING)

    async def _resolve(self, going: _Going) -> None:
        host, port = going.target.host, going.target.port
        found = await self.resolving.resolve(host, configured=self.configured(host, port))
        going.addresses = found.addresses
        if found.fault:
            raise _Failed(found.fault, found.detail)
        if self.place.host and AddressKind.LOOPBACK in map(kind_of, found.addresses):
            raise _Failed(
                CheckFault.REFUSED_ADDRESS, AddressKind.LOOPBACK
            )  # of another machine than was meant

    async def _connect(self, going: _Going) -> ByteStream:
        """To an address that has been judged, never to the name."""
        tried = going.addresses[:_MOST_TRIED]
        last = _Failed(CheckFault.NO_CONNECTION)
        for going.address in tried:
            try:
                async with asyncio.timeout(CONNECTING / len(tried)):
                    return await self.place.dial(going.address, going.target.port)
            except HostError as error:
                last = _Failed(_fault_of_host(error))
            except OSError as error:
                last = _Failed(_fault_of(error), going.address)
        raise last

    async def _secure(self, going: _Going, stream: ByteStream) -> Secured:
        target = going.target
        try:
            return await self.handshakes.secure(
                stream, target.host, numeric=target.numeric, now=self.clock.now()
            )
        except HandshakeFailed as failed:
            raise _Failed(failed.fault, failed.detail) from failed
        except HostError as error:
            raise _Failed(CheckFault.HOST_SILENT) from error
        except _STREAM_ENDS as exc:
            raise _Failed(CheckFault.BROKEN_OFF) from exc

    async def _ask(self, going: _Going, stream: ByteStream | Secured) -> None:
        try:
            response = await _respond(stream, going.target)
        except h11.RemoteProtocolError as exc:
            raise _Failed(CheckFault.NOT_HTTP) from exc
        except HostError as error:
            raise _Failed(CheckFault.HOST_SILENT) from error
        except _STREAM_ENDS as exc:
            raise _Failed(CheckFault.BROKEN_OFF) from exc
        going.status, going.reason = response.status_code, _reason(response)
        location = dict(response.headers).get(b"location")
        if going.status in _REDIRECTS and location:
            try:
                onward = following(going.target, location.decode("utf-8", "replace"))
            except TargetRefused as refused:
                raise _Failed(CheckFault.REFUSED_TARGET, refused.oddity) from refused
            if not self._may_lead(going.target, onward):
                raise _Failed(CheckFault.REFUSED_TARGET, Oddity.PORT)
            going.following = onward
        elif going.status >= 400 and going.status != HTTPStatus.UNAUTHORIZED:  # that one asks for a login
            raise _Failed(CheckFault.STATUS)

    def _may_lead(self, asked: Target, to: Target) -> bool:
        """What a page says is no reason to knock at any port of anybody: our own servers' firewalls let us through."""
        door = to.host, to.port
        return to.port in WEB or door == (asked.host, asked.port) or self.configured(*door)


def _stopped(hop: Hop, fault: CheckFault) -> Hop:
    return replace(hop, wrong=hop.wrong or Wrong(Step.HTTP, fault))


def _fault_of_host(error: HostError) -> CheckFault:
    if isinstance(error, ForwardRefused):
        return CheckFault.FORBIDDEN if error.forbidden else CheckFault.NOTHING_LISTENS
    return CheckFault.HOST_SILENT


def _fault_of(error: OSError) -> CheckFault:
    for each in (error, error.__cause__):
        if isinstance(each, ConnectionRefusedError):
            return CheckFault.NOTHING_LISTENS
        if isinstance(each, TimeoutError):
            return CheckFault.NO_CONNECTION
    return CheckFault.NO_WAY


async def _respond(stream: ByteStream | Secured, target: Target) -> h11.Response:
    """The answer's head; its body stays where it is."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADERS)
    headers = [
        ("host", target.authority),
        ("user-agent", "vakhta"),
        ("accept", "*/*"),
        ("connection", "close"),
    ]
    request = h11.Request(method="GET", target=target.path, headers=headers)
    data = (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")
    await stream.send(data)
    heard, forerunners = False, 0
    while not isinstance(event := connection.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            try:
                connection.receive_data(await stream.receive())
                heard = True
            except anyio.EndOfStream:
                if not heard:
                    raise
                connection.receive_data(b"")
        elif not isinstance(event, h11.InformationalResponse) or forerunners == _MOST_FORERUNNERS:
            raise h11.RemoteProtocolError("no answer before the end")
        else:
            forerunners += 1
    return event


def _reason(response: h11.Response) -> str:
    try:
        return HTTPStatus(response.status_code).phrase
    except ValueError:
        return "".join(sign for sign in response.reason.decode("latin-1") if sign.isprintable())[:60]
