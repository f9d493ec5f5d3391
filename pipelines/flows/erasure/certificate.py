"""Certificate of an erasure: what was erased, what was found afterwards, signed (Ed25519)."""

import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipelines.flows.shared.site_keys import site_keys
from pipelines.settings import Settings

PURPOSE = "certificates of erasure"


def sign(settings: Settings, told: Mapping[str, Any]) -> dict[str, Any]:
    """``told`` with ``public_key`` and ``signature``, over all of it in canonical JSON."""
    key = Ed25519PrivateKey.from_private_bytes(site_keys(settings).key(PURPOSE))
    whole = {**told, "public_key": key.public_key().public_bytes_raw().hex()}
    return {**whole, "signature": key.sign(_canonical(whole)).hex()}


def public_keys(settings: Settings) -> dict[int, str]:
    """Version to the public key of certificates, in hexadecimal."""
    keys = site_keys(settings).all_keys(PURPOSE).items()
    return {
        version: Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw().hex()
        for version, key in keys
    }


def is_genuine(certificate: Mapping[str, Any]) -> bool:
    """Whether nothing in it was changed since it was signed with the key that it names."""
    told = {name: value for name, value in certificate.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(told["public_key"])))
        key.verify(bytes.fromhex(str(certificate["signature"])), _canonical(told))
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


def _canonical(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
