"""What runs report about themselves is kept once, however often it is reported."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from pipelines.quality.drift import Drift
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.warehouse import (
    FindingCount,
    read_batches,
    read_expectations,
    read_findings,
    read_timings,
    record_batch,
    record_expectations,
    record_findings,
    record_timing,
)
from pipelines.warehouse.quality.drift import record_drift

BATCH = {"source": "a__b", "batch": "20260630", "library": "population"}
COUNTS = {"staged": 7, "superseded": 2, "quarantined": 1}


def test_a_batch_is_filled_in_stage_by_stage(warehouse: Engine):
    record_batch(warehouse, **BATCH, landed=10, files=["x.csv"], unmapped_columns=["备注"])
    (landed,) = read_batches(warehouse)
    assert (landed.landed, landed.staged, landed.landed_at is None) == (10, None, False)
    record_batch(warehouse, **BATCH, **COUNTS, findings=3)
    (staged,) = read_batches(warehouse, "a__b", "20260630")
    assert (staged.landed, staged.staged, staged.findings) == (10, 7, 3)
    assert (staged.files, staged.unmapped_columns) == (["x.csv"], ["备注"])
    assert staged.landed_at == landed.landed_at
    assert staged.staged_at


def test_recording_a_batch_again_keeps_when_it_landed(warehouse: Engine):
    record_batch(warehouse, **BATCH, landed=10)
    (first,) = read_batches(warehouse)
    record_batch(warehouse, **BATCH, landed=10)
    assert read_batches(warehouse) == [first]


def test_the_database_itself_refuses_lost_rows(warehouse: Engine):
    with pytest.raises(IntegrityError, match="no_row_lost"):
        record_batch(warehouse, **BATCH, landed=11, **COUNTS)


def test_findings_of_a_batch_are_replaced(warehouse: Engine):
    record_batch(warehouse, **BATCH, landed=10)
    about = {"source": "a__b", "batch": "20260630"}
    count = FindingCount("citizen_id", "citizen_id", "CHECK_DIGIT", "error", 4)
    record_findings(warehouse, **about, counts=[count])
    record_findings(warehouse, **about, counts=[FindingCount("", "", "NO_KEY", "error", 1)])
    (found,) = read_findings(warehouse, "a__b")
    assert (found.rule, found.row_count, found.column_name) == ("NO_KEY", 1, "")
    record_findings(warehouse, **about, counts=[])
    assert read_findings(warehouse) == []


def test_outcomes_come_back_as_they_were(warehouse: Engine):
    outcome = ExpectationOutcome(
        *("staged", "few_errors", "expect_x", "citizen_id", "warning", False),
        *("3 / 10 (30%)", "≤ 20%", "错误过多"),
    )
    for _ in range(2):
        record_expectations(
            warehouse, subject="a__b", run="20260630", layer="source", outcomes=[outcome]
        )
    assert read_expectations(warehouse, subject="a__b", run="20260630") == [outcome]
    assert read_expectations(warehouse, subject="a__b", run="20260701") == []


def test_the_last_timing_counts(warehouse: Engine):
    about = {"subject": "a__b", "run": "20260630", "stage": "land"}
    record_timing(warehouse, **about, seconds=9.0)
    record_timing(warehouse, **about, seconds=2.5, cpu_seconds=1.5, rows=10)
    (timing,) = read_timings(warehouse, "20260630")
    assert (timing.seconds, timing.cpu_seconds, timing.row_count) == (2.5, 1.5, 10)


def test_who_records_the_same_at_once_waits_and_neither_fails(warehouse: Engine):
    """The command line and Airflow check one batch; one has written and not committed yet."""
    outcome = ExpectationOutcome("staged", "few", "expect_x", None, "warning", False, "3", "2", "x")
    about = {"subject": "a__b", "run": "20260630", "layer": "source", "outcomes": [outcome]}
    record_batch(warehouse, **BATCH, landed=10)
    measures = [Drift("null_rate", "mobile", "", 0.5, 0.1, 0.9, 0.2, 9)]
    count = FindingCount("citizen_id", "citizen_id", "CHECK_DIGIT", "error", 4)
    batch = {"source": "a__b", "batch": "20260630"}
    for record in (
        lambda: record_expectations(warehouse, **about),
        lambda: record_findings(warehouse, **batch, counts=[count]),
        lambda: record_drift(warehouse, **batch, drift=measures),
    ):
        barrier = Barrier(4)

        def at_once(record=record, barrier=barrier) -> None:
            barrier.wait(timeout=60)
            for _ in range(10):
                record()

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(at_once) for _ in range(4)]:
                done.result()
    assert read_expectations(warehouse, subject="a__b", run="20260630") == [outcome]
    assert len(read_findings(warehouse, "a__b")) == 1
