"""What the check of a batch would say of its arrival and history that it did not say of the last.

Of equal rows, everything that is measured in them is equal. What is left is when they came, and
what was usual until then; that takes no reading of rows.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from pipelines.batch import batch_date, batch_key
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session, moment
from pipelines.flows.source.requirements import EXPECTATIONS
from pipelines.quality.drift import Drift, Measure, find_drift
from pipelines.quality.suites import read_suite_parameters
from pipelines.quality.volume import volume_bounds
from pipelines.warehouse import BatchRecord, read_batches, read_passed_over_batches
from pipelines.warehouse.quality.drift import read_drift, read_history, read_measures, record_drift

_OF_THE_DAY = ("age_days", "interval_days")


def check_would_say_more(session: Session, source: Source, batch: str, last: BatchRecord) -> bool:
    """Whether a check would find something unusual that it did not find in the equal batch before.

    Later than usual, more or fewer rows than usual by now, or a measure that is unusual by now.
    """
    before = read_batches(session.warehouse, source.name)
    drift = drift_of_equal(session, source, batch, last)
    told = read_drift(session.warehouse, source=source.name, batch=last.batch)
    unusual, known = {_place(each) for each in drift if _is_off(each)}, set(map(_place, told))
    return (
        not unusual <= known
        or _is_later(session, source, batch, before)
        or _has_unusual_volume(session, source, batch, last)
    )


def keep_drift_of_equal(session: Session, source: Source, batch: str, last: BatchRecord) -> None:
    """Keep the measures of a batch that is equal to the one before: later ones are held by them."""
    drift = drift_of_equal(session, source, batch, last)
    record_drift(session.warehouse, source=source.name, batch=batch, drift=drift)


def drift_of_equal(session: Session, source: Source, batch: str, last: BatchRecord) -> list[Drift]:
    """What ``check`` would measure of a batch that is equal to the one before."""
    kept = read_measures(session.warehouse, source=source.name, batch=last.batch)
    measured = [each for each in kept if each.measure not in _OF_THE_DAY]
    measured.append(Measure("age_days", "", "", float(_age(session, batch))))
    earlier = _earlier(read_batches(session.warehouse, source.name), batch)
    if earlier:
        days = (batch_date(batch) - max(batch_date(each.batch) for each in earlier)).days
        measured.append(Measure("interval_days", "", "", float(days)))
    history = read_history(session.warehouse, source=source.name, before=batch)
    return find_drift(measured, history, last.staged or 0)


def _is_later(session: Session, source: Source, batch: str, records: Sequence[BatchRecord]) -> bool:
    """Older than it should be, or longer after the last than agreed: both are told of a batch."""
    earlier = _earlier(records, batch)
    interval = batch_date(batch) - max(batch_date(each.batch) for each in earlier)
    age = _age(session, batch)
    is_late = age > max(_age_of(session, earlier[-1]), _days_allowed(source, "raw"))
    return age < 0 or is_late or interval.days > _days_allowed(source, "drift")


def _days_allowed(source: Source, suite: str) -> float:
    """How many days the suite allows between deliveries, or to a delivery."""
    parameters = read_suite_parameters(EXPECTATIONS, suite)
    usual = source.frequency / timedelta(days=1)
    return usual * parameters.get("grace", 1.0) + parameters.get("transfer_days", 0.0)


def _has_unusual_volume(session: Session, source: Source, batch: str, last: BatchRecord) -> bool:
    """Whether as many rows as before are no longer usual, though they were."""
    records = read_batches(session.warehouse, source.name)
    passed_over = read_passed_over_batches(session.warehouse, source.name)
    counted = [each for each in records if each.batch not in passed_over]
    before = [each.landed or 0 for each in _earlier(counted, last.batch)]
    by_now = [each.landed or 0 for each in _earlier(counted, batch)]
    rows = last.landed or 0
    return not _is_within(rows, by_now) and _is_within(rows, before)


def _is_within(rows: int, history: Sequence[int]) -> bool:
    low, high = volume_bounds(history)
    return low <= rows and (high is None or rows <= high)


def _earlier(records: Sequence[BatchRecord], batch: str) -> list[BatchRecord]:
    this = batch_key(batch)
    return [each for each in records if each.landed is not None and batch_key(each.batch) < this]


def _age(session: Session, batch: str) -> int:
    return (_today(session) - batch_date(batch)).days


def _age_of(session: Session, record: BatchRecord) -> int:
    fixed = session.settings.today
    landed = fixed or (record.landed_at.date() if record.landed_at else batch_date(record.batch))
    return (landed - batch_date(record.batch)).days


def _today(session: Session) -> date:
    """As ``check`` counts the age of a delivery."""
    return session.settings.today or moment(session.settings).date()


def _is_off(drift: Drift) -> bool:
    return drift.distance is not None and drift.distance > 1


def _place(drift: Drift) -> tuple[str, str, str]:
    return drift.measure, drift.column_name, drift.code
