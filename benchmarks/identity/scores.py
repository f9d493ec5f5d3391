"""How right a clustering of records is, against the truth; all of it in SQL over whole tables.

A contestant's answer is a table ``source, source_key, cluster``. Scores:

* **Pairwise** precision, recall and F1: of the pairs of records in one cluster, how many are of one
  entity, and the reverse.
* **B³** (Bagga and Baldwin 1998): the same per record, then averaged, so that a large cluster does
  not count by the square of its size.
* **By group**: pairwise over the pairs of which at least one record is of the group, B³ over its
  records.
* **Anatomy**: the wrong and the missed pairs by what was planted in either record.
* **Calibration**: of pairs said to match with probability p, the share that does, in bins of p; the
  expected calibration error is the mean distance of the two, weighted by pairs (Naeini 2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from benchmarks.identity.world.planted import telling_bits

Rows = Sequence[tuple[object, ...]]


@dataclass(frozen=True)
class Quality:
    """Pair counts, and B³ over the records."""

    together: int  # pairs in one cluster
    true: int  # pairs of one entity
    right: int  # pairs that are both
    b3_precision: float
    b3_recall: float
    records: int

    @property
    def precision(self) -> float:
        """1 where nothing was put together: nothing wrong was said."""
        return self.right / self.together if self.together else 1.0

    @property
    def recall(self) -> float:
        """1 where nothing belongs together."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return _harmonic(self.precision, self.recall)

    @property
    def b3(self) -> float:
        """Harmonic mean of B³ precision and recall."""
        return _harmonic(self.b3_precision, self.b3_recall)


@dataclass(frozen=True)
class Anatomy:
    """Where the errors come from.

    ``by_tag``: tag, wrong pairs, missed pairs, records that have it. ``wrong`` and ``missed``: what
    was planted in the one and the other record, pairs, an example of each side.
    """

    by_tag: Rows
    wrong: Rows
    missed: Rows


@dataclass(frozen=True)
class Calibration:
    """``bins``: lowest and highest p, pairs, mean p, share that match. ``error``: expected."""

    bins: Rows
    error: float


@dataclass(frozen=True)
class Scores:
    """Everything that is said about one answer."""

    overall: Quality
    groups: Mapping[str, Mapping[str, Quality]]
    anatomy: Anatomy
    decided: float | None = None  # share of records that are in no open question
    calibration: Calibration | None = None
    rules: Rows = field(default_factory=list)  # rule, records that it joined, of them wrongly


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def score(
    con: duckdb.DuckDBPyConnection, groups: Sequence[str], tags: Sequence[str], top: int = 25
) -> Scores:
    """Score an answer.

    Args:
        con: Holds ``truth`` (``source, source_key, entity, planted`` and ``groups``) and ``answer``
            (``source, source_key, cluster``), each with one row per record. A record without an
            answer is a cluster of its own.
        groups: Columns of ``truth`` to tell results apart by.
        tags: Names of the bits of ``planted``, lowest first.
        top: How many kinds of wrong and of missed pairs to show.
    """
    _number_records(con)
    return Scores(
        overall=_overall(con),
        groups={group: _by_group(con, group) for group in groups},
        anatomy=_anatomy(con, tags, top),
    )


def _number_records(con: duckdb.DuckDBPyConnection) -> None:
    """``rec``: the truth with a number per cluster, and the sizes that B³ needs."""
    con.execute(
        """
        CREATE OR REPLACE TEMP MACRO pairs_touched(mine, all_) AS
            all_ * (all_ - 1) // 2 - (all_ - mine) * (all_ - mine - 1) // 2;
        CREATE OR REPLACE TEMP TABLE joined AS
        SELECT t.*, row_number() OVER () AS rid,
               coalesce(a.cluster::VARCHAR, 'alone ' || t.source || ' ' || t.source_key) AS named
        FROM truth t LEFT JOIN answer a USING (source, source_key);
        CREATE OR REPLACE TEMP TABLE rec AS
        SELECT * EXCLUDE (named), dense_rank() OVER (ORDER BY named) AS cluster FROM joined;
        CREATE OR REPLACE TEMP TABLE cell AS
        SELECT *, sum(n) OVER (PARTITION BY cluster) AS in_cluster,
               sum(n) OVER (PARTITION BY entity) AS in_entity
        FROM (SELECT cluster, entity, count(*) AS n FROM rec GROUP BY cluster, entity);
        CREATE OR REPLACE TEMP TABLE wrong AS
        SELECT a.rid AS left_rid, b.rid AS right_rid
        FROM rec a JOIN rec b ON a.cluster = b.cluster AND a.rid < b.rid AND a.entity <> b.entity;
        CREATE OR REPLACE TEMP TABLE missed AS
        SELECT a.rid AS left_rid, b.rid AS right_rid
        FROM rec a JOIN rec b ON a.entity = b.entity AND a.rid < b.rid AND a.cluster <> b.cluster;
        """
    )


def _overall(con: duckdb.DuckDBPyConnection) -> Quality:
    right, b3_precision, b3_recall, records = _one(
        con,
        """SELECT sum(n * (n - 1) // 2), sum(n * n / in_cluster), sum(n * n / in_entity), sum(n)
           FROM cell""",
    )
    (together,) = _one(con, f"SELECT sum(n * (n - 1) // 2) FROM {_sizes('cluster')}")
    (true,) = _one(con, f"SELECT sum(n * (n - 1) // 2) FROM {_sizes('entity')}")
    return Quality(together, true, right, b3_precision / records, b3_recall / records, records)


def _sizes(column: str) -> str:
    return f"(SELECT {column}, count(*) AS n FROM rec GROUP BY ALL)"


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = con.execute(query).fetchone()
    if row is None or row[-1] is None:
        raise ValueError("There are no records to score.")
    return tuple(int(value) if float(value).is_integer() else value for value in row)


def _by_group(con: duckdb.DuckDBPyConnection, group: str) -> Mapping[str, Quality]:
    """Pairs with a record of the group: all pairs of a class less those of its other records."""
    rows = con.execute(
        f"""
        WITH r AS (SELECT coalesce("{group}", '–') AS g, cluster, entity FROM rec),
        per AS (
            SELECT g, r.cluster, r.entity, count(*) AS m, any_value(n) AS n,
                   any_value(in_cluster) AS in_cluster, any_value(in_entity) AS in_entity
            FROM r JOIN cell ON r.cluster = cell.cluster AND r.entity = cell.entity GROUP BY ALL),
        together AS (SELECT g, sum(touched) AS together FROM (
            SELECT g, cluster, pairs_touched(sum(m), any_value(in_cluster)) AS touched
            FROM per GROUP BY ALL) GROUP BY g),
        truly AS (SELECT g, sum(touched) AS truly FROM (
            SELECT g, entity, pairs_touched(sum(m), any_value(in_entity)) AS touched
            FROM per GROUP BY ALL) GROUP BY g)
        SELECT g, any_value(together)::BIGINT, any_value(truly)::BIGINT,
               sum(pairs_touched(m, n))::BIGINT,
               sum(m * n / in_cluster) / sum(m), sum(m * n / in_entity) / sum(m), sum(m)::BIGINT
        FROM per JOIN together USING (g) JOIN truly USING (g) GROUP BY g
        ORDER BY try_cast(regexp_extract(g, '^[0-9]+') AS INT), g
        """
    ).fetchall()
    return {str(row[0]): Quality(*row[1:]) for row in rows}


def _anatomy(con: duckdb.DuckDBPyConnection, tags: Sequence[str], top: int) -> Anatomy:
    """What was planted in the records of the pairs that are wrong or missed."""
    con.execute("CREATE OR REPLACE TEMP TABLE tag (bit INT, name VARCHAR)")
    con.executemany("INSERT INTO tag VALUES (?, ?)", [[bit, name] for bit, name in enumerate(tags)])
    by_tag = con.execute(
        f"""
        WITH either AS (
            SELECT 'wrong' AS kind, a.planted | b.planted AS planted
            FROM wrong JOIN rec a ON left_rid = a.rid JOIN rec b ON right_rid = b.rid
            UNION ALL SELECT 'missed', a.planted | b.planted
            FROM missed JOIN rec a ON left_rid = a.rid JOIN rec b ON right_rid = b.rid
            UNION ALL SELECT 'record', planted FROM rec)
        SELECT name, count(*) FILTER (kind = 'wrong') AS wrong,
               count(*) FILTER (kind = 'missed') AS missed, count(*) FILTER (kind = 'record')
        FROM either JOIN tag ON {_has("planted", "bit")}
        GROUP BY name ORDER BY wrong + missed DESC, name
        """
    ).fetchall()
    mask = telling_bits(tags)
    return Anatomy(by_tag, _kinds(con, "wrong", mask, top), _kinds(con, "missed", mask, top))


def _has(planted: str, bit: str) -> str:
    return f"(({planted} >> {bit}) & 1) = 1"


def _kinds(con: duckdb.DuckDBPyConnection, table: str, mask: int, top: int) -> Rows:
    """The commonest combinations of what is planted on both sides, with an example."""
    written = f"""coalesce((SELECT string_agg(name, ' + ' ORDER BY name) FROM tag
                             WHERE {_has("{0}.planted", "bit")}), 'nothing')"""
    return con.execute(
        f"""
        WITH found AS (
            SELECT a.planted & {mask} AS one, b.planted & {mask} AS other,
                   a.source || ':' || a.source_key AS ours,
                   b.source || ':' || b.source_key AS theirs
            FROM {table} JOIN rec a ON left_rid = a.rid JOIN rec b ON right_rid = b.rid),
        level AS (
            SELECT least(one, other) AS low, greatest(one, other) AS high, count(*) AS pairs,
                   min(CASE WHEN one <= other THEN ours || ' ' || theirs
                            ELSE theirs || ' ' || ours END) AS example
            FROM found GROUP BY ALL),
        sides AS (SELECT DISTINCT unnest([low, high]) AS planted FROM level),
        named AS (SELECT planted, {written.format("sides")} AS name FROM sides)
        SELECT x.name, y.name, pairs, example FROM level
        JOIN named x ON low = x.planted JOIN named y ON high = y.planted
        ORDER BY pairs DESC, x.name, y.name LIMIT {top}
        """
    ).fetchall()


def share_decided(con: duckdb.DuckDBPyConnection) -> float:
    """Share of the records of ``truth`` that no row of ``question`` asks about."""
    (share,) = _one(
        con,
        """SELECT 1 - avg((source, source_key) IN (
               SELECT (left_source, left_key) FROM question
               UNION SELECT (right_source, right_key) FROM question)::INT) FROM truth""",
    )
    return float(share)


def calibration(con: duckdb.DuckDBPyConnection) -> Calibration | None:
    """Of ``scored`` (``left_source, left_key, right_source, right_key, probability``).

    Bins are finer where a decision is made: the tenths, and the last tenth in tenths of its own.
    """
    rows = con.execute(
        """
        WITH pair AS (
            SELECT s.probability AS p, (a.entity = b.entity)::INT AS is_match
            FROM scored s
            JOIN truth a ON a.source = s.left_source AND a.source_key = s.left_key
            JOIN truth b ON b.source = s.right_source AND b.source_key = s.right_key
            WHERE s.probability IS NOT NULL),
        binned AS (
            SELECT *, CASE WHEN p < 0.9 THEN floor(p * 10) / 10
                           WHEN p < 0.99 THEN floor(p * 100) / 100
                           WHEN p < 0.999 THEN 0.99 ELSE 0.999 END AS low FROM pair)
        SELECT low,
               CASE WHEN low < 0.9 THEN low + 0.1 WHEN low < 0.99 THEN low + 0.01
                    WHEN low < 0.999 THEN 0.999 ELSE 1 END::DOUBLE,
               count(*), avg(p), avg(is_match)
        FROM binned GROUP BY low ORDER BY low
        """
    ).fetchall()
    if not rows:
        return None
    total = sum(row[2] for row in rows)
    error = sum(row[2] * abs(row[3] - row[4]) for row in rows) / total
    return Calibration(rows, error)
