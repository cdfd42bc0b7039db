"""Certificates as Traefik tells of them: `GET /api/certificates`, since 3.7."""

from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def row(certificate: x509.Certificate) -> dict[str, Any]:
    """Of one on an elliptic curve, signed with ECDSA and SHA-256, as the simulation's authority makes them."""
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    digest = sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "name": digest,
        "sans": names.get_values_for_type(x509.DNSName),
        "notAfter": f"{certificate.not_valid_after_utc:{_FORM}}",
        "notBefore": f"{certificate.not_valid_before_utc:{_FORM}}",
        "serialNumber": str(certificate.serial_number),
        "commonName": _common(certificate.subject),
        "issuerCN": _common(certificate.issuer),
        "version": "v3",
        "keyType": "ECDSA",
        "keySize": key.key_size,
        "signatureAlgorithm": "ECDSA-SHA256",
        "certFingerprint": digest,
        "publicKeyFingerprint": sha256(public).hexdigest(),
        "status": "enabled",
    }


def _common(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
