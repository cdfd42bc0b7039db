"""An engine behind tcp:// with certificates on both sides: a real dockerd with --tlsverify."""

import datetime
import ipaddress
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.domain.logs import LogQuery
from services.errors import ContainerGone, DeadlineExceeded, Silence
from services.fleet.hosts import HostAddress, open_engine
from services.fleet.link import TlsFiles
from services.logs.stream.source import LogSource
from tests.lab.dockerd import IMAGE
from tests.lab.image import busybox_tar
from tests.lab.network import run
from tests.lab.servers import Lab, Server
from tests.lab.transport import silence_of, until_back, until_silent

pytestmark = pytest.mark.lab

PORT = 2376
BRIDGE = "tls0"


class Authority:
    """Signs certificates for itself and others; all files lie in `home`."""

    def __init__(self, home: Path, name: str) -> None:
        self.home, self.name = home, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._write(name, self.key, self._sign(name, self.key, authority=True))

    def certify(self, name: str, address: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self._write(name, key, self._sign(name, key, address=address))

    def _sign(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        authority: bool = False,
        address: str = "127.0.0.1",
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(alternative, critical=False)
            .add_extension(identifier, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        (self.home / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (self.home / f"{name}.key").write_bytes(private)

    def files(self, name: str) -> TlsFiles:
        return TlsFiles(
            *(str(self.home / file) for file in (f"{self.name}.pem", f"{name}.pem", f"{name}.key"))
        )


@pytest.fixture(scope="module")
def server(_lab: Lab) -> Iterator[Server]:
    yield _lab.servers["server2"]
    _lab.servers["server2"].reset()


@pytest.fixture(scope="module")
def authority(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    authority = Authority(tmp_path_factory.mktemp("tls"), "authority")
    authority.certify("engine", server.address)
    authority.certify("vakhta", "127.0.0.1")
    return authority


@pytest.fixture(scope="module")
def address(server: Server, authority: Authority) -> Iterator[HostAddress]:
    """A second dockerd in the server's namespace, with one container that has said a few words."""
    home = authority.home
    socket = f"unix://{home / 'docker.sock'}"
    # A bridge of its own: with none it would take away that of the dockerd beside it.
    namespace = ("ip", "-n", server.network.name)
    run(*namespace, "link", "add", BRIDGE, "type", "bridge")
    run(*namespace, "address", "add", "172.30.255.1/24", "dev", BRIDGE)
    dockerd = server.network.start(
        "dockerd",
        f"--host=tcp://{server.address}:{PORT}",
        f"--host={socket}",
        "--tlsverify",
        f"--tlscacert={home / 'authority.pem'}",
        f"--tlscert={home / 'engine.pem'}",
        f"--tlskey={home / 'engine.key'}",
        f"--data-root={home / 'data'}",
        f"--exec-root={home / 'exec'}",
        f"--pidfile={home / 'dockerd.pid'}",
        "--iptables=false",
        "--ip-masq=false",
        f"--bridge={BRIDGE}",
        log=home / "dockerd.log",
    )
    try:
        docker = ("docker", f"--host={socket}")
        end = time.monotonic() + 20
        while subprocess.run([*docker, "version"], capture_output=True, check=False).returncode:
            assert time.monotonic() < end, (home / "dockerd.log").read_text()[-500:]
        run(*docker, "import", "-", IMAGE, feed=busybox_tar())
        words = ("sh", "-c", "trap 'exit 0' TERM; seq 1000; sleep 9999 & wait")
        run(*docker, "run", "--detach", "--name=talker", "--network=none", IMAGE, *words)
        yield HostAddress("remote", f"tcp://{server.address}:{PORT}", tls=authority.files("vakhta"))
        run(*docker, "rm", "--force", "talker")
    finally:
        dockerd.terminate()
        dockerd.wait(30)
        run(*namespace, "link", "delete", BRIDGE)


async def test_calls_and_streams(address: HostAddress) -> None:
    async with open_engine(address) as engine:
        (row,) = await engine.containers(deadline=5)
        assert row.name == "talker"
        await engine.restart(row.id, stop_timeout=5, deadline=9)
        assert (await engine.inspect(row.id)).started
        log = LogSource(engine, row.name, row.id, tty=False)
        said = b"".join([block.text async for block in log.read(LogQuery(tail=1000), deadline=5)])
        assert said == b"".join(b"%d\n" % number for number in range(1, 1001))
        with pytest.raises(ContainerGone):
            await anext(engine.logs("0" * 64, LogQuery(tail=1), deadline=5))


async def test_certificates_that_do_not_fit(address: HostAddress, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    stranger.certify("guest", "127.0.0.1")
    ours, theirs = address.tls, stranger.files("guest")
    assert ours
    for files in (
        replace(ours, ca=theirs.ca),  # we do not believe the engine
        replace(ours, cert=theirs.cert, key=theirs.key),  # the engine does not believe us
        replace(ours, key=theirs.key),
        replace(ours, cert="/nowhere"),
    ):
        async with open_engine(replace(address, tls=files)) as engine:
            assert (await silence_of(engine)).reason is Silence.TLS


async def test_a_pulled_cable(address: HostAddress, server: Server) -> None:
    async with open_engine(address) as engine:
        await engine.containers(deadline=5)
        server.pull_cable()
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await engine.containers(deadline=1)
        assert time.monotonic() - began < 2
        await until_silent(engine, Silence.TIMEOUT)
        server.plug_cable()
        await until_back(engine)
