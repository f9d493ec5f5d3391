"""Whom an event of the audit log is about: a keyed digest of an entity's id or of a value."""

import hmac
from hashlib import sha256

SUBJECTS = "subjects of the audit log"  # purpose of the key
_DIGITS = 32  # 128 bits


def subject_digest(key: bytes, subject: str) -> str:
    """The digest under which the log knows ``subject``: an id, or ``citizen_id=…``."""
    return hmac.new(key, subject.encode(), sha256).hexdigest()[:_DIGITS]
