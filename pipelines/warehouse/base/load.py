"""Incremental load of one table of ``base``: full outer join, then delete, update and insert.

It runs in the transaction of the caller. Nothing is truncated and no table is swapped for another:
that would show an empty table to a REPEATABLE READ transaction, or drop views and grants.
"""

# ruff: noqa: S608 - the names in these statements are those of the declarations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.libraries import Library, load_libraries
from pipelines.warehouse.base.tables import (
    PUBLICATION_NUMBER,
    BaseTable,
    index_statements,
    late_constraints,
)
from pipelines.warehouse.server.locks import ddl_with_retry

_INCOMING = "incoming"  # temporary tables
_DIFFERENCE = "difference"
_OWNER = "entity_id"  # whose a source record is


class KeysRepeated(Exception):
    """Duplicate keys in the rows to publish; PostgreSQL only notices where the key is new."""

    def __init__(self, table: str, surplus: int) -> None:
        super().__init__(f"{surplus} rows for base.{table} have the key of another row")


@dataclass(frozen=True)
class Load:
    """Row counts of a load: rows in the table afterwards; rows inserted, updated, deleted."""

    rows: int
    inserted: int
    updated: int
    deleted: int

    @property
    def changed(self) -> bool:
        """Whether a reader sees any difference."""
        return bool(self.inserted or self.updated or self.deleted)


def load_table(cursor: Any, table: BaseTable, rows: pa.RecordBatchReader) -> Load:
    """Make ``table`` contain exactly ``rows``; links to absorbed entities go to the current id.

    ``cursor`` is ADBC's, in a transaction.
    """
    if _never_loaded(cursor, table):
        return _load_first(cursor, table, rows)
    return _load_changes(cursor, table, rows)


def add_constraints_and_indexes(cursor: Any, table: BaseTable) -> None:
    """Create the late constraints and indexes that the table lacks.

    They are created after the first load and not with the table: a unique index over three million
    random keys takes a quarter of the time when it is built at once, a foreign key less still.
    """
    present = cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = CAST($1::text AS regclass)",
        (f'base."{table.name}"',),
    )
    names = {str(row[0]) for row in present.fetchall()}
    for name, definition in late_constraints(table).items():
        if name not in names:
            add = f'ALTER TABLE base."{table.name}" ADD CONSTRAINT "{name}" {definition}'
            cursor.execute(ddl_with_retry(add))
    for statement in index_statements(table).values():
        cursor.execute(ddl_with_retry(statement))


def relink_others(cursor: Any, library: Library) -> dict[str, int]:
    """Update other libraries' links to entities of ``library`` that were merged or retired.

    When two persons are merged, the licences of the absorbed one follow in the same transaction.

    Returns:
        ``table.column`` to the number of links changed.
    """
    changed: dict[str, int] = {}
    for other in load_libraries().values():
        for column, target in other.link_columns.items():
            if target == library.name:
                statement = _relink_statement(
                    f'base."{other.entity}"', column, library.entity, stamp=True
                )
                changed[f"{other.entity}.{column}"] = _run(cursor, statement)
    return changed


def _never_loaded(cursor: Any, table: BaseTable) -> bool:
    size = f"SELECT pg_relation_size('base.\"{table.name}\"'::regclass)"
    return bool(cursor.execute(size).fetchone()[0] == 0)


def _load_first(cursor: Any, table: BaseTable, rows: pa.RecordBatchReader) -> Load:
    inserted = cursor.adbc_ingest(table.name, rows, mode="append", db_schema_name="base")
    _relink(cursor, table, f'base."{table.name}"', stamp=table.is_stamped)
    cursor.execute(f'ANALYZE base."{table.name}"')
    return Load(rows=inserted, inserted=inserted, updated=0, deleted=0)


def _load_changes(cursor: Any, table: BaseTable, rows: pa.RecordBatchReader) -> Load:
    base = f'base."{table.name}"'
    cursor.execute(f"CREATE TEMPORARY TABLE {_INCOMING} (LIKE {base}) ON COMMIT DROP")
    total = cursor.adbc_ingest(_INCOMING, rows, mode="append", temporary=True)
    cursor.execute(f"ANALYZE {_INCOMING}")
    _relink(cursor, table, _INCOMING)
    _run(cursor, _difference(table))
    cursor.execute(f"ANALYZE {_DIFFERENCE}")
    deleted, updated, inserted = (_run(cursor, statement) for statement in _changes(table))
    if _OWNER in table.columns and _OWNER not in table.key:
        _run(cursor, _moved(table))
    cursor.execute(f"DROP TABLE {_INCOMING}, {_DIFFERENCE}")
    if inserted or updated or deleted:
        cursor.execute(f"ANALYZE {base}")
    (now,) = cursor.execute(f"SELECT count(*) FROM {base}").fetchone()
    if now != total:
        raise KeysRepeated(table.name, total - now)
    return Load(total, inserted, updated, deleted)


def _difference(table: BaseTable) -> str:
    """Create the table of differing rows, found by one full outer join.

    Its columns are those of the incoming row, and ``old_<key>`` of the published row.
    """
    same_key = " AND ".join(f'new."{name}" = old."{name}"' for name in table.key)
    old = ", ".join(f'old."{name}"' for name in table.columns)
    new = ", ".join(f'new."{name}"' for name in table.columns)
    remembered = dict.fromkeys((*table.key, *({_OWNER} & table.columns.keys())))
    old_key = ", ".join(f'old."{name}" AS "old_{name}"' for name in remembered)
    return (
        f"CREATE TEMPORARY TABLE {_DIFFERENCE} ON COMMIT DROP AS SELECT {new}, {old_key}"
        f' FROM base."{table.name}" AS old FULL JOIN {_INCOMING} AS new ON {same_key}'
        f" WHERE ROW({new}) IS DISTINCT FROM ROW({old})"
    )


def _changes(table: BaseTable) -> tuple[str, str, str]:
    """DELETE, UPDATE and INSERT statements for the differing rows."""
    base = f'base."{table.name}"'
    key = table.key[0]
    here = " AND ".join(f'here."{name}" = change."old_{name}"' for name in table.key)
    rest = [name for name in table.columns if name not in table.key]
    assignments = ", ".join(f'"{name}" = change."{name}"' for name in rest)
    assignments += ', "publication" = DEFAULT' if table.is_stamped else ""
    columns = ", ".join(f'"{name}"' for name in table.columns)
    return (
        f"DELETE FROM {base} AS here USING {_DIFFERENCE} AS change"
        f' WHERE {here} AND change."{key}" IS NULL',
        f"UPDATE {base} AS here SET {assignments} FROM {_DIFFERENCE} AS change"
        f' WHERE {here} AND change."{key}" IS NOT NULL',
        f"INSERT INTO {base} ({columns}) SELECT {columns} FROM {_DIFFERENCE}"
        f' WHERE "old_{key}" IS NULL',
    )


def _moved(table: BaseTable) -> str:
    """Note which entities gave records to which others: what a split or a merge consists of."""
    return (
        "INSERT INTO serve.moved (publication, library, from_id, to_id, records)"
        f' SELECT {PUBLICATION_NUMBER}, \'{table.library}\', "old_{_OWNER}", "{_OWNER}", count(*)'
        f' FROM {_DIFFERENCE} WHERE "old_{_OWNER}" <> "{_OWNER}" GROUP BY 3, 4'
    )


def _relink(cursor: Any, table: BaseTable, stored_in: str, *, stamp: bool = False) -> None:
    for column, entity in table.links.items():
        _run(cursor, _relink_statement(stored_in, column, entity, stamp=stamp))


def _relink_statement(table: str, column: str, entity: str, *, stamp: bool) -> str:
    """Replace links to an unknown entity by its current id, or NULL if it has none (now or yet)."""
    stamped = '"publication" = DEFAULT, ' if stamp else ""
    return (
        f'UPDATE {table} AS link SET {stamped}"{column}" = (SELECT current_id'
        f' FROM base."{entity}_redirect" AS old WHERE old.entity_id = link."{column}")'
        f' WHERE "{column}" IS NOT NULL AND NOT EXISTS'
        f' (SELECT FROM base."{entity}" AS found WHERE found.entity_id = link."{column}")'
    )


def _run(cursor: Any, statement: str) -> int:
    cursor.execute(statement)
    return int(cursor.rowcount)
