"""Run records in schema ``quality``: batches, findings, expectations, timings, publications.

Every ``record_`` function may be called again with the same arguments: a retry leaves one row.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Engine, Table, and_, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.batch import batch_key
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.warehouse.quality.tables import (
    delivered_order,
    quality_table,
    record_columns,
    replace_rows,
)

Row = TypeVar("Row")


@dataclass(frozen=True)
class BatchRecord:
    """One batch of one source; a number is ``None`` until its stage has run.

    ``equal_to`` is the batch that said the same and whose rows stand for this one's too;
    ``judged_by`` and ``judged_again_on`` say by what these were judged, and until when that holds.
    ``awaits_check``: rows were staged, wholly or in part, and no check of them has ended since.
    """

    source: str
    batch: str
    library: str
    landed: int | None
    staged: int | None
    superseded: int | None
    quarantined: int | None
    findings: int | None
    files: Sequence[str]
    fingerprint: str | None
    encoding: str | None
    unmapped_columns: Sequence[str]
    remarks: Sequence[str]
    landed_at: datetime | None
    staged_at: datetime | None
    equal_to: str | None = None
    judged_by: str | None = None
    judged_again_on: date | None = None
    awaits_check: bool = False


@dataclass(frozen=True)
class FindingCount:
    """How many rows of a batch break one rule in one column ("": in the row as a whole)."""

    column_name: str
    element: str
    rule: str
    severity: str
    row_count: int


@dataclass(frozen=True)
class FindingRecord(FindingCount):
    """A ``FindingCount`` with the batch that it is of."""

    source: str
    batch: str


@dataclass(frozen=True)
class PublicationRecord:
    """One publication of a library: Iceberg snapshots, rows by table, sources that it lacks.

    ``fingerprint``: digest of the content of all of its files.
    """

    library: str
    run: str
    snapshot_ids: dict[str, int]
    row_counts: dict[str, int]
    status: str
    published_at: datetime
    without_sources: Sequence[str] = ()
    late_sources: Sequence[str] = ()
    fingerprint: str = ""
    id: int = 0
    restores: int | None = None  # id of the publication whose content it has again
    restored_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class TimingRecord:
    """How long a stage took when it last ran for a batch or run, and whether it ended well."""

    subject: str
    run: str
    stage: str
    seconds: float
    row_count: int | None
    started_at: datetime
    is_done: bool = True
    cpu_seconds: float | None = None  # of the processor; without the database server


BATCH = quality_table("batch", BatchRecord)
FINDING_COUNT = quality_table("finding_count", FindingRecord)
EXPECTATION_RESULT = quality_table(
    "expectation_result", ExpectationOutcome, subject=str, run=str, layer=str, checked_at=datetime
)
PUBLICATION = quality_table("publication", PublicationRecord)
STAGE_TIMING = quality_table("stage_timing", TimingRecord)


def record_batch(
    engine: Engine,
    *,
    source: str,
    batch: str,
    library: str,
    landed: int | None = None,
    staged: int | None = None,
    superseded: int | None = None,
    quarantined: int | None = None,
    findings: int | None = None,
    files: Sequence[str] | None = None,
    fingerprint: str | None = None,
    encoding: str | None = None,
    unmapped_columns: Sequence[str] | None = None,
    remarks: Sequence[str] | None = None,
    judged_by: str | None = None,
    judged_again_on: date | None = None,
    awaits_check: bool | None = None,
) -> None:
    """Upsert the facts of a batch; what is not given stays as it was.

    ``landed_at`` is when ``landed`` was first given, ``staged_at`` when ``staged`` was last given;
    a batch of which either is given has rows of its own. ``judged_again_on`` goes with ``staged``.
    """
    lists = {"files": files, "unmapped_columns": unmapped_columns, "remarks": remarks}
    facts: dict[str, Any] = {
        "landed": landed,
        "staged": staged,
        "superseded": superseded,
        "quarantined": quarantined,
        "findings": findings,
        "fingerprint": fingerprint,
        "encoding": encoding,
        "judged_by": judged_by,
        "awaits_check": awaits_check,
        **{name: None if value is None else list(value) for name, value in lists.items()},
    }
    given = {name: value for name, value in facts.items() if value is not None}
    if landed is not None:
        given |= {"landed_at": func.now(), "equal_to": None}
    if staged is not None:
        given |= {"staged_at": func.now(), "judged_again_on": judged_again_on}
    new = upsert(BATCH).values(source=source, batch=batch, library=library, **given)
    changed: dict[str, Any] = {name: new.excluded[name] for name in ("library", *given)}
    if landed is not None:
        changed["landed_at"] = func.coalesce(BATCH.c.landed_at, new.excluded.landed_at)
    with engine.begin() as connection:
        connection.execute(
            new.on_conflict_do_update(index_elements=["source", "batch"], set_=changed)
        )


def read_batches(
    engine: Engine, source: str | None = None, batch: str | None = None
) -> list[BatchRecord]:
    """All batches, or those of a source, or of one id; by source and in order of delivery."""
    wanted = _equal(BATCH, source=source, batch=batch)
    found = _read(engine, BATCH, BatchRecord, wanted, "source")
    return sorted(found, key=lambda record: (record.source, batch_key(record.batch)))


def record_findings(
    engine: Engine, *, source: str, batch: str, counts: Sequence[FindingCount]
) -> None:
    """Replace the finding counts of a batch, which ``record_batch`` must know already."""
    rows = [{"source": source, "batch": batch, **asdict(count)} for count in counts]
    replace_rows(engine, FINDING_COUNT, _equal(FINDING_COUNT, source=source, batch=batch), rows)


def read_findings(
    engine: Engine, source: str | None = None, batch: str | None = None
) -> list[FindingRecord]:
    """Finding counts of all batches, or those of a source, or of one id."""
    wanted = _equal(FINDING_COUNT, source=source, batch=batch)
    order = ("source", "batch", "column_name", "rule")
    return _read(engine, FINDING_COUNT, FindingRecord, wanted, *order)


def record_expectations(
    engine: Engine, *, subject: str, run: str, layer: str, outcomes: Sequence[ExpectationOutcome]
) -> None:
    """Replace the outcomes of one layer's suites for a source's batch or a library's run."""
    about = {"subject": subject, "run": run, "layer": layer}
    rows = [
        {"column_name": fields.pop("column"), **fields, **about}
        for fields in (asdict(outcome) for outcome in outcomes)
    ]
    replace_rows(engine, EXPECTATION_RESULT, _equal(EXPECTATION_RESULT, **about), rows)


def read_expectations(
    engine: Engine, *, subject: str, run: str, layer: str | None = None
) -> list[ExpectationOutcome]:
    """The outcomes of a source's batch or a library's run, by suite and name."""
    t = EXPECTATION_RESULT.c
    wanted = _equal(EXPECTATION_RESULT, subject=subject, run=run, layer=layer)
    query = select(*record_columns(EXPECTATION_RESULT, ExpectationOutcome)).where(wanted)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(t.layer, t.suite, t.name)).mappings()
        return [ExpectationOutcome(**row) for row in found]


def read_stopped_batches(engine: Engine, source: str) -> set[str]:
    """Batches of a source that a critical expectation stopped when they were last checked."""
    t = EXPECTATION_RESULT.c
    failed = and_(t.layer == "source", t.severity == "critical", ~t.success)
    query = select(t.run).where(t.subject == source, failed).distinct()
    with engine.connect() as connection:
        return set(connection.execute(query).scalars())


def read_passed_over_batches(engine: Engine, source: str) -> set[str]:
    """Batches of a source that no library reads: stopped, or staged and not checked since.

    A check that was killed or never began has stopped nothing, and has let nothing pass either.
    """
    waiting = select(BATCH.c.batch).where(BATCH.c.source == source, BATCH.c.awaits_check)
    with engine.connect() as connection:
        unchecked = set(connection.execute(waiting).scalars())
    return read_stopped_batches(engine, source) | unchecked


def record_timing(
    engine: Engine,
    *,
    subject: str,
    run: str,
    stage: str,
    seconds: float,
    cpu_seconds: float | None = None,
    rows: int | None = None,
    is_done: bool = True,
) -> None:
    """Record the duration (seconds) and the rows written of a stage that has just ended.

    ``cpu_seconds``: of the processor; ``is_done``: it ended well.
    """
    new = upsert(STAGE_TIMING).values(
        subject=subject,
        run=run,
        stage=stage,
        seconds=seconds,
        row_count=rows,
        started_at=func.now() - timedelta(seconds=seconds),
        is_done=is_done,
        cpu_seconds=cpu_seconds,
    )
    measured = ("seconds", "row_count", "started_at", "is_done", "cpu_seconds")
    changed = {name: new.excluded[name] for name in measured}
    key = ["subject", "run", "stage"]
    with engine.begin() as connection:
        connection.execute(new.on_conflict_do_update(index_elements=key, set_=changed))


def read_timings(
    engine: Engine, run: str | None = None, subject: str | None = None
) -> list[TimingRecord]:
    """The last timing of every stage, or of one batch or run; in the order in which they began."""
    wanted = _equal(STAGE_TIMING, run=run, subject=subject)
    return _read(engine, STAGE_TIMING, TimingRecord, wanted, "started_at")


def read_publications(engine: Engine, library: str | None = None) -> list[PublicationRecord]:
    """All publications, or those of one library, oldest first."""
    wanted = _equal(PUBLICATION, library=library)
    return _read(engine, PUBLICATION, PublicationRecord, wanted, "id")


def content_run(publications: Sequence[PublicationRecord]) -> str:
    """Whose run's content is published last: a roll back has that of another.

    Args:
        publications: Of one library, at least one, oldest first.
    """
    known = {one.id: one for one in publications}
    last = publications[-1]
    while last.restores is not None and last.restores in known:
        last = known[last.restores]
    return last.run


def restorable_runs(publications: Sequence[PublicationRecord]) -> list[str]:
    """Runs of one library whose publication may be gone back to, the newest first."""
    runs = dict.fromkeys(one.run for one in reversed(publications))
    current = publications[-1].run if publications else None
    return [run for run in runs if run != current]


def _equal(table: Table, **wanted: str | None) -> ColumnElement[bool]:
    """Condition: each named column has the value given; ``None`` leaves it open."""
    given = [table.c[name] == value for name, value in wanted.items() if value is not None]
    return and_(True, *given)


def _read(
    engine: Engine,
    table: Table,
    kind: type[Row],
    wanted: ColumnElement[bool],
    *order: str,
) -> list[Row]:
    query = select(*record_columns(table, kind)).where(wanted)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(*(_in_order(table, name) for name in order)))
        return [kind(**row) for row in found.mappings()]


def _in_order(table: Table, name: str) -> ColumnElement[Any]:
    return delivered_order(table.c[name]) if name == "batch" else table.c[name]
