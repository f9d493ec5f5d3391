"""A package: encrypted for its recipient, signed by the site, checked by whoever opens it.

Ephemeral ECDH on P-256 with the recipient's key, HKDF. Cipher AES-256-GCM, or SM4-GCM
(GB/T 32907) where the recipient wants it, with SM3 (GB/T 32905) for digests and derivation. The
signature is ECDSA on P-256 over the manifest in both suites: the library that we use has no SM2.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pipelines.errors import BaselibError

FORMAT = "baselib return package 1"
Suite = Literal["aes", "sm"]
_CIPHERS: Mapping[Suite, str] = {"aes": "AES-256-GCM", "sm": "SM4-GCM"}
_DIGESTS: Mapping[Suite, str] = {"aes": "SHA-256", "sm": "SM3"}
_NONCE, _TAG = 12, 16  # bytes


@dataclass
class PackageRefused(BaselibError):
    """A package that is not what its manifest says, or not for whoever opens it."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"The package is refused: {self.problem} {self.remedy}"


@dataclass(frozen=True)
class Package:
    """What travels: manifest (JSON), its signature, the encrypted content."""

    manifest: bytes
    signature: bytes
    content: bytes

    @property
    def told(self) -> Mapping[str, Any]:
        """The manifest."""
        told: Mapping[str, Any] = json.loads(self.manifest)
        return told


def seal_package(
    plain: bytes, facts: Mapping[str, object], suite: Suite, recipient_key: str, site_key: str
) -> Package:
    """Encrypt and sign.

    Args:
        plain: What is sent.
        facts: For the manifest: id, recipient, files, rows, publication, day.
        suite: ``aes`` or ``sm``.
        recipient_key: Public key, PEM.
        site_key: Private key of the site, PEM.
    """
    theirs = load_pem_public_key(recipient_key.encode())
    assert isinstance(theirs, ec.EllipticCurvePublicKey)  # noqa: S101 - the declaration was checked
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    nonce = os.urandom(_NONCE)
    key = _derive(ephemeral.exchange(ec.ECDH(), theirs), suite, str(facts["id"]))
    encryptor = Cipher(_algorithm(suite, key), modes.GCM(nonce)).encryptor()
    content = nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    manifest = {
        "format": FORMAT,
        **facts,
        "cipher": _CIPHERS[suite],
        "digest": _DIGESTS[suite],
        "content_digest": digest_of(content, suite),
        "plain_digest": digest_of(plain, suite),
        "ephemeral_key": point.hex(),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    return Package(text, sign(text, site_key), content)


def open_package(package: Package, site_public_key: str, recipient_key: str) -> bytes:
    """Check signature and digests, and decrypt.

    Raises:
        PackageRefused: not signed by the site, altered, or for another recipient.
    """
    if not is_signed(package.manifest, package.signature, site_public_key):
        raise PackageRefused("its manifest is not signed by that site.", "Ask for it again.")
    told = package.told
    suite = next((each for each, name in _CIPHERS.items() if name == told["cipher"]), None)
    if suite is None or digest_of(package.content, suite) != told["content_digest"]:
        raise PackageRefused("its content was altered or cut off.", "Ask for it again.")
    own = load_pem_private_key(recipient_key.encode(), None)
    assert isinstance(own, ec.EllipticCurvePrivateKey)  # noqa: S101 - made by `grants key`
    point = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), bytes.fromhex(told["ephemeral_key"])
    )
    key = _derive(own.exchange(ec.ECDH(), point), suite, str(told["id"]))
    nonce, body = package.content[:_NONCE], package.content[_NONCE:-_TAG]
    mode = modes.GCM(nonce, package.content[-_TAG:])
    decryptor = Cipher(_algorithm(suite, key), mode).decryptor()
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise PackageRefused("it is for another recipient.", "Use the key it is for.") from None


def sign(text: bytes, private_key: str) -> bytes:
    """ECDSA on P-256 with SHA-256."""
    key = load_pem_private_key(private_key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - ours
    return key.sign(text, ec.ECDSA(hashes.SHA256()))


def is_signed(text: bytes, signature: bytes, public_key: str) -> bool:
    """Whether the owner of that key signed the text."""
    key = load_pem_public_key(public_key.encode())
    try:
        assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - the declaration was checked
        key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def digest_of(content: bytes, suite: Suite) -> str:
    """SHA-256 or SM3, hexadecimal."""
    digest = hashes.Hash(_hash(suite))
    digest.update(content)
    return digest.finalize().hex()


def _hash(suite: Suite) -> hashes.HashAlgorithm:
    return hashes.SM3() if suite == "sm" else hashes.SHA256()


def _algorithm(suite: Suite, key: bytes) -> Any:
    return algorithms.SM4(key) if suite == "sm" else algorithms.AES(key)


def _derive(shared: bytes, suite: Suite, package: str) -> bytes:
    length = 16 if suite == "sm" else 32
    info = f"{FORMAT} {package}".encode()
    return HKDF(_hash(suite), length, None, info).derive(shared)
