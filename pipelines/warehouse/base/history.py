"""History and change feed: what a publication changed, noted in its own transaction.

``serve.<entity>_history`` has a row for each state of an entity, with the publications between
which it was read; the open rows (``to_pub`` is NULL) are what ``base.<entity>`` is. So the
difference between the two, at the end of a publication, is what it changed, whichever statement
did it: the load itself, or links that followed to another library's new ids. Rows that a
publication touched carry its number, so only these are compared.
"""

# ruff: noqa: S608 - the names in these statements are those of the declarations

from collections.abc import Iterator
from typing import Any

from pipelines.libraries import Library, libraries_linking_to
from pipelines.warehouse.base.tables import PUBLICATION_SETTING, base_tables

_NOTED = "noted"  # temporary table


def history_columns(library: Library) -> list[str]:
    """What is kept of an entity's past: golden values, their companions, and links.

    Not from which record a value was taken: those numbers change when nothing does.
    """
    columns: list[str] = []
    for golden in library.columns.values():
        columns += [golden.name, *golden.companion_types]
    return columns + list(library.link_columns)


def history_statements(library: Library) -> Iterator[str]:
    """SQL that creates ``serve.<entity>_history`` and adds what it lacks; idempotent."""
    history, columns = _history(library), base_tables(library)[0].columns
    yield (
        f'CREATE TABLE IF NOT EXISTS {history} (entity_id text COLLATE "C" NOT NULL,'
        " from_pub bigint NOT NULL, to_pub bigint)"
    )
    added = [
        f'ADD COLUMN IF NOT EXISTS "{name}" {columns[name].type}'
        for name in history_columns(library)
    ]
    yield f"ALTER TABLE {history} {', '.join(added)}"
    yield (
        f"COMMENT ON TABLE {history} IS '{library.entity_title}历史："
        "每个状态一行，自 from_pub 号发布起，至 to_pub 号发布前（空为现行）'"
    )
    yield f"GRANT SELECT ON {history} TO base_reader, serve_owner"


def begin_publication(cursor: Any) -> int:
    """Take the publication's number; under the lock of publications, so in order of commits."""
    sequence = "pg_get_serial_sequence('quality.publication', 'id')"
    (number,) = cursor.execute(f"SELECT nextval({sequence})").fetchone()
    cursor.execute(
        "SELECT set_config($1::text, $2::text, true)", (PUBLICATION_SETTING, str(number))
    ).fetchall()
    return int(number)


def note_changes(cursor: Any, library: Library, number: int) -> dict[str, int]:
    """Bring history and change feed up to what ``base`` is now.

    Returns:
        Library name to how many of its entities changed; those of libraries that link to this one
        follow its new ids in the same transaction.
    """
    _run(cursor, mint_own_ids_statement(library, number))
    noted = {library.name: _note(cursor, library, number)}
    for other in libraries_linking_to(library.name):
        noted[other.name] = _note(cursor, other, number)
    return {name: count for name, count in noted.items() if count}


def mint_own_ids_statement(library: Library, number: int | None = None) -> str:
    """SQL that gives each consumer with ids of its own one for each entity, past and present.

    With ``number`` only for entities that this publication touched.
    """
    touched = f" WHERE publication = {number}" if number is not None else ""
    past = f" UNION SELECT entity_id FROM {_history(library)}" if number is None else ""
    return (
        "INSERT INTO serve.own_id (of_consumer, real_id, own_id)"
        " SELECT key.of_consumer, one.entity_id, serve.own_id_of("
        f"key.prefixes->>'{library.name}', one.entity_id, key.inner_pad, key.outer_pad)"
        " FROM serve.consumer_key AS key CROSS JOIN"
        f' (SELECT entity_id FROM base."{library.entity}"{touched}{past}) AS one'
        " ON CONFLICT DO NOTHING"
    )


def _note(cursor: Any, library: Library, number: int) -> int:
    begun = cursor.execute(
        "SELECT publication FROM serve.horizon WHERE library = $1::text", (library.name,)
    ).fetchone()
    return _go_on(cursor, library, number) if begun else _begin(cursor, library, number)


def _begin(cursor: Any, library: Library, number: int) -> int:
    """The first history of a library: all that it has. The change feed begins after it."""
    base = f'base."{library.entity}"'
    _run(cursor, f"UPDATE {base} SET publication = {number} WHERE publication IS NULL")
    columns = ", ".join(_quoted(library))
    count = _run(
        cursor,
        f"INSERT INTO {_history(library)} (entity_id, from_pub, {columns})"
        f" SELECT entity_id, {number}, {columns} FROM {base}",
    )
    if count:
        insert = "INSERT INTO serve.horizon (library, publication) VALUES ($1::text, $2::bigint)"
        cursor.execute(insert, (library.name, number))
        _index(cursor, library)
    return count


def _go_on(cursor: Any, library: Library, number: int) -> int:
    _run(cursor, _noted(library, number))
    cursor.execute(f"ANALYZE {_NOTED}")
    count = _run(cursor, _changes(library, number))
    for statement in _new_states(library, number):
        _run(cursor, statement)
    cursor.execute(f"DROP TABLE {_NOTED}")
    return count


def _noted(library: Library, number: int) -> str:
    """Create the table of what changed: touched rows that differ, rows gone, ids split."""
    base, history = f'base."{library.entity}"', _history(library)
    names = _quoted(library)
    now, was = (", ".join(f"{side}.{name}" for name in names) for side in ("now", "was"))
    differing = ", ".join(
        f"CASE WHEN now.{name} IS DISTINCT FROM was.{name} THEN '{name.strip(chr(34))}' END"
        for name in names
    )
    return f"""CREATE TEMPORARY TABLE {_NOTED} ON COMMIT DROP AS
SELECT now.entity_id, was.entity_id IS NULL AS is_new, false AS is_gone, true AS is_other,
    CASE WHEN was.entity_id IS NULL THEN '{{}}'::text[]
         ELSE array_remove(ARRAY[{differing}]::text[], NULL) END AS columns
FROM {base} AS now
LEFT JOIN {history} AS was ON was.entity_id = now.entity_id AND was.to_pub IS NULL
WHERE now.publication = {number}
    AND (was.entity_id IS NULL OR ROW({now}) IS DISTINCT FROM ROW({was}))
UNION ALL
SELECT was.entity_id, false, true, true, '{{}}'::text[] FROM {history} AS was
WHERE was.to_pub IS NULL
    AND NOT EXISTS (SELECT FROM {base} AS now WHERE now.entity_id = was.entity_id)"""


def _changes(library: Library, number: int) -> str:
    """Insert a row of the feed per changed entity; one that only gave away records is split."""
    base, history = f'base."{library.entity}"', _history(library)
    redirect = f'base."{library.entity}_redirect"'
    moved = f"SELECT from_id, to_id FROM serve.moved WHERE publication = {number}"
    return f"""WITH moved AS ({moved}),
parted AS (
    SELECT moved.from_id AS entity_id, array_agg(moved.to_id ORDER BY moved.to_id) AS ids
    FROM moved JOIN {_NOTED} AS other ON other.entity_id = moved.to_id AND other.is_new
    WHERE EXISTS (SELECT FROM {base} AS alive WHERE alive.entity_id = moved.from_id)
    GROUP BY 1
), origin AS (
    SELECT to_id AS entity_id, array_agg(from_id ORDER BY from_id) AS ids FROM moved GROUP BY 1
), one AS (
    SELECT coalesce({_NOTED}.entity_id, parted.entity_id) AS entity_id,
        coalesce(is_new, false) AS is_new, coalesce(is_gone, false) AS is_gone,
        coalesce(columns, '{{}}') AS columns, parted.ids AS parts
    FROM {_NOTED} FULL JOIN parted ON parted.entity_id = {_NOTED}.entity_id
)
INSERT INTO serve.change (publication, seq, library, entity_id, op, columns, related)
SELECT {number},
    (SELECT coalesce(max(seq), 0) FROM serve.change WHERE publication = {number})
        + row_number() OVER (ORDER BY one.entity_id),
    '{library.name}', one.entity_id,
    CASE WHEN is_gone AND heir.current_id IS NOT NULL THEN 'merged'
         WHEN is_gone THEN 'removed'
         WHEN is_new AND EXISTS (
             SELECT FROM {history} AS old WHERE old.entity_id = one.entity_id) THEN 'restored'
         WHEN is_new THEN 'created'
         WHEN parts IS NOT NULL THEN 'split'
         ELSE 'changed' END,
    one.columns,
    CASE WHEN is_gone THEN array_remove(ARRAY[heir.current_id], NULL)
         WHEN is_new THEN coalesce(origin.ids, '{{}}')
         ELSE coalesce(parts, '{{}}') END
FROM one
LEFT JOIN {redirect} AS heir ON heir.entity_id = one.entity_id
LEFT JOIN origin ON origin.entity_id = one.entity_id"""


def _new_states(library: Library, number: int) -> tuple[str, str]:
    """UPDATE that ends the former states, INSERT of the new ones."""
    history, columns = _history(library), ", ".join(_quoted(library))
    return (
        f"UPDATE {history} AS was SET to_pub = {number} FROM {_NOTED}"
        f" WHERE was.entity_id = {_NOTED}.entity_id AND was.to_pub IS NULL AND NOT is_new",
        f"INSERT INTO {history} (entity_id, from_pub, {columns})"
        f' SELECT entity_id, {number}, {columns} FROM base."{library.entity}"'
        f" WHERE entity_id IN (SELECT entity_id FROM {_NOTED} WHERE NOT is_gone)",
    )


def _index(cursor: Any, library: Library) -> None:
    """After the first history: an index is built in a quarter of the time when rows are there."""
    links = [column for column, target in library.link_columns.items() if target]
    name, history = f"{library.entity}_history", _history(library)
    cursor.execute(
        f'CREATE UNIQUE INDEX IF NOT EXISTS "{name}_key" ON {history} (entity_id, from_pub)'
    )
    cursor.execute(
        f'CREATE UNIQUE INDEX IF NOT EXISTS "{name}_open" ON {history}'
        " (entity_id) WHERE to_pub IS NULL"
    )
    for column in links:
        index = f'CREATE INDEX IF NOT EXISTS "{name}_{column}" ON {history} ("{column}")'
        cursor.execute(index)
    cursor.execute(f"ANALYZE {history}")


def _history(library: Library) -> str:
    return f'serve."{library.entity}_history"'


def _quoted(library: Library) -> list[str]:
    return [f'"{name}"' for name in history_columns(library)]


def _run(cursor: Any, statement: str) -> int:
    cursor.execute(statement)
    return int(cursor.rowcount)
