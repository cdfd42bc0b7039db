"""The certificate authority of the simulation. Nobody believes it who has not been told to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_LIFE = 90.0  # days, as Let's Encrypt has it


@dataclass(frozen=True, slots=True)
class Pair:
    """chain: what a server must send with its certificate, without the root."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def name(self) -> str:
        """The first of its domains."""
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def pem(self) -> bytes:
        """All that is to be sent."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, *self.chain))

    @property
    def pem_key(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """A root, and an intermediate that signs."""

    def __init__(self, name: str = "Simulated Encrypt") -> None:
        self.root = _signed(f"{name} Root", None)
        self._intermediate = _signed(f"{name} R1", self.root)

    def leaf(self, *names: str, days: float) -> Pair:
        """For these domains. days: until it expires."""
        made = _signed(names[0], self._intermediate, names, days=days, life=_LIFE)
        return Pair(made.key, made.certificate, (self._intermediate.certificate,))

    @staticmethod
    def stopgap(name: str) -> Pair:
        """Signed by nobody but itself."""
        return _signed(name, None, (f"{name.replace(' ', '-').lower()}.invalid",), days=365, life=365)


def _signed(
    common: str, signer: Pair | None, names: Sequence[str] = (), *, days: float = 3000, life: float = 3650
) -> Pair:
    """names: none for an authority. life: days from its start to its end."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    ends = datetime.now(UTC) + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=life))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
    return Pair(key, builder.sign(signer.key if signer else key, SHA256()))
