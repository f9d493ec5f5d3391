"""Batches that say what an earlier one said: their facts are those of that batch.

``equal_to`` always names a batch with rows of its own. A batch is followed to it once, here and in
``flows/shared/batches.py``.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine, text

from pipelines.warehouse.quality.runs import BatchRecord


def read_equal_batches(engine: Engine, source: str) -> Mapping[str, str]:
    """Batches of a source that have no rows of their own, each with the one whose rows stand."""
    query = text(
        "SELECT batch, equal_to FROM quality.batch"
        " WHERE source = :source AND equal_to IS NOT NULL ORDER BY batch"
    )
    with engine.connect() as connection:
        return {row.batch: row.equal_to for row in connection.execute(query, {"source": source})}


def record_equal_batch(
    engine: Engine,
    root: BatchRecord,
    batch: str,
    *,
    files: Sequence[str],
    fingerprint: str,
    remarks: Sequence[str],
) -> None:
    """Record a batch that says what ``root`` said; its counts are those of ``root``.

    Issues that were seen last in the batch before it have been seen in this one, too.
    """
    about = {"source": root.source, "batch": batch, "root": root.batch}
    delivered = {"files": list(files), "fingerprint": fingerprint, "remarks": list(remarks)}
    with engine.begin() as connection:
        connection.execute(_INSERT, {**about, **delivered})
        _copy_findings(connection, about)
        connection.execute(_SEEN, about)


def refresh_equal_batches(engine: Engine, source: str, root: str) -> None:
    """Bring the counts of the batches that are equal to ``root`` up to date with its own."""
    equal = [batch for batch, its in read_equal_batches(engine, source).items() if its == root]
    with engine.begin() as connection:
        for batch in equal:
            about = {"source": source, "batch": batch, "root": root}
            connection.execute(_UPDATE, about)
            _copy_findings(connection, about)


def move_equal_batches(engine: Engine, source: str, root: str, to: str) -> None:
    """Let the batches that were equal to ``root`` be equal to ``to``, which has rows of its own.

    These are checked where those of ``root`` were.
    """
    statement = text(
        "UPDATE quality.batch AS each SET equal_to = nullif(CAST(:to AS text), each.batch),"
        " awaits_check = root.awaits_check FROM quality.batch AS root"
        " WHERE each.source = :source AND each.equal_to = :root"
        " AND (root.source, root.batch) = (:source, :root)"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"source": source, "root": root, "to": to})


def _copy_findings(connection: Connection, about: Mapping[str, str]) -> None:
    connection.execute(_DELETE_FINDINGS, about)
    connection.execute(_COPY_FINDINGS, about)


_INSERT = text("""
INSERT INTO quality.batch (source, batch, library, landed, staged, superseded, quarantined,
    findings, files, fingerprint, encoding, unmapped_columns, remarks, landed_at, staged_at,
    equal_to,
    judged_by, judged_again_on)
SELECT source, :batch, library, landed, staged, superseded, quarantined,
    findings,
    CAST(:files AS text[]), :fingerprint, encoding, unmapped_columns, CAST(:remarks AS text[]),
    now(), staged_at, batch, judged_by, judged_again_on
FROM quality.batch WHERE source = :source AND batch = :root
ON CONFLICT (source, batch) DO UPDATE SET library = excluded.library, landed = excluded.landed,
    staged = excluded.staged, superseded = excluded.superseded,
    quarantined = excluded.quarantined, findings = excluded.findings, files = excluded.files,
    fingerprint = excluded.fingerprint, encoding = excluded.encoding,
    unmapped_columns = excluded.unmapped_columns, remarks = excluded.remarks,
    landed_at = coalesce(batch.landed_at, excluded.landed_at), staged_at = excluded.staged_at,
    equal_to = excluded.equal_to, judged_by = excluded.judged_by,
    judged_again_on = excluded.judged_again_on
""")

_UPDATE = text("""
UPDATE quality.batch AS equal SET landed = root.landed, staged = root.staged,
    superseded = root.superseded, quarantined = root.quarantined, findings = root.findings,
    staged_at = root.staged_at, judged_by = root.judged_by,
    judged_again_on = root.judged_again_on
FROM quality.batch AS root
WHERE (equal.source, equal.batch) = (:source, :batch)
    AND (root.source, root.batch) = (:source, :root)
""")

_DELETE_FINDINGS = text(
    "DELETE FROM quality.finding_count WHERE source = :source AND batch = :batch"
)

_COPY_FINDINGS = text("""
INSERT INTO quality.finding_count (source, batch, column_name, element, rule, severity, row_count)
SELECT source, :batch, column_name, element, rule, severity, row_count
FROM quality.finding_count WHERE source = :source AND batch = :root
""")

# Only of those that were there: an answered one is not, its correction stands in its place.
_SEEN = text("""
UPDATE quality.issue SET last_batch = :batch
WHERE source = :source AND layer = 'batch' AND state IN ('open', 'sent', 'not_fixed')
    AND last_batch IN (
        SELECT batch FROM quality.batch
        WHERE source = :source AND :root IN (batch, equal_to) AND batch <> :batch
    )
""")
