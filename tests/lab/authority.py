"""A certificate authority of our own, with an intermediate, and servers that show what it has signed."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """key and certificate; chain: what a server must send with it, without the root."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    def write(self, directory: Path, name: str, chain: Sequence[x509.Certificate] | None = None) -> "Files":
        """chain: other than its own."""
        sent = (self.certificate, *(self.chain if chain is None else chain))
        files = Files(directory / f"{name}.pem", directory / f"{name}.key")
        files.certificate.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in sent))
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files.key.write_bytes(key)
        return files


@dataclass(frozen=True)
class Files:
    certificate: Path
    key: Path


class Authority:
    """A root that `file` holds, an intermediate that it signed, and what that one signs."""

    def __init__(self, directory: Path, name: str = "Lab Root") -> None:
        self.directory = directory
        self.root = _signed(name, None, authority=True)
        self.intermediate = _signed(f"{name} Intermediate", self.root, authority=True)
        self.file = directory / "ca.pem"
        self.file.write_bytes(self.root.certificate.public_bytes(Encoding.PEM))

    def leaf(
        self,
        *names: str,
        days: float = 90,
        age: float = 1,
        by_root: bool = False,
        authorities: bool = True,
        common: str | None = None,
    ) -> Pair:
        """For names or addresses. days: until it expires; age: since it is valid; negative ones, too."""
        signer = self.root if by_root else self.intermediate
        return _signed(
            names[0] if common is None else common, signer, names=names, days=days, age=age,
            authorities=authorities,
        )  # fmt: skip

    def files(self, *names: str, days: float = 90) -> Files:
        return self.leaf(*names, days=days).write(self.directory, names[0].replace("*", "_"))


def self_signed(*names: str, common: str | None = None) -> Pair:
    return _signed(names[0] if common is None else common, None, names=names)


def _signed(
    common: str,
    signer: Pair | None,
    *,
    names: Sequence[str] = (),
    days: float = 3650,
    age: float = 1,
    authority: bool = False,
    authorities: bool = False,
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - age * DAY)
        .not_valid_after(now + days * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([*map(_name, names)]), critical=False)
    if authorities:
        where = x509.UniformResourceIdentifier("http://ca.example.org/issuer.crt")
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    certificate = builder.sign(signer.key if signer else key, SHA256())
    sent = (signer.certificate, *signer.chain) if signer and signer.chain else ()
    if signer and not sent and signer.certificate.issuer != signer.certificate.subject:
        sent = (signer.certificate,)
    return Pair(key, certificate, sent)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def answering(status: str, location: str = "") -> bytes:
    """`502 Bad Gateway`, with where it redirects to."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n"
    return (head + (f"Location: {location}\r\n" if location else "") + "\r\n").encode()


@asynccontextmanager
async def serving(
    files: Files | None, answer: bytes = ANSWER, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """A server, of TLS where there are files, that answers any request alike; its port."""
    context = None
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.read(65536):
                writer.write(answer)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(speak, host, port, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
