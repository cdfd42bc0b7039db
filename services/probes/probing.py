"""One probe, asked once: what came of it, as facts."""

import asyncio
import ssl
from collections.abc import Mapping

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream

from services.domain.probes import ProbeFault, ProbeKind, ProbeResult, ProbeSpec
from services.errors import HostError
from services.logs.text.presentable import presentable
from services.outside.dial import Dial, Gateway, direct, through
from services.ports import Clock
from services.probes.asking import Reply, fetch
from services.probes.faults import Unwell, of_the_host, of_the_network, of_tls
from services.probes.handshakes import HANDSHAKES
from services.probes.kinds import KINDS, urls_of

_LONGEST_DETAIL = 200
_NOT_FOUND = 404
_DOUBT = 3.0  # seconds


class Prober:
    """gateways: the hosts that probes go through, by name. trust: whose certificates are believed. here: the way of
    all other probes."""

    def __init__(
        self, gateways: Mapping[str, Gateway], trust: ssl.SSLContext, clock: Clock, *, here: Dial = direct
    ) -> None:
        self._gateways, self._trust, self._clock, self._here = gateways, trust, clock, here

    async def probe(self, spec: ProbeSpec) -> ProbeResult:
        """Raises nothing that is foreseen: all that may go wrong is a result."""
        at, loop = self._clock.now(), asyncio.get_running_loop()
        began = loop.time()
        found = await self._ask(spec)
        taken = loop.time() - began
        if found is None:
            return ProbeResult(at, taken)
        words = presentable(" ".join(found.detail.split()))[:_LONGEST_DETAIL]
        return ProbeResult(at, taken, found.fault, words)

    async def _ask(self, spec: ProbeSpec) -> Unwell | None:
        seconds = spec.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                await self._answered(spec)
        except TimeoutError:
            return await self._silent(spec) or Unwell(ProbeFault.TIMEOUT, f"{seconds:g}")
        except Unwell as found:
            return found
        except (EndOfStream, BrokenResourceError, ClosedResourceError):
            return Unwell(ProbeFault.PROTOCOL)
        except ssl.SSLError as error:
            return of_tls(error)
        except (OSError, UnicodeError) as error:
            return of_the_network(error)
        except HostError as error:
            return of_the_host(error)
        return None

    async def _silent(self, spec: ProbeSpec) -> Unwell | None:
        """Where nothing came through a host: whether that is because contact with it is lost."""
        if not spec.via:
            return None
        try:
            await self._gateways[spec.via].doubt(deadline=_DOUBT)
        except HostError as error:
            return of_the_host(error)
        return None

    async def _answered(self, spec: ProbeSpec) -> None:
        dial = through(self._gateways[spec.via]) if spec.via else self._here
        if spec.kind in KINDS:
            await self._http(dial, spec)
            return
        host, _, port = spec.address.rpartition(":")
        stream = await dial(host.strip("[]"), int(port))
        try:
            await HANDSHAKES[spec.kind](stream)
        finally:
            await stream.aclose()

    async def _http(self, dial: Dial, spec: ProbeSpec) -> None:
        urls = urls_of(spec.kind, spec.address)
        for url in urls:
            reply = await fetch(dial, self._trust, url, spec.statuses)
            if reply.status != _NOT_FOUND or _NOT_FOUND in spec.statuses:
                break
        judge(spec, reply)


def judge(spec: ProbeSpec, reply: Reply) -> None:
    """Whether it is the expected answer. Raises Unwell."""
    success = 200 <= reply.status < 300
    well = reply.status in spec.statuses if spec.statuses else _usual(spec.kind, reply.status)
    if not well:
        raise Unwell(ProbeFault.STATUS, str(reply.status))
    if spec.body:
        well = spec.body.encode() in reply.body
    elif success:  # what a kind says when it is well is no measure for a refusal that the settings expect
        well = KINDS[spec.kind].well(reply.body)
    if not well:
        raise Unwell(ProbeFault.BODY)


def _usual(kind: ProbeKind, status: int) -> bool:
    return 200 <= status < 300 if kind is ProbeKind.HTTP else status == 200
