"""A consumer's key pair on P-256, for ``private_key_jwt`` (RFC 7523) with ES256."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from pipelines.errors import ContractExists


def make_key(file: Path) -> str:
    """Write a new private key to ``file``, readable by its owner alone; answers the public one.

    Raises:
        ContractExists: the file is there already; another grant's key may be in it.
    """
    key = generate_private_key(SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ContractExists(str(file)) from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(private)
    return _public(key)


def public_key_of(file: Path) -> str:
    """The public key in PEM that belongs to a private one."""
    key = load_pem_private_key(file.read_bytes(), None)
    return _public(key)  # type: ignore[arg-type]


def _public(key: EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
