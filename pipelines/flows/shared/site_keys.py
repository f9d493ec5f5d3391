"""Keys of the site: one for each purpose, out of the secrets in ``identity.key``.

A line of the file is a secret, the newest at the end; its version is the number of its line. What
is kept for good (ids, fingerprints, names of questions) stands on the first one for ever, as a
stored value cannot be made anew without what it is of. What is made again and again (seals, access
tokens, subjects of the audit log, certificates) is made by the newest, and what an older one made
is known by its version. A file of an earlier version of baselib has a first line without the mark:
there the secret itself is the key of what is kept for good.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipelines.runtime.derived_keys import derived_key
from pipelines.runtime.private_home import make_private
from pipelines.runtime.subject_digests import SUBJECTS, subject_digest
from pipelines.settings import Settings

_FILE = "identity.key"
_MARK = "derived:"  # begins a first line of which every key is derived
_BYTES = 32


@dataclass(frozen=True)
class SiteKeys:
    """The secrets of a site, oldest first."""

    secrets: Sequence[str]

    @property
    def version(self) -> int:
        """Of the newest secret."""
        return len(self.secrets)

    def key(self, purpose: str, version: int | None = None) -> bytes:
        """32 bytes for one purpose, by the newest secret or by that version."""
        number = version or self.version
        return derived_key(self.secrets[number - 1].removeprefix(_MARK), purpose, number)

    def all_keys(self, purpose: str) -> dict[int, bytes]:
        """Version to key, for what may have been made by any of them."""
        return {number: self.key(purpose, number) for number in range(1, self.version + 1)}

    def lasting(self, purpose: str) -> str:
        """The key of what is kept for good, as text."""
        first = self.secrets[0]
        return self.key(purpose, 1).hex() if first.startswith(_MARK) else first

    def digests(self, subject: str) -> list[str]:
        """Every digest under which the audit log may know a subject, by the newest key first."""
        keys = reversed(self.all_keys(SUBJECTS).values())
        return [subject_digest(key, subject) for key in keys]


def site_keys(settings: Settings) -> SiteKeys:
    """The site's keys; the first secret is made once and kept in the home."""
    path = settings.home / _FILE
    make_private(settings.home)
    if not path.exists():
        _create_once(path, _MARK + secrets.token_hex(_BYTES))
    return SiteKeys(path.read_text(encoding="ascii").split())


def identity_key(settings: Settings) -> str:
    """The secret that makes entity ids impossible to guess.

    Losing it does not change an id that was minted, only those minted afterwards.
    """
    return site_keys(settings).lasting("entity ids")


def digest_key(settings: Settings) -> str:
    """The secret of fingerprints of issues, records and values."""
    return site_keys(settings).lasting("fingerprints of issues, records and values")


def question_key(settings: Settings) -> str:
    """The secret of the names of stewards' questions, and of the seals on their sheets."""
    return site_keys(settings).lasting("questions and sheets of stewards")


def rotate_keys(settings: Settings) -> int:
    """Add a secret, by which seals, tokens, subjects and certificates are made from now on.

    Returns:
        Its version.
    """
    keys = site_keys(settings)
    path = settings.home / _FILE
    lines = [*keys.secrets, secrets.token_hex(_BYTES)]
    draft = _draft(path, "\n".join(lines))
    draft.replace(path)
    return len(lines)


def _create_once(path: Path, content: str) -> None:
    """Of several processes that try at once, one wins and nobody reads half a file."""
    draft = _draft(path, content)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _draft(path: Path, content: str) -> Path:
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
