"""Drift measures of each batch, table ``quality.drift``: the history of later batches."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Engine, and_, exists, select

from pipelines.batch import batch_key
from pipelines.quality.drift import Drift, Measure
from pipelines.warehouse.quality.runs import BATCH, EXPECTATION_RESULT
from pipelines.warehouse.quality.tables import (
    Int4,
    delivered_order,
    quality_table,
    record_columns,
    replace_rows,
)

LOOK_BACK = 30  # batches: a month of a daily source; what was usual a year ago is history
DRIFT = quality_table("drift", Drift, source=str, batch=str, history=Int4)


def record_drift(engine: Engine, *, source: str, batch: str, drift: Sequence[Drift]) -> None:
    """Replace the measures of a batch, which ``record_batch`` must know already."""
    t = DRIFT.c
    rows = [{"source": source, "batch": batch, **asdict(each)} for each in drift]
    replace_rows(engine, DRIFT, and_(t.source == source, t.batch == batch), rows)


def read_history(engine: Engine, *, source: str, before: str) -> dict[str, list[Measure]]:
    """Measures of the last ``LOOK_BACK`` batches before that one, by batch.

    Batches that no check let pass are left out: they are no example of usual values.
    """
    t, result = DRIFT.c, EXPECTATION_RESULT.c
    stopped = exists().where(
        result.subject == source,
        result.run == t.batch,
        result.severity == "critical",
        result.success.is_(False),
    )
    order = delivered_order(t.batch)
    waiting = exists().where(
        BATCH.c.source == source, BATCH.c.batch == t.batch, BATCH.c.awaits_check
    )
    passed = and_(~stopped, ~waiting)
    wanted = select(t.batch).where(t.source == source, order < batch_key(before), passed)
    latest = wanted.group_by(t.batch).order_by(order.desc()).limit(LOOK_BACK).subquery()
    query = select(t.batch, *record_columns(DRIFT, Measure)).where(
        t.source == source, t.batch.in_(select(latest.c.batch))
    )
    found: dict[str, list[Measure]] = defaultdict(list)
    with engine.connect() as connection:
        for batch, *measured in connection.execute(query):
            found[batch].append(Measure(*measured))
    return dict(found)


def read_measures(engine: Engine, *, source: str, batch: str) -> list[Measure]:
    """What was measured of a batch, without what it was held against."""
    t = DRIFT.c
    structural = t.measure.like("new_%") | t.measure.like("gone_%") | t.measure.like("emptied_%")
    query = select(*record_columns(DRIFT, Measure)).where(
        t.source == source, t.batch == batch, ~structural
    )
    with engine.connect() as connection:
        found = connection.execute(query.order_by(t.measure, t.column_name, t.code)).mappings()
        return [Measure(**row) for row in found]


def read_drift(engine: Engine, *, source: str, batch: str) -> list[Drift]:
    """Unusual measures of a batch, largest distance first."""
    t = DRIFT.c
    query = select(*record_columns(DRIFT, Drift)).where(
        t.source == source, t.batch == batch, t.distance > 1
    )
    order = (t.distance.desc(), t.measure, t.column_name, t.code)
    with engine.connect() as connection:
        return [Drift(**row) for row in connection.execute(query.order_by(*order)).mappings()]
