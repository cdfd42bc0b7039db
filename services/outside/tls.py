"""TLS as a client sees it that looks at every certificate and refuses none: what is wrong is told, not raised.

Python's `ssl` stops at the first objection and shows no chain before 3.13, so handshakes are OpenSSL's own, over bytes
that anything may carry. Whoever sends secrets uses `trust`, which does refuse.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from anyio import BrokenResourceError, EndOfStream
from anyio.abc import ByteStream
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from OpenSSL import SSL, crypto

from services.domain.certificates import Certificate, CertificateFault, Handshake, Objections, judge
from services.logs.text.presentable import presentable

TRAEFIKS_OWN = "TRAEFIK DEFAULT CERT"
_MOST_NAMES = 200
_SLICE = 65536
# How a server's first byte tells that it speaks TLS: a handshake, or an alert.
_OF_TLS = (0x16, 0x15)

# OpenSSL's X509_V_ERR_…
_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED_ALONE, _SELF_SIGNED_ROOT = 18, 19
_NO_ISSUER = (2, 20)
_FOLLOWS_FROM_NO_ISSUER = (21, 27)

# What `cryptography` raises at a certificate that OpenSSL can read, and it cannot.
_UNREADABLE = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def trust(trusted_ca: Path | None) -> ssl.SSLContext:
    """What the system believes, and the file's authorities. Blocks for some 50 ms. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context()
    if trusted_ca is not None:
        context.load_verify_locations(trusted_ca)
    return context


class HandshakeFailed(Exception):
    """fault: NO_TLS or HANDSHAKE. detail: OpenSSL's words, or ""."""

    def __init__(self, fault: CertificateFault, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault, self.detail = fault, detail


@dataclass(slots=True)
class _Heard:
    """What OpenSSL had against the certificates of one connection: (error, depth) in order."""

    objections: list[tuple[int, int]] = field(default_factory=list)

    def summed_up(self) -> Objections:
        known = {_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED_ALONE, _SELF_SIGNED_ROOT}
        known |= {*_NO_ISSUER, *_FOLLOWS_FROM_NO_ISSUER}
        codes = {error for error, _ in self.objections}
        return Objections(
            unknown=next((depth for error, depth in self.objections if error in _NO_ISSUER), None),
            self_signed=bool(codes & {_SELF_SIGNED_ALONE, _SELF_SIGNED_ROOT}),
            expired=any(error in (_EXPIRED, _NOT_YET_VALID) and depth for error, depth in self.objections),
            other=bool(codes - known),
        )


def _listen(connection: SSL.Connection, _: crypto.X509, error: int, depth: int, well: int) -> bool:
    heard = connection.get_app_data()
    if not well and isinstance(heard, _Heard):
        heard.objections.append((error, depth))
    return True


class Handshakes:
    """Made once, in a thread: it reads what the system believes. Raises OSError, SSL.Error for a file that is none."""

    def __init__(self, trusted_ca: Path | None = None) -> None:
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_default_verify_paths()
        if trusted_ca is not None:
            self._context.load_verify_locations(str(trusted_ca))
        self._context.set_verify(SSL.VERIFY_PEER, _listen)
        self._context.set_alpn_protos([b"http/1.1"])

    async def secure(self, stream: ByteStream, host: str, *, numeric: bool, now: datetime) -> "Secured":
        """TLS over the stream, to `host` by name; numeric: it is an IP address, which is not told to the server.

        Raises HandshakeFailed, and what the stream does. No deadline of its own, and it closes no stream.
        """
        connection = SSL.Connection(self._context, None)
        heard = _Heard()
        connection.set_app_data(heard)
        if not numeric:
            connection.set_tlsext_host_name(host.encode("ascii"))
        connection.set_connect_state()
        secured = Secured(stream, connection)
        await secured.shake_hands()
        secured.handshake = _handshake_of(connection, heard, host, now)
        return secured


class Secured:
    """A stream that is encrypted, to whomever. `handshake`: what it came to."""

    handshake: Handshake

    def __init__(self, stream: ByteStream, connection: SSL.Connection) -> None:
        self._stream, self._connection = stream, connection
        self._first = b""

    async def shake_hands(self) -> None:
        try:
            await self._pump(self._connection.do_handshake)
        except (EndOfStream, SSL.Error) as exc:
            if not self._first:  # nothing was said, so nothing is known of its TLS
                raise BrokenResourceError from exc
            speaks = self._first[0] in _OF_TLS
            fault = CertificateFault.HANDSHAKE if speaks else CertificateFault.NO_TLS
            raise HandshakeFailed(fault, _words(exc)) from exc

    async def send(self, data: bytes) -> None:
        """Raises BrokenResourceError, EndOfStream."""
        with _ending():
            await self._pump(lambda: self._connection.sendall(data))

    async def receive(self) -> bytes:
        """Raises EndOfStream at the end, however it comes, and BrokenResourceError."""
        got: list[bytes] = []
        with _ending():
            await self._pump(lambda: got.append(self._connection.recv(_SLICE)))
        return got[0]

    async def _pump(self, act: Callable[[], object]) -> None:
        """Do it, with as many bytes to and fro as it takes."""
        while True:
            try:
                act()
            except SSL.WantReadError:
                await self._flush()
                data = await self._stream.receive(_SLICE)
                self._first = self._first or data[:1]
                self._connection.bio_write(data)
            else:
                await self._flush()
                return

    async def _flush(self) -> None:
        while True:
            try:
                data = self._connection.bio_read(_SLICE)
            except SSL.WantReadError:
                return
            await self._stream.send(data)


@contextmanager
def _ending() -> Iterator[None]:
    """Many servers end without TLS' own farewell."""
    try:
        yield
    except SSL.Error as exc:
        raise EndOfStream from exc


def _words(exc: Exception) -> str:
    """`tlsv1 unrecognized name`."""
    rows = exc.args[0] if exc.args and isinstance(exc.args[0], list) else []
    return presentable(str(rows[0][-1]))[:200] if rows and rows[0] else ""


def _handshake_of(connection: SSL.Connection, heard: _Heard, host: str, now: datetime) -> Handshake:
    chain = connection.get_peer_cert_chain() or []
    if not chain:
        raise HandshakeFailed(CertificateFault.HANDSHAKE)
    try:
        certificate = certificate_of(chain[0].to_cryptography())
    except _UNREADABLE as exc:
        raise HandshakeFailed(CertificateFault.HANDSHAKE, presentable(str(exc))[:200]) from exc
    fault = judge(certificate, heard.summed_up(), len(chain), host, now)
    return Handshake(certificate, connection.get_protocol_version_name(), len(chain), fault)


def certificate_of(found: x509.Certificate) -> Certificate:
    """Raises one of _UNREADABLE for one that is malformed."""
    subject, issuer = found.subject, found.issuer
    common = _of(subject, NameOID.COMMON_NAME)
    return Certificate(
        names=_names(found) or ((common,) if common else ()),
        issuer=_of(issuer, NameOID.COMMON_NAME) or _of(issuer, NameOID.ORGANIZATION_NAME),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        fingerprint=found.fingerprint(SHA256()).hex(),
        self_signed=subject == issuer,
        default=common == TRAEFIKS_OWN,
        authorities=_tells_its_issuer(found),
    )


def _of(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = [str(each.value) for each in name.get_attributes_for_oid(oid)]
    return _plain(values[0])[:100] if values else ""


def _plain(text: str) -> str:
    """Not redacted: anybody on the net may read it."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    plain = [_plain(each)[:253] for each in names.get_values_for_type(x509.DNSName)]
    numbers = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
    return tuple((plain + numbers)[:_MOST_NAMES])


def _tells_its_issuer(found: x509.Certificate) -> bool:
    try:
        access = found.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(each.access_method == AuthorityInformationAccessOID.CA_ISSUERS for each in access)
