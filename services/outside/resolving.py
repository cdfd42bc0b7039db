"""Names → addresses that may be asked, each name once: what has been judged is what will be asked.

A name server that answers otherwise the second time (DNS rebinding) is not asked a second time.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from anyio.abc import ByteStream

from services.domain.checks import CheckFault
from services.outside.addresses import AddressKind, refused
from services.outside.dial import Dial, direct

# Raises OSError; socket.gaierror where the resolver itself says no.
Lookup = Callable[[str], Awaitable[Sequence[str]]]
Judge = Callable[[str, bool], AddressKind | None]

DEADLINE = 5.0
_MOST_ADDRESSES = 8
_THREADS = 8
_TURN = 2.0  # seconds for an address, while there are others


class SystemNames:
    """A `Lookup` as this machine resolves names: /etc/hosts, then its name servers.

    In threads of its own: silent name servers hold one for half a minute, and shall starve nobody else.
    """

    def __init__(self, threads: int = _THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="names")

    async def __call__(self, host: str) -> Sequence[str]:
        ask = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        rows = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(row[4][0]) for row in rows]

    def close(self) -> None:
        """Waits for none."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def by_name(lookup: Lookup, dial: Dial = direct) -> Dial:
    """`dial` to the addresses that `lookup` finds, one after the other until one answers."""

    async def dial_by_name(host: str, port: int) -> ByteStream:
        addresses = (host,) if _is_number(host) else tuple(dict.fromkeys(await lookup(host)))
        for address in addresses[:-1]:
            try:
                async with asyncio.timeout(_TURN):
                    return await dial(address, port)
            except OSError:
                continue
        return await dial(addresses[-1], port)

    return dial_by_name


def judged(address: str, configured: bool) -> AddressKind | None:
    """`addresses.refused`; nobody can read an address that is none, so it is refused, too."""
    try:
        return refused(address, configured=configured)
    except ValueError:
        return AddressKind.RESERVED


@dataclass(frozen=True, slots=True)
class Resolved:
    """addresses: in the resolver's order. fault: why none of them is asked; `detail`: an AddressKind, or "". One
    address that is refused makes the whole name refused: no honest name mixes them."""

    addresses: tuple[str, ...] = ()
    seconds: float = 0.0
    fault: CheckFault | None = None
    detail: str = ""


class Resolving:
    """For one check: a name is looked up once, whoever asks. judge: what may be asked at all."""

    def __init__(self, lookup: Lookup, judge: Judge = judged) -> None:
        self._lookup, self._judge = lookup, judge
        self._known: dict[tuple[str, bool], asyncio.Future[Resolved]] = {}

    async def resolve(self, host: str, *, configured: bool) -> Resolved:
        """host: as `Target.host`. Raises nothing."""
        key = host, configured
        if key not in self._known:
            self._known[key] = future = asyncio.get_running_loop().create_future()
            try:
                future.set_result(await self._ask(host, configured))
            finally:
                if not future.done():
                    del self._known[key]
                    future.cancel()
        return await asyncio.shield(self._known[key])

    async def _ask(self, host: str, configured: bool) -> Resolved:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            if _is_number(host):
                found: Sequence[str] = (host,)
            else:
                async with asyncio.timeout(DEADLINE):
                    found = await self._lookup(host)
        except TimeoutError:
            return Resolved(seconds=loop.time() - began, fault=CheckFault.NO_RESOLVER)
        except (OSError, UnicodeError) as exc:
            return Resolved(seconds=loop.time() - began, fault=_fault_of(exc))
        addresses = tuple(dict.fromkeys(found))[:_MOST_ADDRESSES]
        kinds = [kind for each in addresses if (kind := self._judge(each, configured))]
        fault = CheckFault.REFUSED_ADDRESS if kinds else None if addresses else CheckFault.NO_NAME
        return Resolved(addresses, loop.time() - began, fault, kinds[0] if kinds else "")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _fault_of(exc: OSError | UnicodeError) -> CheckFault:
    """That there is no such name, or that nobody could tell."""
    nobody = isinstance(exc, socket.gaierror) and exc.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM)
    return CheckFault.NO_RESOLVER if nobody else CheckFault.NO_NAME
