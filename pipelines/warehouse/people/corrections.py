"""The correction ledger, ``quality.correction``: owners' answers about single values."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Engine, text

from pipelines.contracts.source import Source
from pipelines.quality.answers import ANSWERED_ISSUE_SCHEMA
from pipelines.settings import Settings
from pipelines.stage.overlay import LEDGER_SCHEMA
from pipelines.warehouse.quality.issues.tracked import open_issues

APPLIED_ANSWER_SCHEMA = (
    *("fingerprint", "record", "column_name", "rule", "verdict"),
    *("guard", "new_value", "since_batch", "reason"),
)
_TYPES = {"int64": pa.int64(), "string": pa.string()}


def read_ledger(engine: Engine, source: str) -> pa.Table:
    """Every entry of a source, retired ones too: they still apply to older batches."""
    columns = ", ".join(LEDGER_SCHEMA)
    query = text(
        f"SELECT {columns} FROM quality.correction"  # noqa: S608 - names of a schema
        " WHERE source = :source ORDER BY id"
    )
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query, {"source": source}).mappings()]
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in LEDGER_SCHEMA.items()])
    return pa.Table.from_pylist(rows, schema)


def last_answer(engine: Engine, source: str) -> int:
    """Number of the last entry of a source's ledger; 0 if there is none."""
    query = text("SELECT coalesce(max(id), 0) FROM quality.correction WHERE source = :source")
    with engine.connect() as connection:
        return int(connection.execute(query, {"source": source}).scalar_one())


def has_open_promise(engine: Engine, source: str) -> bool:
    """Whether an issue was answered and no correction stands in its place: a batch will tell."""
    query = text(
        "SELECT EXISTS (SELECT FROM quality.issue AS issue"
        " WHERE source = :source AND layer = 'batch' AND state = 'answered' AND NOT EXISTS ("
        " SELECT FROM quality.correction AS entry WHERE entry.record = issue.record"
        " AND entry.column_name = issue.column_name AND entry.retired_batch IS NULL))"
    )
    with engine.connect() as connection:
        return bool(connection.execute(query, {"source": source}).scalar_one())


def find_issues(engine: Engine, fingerprints: Sequence[str]) -> pa.Table:
    """The issues that answers name: ``ANSWERED_ISSUE_SCHEMA`` of ``quality/answers.py``."""
    with engine.connect() as connection:
        rows = connection.execute(_FIND_ISSUES, {"named": list(fingerprints)}).all()
    values = zip(*rows, strict=True) if rows else ((),) * len(ANSWERED_ISSUE_SCHEMA)
    kinds = (_TYPES[kind] for kind in ANSWERED_ISSUE_SCHEMA.values())
    columns = [pa.array(each, kind) for each, kind in zip(values, kinds, strict=True)]
    return pa.table(columns, names=list(ANSWERED_ISSUE_SCHEMA))


def confirmed_issues(engine: Engine, source: str) -> pa.Table:
    """``fingerprint`` of a source's issues whose value its owner has confirmed, and not changed."""
    query = text(
        "SELECT fingerprint FROM quality.issue"
        " WHERE source = :source AND state = 'confirmed_correct'"
    )
    with engine.connect() as connection:
        names = connection.execute(query, {"source": source}).scalars().all()
    return pa.table({"fingerprint": pa.array(names, pa.string())})


def find_alike(engine: Engine, fingerprints: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Each of the issues, and every open one of its source about the same value and rule."""
    with engine.connect() as connection:
        rows = connection.execute(_FIND_ALIKE, {"named": list(fingerprints)}).all()
    return [(str(named), str(alike)) for named, alike in rows]


def record_answers(
    settings: Settings, source: Source, answers: pa.Table, who: str, when: datetime
) -> None:
    """Write answers to the ledger, and the resulting states to the issues and their history.

    Args:
        settings: Where the warehouse is.
        source: Whose records.
        answers: The text columns ``APPLIED_ANSWER_SCHEMA``; only verdicts that are applied.
        who: Who sent them.
        when: With time zone.

    Raises:
        IssuesNotKept: PostgreSQL refused them; nothing was written.
    """
    at = when.isoformat()
    with open_issues(settings, source) as issues:
        cursor = issues.cursor
        cursor.execute(_ANSWER)
        cursor.adbc_ingest("answer", answers, mode="append", temporary=True)
        cursor.execute("ANALYZE answer")
        cursor.execute(_RETIRE_REPLACED, (at,))
        cursor.execute(_INSERT, (source.name, who, at))
        cursor.execute(_INSERT_EVENTS, (who, at))
        cursor.execute(_SET_ANSWERED, (at,))
        cursor.execute(_SET_CONFIRMED, (at,))


def record_import(engine: Engine, digest: str, who: str, when: datetime, counts: str) -> None:
    """Record that a repair sheet was imported; ``counts`` is JSON. A repeat replaces it."""
    statement = text(
        "INSERT INTO quality.repair_import (digest, made_by, imported_at, counts)"
        " VALUES (:digest, :who, :at, CAST(:counts AS jsonb)) ON CONFLICT (digest, made_by)"
        " DO UPDATE SET imported_at = excluded.imported_at, counts = excluded.counts"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"digest": digest, "who": who, "at": when, "counts": counts})


_NAMES = ", ".join(name for name in ANSWERED_ISSUE_SCHEMA if name != "shared")
# How many open issues are about the same value under the same rule.
_FIND_ISSUES = text(f"""
WITH named AS MATERIALIZED (
    SELECT {_NAMES} FROM quality.issue WHERE fingerprint = ANY (CAST(:named AS text[]))
), alike AS (
    SELECT source, column_name, rule, value_digest, count(*) AS shared FROM quality.issue
    WHERE source IN (SELECT source FROM named) AND state NOT IN ('fixed', 'confirmed_correct')
    GROUP BY source, column_name, rule, value_digest
)
SELECT named.*, coalesce(shared, 1) AS shared
FROM named LEFT JOIN alike USING (source, column_name, rule, value_digest)""")  # noqa: S608 - names of a schema

_FIND_ALIKE = text("""
SELECT named.fingerprint, issue.fingerprint
FROM quality.issue AS named JOIN quality.issue AS issue
    USING (source, layer, column_name, rule, value_digest)
WHERE named.fingerprint = ANY (CAST(:named AS text[]))
    AND issue.state NOT IN ('fixed', 'confirmed_correct') AND issue.missing_since IS NULL
ORDER BY named.fingerprint, issue.file, issue.line, issue.fingerprint""")

_ANSWER = """
CREATE TEMPORARY TABLE answer (
    fingerprint text COLLATE "C", record text COLLATE "C", column_name text, rule text,
    verdict text, guard text, new_value text, since_batch text, reason text
) ON COMMIT DROP"""

# A newer answer about the same value retires the older one; an identical one is stored once.
_RETIRE_REPLACED = """
UPDATE quality.correction AS old SET retired_batch = answer.since_batch, retired_why = 'replaced',
    retired_at = CAST($1::text AS timestamptz)
FROM answer
WHERE old.record = answer.record AND old.column_name = answer.column_name
    AND old.retired_batch IS NULL AND (
        (answer.verdict = 'accepted' AND (old.kind = 'confirmation'
            OR old.kind = 'statement'
            OR (old.guard, old.new_value) IS DISTINCT FROM (answer.guard, answer.new_value)))
        OR (answer.verdict = 'confirmed' AND (old.kind IN ('correction', 'statement')
            OR (old.fingerprint = answer.fingerprint AND old.guard <> answer.guard))))"""

_INSERT = """
INSERT INTO quality.correction (fingerprint, source, record, column_name, rule, kind, guard,
    new_value, since_batch, made_by, reason, made_at)
SELECT DISTINCT ON (answer.record, answer.column_name, kind.name, kind.about)
    answer.fingerprint, $1::text, answer.record, answer.column_name, answer.rule, kind.name,
    answer.guard, answer.new_value, answer.since_batch, $2::text, answer.reason,
    CAST($3::text AS timestamptz)
FROM answer CROSS JOIN LATERAL (
    SELECT CASE verdict WHEN 'accepted' THEN 'correction' WHEN 'stated' THEN 'statement'
            ELSE 'confirmation' END AS name,
        CASE verdict WHEN 'confirmed' THEN answer.fingerprint ELSE '' END AS about
) AS kind
WHERE answer.verdict IN ('accepted', 'confirmed', 'stated') AND NOT EXISTS (
    SELECT FROM quality.correction AS old
    WHERE old.record = answer.record AND old.column_name = answer.column_name
        AND old.kind = kind.name AND old.retired_batch IS NULL
        AND (old.kind <> 'confirmation' OR old.fingerprint = answer.fingerprint))
ORDER BY answer.record, answer.column_name, kind.name, kind.about, answer.fingerprint"""

# A corrected value answers whatever else was wrong with it.
_AFFECTED_ISSUES = """
SELECT issue.fingerprint, issue.state, min(answer.reason) AS reason,
    min(answer.since_batch) AS since_batch, bool_or(answer.verdict = 'confirmed') AS confirmed
FROM quality.issue AS issue JOIN answer ON answer.fingerprint = issue.fingerprint
    OR (answer.verdict = 'accepted' AND answer.record = issue.record
        AND answer.column_name = issue.column_name)
WHERE issue.state NOT IN ('fixed', 'confirmed_correct')
GROUP BY issue.fingerprint, issue.state"""

_INSERT_EVENTS = f"""
INSERT INTO quality.issue_event (fingerprint, kind, from_state, to_state, batch, at, who, note)
SELECT fingerprint, CASE WHEN confirmed THEN 'confirmed' ELSE 'answered' END, state,
    CASE WHEN confirmed THEN 'confirmed_correct' ELSE 'answered' END, since_batch,
    CAST($2::text AS timestamptz), $1::text, nullif(reason, '')
FROM ({_AFFECTED_ISSUES}) AS affected ORDER BY fingerprint"""  # noqa: S608 - a constant

_SET_ANSWERED = f"""
UPDATE quality.issue AS issue SET state = 'answered', answered_at = CAST($1::text AS timestamptz)
FROM ({_AFFECTED_ISSUES}) AS affected
WHERE affected.fingerprint = issue.fingerprint AND NOT affected.confirmed"""  # noqa: S608 - a constant

_SET_CONFIRMED = f"""
UPDATE quality.issue AS issue SET state = 'confirmed_correct', closed_how = 'confirmed',
    answered_at = CAST($1::text AS timestamptz), closed_at = CAST($1::text AS timestamptz),
    closed_batch = affected.since_batch
FROM ({_AFFECTED_ISSUES}) AS affected
WHERE affected.fingerprint = issue.fingerprint AND affected.confirmed"""  # noqa: S608 - a constant
