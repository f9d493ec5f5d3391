"""Pages that were fetched before a failure: kept, so that the next try goes on behind them.

They lie in the private draft of the landing folder with a digest of what was asked for. Each is
written whole or not at all. What is older than a working day's half is thrown away: its API would
not go on where it stopped, and the data have changed.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REQUEST = "_request.json"
KEPT_SECONDS = 6 * 3600


@dataclass
class KeptPages:
    """The pages of one delivery, by number from 1; ``fresh`` counts those of this try."""

    folder: Path
    fresh: int = 0

    def read(self, number: int) -> bytes | None:
        """The content of a page, if it was fetched before."""
        file = self._file(number)
        return file.read_bytes() if file.is_file() else None

    def add(self, number: int, content: bytes) -> None:
        """Keep a page that has just been fetched."""
        draft = self.folder / f".{number}"
        draft.write_bytes(content)
        draft.replace(self._file(number))
        self.fresh += 1

    @property
    def goes_on(self) -> bool:
        """Whether pages of an earlier try are there, and none of this one yet."""
        return self.fresh == 0 and self._file(1).is_file()

    def forget(self) -> None:
        """Begin anew: what is there does not fit together."""
        for file in self.folder.glob("page-*.json"):
            file.unlink()
        self.fresh = 0

    def finish(self) -> None:
        """All pages are there: what remains is the delivery."""
        (self.folder / REQUEST).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"page-{number:06}.json"


def kept_pages(folder: Path, request: Sequence[object]) -> KeptPages:
    """The pages of a draft that answer the same request; others are thrown away.

    Args:
        folder: The draft of a delivery.
        request: Everything that the pages depend on: address, watermark, how pages follow.
    """
    pages = KeptPages(folder)
    digest = hashlib.sha256(json.dumps(request, default=str).encode()).hexdigest()
    file = folder / REQUEST
    if not file.is_file() or file.read_text(encoding="ascii") != digest:
        pages.forget()
        file.write_text(digest, encoding="ascii")
    return pages


def can_go_on(draft: Path) -> bool:
    """Whether a draft holds pages with which the next try may go on."""
    file = draft / REQUEST
    return file.is_file() and _is_young(file)


def sweep_drafts(own: Path) -> None:
    """Delete a draft with which this try cannot go on, and old ones of other batches beside it."""
    for draft in own.parent.glob(".*.part"):
        if not (can_go_on(draft) if draft == own else _is_young(draft)):
            shutil.rmtree(draft, ignore_errors=True)


def _is_young(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < KEPT_SECONDS
