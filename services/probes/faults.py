"""Whatever goes wrong on the way to an answer, as a `ProbeFault` with its detail."""

import socket
import ssl
from collections.abc import Iterator

from services.domain.probes import ProbeFault
from services.errors import DeadlineExceeded, ForwardRefused, HostError


class Unwell(Exception):
    """What was found; `detail` as `ProbeFault` says it."""

    def __init__(self, fault: ProbeFault, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault, self.detail = fault, detail


def of_the_network(error: OSError | UnicodeError) -> Unwell:
    """UnicodeError: a name that no resolver takes."""
    causes = list(_causes(error))
    if any(isinstance(each, (socket.gaierror, UnicodeError)) for each in causes):
        return Unwell(ProbeFault.UNRESOLVED)
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return Unwell(ProbeFault.REFUSED)
    words = next((each.strerror for each in causes if isinstance(each, OSError) and each.strerror), None)
    return Unwell(ProbeFault.UNREACHABLE, words or "")


def of_tls(error: ssl.SSLError) -> Unwell:
    """`certificate has expired`, `wrong version number`: without where in OpenSSL's source that was seen."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unwell(ProbeFault.TLS, error.verify_message)
    return Unwell(ProbeFault.TLS, (error.reason or "").replace("_", " ").lower())


def of_the_host(error: HostError) -> Unwell:
    """Of the one through which it was asked."""
    match error:
        case ForwardRefused(address=address, forbidden=True):
            return Unwell(ProbeFault.FORWARD_FORBIDDEN, address)
        case ForwardRefused():
            return Unwell(ProbeFault.REFUSED)
        case DeadlineExceeded(seconds=seconds):
            return Unwell(ProbeFault.TIMEOUT, f"{seconds:g}")
    return Unwell(ProbeFault.HOST_SILENT, error.host)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what stands behind it: anyio puts those of several addresses together."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__
