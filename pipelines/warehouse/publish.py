"""Publish a library: its tables in ``base`` become the new snapshot, in one transaction.

All of it runs over one ADBC connection. A table that was never loaded takes the rows by binary
COPY. Otherwise they go into a temporary table, and only what differs is deleted, updated and
inserted: readers see the last publication until the commit, rows that did not change are not
touched, and views and grants stay. A crash, or a lost connection, leaves the last publication.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as postgres

from pipelines.engines.duck import connect as connect_duck
from pipelines.errors import DatabaseUnavailable, PublicationFailed
from pipelines.libraries import Library
from pipelines.settings import Settings
from pipelines.warehouse.base_tables import base_tables
from pipelines.warehouse.database import database_url, shown_url
from pipelines.warehouse.load import Load, complete_table, load_table, relink_others
from pipelines.warehouse.rows import arrow_batches


@dataclass(frozen=True)
class Publication:
    """What was published: what became of each table, and of other libraries' links to them.

    ``relinked``: ``table.column`` to how many links went to an entity's new id or became NULL.
    """

    library: str
    run: str
    loads: Mapping[str, Load]
    relinked: Mapping[str, int]

    @property
    def changed(self) -> bool:
        """Whether a reader sees any difference."""
        return any(load.changed for load in self.loads.values()) or any(self.relinked.values())

    @property
    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return {name: load.rows for name, load in self.loads.items()}


def publish(
    settings: Settings,
    library: Library,
    run: str,
    tables: Mapping[str, Sequence[Path]],
    snapshot_ids: Mapping[str, int],
) -> Publication:
    """Make ``base`` say what ``tables`` say, and note it in ``quality.publication``.

    Args:
        settings: Where the database is, and what memory the reading may take.
        library: Whose tables.
        run: Id of the run; kept with the publication.
        tables: Name of a table of ``base`` to the Parquet files with all its rows, in the order in
            which they shall lie on disk. Columns are matched by name; one that the files lack is
            NULL, one that ``base`` lacks is left out.
        snapshot_ids: Lake table to the Iceberg snapshot that the files are of.

    Raises:
        DatabaseUnavailable: PostgreSQL cannot be reached.
        PublicationFailed: PostgreSQL refused the rows; what was published before stays.
    """
    wanted = [table for table in base_tables(library) if table.name in tables]
    engine = connect_duck(settings)
    try:
        with _transaction(settings, library.name) as cursor:
            loads = {
                table.name: load_table(
                    cursor, table, arrow_batches(engine, table, tables[table.name])
                )
                for table in wanted
            }
            relinked = relink_others(cursor, library)
            for table in wanted:
                complete_table(cursor, table)
            publication = Publication(library.name, run, loads, relinked)
            _note(cursor, publication, snapshot_ids)
    finally:
        engine.disconnect()
    return publication


@contextmanager
def _transaction(settings: Settings, library: str) -> Iterator[Any]:
    """A cursor whose work is committed when the block ends well; one publication at a time."""
    url = database_url(settings)
    try:
        connection = postgres.connect(url, autocommit=False)
    except adbc_driver_manager.Error as failed:
        raise DatabaseUnavailable(shown_url(url), _first_line(failed)) from None
    with connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '256MB'")
                lock = "SELECT pg_advisory_xact_lock(hashtextextended('baselib publish', 0))"
                cursor.execute(lock).fetchall()
                yield cursor
            connection.commit()  # where deferred foreign keys speak up
        except adbc_driver_manager.Error as failed:
            raise PublicationFailed(library, _first_line(failed)) from None


def _note(cursor: Any, publication: Publication, snapshot_ids: Mapping[str, int]) -> None:
    """The row in ``quality.publication``; repeating a publication adds none."""
    snapshots = json.dumps(dict(snapshot_ids), sort_keys=True)
    last = cursor.execute(
        "SELECT run, snapshot_ids::text FROM quality.publication WHERE library = $1::text"
        " ORDER BY id DESC LIMIT 1",
        (publication.library,),
    ).fetchone()
    if not publication.changed and last == (publication.run, _as_postgres(cursor, snapshots)):
        return
    status = "published" if publication.changed else "unchanged"
    counts = json.dumps(publication.counts)
    cursor.execute(
        "INSERT INTO quality.publication (library, run, snapshot_ids, row_counts, status)"
        " VALUES ($1::text, $2::text, CAST($3::text AS jsonb), CAST($4::text AS jsonb), $5::text)",
        (publication.library, publication.run, snapshots, counts, status),
    )


def _as_postgres(cursor: Any, document: str) -> str:
    query = "SELECT CAST($1::text AS jsonb)::text"
    return str(cursor.execute(query, (document,)).fetchone()[0])


def _first_line(failed: adbc_driver_manager.Error) -> str:
    """What PostgreSQL said, without the detail, which quotes values."""
    return str(failed).splitlines()[0].removeprefix("INVALID_DATA: ").strip()
