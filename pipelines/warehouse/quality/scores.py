"""Scores and the counts behind them: tables ``quality.score`` and ``quality.indicator_count``.

Recording the same batch again replaces what was there: a retry leaves one set of rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, and_, case, delete, insert, select

from pipelines.quality.score import Change, Count, Scope, Score, changes
from pipelines.warehouse.quality.tables import delivered_order, quality_table, record_columns
from pipelines.warehouse.server.locks import take_lock


@dataclass(frozen=True)
class ScoreRecord:
    """The score of one batch or run; ``column_name`` "" is the subject as a whole."""

    scope: str
    subject: str
    run: str
    column_name: str
    score: float
    grade: str
    rating: str
    dimensions: Mapping[str, float]
    weights: Mapping[str, float]
    scored_at: datetime


SCORE = quality_table("score", ScoreRecord)
INDICATOR_COUNT = quality_table(
    "indicator_count", Count, scope=str, subject=str, run=str, x=float | None
)


@dataclass(frozen=True)
class ScoreNews:
    """A score with its trend, its counts, and the changes since the score before.

    ``trend``: up to the number of batches asked for, oldest first, ``latest`` last. ``better`` and
    ``worse``: against the batch before, the largest change first.
    """

    latest: ScoreRecord
    previous: ScoreRecord | None
    trend: Sequence[ScoreRecord]
    counts: Sequence[Count]
    better: Sequence[Change]
    worse: Sequence[Change]


def record_score(
    engine: Engine,
    *,
    scope: Scope,
    subject: str,
    run: str,
    counts: Sequence[Count],
    scores: Mapping[str, Score],
) -> None:
    """Replace counts and scores of a batch or run.

    Args:
        engine: The warehouse.
        scope: Whose score it is.
        subject: Source, department (short name) or library.
        run: Batch or run.
        counts: A and B per indicator and column.
        scores: By column; "" is the subject as a whole. One without a score is left out.
    """
    about = {"scope": scope, "subject": subject, "run": run}
    with engine.begin() as connection:
        take_lock(connection, f"score {scope} {subject}")
        _replace(connection, INDICATOR_COUNT, about, [asdict(count) for count in counts])
        rows = [
            {
                "column_name": column,
                "score": score.score,
                "grade": score.grade,
                "rating": score.rating,
                "dimensions": {n: v for n, v in score.dimensions.items() if v is not None},
                "weights": dict(score.weights),
            }
            for column, score in scores.items()
            if score.score is not None
        ]
        _replace(connection, SCORE, about, rows)


@contextmanager
def scoring_lock(engine: Engine, what: str) -> Iterator[None]:
    """Lock the scores of ``what``: two batches of one department may end at the same time."""
    with engine.begin() as connection:
        take_lock(connection, f"scoring {what}")
        yield


def read_counts(engine: Engine, *, scope: Scope, subject: str, run: str) -> list[Count]:
    """A and B of a batch or run, by column and indicator."""
    t = INDICATOR_COUNT.c
    wanted = (t.scope == scope, t.subject == subject, t.run == run)
    query = select(*record_columns(INDICATOR_COUNT, Count)).where(*wanted)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(t.column_name, t.indicator, t.element))
        return [Count(**row) for row in found.mappings()]


def read_scores(
    engine: Engine,
    *,
    scope: Scope | None = None,
    subject: str | None = None,
    column_name: str | None = "",
) -> list[ScoreRecord]:
    """Scores, oldest first, of whole subjects; with ``column_name=None`` of columns, too.

    A batch is as old as its data, whenever it was scored; a library's run as it is itself, whatever
    its id says: those of Airflow and of the command line are written differently.
    """
    t = SCORE.c
    given = {"scope": scope, "subject": subject, "column_name": column_name}
    wanted = [t[name] == value for name, value in given.items() if value is not None]
    columns = record_columns(SCORE, ScoreRecord)
    happened = case((t.scope == "library", t.scored_at))
    order = (t.scope, t.subject, happened, delivered_order(t.run), t.column_name)
    with engine.connect() as connection:
        found = connection.execute(select(*columns).where(and_(True, *wanted)).order_by(*order))
        return [ScoreRecord(**row) for row in found.mappings()]


def read_score_news(
    engine: Engine, *, scope: Scope, subject: str, run: str | None = None, runs: int = 12
) -> ScoreNews | None:
    """The score of a run (the latest if none is given), its history, and what changed.

    Returns:
        ``None`` when it has never been scored.
    """
    trend = read_scores(engine, scope=scope, subject=subject)
    if run is not None:
        ends = [place for place, record in enumerate(trend) if record.run == run]
        trend = trend[: ends[-1] + 1] if ends else []
    if not trend:
        return None
    latest, previous = trend[-1], trend[-2] if len(trend) > 1 else None
    counts = read_counts(engine, scope=scope, subject=subject, run=latest.run)
    differences: list[Change] = []
    if previous is not None:
        before = read_counts(engine, scope=scope, subject=subject, run=previous.run)
        differences = changes(before, counts)
    better = [change for change in differences if change.delta > 0]
    worse = [change for change in reversed(differences) if change.delta < 0]
    return ScoreNews(latest, previous, trend[-runs:], counts, better, worse)


def _replace(
    connection: Connection,
    table: Table,
    about: Mapping[str, str],
    rows: Sequence[Mapping[str, object]],
) -> None:
    connection.execute(
        delete(table).where(*(table.c[name] == value for name, value in about.items()))
    )
    if rows:
        connection.execute(insert(table), [{**about, **row} for row in rows])
