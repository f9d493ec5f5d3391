"""Publish a library: load its tables in ``base`` with the new snapshot, in one transaction.

All of it runs over one ADBC connection. A table that was never loaded takes the rows by binary
COPY. Otherwise they go into a temporary table, and only what differs is deleted, updated and
inserted: readers see the last publication until the commit, rows that did not change are not
touched, and views and grants stay. A crash, or a lost connection, leaves the last publication.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as postgres

from pipelines.engines.duck import connect as connect_duck
from pipelines.errors import DatabaseUnavailable, PublicationFailed
from pipelines.libraries import Library
from pipelines.runtime.stop_points import stop_point
from pipelines.settings import Settings
from pipelines.warehouse.base.history import begin_publication, note_changes
from pipelines.warehouse.base.load import (
    KeysRepeated,
    Load,
    add_constraints_and_indexes,
    load_table,
    relink_others,
)
from pipelines.warehouse.base.publication import (
    Publication,
    Restored,
    fingerprint_files,
    last_publication,
    record_publication,
)
from pipelines.warehouse.base.rows import arrow_batches
from pipelines.warehouse.base.tables import base_tables
from pipelines.warehouse.server.database import database_url, shown_url
from pipelines.warehouse.server.locks import take_lock_by_cursor


def publish(
    settings: Settings,
    library: Library,
    run: str,
    tables: Mapping[str, Sequence[Path]],
    snapshot_ids: Mapping[str, int],
    without: Sequence[str] = (),
    late: Sequence[str] = (),
    restored: Restored | None = None,
) -> Publication:
    """Load ``tables`` into ``base``, and record it in ``quality.publication``.

    When the files are those of the last publication, and nothing that their links lead to was
    published since, no row is sent.

    Args:
        settings: Where the database is, and what memory the reading may take.
        library: Whose tables.
        run: Id of the run; kept with the publication.
        tables: Name of a table of ``base`` to the Parquet files with all its rows, in the order in
            which they shall lie on disk. Columns are matched by name; one that the files lack is
            NULL, one that ``base`` lacks is left out.
        snapshot_ids: Lake table to the Iceberg snapshot that the files are of.
        without: Sources without anything usable of this time; kept with the publication.
        late: Sources that should have delivered again; kept with the publication.
        restored: The earlier publication whose content these rows are; kept with this one.

    Raises:
        DatabaseUnavailable: PostgreSQL cannot be reached.
        PublicationFailed: PostgreSQL refused the rows; what was published before stays.
    """
    fingerprint = fingerprint_files(tables)
    with _transaction(settings, library.name) as cursor:
        last = last_publication(cursor, library)
        if last and last.fingerprint == fingerprint and last.is_current:
            loads = {name: Load(rows, 0, 0, 0) for name, rows in last.counts.items()}
            publication = Publication(library.name, run, loads, {}, begin_publication(cursor))
        else:
            publication = _load(cursor, settings, library, run, tables)
        publication = replace(publication, without=without, late=late, restored=restored)
        if publication.changed or publication.noted or last is None or last.run != run:
            record_publication(cursor, publication, fingerprint, snapshot_ids)
    return publication


def _load(
    cursor: Any,
    settings: Settings,
    library: Library,
    run: str,
    tables: Mapping[str, Sequence[Path]],
) -> Publication:
    number = begin_publication(cursor)
    delivered = [table for table in base_tables(library) if table.name in tables]
    engine = connect_duck(settings)
    try:
        loads = {
            table.name: load_table(cursor, table, arrow_batches(engine, table, tables[table.name]))
            for table in delivered
        }
    finally:
        engine.disconnect()
    relinked = relink_others(cursor, library)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # PostgreSQL creates no index before that
    for table in delivered:
        add_constraints_and_indexes(cursor, table)
    noted = note_changes(cursor, library, number)
    return Publication(library.name, run, loads, relinked, number, noted)


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
                take_lock_by_cursor(cursor, "publish")
                yield cursor
            stop_point(f"publish {library} before")
            connection.commit()
            stop_point(f"publish {library} after")
        except adbc_driver_manager.Error as failed:
            raise PublicationFailed(library, _first_line(failed)) from None
        except KeysRepeated as repeated:
            raise PublicationFailed(library, str(repeated)) from None


def _first_line(failed: adbc_driver_manager.Error) -> str:
    """First line of PostgreSQL's error, without the detail, which quotes values."""
    lines = str(failed).splitlines()
    if (
        "ERROR:" not in lines[0]
    ):  # the driver quotes the statement first, which may be several lines
        lines = [line.partition("ERROR:")[2] for line in lines if "ERROR:" in line] or lines
    return lines[0].removeprefix("INVALID_DATA: ").strip()
