"""``python -m benchmarks.quality --rows 3000000``: everything that judges a staged batch.

Finding profile, facts of the score and measures of drift of a made-up batch in which every fifth
row has a finding; then the suites of the source, by Great Expectations, its import apart.
"""

import argparse
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time

import ibis
import ibis.expr.types as ir

from benchmarks.machine import this_machine
from pipelines.batch import batch_date
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.engines.duck import connect
from pipelines.flows.source.ingest import EXPECTATIONS
from pipelines.quality.drift import Measure, batch_measures, drift_table, find_drift
from pipelines.quality.measure import batch_facts
from pipelines.quality.profile import finding_profile
from pipelines.quality.suites import raw_view, source_parameters, suites_for_source
from pipelines.settings import Settings, load_settings

BATCH = "20260630"
SOURCE = "public_security__household_registration"
STAGED = """
SELECT 'k' || i AS source_key, 'a.csv' AS _file, i AS _line, '1101051949' || i AS citizen_id,
    'name' AS person_name, CAST(i % 2 + 1 AS VARCHAR) AS sex_code, '01' AS ethnicity_code,
    DATE '1980-01-01' AS birth_date, '10' AS marital_code, '420106' AS residence_region_code,
    'address' AS residence_address, TIMESTAMP '2026-01-01' AS changed_at,
    CAST(i % 2 + 1 AS VARCHAR) AS citizen_id_sex_code, DATE '1980-01-01' AS citizen_id_birth_date,
    CASE WHEN i % 5 = 0 THEN [{'column': 'citizen_id', 'rule': 'CHECK_DIGIT', 'severity': 'error',
        'value': 'x'}, {'column': 'sex_code', 'rule': 'UNKNOWN_CODE', 'severity': 'error',
        'value': 'x'}] ELSE [] END AS findings
FROM range(?) AS r(i)"""
DELIVERED = f"""
SELECT * EXCLUDE findings, '{BATCH}' AS _batch, CAST(NULL AS VARCHAR) AS _defect
FROM ({STAGED})"""
QUARANTINE = """
SELECT 'b.csv' AS _file, i AS _line, CAST(NULL AS VARCHAR) AS source_key, findings,
    ['NO_KEY'] AS reasons, MAP {'XM': 'x'} AS record
FROM (SELECT i, CAST([] AS STRUCT("column" VARCHAR, "rule" VARCHAR, severity VARCHAR,
    "value" VARCHAR)[]) AS findings FROM range(100) AS r(i))"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    rows = parser.parse_args().rows
    machine = this_machine()
    print(f"{machine.cores} cores, {machine.memory_gib} GiB, load {machine.load}; {rows:,} rows")
    print("| | seconds | processor seconds |\n|---|---:|---:|")
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=home)
        source = load_sources(settings)[SOURCE]
        _judge(settings, source, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MiB")


def _judge(settings: Settings, source: Source, rows: int) -> None:
    """What ``check`` and ``score`` do with a batch, one after the other."""
    con, folder = connect(settings), settings.home
    staged = _table(con, folder / "staged.parquet", STAGED, [rows])
    quarantined = _table(con, folder / "quarantine.parquet", QUARANTINE, [])
    _table(con, folder / "raw.parquet", DELIVERED, [rows])
    with _timed("finding profile"):
        profile = con.to_pyarrow(finding_profile(staged, quarantined, source))
    with _timed("facts of the score"):
        con.to_pyarrow(batch_facts(staged, quarantined, source, batch_date(BATCH)))
    with _timed("measures of drift"):
        measured = con.to_pyarrow(batch_measures(staged, source)).to_pylist()
    drift = find_drift([Measure(**row) for row in measured], {}, rows)
    con.disconnect()
    with _timed("import of Great Expectations"):
        import_module("great_expectations")
        from pipelines.engines.gx.run import run_suites
    parameters = source_parameters(source, [rows])
    suites = suites_for_source(source, EXPECTATIONS, parameters)
    tables = {
        "delivered": [folder / "raw.parquet"],
        "raw": raw_view("delivered", date(2026, 6, 30)),
        "staged": [folder / "staged.parquet"],
        "findings": profile,
        "drift": drift_table(drift),
    }
    with _timed("suites of the source, with Data Docs"):
        outcomes = run_suites(settings, tables, suites, about=(source.name, BATCH))
    broken = [outcome.name for outcome in outcomes if outcome.exception]
    assert not broken, broken  # an expectation that could not be judged took no time


@contextmanager
def _timed(name: str) -> Iterator[None]:
    wall, cpu = perf_counter(), process_time()
    yield
    print(f"| {name} | {perf_counter() - wall:.1f} | {process_time() - cpu:.1f} |", flush=True)


def _table(con: ibis.BaseBackend, path: Path, sql: str, parameters: list[int]) -> ir.Table:
    con.con.execute(f"COPY ({sql}) TO '{path}'", parameters)
    return con.read_parquet(path)


if __name__ == "__main__":
    main()
