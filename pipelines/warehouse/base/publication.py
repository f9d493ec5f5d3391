"""Publication records: the result of a publication, and its row in ``quality.publication``."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.libraries import Library
from pipelines.warehouse.base.load import Load


@dataclass(frozen=True)
class Restored:
    """That a publication restores an earlier one. ``publication``: its number."""

    publication: int
    by: str
    reason: str


@dataclass(frozen=True)
class Publication:
    """Result of a publication: row counts by table, and other libraries' links that were changed.

    ``relinked``: ``table.column`` to how many links went to an entity's new id or became NULL.
    ``number``: its place among all publications. ``noted``: library to how many of its entities
    have a new state in the history.
    """

    library: str
    run: str
    loads: Mapping[str, Load]
    relinked: Mapping[str, int]
    number: int
    noted: Mapping[str, int] = field(default_factory=dict)
    without: Sequence[str] = ()  # sources that have nothing usable of this time
    late: Sequence[str] = ()  # sources that should have delivered again
    restored: Restored | None = None

    @property
    def changed(self) -> bool:
        """Whether a reader sees any difference."""
        return any(load.changed for load in self.loads.values()) or any(self.relinked.values())

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table."""
        return {name: load.rows for name, load in self.loads.items()}


@dataclass(frozen=True)
class LastPublication:
    """The last publication of a library.

    ``is_current``: since then neither a linked library nor the declarations have changed.
    """

    run: str
    fingerprint: str
    counts: Mapping[str, int]
    is_current: bool


def fingerprint_files(tables: Mapping[str, Sequence[Path]]) -> str:
    """SHA-256 over the content of all files, by table; whatever they are called."""
    whole = hashlib.sha256()
    for name in sorted(tables):
        whole.update(f"{name}\n".encode())
        for path in tables[name]:
            with path.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()


def last_publication(cursor: Any, library: Library) -> LastPublication | None:
    """What was published last of this library, if anything. ``cursor`` is ADBC's."""
    linked = sorted({link.library for link in library.links})
    row = cursor.execute(
        """
        SELECT run, fingerprint, row_counts::text,
            NOT EXISTS (
                SELECT FROM quality.publication AS other
                WHERE other.id > ours.id AND other.status = 'published'
                    AND other.library = ANY (string_to_array($2::text, ','))
            ) AND NOT EXISTS (
                SELECT FROM audit.declared_schema WHERE applied_at > ours.published_at
            )
        FROM quality.publication AS ours
        WHERE library = $1::text ORDER BY id DESC LIMIT 1
        """,
        (library.name, ",".join(linked)),
    ).fetchone()
    return LastPublication(row[0], row[1], json.loads(row[2]), bool(row[3])) if row else None


def record_publication(
    cursor: Any, publication: Publication, fingerprint: str, snapshot_ids: Mapping[str, int]
) -> None:
    """Insert the row, in the transaction of the publication itself."""
    restored = publication.restored
    cursor.execute(
        "INSERT INTO quality.publication"
        " (id, library, run, snapshot_ids, row_counts, fingerprint, status, without_sources,"
        " late_sources, restores, restored_by, reason) OVERRIDING SYSTEM VALUE"
        " VALUES ($1::bigint, $2::text, $3::text, CAST($4::text AS jsonb),"
        " CAST($5::text AS jsonb), $6::text, $7::text,"
        " string_to_array($8::text, ','), string_to_array($9::text, ','), "
        " NULLIF($10::text, '')::bigint, NULLIF($11::text, ''), NULLIF($12::text, ''))",
        (
            publication.number,
            publication.library,
            publication.run,
            json.dumps(dict(snapshot_ids), sort_keys=True),
            json.dumps(publication.rows),
            fingerprint,
            "published" if publication.changed else "unchanged",
            ",".join(publication.without),
            ",".join(publication.late),
            str(restored.publication) if restored else "",
            restored.by if restored else "",
            restored.reason if restored else "",
        ),
    )
