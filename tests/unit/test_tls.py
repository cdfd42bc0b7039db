"""Handshakes with real servers, each with a certificate that is wrong in a way of its own."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from anyio import BrokenResourceError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from services.domain.alerts import Severity
from services.domain.certificates import CertificateFault, Handshake, covers, severity_of
from services.outside.dial import direct
from services.outside.tls import HandshakeFailed, Handshakes, trust
from tests.lab.authority import Authority, Files, Pair, self_signed, serving
from tests.lab.traefik import TraefikServer

NAME = "dir.example.org"

Fault = CertificateFault


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("foreign"), "Somebody Else")


async def shake(port: int, ca: Path, name: str = NAME, *, numeric: bool = False) -> Handshake:
    stream = await direct("127.0.0.1", port)
    async with stream, asyncio.timeout(10):
        secured = await Handshakes(ca).secure(stream, name, numeric=numeric, now=datetime.now(UTC))
        return secured.handshake


Make = Callable[[Authority, Authority, Path], Files]

KINDS: dict[str, tuple[Make, Fault | None]] = {
    "well": (lambda us, _, at: us.leaf(NAME).write(at, "x"), None),
    "wildcard": (lambda us, _, at: us.leaf("*.example.org").write(at, "x"), None),
    "by the root itself": (lambda us, _, at: us.leaf(NAME, by_root=True).write(at, "x"), None),
    "22 days": (lambda us, _, at: us.leaf(NAME, days=22).write(at, "x"), None),
    "20 days": (lambda us, _, at: us.leaf(NAME, days=20).write(at, "x"), Fault.EXPIRES_SOON),
    "5 days": (lambda us, _, at: us.leaf(NAME, days=5).write(at, "x"), Fault.EXPIRES_SOON),
    "expired": (lambda us, _, at: us.leaf(NAME, days=-1, age=90).write(at, "x"), Fault.EXPIRED),
    "not yet": (lambda us, _, at: us.leaf(NAME, age=-1).write(at, "x"), Fault.NOT_YET),
    "another name": (lambda us, _, at: us.leaf("pg.example.org").write(at, "x"), Fault.WRONG_NAME),
    "no intermediate": (lambda us, _, at: us.leaf(NAME).write(at, "x", chain=()), Fault.INCOMPLETE),
    "a wrong intermediate": (
        lambda us, them, at: us.leaf(NAME).write(at, "x", chain=[them.intermediate.certificate]),
        Fault.INCOMPLETE,
    ),
    "unknown": (lambda _, them, at: them.leaf(NAME).write(at, "x"), Fault.UNKNOWN_ISSUER),
    "unknown, its root sent along": (lambda _, them, at: _with_root(them, at), Fault.UNKNOWN_ISSUER),
    "unknown, by the root itself": (
        lambda _, them, at: them.leaf(NAME, by_root=True, authorities=False).write(at, "x"),
        Fault.UNKNOWN_ISSUER,
    ),
    "by itself": (lambda _us, _, at: self_signed(NAME).write(at, "x"), Fault.SELF_SIGNED),
    "Traefik's": (
        lambda _us, _, at: self_signed("a.traefik.default", common="TRAEFIK DEFAULT CERT").write(at, "x"),
        Fault.DEFAULT,
    ),
}


def _with_root(authority: Authority, at: Path) -> Files:
    sent = [authority.intermediate.certificate, authority.root.certificate]
    return authority.leaf(NAME).write(at, "x", chain=sent)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_fault_is_told_from_the_others(
    kind: str, ours: Authority, foreign: Authority, tmp_path: Path
) -> None:
    make, fault = KINDS[kind]
    async with serving(make(ours, foreign, tmp_path)) as port:
        handshake = await shake(port, ours.file)
    assert handshake.fault is fault
    assert handshake.protocol == "TLSv1.3"
    if fault is None:  # what Python's own TLS believes is what we call well, and the other way round
        await _ask(ours, make(ours, foreign, tmp_path))
    elif fault not in (Fault.EXPIRES_SOON,):
        with pytest.raises(httpx.ConnectError):
            await _ask(ours, make(ours, foreign, tmp_path))


async def _ask(ours: Authority, files: Files) -> None:
    async with (
        serving(files) as port,
        httpx.AsyncClient(verify=trust(ours.file), trust_env=False) as client,
    ):
        extensions = {"sni_hostname": NAME}
        await client.get(f"https://127.0.0.1:{port}/", extensions=extensions, headers={"host": NAME})


async def test_what_a_certificate_says(ours: Authority, tmp_path: Path) -> None:
    async with serving(ours.leaf(NAME, "www.example.org", "127.0.0.1", days=63).write(tmp_path, "x")) as port:
        handshake = await shake(port, ours.file)
        number = await shake(port, ours.file, "127.0.0.1", numeric=True)
    certificate = handshake.certificate
    assert certificate.names == (NAME, "www.example.org", "127.0.0.1")
    assert certificate.issuer == "Lab Root Intermediate"
    assert certificate.left(datetime.now(UTC)).days == 62
    assert handshake.sent == 2
    assert number.fault is None


async def test_what_speaks_no_tls(ours: Authority) -> None:
    async with serving(None) as port:
        with pytest.raises(HandshakeFailed) as caught:
            await shake(port, ours.file)
    assert caught.value.fault is Fault.NO_TLS


async def test_what_nobody_but_openssl_can_read(ours: Authority, tmp_path: Path) -> None:
    files = self_signed(NAME).write(tmp_path, "x")
    der = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
    of_version_3, of_version_2 = bytes.fromhex("a003020102"), bytes.fromhex("a003020101")
    assert der.count(of_version_3) == 1
    files.certificate.write_text(ssl.DER_cert_to_PEM_cert(der.replace(of_version_3, of_version_2)))
    async with serving(files) as port:
        with pytest.raises(HandshakeFailed) as caught:
            await shake(port, ours.file)
    assert (caught.value.fault, caught.value.detail) == (Fault.HANDSHAKE, "1 is not a valid X509 version")


async def test_what_refuses_the_name(ours: Authority, tmp_path: Path) -> None:
    """TLS 1.3 alone on one side and what is older on the other: an alert comes."""
    files = ours.leaf(NAME).write(tmp_path, "x")

    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x70")  # unrecognized_name
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(alert, "127.0.0.1", 0)
    async with server:
        with pytest.raises(HandshakeFailed) as caught:
            await shake(server.sockets[0].getsockname()[1], ours.file)
    assert caught.value.fault is Fault.HANDSHAKE
    assert "unrecognized name" in caught.value.detail
    assert files.key.exists()


async def test_what_says_nothing_is_no_fault_of_its_tls(ours: Authority) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(BrokenResourceError):
            await shake(server.sockets[0].getsockname()[1], ours.file)


@pytest.fixture
def traefik(tmp_path: Path) -> Iterator[TraefikServer]:
    server = TraefikServer(tmp_path / "traefik", {})
    server.start()
    yield server
    server.kill()


@pytest.mark.lab
async def test_traefiks_stopgap_is_known_by_the_real_one(ours: Authority, traefik: TraefikServer) -> None:
    assert (await shake(traefik.websecure, ours.file)).fault is Fault.DEFAULT


@pytest.mark.parametrize(
    ("names", "host", "well"),
    [
        (("*.example.org",), "a.example.org", True),
        (("*.example.org",), "a.b.example.org", False),
        (("*.example.org",), "example.org", False),
        (("*.org",), "example.org", False),
        (("*.0.0.1",), "127.0.0.1", False),
        (("EXAMPLE.org",), "example.org", True),
        ((), "example.org", False),
    ],
)
def test_for_which_names_it_is(names: tuple[str, ...], host: str, well: bool) -> None:
    assert covers(names, host) is well


@pytest.mark.parametrize(
    ("fault", "days", "severity"),
    [
        (Fault.EXPIRES_SOON, 21, Severity.WARNING),
        (Fault.EXPIRES_SOON, 7, Severity.CRITICAL),
        (Fault.EXPIRED, -1, Severity.CRITICAL),
        (Fault.INCOMPLETE, 60, Severity.CRITICAL),
        (Fault.NO_TLS, None, Severity.CRITICAL),
    ],
)
def test_how_bad_it_is(fault: Fault, days: int | None, severity: Severity) -> None:
    now = datetime.now(UTC)
    assert severity_of(fault, None if days is None else now + timedelta(days=days), now) is severity


def test_a_pair_is_sent_with_its_chain(ours: Authority) -> None:
    pair: Pair = ours.leaf(NAME)
    assert pair.chain == (ours.intermediate.certificate,)


UNKNOWN = x509.ObjectIdentifier("2.5.29.99")


def named_by_x400(der: bytes) -> bytes:
    return der.replace(bytes.fromhex("0603551d63040430028200"), bytes.fromhex("0603551d1104043002a300"))


def of_version_four(der: bytes) -> bytes:
    return der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020103"), 1)


@pytest.mark.parametrize("oddity", [named_by_x400, of_version_four])
async def test_a_certificate_that_only_openssl_reads(
    ours: Authority, tmp_path: Path, oddity: Callable[[bytes], bytes]
) -> None:
    """Whoever is behind a domain chooses it, so it must not end the watch over all the others."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(key.public_key()).not_valid_before(now).not_valid_after(now + timedelta(9))
    builder = builder.add_extension(x509.UnrecognizedExtension(UNKNOWN, bytes.fromhex("30028200")), False)
    whole = builder.sign(key, SHA256()).public_bytes(Encoding.DER)
    changed = oddity(whole)
    assert changed != whole
    files = Pair(key, x509.load_der_x509_certificate(whole)).write(tmp_path, "x")
    files.certificate.write_text(ssl.DER_cert_to_PEM_cert(changed))
    async with serving(files) as port:
        with pytest.raises(HandshakeFailed) as caught:
            await shake(port, ours.file)
    assert caught.value.fault is Fault.HANDSHAKE
    assert caught.value.detail


async def test_no_server_chooses_how_long_we_reckon(ours: Authority) -> None:
    """With DHE it could: its group may have 10,000 bits. No suite of the kind is offered, as by browsers."""
    offered: list[int] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5 + 4 + 2 + 32)  # of RFC 8446, 4.1.2: up to the session's id
        await reader.readexactly(int.from_bytes(await reader.readexactly(1)))
        suites = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        offered.extend(int.from_bytes(suites[at : at + 2]) for at in range(0, len(suites), 2))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        with pytest.raises(BrokenResourceError):
            await shake(server.sockets[0].getsockname()[1], ours.file)
    with_rsa = {0x33, 0x39, 0x67, 0x6B, 0x9E, 0x9F, 0xC09E, 0xC09F, 0xCCAA}  # TLS_DHE_RSA_WITH_…
    assert 0x1301 in offered
    assert not with_rsa & set(offered)
