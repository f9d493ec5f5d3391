"""Keys for one purpose each, derived from the site's secret by HKDF (RFC 5869).

Whoever learns one of them learns neither the secret nor the key of another purpose.
"""

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@lru_cache(maxsize=256)  # the service needs some for every request
def derived_key(secret: str, purpose: str, version: int = 1) -> bytes:
    """32 bytes for ``purpose``; another ``version`` gives another key, for rotation."""
    info = f"baselib/{version}/{purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret.encode())
